"""What differs between two runs of a block, and between two states: the first transaction, record and part, by name."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from infoharbor.engine.interface import Block, decode_entry
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.block import Receipt, header_codec, receipt_codec
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.records import Entry


class Difference(NamedTuple):
    """The first thing that comes out otherwise than it stands in the ledger: its block, transaction and record (empty where
    there is none), and which part of it: `receipt.code`, `record.value`, `calendar`, `header.state_root` and the like."""

    height: int
    transaction: str
    record: str
    part: str

    def __str__(self) -> str:
        named = {"transaction": self.transaction, "record": self.record, "in": self.part}
        return ", ".join(f"{name} {value}" for name, value in named.items() if value)


class ChangedRecord(NamedTuple):
    """A record at the end of both histories, as it is encoded; empty where it is not there."""

    path: str
    before: bytes
    after: bytes


def first_difference(height: int, logged: Block, made: Block) -> Difference | None:
    """The first transaction whose receipt or records differ, and of these the first record."""
    if logged == made:
        return None
    before, after = _by_position(logged), _by_position(made)
    for position, (raw, other) in enumerate(itertools.zip_longest(logged.receipts, made.receipts)):
        named = receipt_codec.decode(other or raw).transaction.hex()
        old, new = before.get(position, {}), after.get(position, {})
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) != new.get(path):
                return Difference(height, named, path, _part("record", old.get(path), new.get(path), decode_entry))
        if raw != other:
            return Difference(height, named, "", _part("receipt", raw, other, receipt_codec.decode))
    for one, another in itertools.zip_longest(logged.calendar, made.calendar):
        if one != another:
            return Difference(height, "", (one or another)[1], "calendar")
    return Difference(height, "", "", _part("header", logged.header_bytes, made.header_bytes, header_codec.decode))


def told(receipt: Receipt) -> tuple[Any, ...]:
    """What a receipt says of its transaction, whatever else was in the block."""
    paths = tuple(path for path, _ in receipt.writes)
    return receipt.code, receipt.action, receipt.field, receipt.expected, receipt.relied, paths


def changed_records(before: Snapshot, after: Snapshot) -> Iterator[ChangedRecord]:
    """The records whose values differ, by path."""

    def side(view: Snapshot, number: int) -> Iterator[tuple[str, int, Entry]]:
        return ((path, number, entry) for path, entry in view.scan(""))

    both = heapq.merge(side(before, 0), side(after, 1), key=itemgetter(0, 1))
    for path, found in itertools.groupby(both, key=itemgetter(0)):
        values = {number: entry.value for _, number, entry in found}
        if values.get(0, b"") != values.get(1, b""):
            yield ChangedRecord(path, values.get(0, b""), values.get(1, b""))


def _by_position(block: Block) -> dict[int, dict[str, bytes]]:
    """The encoded entries that each receipt accounts for, by path."""
    found: dict[int, dict[str, bytes]] = {}
    for path, entry, position in block.written:
        found.setdefault(position, {})[path] = entry
    return found


def _part(of: str, before: bytes | None, after: bytes | None, decode: Callable[[bytes], Any]) -> str:
    """The first field in which the two differ; `of` alone where one of them is not there, or not to be read."""
    if before is None or after is None:
        return of
    try:
        old, new = decode(before), decode(after)
    except (Malformed, msgspec.MsgspecError):
        return of
    return next(
        (f"{of}.{name}" for name in type(old).__struct_fields__ if getattr(old, name) != getattr(new, name)), of
    )
