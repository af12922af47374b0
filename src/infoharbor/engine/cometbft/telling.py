"""How transactions are told to other nodes: many as one, since CometBFT takes its time for each."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode

TOGETHER_MOST = 1_000
TOGETHER_BYTES = 48 * 1024
"""Beyond so many bytes no further transaction is told together: one that is lost on the way takes others with it."""
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
