"""The state before the next block, as the engine's thread reads it: what is in use is at hand, the rest in the store."""

from typing import NamedTuple

from infoharbor.engine.interface import decode_entry
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.records import Entry

RECENT_BYTES = 96 * 1024 * 1024
"""The records that are in use stay at hand, within the memory that a node may take."""
ENTRY_BYTES = 500
"""What Python takes for an entry beside the record's own bytes."""


class Recent:
    """The newest entries of the records that were read or written lately: two generations, the older dropped
    whole."""

    def __init__(self, most_bytes: int) -> None:
        self._half, self._bytes = most_bytes // 2, 0
        self._young: dict[str, Entry] = {}
        self._old: dict[str, Entry] = {}

    def get(self, path: str) -> Entry | None:
        found = self._young.get(path)
        if found is None:
            found = self._old.get(path)
            if found is not None:
                self.put(path, found)
        return found

    def put(self, path: str, entry: Entry) -> None:
        if self._bytes >= self._half:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._bytes += ENTRY_BYTES + len(entry.value)
        self._young[path] = entry


class Unstored(NamedTuple):
    """What blocks left that the store does not hold yet: encoded records, packed nodes, places of transactions. The
    blocks' layers hold the first and the last too, one by one."""

    records: dict[str, bytes]
    nodes: dict[bytes, bytes]
    transactions: dict[bytes, tuple[int, int]]


class BlockView(Snapshot):
    """The state before the next block, as the engine's thread reads it."""

    recent: Recent
    fresh: "Unstored"
    writing: "Unstored"

    def entry(self, path: str) -> Entry | None:
        found = self.recent.get(path)
        if found is None:
            written = self.fresh.records.get(path) or self.writing.records.get(path)
            found = self.stored.entry(path) if written is None else decode_entry(written)
            if found is not None:
                self.recent.put(path, found)
        return found

    def transaction(self, identifier: bytes) -> tuple[int, int] | None:
        return (
            self.fresh.transactions.get(identifier)
            or self.writing.transactions.get(identifier)
            or self.stored.transaction(identifier)
        )
