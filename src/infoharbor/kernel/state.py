"""What execution has read and written so far: one layer for the block, one for the transaction on top of it."""

from collections.abc import Iterator, Mapping
from typing import Any

from infoharbor.kernel.block import Signer
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import Entry, RecordType, View
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.transaction import Ceilings

MISSING: Any = object()
BEGINNING = 3
"""Parts of a path by which a block's writes are found again."""
AUTHORITY = "identity"
"""The contract whose records say who may act."""
COUNTED = f"{AUTHORITY}/use/"
"""Paths of what keys have used of their quotas. No remembered answer of the authority depends on them,
nor who reads a receipt."""


class BlockState:
    """The records as the transactions so far in this block have left them. `active` are the versions of contracts in
    whose form records are written."""

    def __init__(self, view: View, active: Mapping[str, int] | None = None) -> None:
        self.view, self.active = view, active or {}
        self.entries: dict[str, Entry] = {}
        self._under: dict[str, list[str]] = {}
        self._stored: dict[str, Entry | None] = {}
        self._records: dict[str, Any] = {}

    def entry(self, path: str) -> Entry | None:
        found = self.entries.get(path)
        if found is None:
            found = self._stored.get(path, MISSING)
            if found is MISSING:
                found = self._stored[path] = self.view.entry(path)
        return found

    def record(self, kind: RecordType, path: str) -> Any:
        """The decoded record, or None if it never was or is deleted."""
        record = self._records.get(path, MISSING)
        if record is MISSING:
            entry = self.entry(path)
            record = kind.decode(entry.value) if entry is not None and entry.value else None
            self._records[path] = record
        return record

    def keep(self, path: str, entry: Entry, record: Any) -> None:
        if path not in self.entries:
            self._under.setdefault(_beginning(path), []).append(path)
        self.entries[path] = entry
        self._records[path] = record

    def scan(self, prefix: str, after: str) -> Iterator[tuple[str, bytes]]:
        """Paths and values with this prefix, ascending, beyond `after`; an empty value is a tombstone."""
        stored = ((path, entry.value) for path, entry in self.view.scan(prefix, after))
        # Most scans say how a key begins: they do not look through all that the block has written.
        begins = prefix.count("/") >= BEGINNING
        paths = self._under.get(_beginning(prefix), ()) if begins else self.entries
        written = {path: self.entries[path].value for path in paths if path.startswith(prefix) and path > after}
        return _overlay(stored, written)


class Work:
    """One transaction under way: its writes take effect only when the whole bundle succeeds."""

    def __init__(self, block: BlockState, ceilings: Ceilings | None, signers: tuple[Signer, ...] = ()) -> None:
        self.block, self.ceilings, self.signers = block, ceilings, signers
        self.writes: dict[str, tuple[RecordType, Any]] = {}
        self.relied: set[str] = set()
        self.reads = 0
        self.lapsing: set[str] = set()
        self.rewrites_authority = False
        self.fresh_ids = 0

    def peek(self, kind: RecordType, path: str) -> Any:
        """As `find`, but not counted: what the kernel itself asks must not depend on what it remembers."""
        written = self.writes.get(path)
        return written[1] if written is not None else self.block.record(kind, path)

    def find(self, kind: RecordType, path: str) -> Any:
        self._count_read()
        return self.peek(kind, path)

    def _count_read(self) -> None:
        self.reads += 1
        if self.ceilings is not None and self.reads > self.ceilings.reads:
            raise Refusal("ledger.ceiling", field="ceilings.reads", expected=self.ceilings.reads)

    def write(self, kind: RecordType, path: str, record: Any) -> None:
        self.writes[path] = (kind, record)
        self.rewrites_authority |= kind.contract == AUTHORITY and kind.prefix != COUNTED
        if self.ceilings is not None and len(self.writes) > self.ceilings.writes:
            raise Refusal("ledger.ceiling", field="ceilings.writes", expected=self.ceilings.writes)

    def scan(self, kind: RecordType, prefix: str, after: str) -> Iterator[tuple[str, Any]]:
        """Live records with this prefix, ascending by path, beyond `after`. A tombstone that is passed is a read too:
        else whoever leaves many of them would make every later scan slow for nothing."""
        written = {
            path: b"" if record is None else encode(record)
            for path, (_, record) in self.writes.items()
            if path.startswith(prefix) and path > after
        }
        for path, value in _overlay(self.block.scan(prefix, after), written):
            self._count_read()
            if value:
                yield path, self.peek(kind, path)

    def encoded(self) -> list[tuple[str, RecordType, Any, bytes]]:
        """The writes in path order with their encodings; refuses a bundle beyond its ceiling of bytes."""
        versions = self.block.active
        done = [
            (path, kind, record, b"" if record is None else kind.encode(record, versions.get(kind.contract, 1)))
            for path, (kind, record) in sorted(self.writes.items(), key=_path)
        ]
        if self.ceilings is not None and sum(len(value) for _, _, _, value in done) > self.ceilings.written_bytes:
            raise Refusal("ledger.ceiling", field="ceilings.written_bytes", expected=self.ceilings.written_bytes)
        return done


def _beginning(path: str) -> str:
    """Contract, table and the first part of the key."""
    return "/".join(path.split("/", BEGINNING)[:BEGINNING])


def _path(write: tuple[str, Any]) -> str:
    return write[0]


def _overlay(stored: Iterator[tuple[str, bytes]], written: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Two sources in ascending order as one; what was written hides what was stored."""
    fresh = sorted(written)
    index = 0
    for path, value in stored:
        while index < len(fresh) and fresh[index] < path:
            yield fresh[index], written[fresh[index]]
            index += 1
        if index < len(fresh) and fresh[index] == path:
            continue
        yield path, value
    for path in fresh[index:]:
        yield path, written[path]
