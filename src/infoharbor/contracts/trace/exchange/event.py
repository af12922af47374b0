"""What was read from a document, whichever binding it came in: valid events, and what is wrong with the others."""

from typing import Any, Final, NamedTuple

from infoharbor.contracts.trace.exchange.event_hash import event_hash
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import Names

DOCUMENT_BYTES: Final = 8 * 1024 * 1024
EVENT_BYTES: Final = 256 * 1024
EVENTS: Final = 1000


class Event(NamedTuple):
    """One valid event: `fields` decoded as JSON-LD has them (numbers exact), `original` its very bytes."""

    position: int
    fields: dict[str, Any]
    names: Names
    links: Links
    original: bytes

    @property
    def type(self) -> str:
        """One of the five event types."""
        return str(self.fields["type"])

    def hash(self) -> str:
        """The CBV 2.0 event hash."""
        return event_hash(self.fields, self.names, self.links)


class Document(NamedTuple):
    """A document's valid events in order, and one fault for each event that is not valid."""

    type: str
    events: tuple[Event, ...]
    faults: tuple[EventFault, ...]

    def whole(self) -> tuple[Event, ...]:
        """All events; raises the first fault where there is one (captureErrorBehaviour `rollback`)."""
        if self.faults:
            raise self.faults[0]
        return self.events
