"""Who votes on blocks, and whose nodes may call: two code tables that the members vote, read from the ledger's state."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from infoharbor.contracts.governance.actions import VALIDATORS, SetCodes
from infoharbor.contracts.governance.records import CodeEntry, Misbehaviour
from infoharbor.kernel.records import Entry, record_type

NODES: Final = "network-nodes"
"""The value is a node's id, by which it proves itself to the others; an organisation may have several nodes."""
POWER: Final = 1000
"""Of every validator: with a power of 1 a single hostile clock could choose the block's time."""
KEY_BYTES, NODE_ID_BYTES, ADDRESS_BYTES = 32, 20, 20


class State(Protocol):
    """The ledger at one height."""

    @property
    def time(self) -> int: ...
    def scan(self, prefix: str, after: str = "") -> Iterable[tuple[str, Entry]]: ...


class Written(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def entry(self) -> Entry: ...


class Voted(NamedTuple):
    """An entry's value, and the block that wrote it."""

    value: str
    height: int


def entries(table: str, state: State, time: int, written: Iterable[Written] = ()) -> dict[str, Voted]:
    """What a table holds at this block time, by code, with what a block that is not committed yet has written to it."""
    kind = record_type(CodeEntry)
    held: dict[str, Voted] = {}
    for stored in _newest(kind.prefix + table + "/", state, written):
        entry: CodeEntry = kind.decode(stored.value)
        if entry.valid_from <= time and (entry.until == 0 or time < entry.until):
            held[entry.code] = Voted(entry.value, stored.height)
    return held


def misbehaved(state: State, written: Iterable[Written] = ()) -> dict[str, int]:
    """The block that last noted a fault of a validator, by its address."""
    kind = record_type(Misbehaviour)
    found = _newest(kind.prefix, state, written)
    return {kind.decode(stored.value).validator: stored.height for stored in found}


def _newest(prefix: str, state: State, written: Iterable[Written]) -> Iterator[Entry]:
    """The records at this prefix that are not deleted, by path."""
    found = dict(state.scan(prefix))
    found.update((write.path, write.entry) for write in written if write.path.startswith(prefix))
    return (stored for _, stored in sorted(found.items()) if stored.value)


def validators(
    state: State, time: int, founding: Mapping[bytes, int], written: Iterable[Written] = ()
) -> dict[bytes, int]:
    """The power of each validator's key. A table that names nobody leaves those of the founding: a network without a
    validator could never vote one in. What is no key counts for nothing.

    Who misbehaved is out until the members enter its key again, unless nobody else would be left."""
    keys = {_hex(value, KEY_BYTES): height for value, height in entries(VALIDATORS, state, time, written).values()}
    voted = {key: height for key, height in keys.items() if key is not None} or dict.fromkeys(founding, 0)
    noted = misbehaved(state, written)
    good = {key: POWER for key, height in voted.items() if noted.get(address_of(key), -1) < height}
    return good or dict.fromkeys(voted, POWER)


def are_concerned(tables: Collection[str]) -> bool:
    """Whether validators may have changed with a block that wrote to these tables."""
    return record_type(CodeEntry).prefix in tables or record_type(Misbehaviour).prefix in tables


def address_of(key: bytes) -> str:
    """By which CometBFT names the validator of this key, in lower-case hex."""
    return hashlib.sha256(key).digest()[:ADDRESS_BYTES].hex()


def updates(before: Mapping[bytes, int], after: Mapping[bytes, int]) -> list[tuple[bytes, int]]:
    """What CometBFT is told, in one order on all nodes; a power of 0 takes a validator out."""
    return [(key, after.get(key, 0)) for key in sorted({*before, *after}) if before.get(key) != after.get(key)]


def admitted_nodes(state: State) -> set[str]:
    """The ids of the nodes that may call."""
    values = [voted.value for voted in entries(NODES, state, state.time).values()]
    return {value for value in values if _hex(value, NODE_ID_BYTES) is not None}


def admits(table: str, values: Mapping[str, str], *, time: int = 0) -> SetCodes:
    """The decision that enters these, by organisation or node."""
    return SetCodes(tuple(CodeEntry(table, code, value, "", "", time, 0) for code, value in sorted(values.items())))


def _hex(text: str, length: int) -> bytes | None:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == length and found.hex() == text else None
