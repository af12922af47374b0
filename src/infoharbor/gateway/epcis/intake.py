"""From a document to the action that captures it: read, sorted out, held parts in the vault, ready to sign."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.trace.actions import SKEW, CaptureEvents
from infoharbor.contracts.trace.exchange.capturing import (
    COMMITTED_FIELD,
    captured,
    ensure_fits,
    held_content,
    name_of,
    record_path,
)
from infoharbor.contracts.trace.exchange.decompose import Decomposed, decompose
from infoharbor.contracts.trace.exchange.document import Document, read_document
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import NAMESPACES_TABLE, PUBLIC_NAMESPACES
from infoharbor.contracts.trace.records import CapturedEvent, Event
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.limits import ACTION_BYTES
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.ledger import Ledger
from infoharbor.vault.store import Item
from infoharbor.vault.vaults import Vaults

EVENT_LIST: Final = "epcisBody.eventList"
QUERY_EVENT_LIST: Final = "epcisBody.queryResults.resultsBody.eventList"
_NAMES: Final = {"event_time": "eventTime", "error_declaration": "errorDeclaration", "event_id": "eventID"}
_INDEX = re.compile(r"events\[([0-9]+)\]\.?(.*)")


class Received(NamedTuple):
    """One event of a document, by its place there, split into its two parts and named."""

    position: int
    event: Decomposed
    event_id: str
    digest: str


class Sorted(NamedTuple):
    """A document's events: to be captured, by event time; on the ledger already; and what is wrong with the others."""

    fresh: tuple[Received, ...]
    present: tuple[Received, ...]
    faults: tuple[EventFault, ...]


class Ready(NamedTuple):
    """Captured events in the order of `received`, and what their held parts are found by in the vault."""

    received: tuple[Received, ...]
    events: tuple[CapturedEvent, ...]
    commitments: tuple[bytes, ...]

    @property
    def action(self) -> CaptureEvents:
        return CaptureEvents(self.events)


class Intake:
    """What an organisation's documents go through on the way to the ledger."""

    def __init__(self, ledger: Ledger, vaults: Vaults) -> None:
        self._ledger, self._vaults = ledger, vaults

    def sort(self, organisation: str, document: Document) -> Sorted:
        """Split and name the events, and tell what the ledger has; an event that no ledger could keep is a fault."""
        secret = self._vaults.digest_secret(organisation)
        faults, received = list(document.faults), []
        with self._ledger.sight(ANONYMOUS) as sight:
            namespaces = public_namespaces(sight)
            for read in document.events:
                event = decompose(read, public_namespaces=namespaces)
                try:
                    ensure_fits(event)
                    self._ensure_past(event)
                except EventFault as fault:
                    faults.append(placed(fault, read.position, document))
                    continue
                received.append(Received(read.position, event, *name_of(event, secret)))
            # By event time, since judging an object's story anew costs more than going on with it.
            received.sort(key=lambda each: each.event.public.event_time)
            fresh, present = self._told_apart(sight, organisation, received)
        faults.sort(key=lambda fault: fault.event_index or 0)
        return Sorted(tuple(fresh), tuple(present), tuple(faults))

    def still_fresh(self, organisation: str, received: Sequence[Received]) -> tuple[list[Received], list[Received]]:
        """What of these the ledger does not have now, and what it has."""
        with self._ledger.sight(ANONYMOUS) as sight:
            return self._told_apart(sight, organisation, received)

    def hold(self, organisation: str, received: Sequence[Received]) -> Ready:
        """Put the held parts into the organisation's vault, before anything of them is on the ledger."""
        items = [
            Item(record_path(organisation, each.digest), COMMITTED_FIELD, held_content(each.event)) for each in received
        ]
        commitments = tuple(each.commitment for each in self._vaults.of(organisation).put_many(items))
        pairs = zip(received, commitments, strict=True)
        events = tuple(captured(each.event, each.digest, commitment) for each, commitment in pairs)
        return Ready(tuple(received), events, commitments)

    def let_go(self, organisation: str, commitments: Sequence[bytes]) -> None:
        """Erase what was held for events that were not recorded after all."""
        self._vaults.of(organisation).erase(*commitments)

    def _told_apart(
        self, sight: Sight, organisation: str, received: Sequence[Received]
    ) -> tuple[list[Received], list[Received]]:
        fresh, present = [], []
        seen: dict[str, bool] = {}
        for each in received:
            declares = each.event.public.error_declaration is not None
            if each.digest not in seen:
                entry = sight.view.entry(record_path(organisation, each.digest))
                known: Event | None = Event.__record__.decode(entry.value) if entry and entry.value else None
                if known is not None:
                    seen[each.digest] = known.error_declaration is not None
            if each.digest not in seen or (declares and not seen[each.digest]):
                fresh.append(each)
                seen[each.digest] = declares
            else:
                present.append(each)
        return fresh, present

    def _ensure_past(self, event: Decomposed) -> None:
        """What the contract would refuse of a clock that runs ahead; it has the last word."""
        if event.public.event_time > now_ms() + SKEW.most:
            raise EventFault("event_from_future", "a time that has come", "eventTime")


def read(raw: bytes, *, events_max: int) -> Document:
    """The document; raises `EventFault` where it cannot be used as a whole."""
    document = read_document(raw, events_max=events_max)
    if not document.events and not document.faults:
        raise EventFault("epcis_no_events", "at least one event", EVENT_LIST)
    return document


def public_namespaces(sight: Sight) -> frozenset[str]:
    """Whose extensions may stand on the ledger: the standard's, and those that the members voted for."""
    voted = (
        each.code
        for each in sight.scan(CodeEntry, NAMESPACES_TABLE)
        if each.valid_from <= sight.now and (each.until == 0 or sight.now < each.until)
    )
    return PUBLIC_NAMESPACES | frozenset(voted)


def too_large(ready: Ready) -> bool:
    """Whether the action with these events is larger than the ledger takes."""
    return len(encode(ready.action)) > ACTION_BYTES


def placed(fault: EventFault, position: int, document: Document) -> EventFault:
    """A fault inside an event, as seen from the document."""
    fault.event_index = position
    if document.type not in ("EPCISDocument", "EPCISQueryDocument"):
        return fault
    return fault.below(position).below(EVENT_LIST if document.type == "EPCISDocument" else QUERY_EVENT_LIST)


def refused_event(field: str) -> tuple[int, str] | None:
    """Which event of the action a refusal by the ledger names, and which of its fields, as the standard calls it."""
    found = _INDEX.match(field)
    return None if found is None else (int(found[1]), _NAMES.get(found[2], found[2]))
