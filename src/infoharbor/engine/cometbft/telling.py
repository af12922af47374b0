"""How transactions are told to other nodes: many as one, since CometBFT takes its time for each."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode

TOGETHER_MOST = 1_000
TOGETHER_BYTES = 48 * 1024
"""Beyond so many bytes no further transaction is told together: what all the other nodes of a small network tell at once
fits the buffer of the socket on which CometBFT asks us. While it waits to write there, it spins on a timer of 20 ns
(`flushThrottleMS` of v0.40.0), and takes a processor from the node that it waits for."""
TOLD_BYTES = limits.TRANSACTION_BYTES + 64
"""The most that is told as one: a single transaction may be as large as transactions may."""

_decode = msgspec.msgpack.Decoder(Annotated[tuple[bytes, ...], msgspec.Meta(max_length=TOGETHER_MOST)]).decode


def together(transactions: Iterable[bytes]) -> Iterator[bytes]:
    """What to tell instead of these."""
    gathered: list[bytes] = []
    size = 0
    for raw in transactions:
        if gathered and (size + len(raw) > TOGETHER_BYTES or len(gathered) == TOGETHER_MOST):
            yield encode(gathered)
            gathered, size = [], 0
        gathered.append(raw)
        size += len(raw)
    if gathered:
        yield encode(gathered)


def apart(told: bytes) -> tuple[bytes, ...]:
    """The transactions that were told as one; none if that is not what it is."""
    try:
        return _decode(told) if len(told) <= TOLD_BYTES else ()
    except msgspec.DecodeError:
        return ()
