"""The ledger as one reader may see it: whatever shows a record to anyone asks here."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from infoharbor.kernel.block import Receipt
from infoharbor.kernel.readers import Reader, Readers
from infoharbor.kernel.records import Entry, Record, RecordType, View, record_type
from infoharbor.kernel.registry import Registry

Kind = TypeVar("Kind", bound=Record)
History = Callable[[str], Iterator[Entry]]
"""The versions of the record at a path, the newest first."""


class Seen(NamedTuple):
    """One version that the reader may read; `record` is None for a tombstone."""

    path: str
    kind: RecordType
    entry: Entry
    record: Any


class Sight:
    """What `reader` may see of the state in `view` at `now` (milliseconds since 1970 UTC)."""

    def __init__(self, view: View, history: History, registry: Registry, now: int, reader: Reader) -> None:
        self.view, self.registry, self.now, self.reader = view, registry, now, reader
        self._history = history
        self._readers = Readers(registry.authority, self._find, now)

    def _find(self, of: type, *key: Any) -> Any:
        kind = record_type(of)
        return kind.read(self.view.entry(kind.path(key)))

    # Single versions

    def see(self, path: str, entry: Entry) -> Seen | None:
        """This version, unless the reader may not read it."""
        kind = self.registry.table(path)
        if kind is None:
            return None
        record = kind.read(entry)
        judged = record if record is not None else self._before(kind, path, entry)
        return Seen(path, kind, entry, record) if self._readers.may_read(kind, judged, self.reader) else None

    def _before(self, kind: RecordType, path: str, entry: Entry) -> Any:
        """What a tombstone stands for: it is read by who could read the version before it."""
        before = next((each for each in self._history(path) if each.version < entry.version and each.value), None)
        return kind.decode(before.value) if before is not None else None

    def may_know_absent(self, path: str) -> bool:
        """Whether the reader may be told that there is no record here, for sure."""
        kind = self.registry.table(path)
        return kind is not None and self._readers.may_read(kind, None, self.reader)

    # The present state

    def at(self, path: str) -> Seen | None:
        """The newest version, tombstones included."""
        entry = self.view.entry(path)
        return None if entry is None else self.see(path, entry)

    def living(self, prefix: str, after: str = "") -> Iterator[Seen]:
        """Records that are not deleted, ascending by path, from beyond `after`."""
        for path, entry in self.view.scan(prefix, after):
            seen = self.see(path, entry) if entry.value else None
            if seen is not None:
                yield seen

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        """The record with this key, if there is one that the reader may read."""
        seen = self.at(record_type(of).path(key))
        return None if seen is None else seen.record

    def scan(self, of: type[Kind], *prefix: Any, after: str = "") -> Iterator[Kind]:
        """Records whose leading key fields are `prefix`, ascending by key; `after` is a key."""
        kind = record_type(of)
        start = kind.prefix + "".join(f"{part}/" for part in prefix)
        return (seen.record for seen in self.living(start, after and kind.prefix + after))

    def versions(self, path: str) -> Iterator[Seen]:
        """The versions that the reader may read, the newest first."""
        return (seen for entry in self._history(path) if (seen := self.see(path, entry)) is not None)

    # Receipts

    def may_read_receipt(self, receipt: Receipt, written: dict[str, Entry]) -> bool:
        """`written` holds the entries that the receipt's transaction wrote, by path."""

        def readable(path: str, version: int) -> bool:
            entry = written.get(path)
            return entry is not None and entry.version == version and self.see(path, entry) is not None

        return self._readers.may_read_receipt(receipt, self.reader, readable)
