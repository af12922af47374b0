"""Events on their way out: whole to their owner, the public part to every other reader; by id, or as a query asks."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.exchange.capturing import digest_of, held_in, keyed_digest_of, public_part
from infoharbor.contracts.trace.exchange.decompose import HeldEvent
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rebuild import rebuild
from infoharbor.contracts.trace.records import Event
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import Refused
from infoharbor.gateway.epcis.conditions import EVERYTHING, EventQuery, Order
from infoharbor.gateway.epcis.facts import facts_of
from infoharbor.gateway.epcis.index import Asker, Candidate, Index
from infoharbor.gateway.epcis.rows import Described
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.readers import Reader, Readers
from infoharbor.kernel.records import record_type
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.problems import Problem
from infoharbor.vault.vaults import Vaults

PAGE_BYTES: Final = 4 * 1024 * 1024
"""A page of large events ends early: the standard lets it."""
LOOKED_AT: Final = 5_000
"""How many events one page looks at before it ends early: conditions that the index cannot judge may leave many."""
COUNTED: Final = 50_000
"""How many events are looked at to hold a query to its `maxEventCount`."""


class Place(NamedTuple):
    """Where a page ended: at which event of the order, and how many of the first ones were wanted beyond it."""

    place: int
    seq: int
    left: int | None


class Page(NamedTuple):
    """Events, and where the next page begins; None at the end. `last` is the sequence number up to which everything was
    looked at, where there is no other order."""

    events: list[dict[str, Any]]
    next: Place | None
    last: int


class Events:
    """What readers may see of `trace/events`."""

    def __init__(self, ledger: Ledger, vaults: Vaults, index: Index) -> None:
        self._ledger, self._vaults, self._index = ledger, vaults, index
        self._prefix = record_type(Event).prefix

    def catch_up(self) -> int:
        """Take in what has been recorded: the highest sequence number that an event may have now."""
        return self._index.catch_up()

    def page(
        self,
        reader: Reader,
        query: EventQuery = EVERYTHING,
        *,
        after: Place | None = None,
        limit: int,
        beyond: int = -1,
    ) -> Page:
        """Up to `limit` events that fit, from behind `after`; none with a sequence number up to `beyond`.

        A query judges what its reader is given, so that nothing withheld can be guessed by asking.
        """
        newest = self.catch_up()
        left = query.first if after is None else after.left
        if left is not None:
            limit = min(limit, left)
        if query.order is not None and not query.order.is_indexed:
            return self._sorted_page(reader, query, query.order, after or Place(0, newest, left), limit, beyond)
        found: list[dict[str, Any]] = []
        size = 0
        last: Candidate | None = None
        with self._ledger.sight(reader) as sight:
            asker = self._asker(sight, reader)
            if query.most is not None and after is None:
                self._ensure_few(sight, query, asker)
            behind = None if after is None else (after.place, after.seq)
            candidates = self._index.candidates(query, asker, after=behind, beyond=beyond)
            for looked_at, candidate in enumerate(candidates):
                if len(found) >= limit or size > PAGE_BYTES or looked_at >= LOOKED_AT:
                    break
                seen = sight.at(self._prefix + candidate.key)
                last = candidate
                if seen is None or seen.record is None:
                    continue
                event = self.whole(reader, seen.record)
                if query.fits(facts_of(event)):
                    found.append(event)
                    size += len(seen.entry.value)
            else:
                return Page(found, None, newest if last is None else max(newest, last.seq))
        more = None if left is None else left - len(found)
        following = Place(last.place, last.seq, more) if last is not None and more != 0 else None
        return Page(found, following, last.seq if last is not None else beyond)

    def _sorted_page(
        self, reader: Reader, query: EventQuery, order: Order, after: Place, limit: int, beyond: int
    ) -> Page:
        """A page of events in the order of a field that the index knows nothing of: all that fit are read, and sorted.
        `after.place` counts those on the pages before; `after.seq` keeps out what was recorded since the first."""
        found: list[tuple[Any, int, str]] = []
        with self._ledger.sight(reader) as sight:
            asker = self._asker(sight, reader)
            if query.most is not None and not after.place:
                self._ensure_few(sight, query, asker)
            for looked_at, candidate in enumerate(self._index.candidates(query, asker, beyond=beyond)):
                if looked_at >= LOOKED_AT:
                    expected = f"conditions that leave at most {LOOKED_AT} events to be sorted, or another orderBy"
                    raise Problem("trace.epcis_query_complex", field="orderBy", expected=expected)
                seen = sight.at(self._prefix + candidate.key) if candidate.seq <= after.seq else None
                if seen is None or seen.record is None:
                    continue
                facts = facts_of(self.whole(reader, seen.record))
                if query.fits(facts):
                    found.append((order.key(facts), candidate.seq, candidate.key))
            found.sort(reverse=order.descending)
            page: list[dict[str, Any]] = []
            size = 0
            for _, _, key in found[after.place : after.place + limit]:
                seen = sight.at(self._prefix + key)
                if size > PAGE_BYTES or seen is None:
                    break
                page.append(self.whole(reader, seen.record))
                size += len(seen.entry.value)
        more = None if after.left is None else after.left - len(page)
        at = after.place + len(page)
        return Page(page, Place(at, after.seq, more) if at < len(found) and more != 0 else None, after.seq)

    def _ensure_few(self, sight: Sight, query: EventQuery, asker: Asker) -> None:
        """Refuse a query that `maxEventCount` says is too large."""
        most = query.most or 0
        fitting = 0
        for looked_at, candidate in enumerate(self._index.candidates(query, asker)):
            if looked_at >= COUNTED:
                expected = "conditions that leave fewer events to be counted, or no maxEventCount"
                raise Problem("trace.epcis_query_complex", field="maxEventCount", expected=expected)
            seen = sight.at(self._prefix + candidate.key)
            if seen is not None and seen.record is not None:
                fitting += query.fits(facts_of(self.whole(sight.reader, seen.record)))
            if fitting > most:
                expected = "conditions that fewer events fit, or eventCountLimit"
                raise Problem("trace.epcis_query_large", field="maxEventCount", expected=expected)

    def values(self, reader: Reader, fields: tuple[str, ...], *, after: str, limit: int) -> list[str]:
        """Up to `limit` values of these fields beyond `after`, in events that the reader may read."""
        self.catch_up()
        with self._ledger.sight(reader) as sight:
            asker = self._asker(sight, reader)
            found: list[str] = []
            while len(found) < limit:
                batch = self._index.values(fields, asker, after=after, limit=limit)
                found += [each for each in batch if self._may_read_one(sight, self._index.keys(fields, each, asker))]
                if len(batch) < limit:
                    break
                after = batch[-1]
            return found[:limit]

    def has_value(self, reader: Reader, fields: tuple[str, ...], value: str) -> bool:
        """Whether an event that the reader may read has this value in one of these fields."""
        self.catch_up()
        with self._ledger.sight(reader) as sight:
            return self._may_read_one(sight, self._index.keys(fields, value, self._asker(sight, reader)))

    def _may_read_one(self, sight: Sight, keys: list[str]) -> bool:
        return any((seen := sight.at(self._prefix + key)) is not None and seen.record is not None for key in keys)

    def find(self, reader: Reader, event_id: str) -> dict[str, Any] | None:
        """The event with this id, the reader's own first: an id may have been used by several members."""
        with self._ledger.sight(reader) as sight:
            for owner, digest in self._places(sight, reader, event_id):
                found = sight.find(Event, owner, digest)
                if found is not None:
                    return self.whole(reader, found)
        return None

    def whole(self, reader: Reader, record: Event) -> dict[str, Any]:
        """The event as this reader may have it. The owner's vault gives the rest, unless it was erased or lies
        elsewhere."""
        return whole(record, held_by(self._vaults, record) if reader.organisation == record.captured_by else None)

    def _asker(self, sight: Sight, reader: Reader) -> Asker:
        """Whose events the reader may read whatever their audience says, and the secret of its own."""
        if not reader.is_member:
            return Asker("", (), b"")

        def find(of: type, *key: Any) -> Any:
            kind = record_type(of)
            return kind.read(sight.view.entry(kind.path(key)))

        readers = Readers(sight.registry.authority, find, sight.now)
        roles = [each for each in record_type(Event).readers if isinstance(each, RoleOf)]
        owners = [
            owner
            for owner in self._index.owners()
            if owner == reader.organisation or any(readers.holds_where(role, owner, reader) for role in roles)
        ]
        return Asker(reader.organisation, tuple(owners), self._vaults.digest_secret(reader.organisation))

    def _places(self, sight: Sight, reader: Reader, event_id: str) -> Iterator[tuple[str, str]]:
        digest = digest_of(event_id)
        if reader.is_member:
            if event_id.startswith("ni:"):
                yield reader.organisation, keyed_digest_of(event_id, self._vaults.digest_secret(reader.organisation))
            yield reader.organisation, digest
        for organisation in sight.scan(Organisation):
            if organisation.id != reader.organisation:
                yield organisation.id, digest


def held_by(vaults: Vaults, record: Event) -> HeldEvent | None:
    """What the owner's vault holds of an event, unless it was erased or lies elsewhere."""
    if not record.commitment:
        return None
    try:
        return held_in(vaults.of(record.captured_by).get(record.commitment).content)
    except Refused as refused:
        if refused.code != "vault.unknown":
            raise
        return None


def whole(record: Event, held: HeldEvent | None) -> dict[str, Any]:
    return rebuild(public_part(record), held, record_time=record.record_time)


def describe(vaults: Vaults, record: Event) -> Described:
    """An event's facts for the index."""
    shown = facts_of(whole(record, None))
    held = None
    if (record.has_private or record.extensions or record.ilmd) and vaults.is_here(record.captured_by):
        with suppress(Refused):
            held = held_by(vaults, record)
    if held is None:
        return Described(shown, {})
    own = facts_of(whole(record, held))
    return Described(shown, {name: rest for name, values in own.items() if (rest := values - shown.get(name, set()))})


def as_document(event: dict[str, Any]) -> dict[str, Any]:
    """An event that stands alone, with the context that it needs."""
    return event | {"@context": [STANDARD_CONTEXT, *event.get("@context", ())]}
