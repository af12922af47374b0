"""The ledger as one reader may see it: whatever shows a record to anyone asks here."""

import heapq
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from infoharbor.edgekit import selecting
from infoharbor.edgekit.refusals import Refusals, Refused, SeenRefusal, looked_into
from infoharbor.edgekit.selecting import Choice, Group, Linked, Rows, Total, Where
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader, Readers
from infoharbor.kernel.records import PUBLIC, Entry, Record, RecordType, View, record_type
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
    """What `reader` may see of the state in `view` at `now` (milliseconds since 1970 UTC).

    `rows` is an SQL mirror that answers what is chosen or summed by fields; `height` is the view's. `refusals` finds
    refused transactions; without it there are none.
    """

    def __init__(
        self,
        view: View,
        history: History,
        registry: Registry,
        now: int,
        reader: Reader,
        *,
        rows: Rows | None = None,
        height: int = 0,
        refusals: Refusals | None = None,
    ) -> None:
        self.view, self.registry, self.now, self.reader = view, registry, now, reader
        self._history, self._rows, self._height, self._refusals = history, rows, height, refusals
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
        if judged is None and entry.version > 1 and kind.visible != PUBLIC:
            return None  # Who could read what was deleted is not known here any more.
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

    # By fields: `edgekit.selecting` says what may be asked

    def select(
        self, of: type[Kind], where: Where | None = None, *, order_by: str = "", limit: int = 1_000
    ) -> list[Kind]:
        """Records whose fields are as `where` says, by key or by a field; `-FIELD` begins with the largest."""
        kind, where = record_type(of), selecting.plain_where(where or {})
        name = order_by.removeprefix("-")
        selecting.ensure_fields(kind, (*where, *filter(None, (name,))))
        limit = min(limit, selecting.SELECTED_MAX)
        found = (
            None if self._rows is None else self._rows.paths(self._choice(kind, where), order_by, limit, self._height)
        )
        if found is not None:
            seen = (self.at(path) for path in found)
            return [
                each.record
                for each in seen
                if each is not None and each.record is not None and selecting.fits(each.record, where)
            ]
        records = (record for record in self.scan(of) if selecting.fits(record, where))
        if not order_by:
            return list(itertools.islice(records, limit))
        take = heapq.nlargest if order_by.startswith("-") else heapq.nsmallest
        return take(limit, records, key=selecting.sort_key(name))

    def totals(
        self, of: type[Kind], where: Where | None = None, *, by: Sequence[Group] = (), sums: Sequence[str] = ()
    ) -> list[Total]:
        """How many records, and the sums of their fields, for each group; in the order of the groups."""
        kind, where = record_type(of), selecting.plain_where(where or {})
        selecting.ensure_fields(kind, (*where, *selecting.fields_of_groups(by)))
        selecting.ensure_fields(kind, sums, summed=True)
        selecting.ensure_groups(kind, by)
        asked = (tuple(by), tuple(sums))
        found = None if self._rows is None else self._rows.totals(self._choice(kind, where), *asked, self._height)
        if found is None:
            records = (each for each in self.scan(of) if selecting.fits(each, where))
            found = selecting.totalled(records, *asked, self._linked)
        if len(found) > selecting.GROUPS_MAX:
            most = f"a question with at most {selecting.GROUPS_MAX} groups"
            raise Malformed("input.answer_too_large", "query", most)
        return found

    def _linked(self, record: Any, way: Linked) -> str:
        key = [getattr(record, name) for name in record_type(type(record)).key]
        same = selecting.plain_where({name: getattr(record, of) for name, of in way.same.items()})
        where = selecting.plain_where(way.where)
        found = self.scan(way.of, *key)
        ends = (each for each in found if selecting.fits(each, where) and selecting.fits(each, same))
        return next((text for end in ends for name in way.fields if (text := getattr(end, name))), "")

    def _choice(self, kind: RecordType, where: Where) -> Choice:
        def holds(named: RoleOf, value: str) -> bool:
            return self._readers.holds_where(named, value, self.reader)

        def may_read(of: RecordType, record: Any) -> bool:
            return self._readers.may_read(of, record, self.reader)

        return Choice(kind, where, self.reader, holds, may_read)

    # Receipts

    def may_read_receipt(self, receipt: Receipt, written: dict[str, Entry]) -> bool:
        """`written` holds the entries that the receipt's transaction wrote, by path."""

        def readable(path: str, version: int) -> bool:
            entry = written.get(path)
            return entry is not None and entry.version == version and self.see(path, entry) is not None

        return self._readers.may_read_receipt(receipt, self.reader, readable)

    def see_refusal(self, refused: Refused) -> SeenRefusal | None:
        """What was refused and what it was about, unless the reader may not read of it."""
        if not self.reader.is_member:
            return None
        seen = looked_into(refused, self.registry)
        if seen is None:
            return None
        concerned = [(each.kind, each.record) for each in seen.concerned]
        return seen if self._readers.may_read_refusal(refused.receipt, self.reader, concerned) else None

    def refusals(self, codes: Collection[str]) -> Iterator[SeenRefusal]:
        """Refusals with these codes by actions that say what they concern, the newest first."""
        found = self._refusals(codes) if self._refusals is not None else ()
        return (seen for refused in found if (seen := self.see_refusal(refused)) is not None)
