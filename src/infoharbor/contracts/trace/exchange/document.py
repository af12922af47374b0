"""An EPCIS document as it arrives, in either binding of the standard: JSON-LD, or XML 2.0 and 1.2."""

from infoharbor.contracts.trace.exchange.event import DOCUMENT_BYTES, EVENT_BYTES, EVENTS, Document, Event
from infoharbor.contracts.trace.exchange.json_document import read_json
from infoharbor.contracts.trace.exchange.xml_document import is_xml, read_xml

__all__ = ["DOCUMENT_BYTES", "EVENTS", "EVENT_BYTES", "Document", "Event", "read_document"]


def read_document(raw: bytes, *, events_max: int = EVENTS, bytes_max: int = DOCUMENT_BYTES) -> Document:
    """Open an EPCISDocument, an EPCISQueryDocument or a single event.

    Raises `EventFault` where the document itself cannot be used; what is wrong with single events is in
    `faults`, so that a capture job may keep the others (`proceed`) or none (`rollback`).
    """
    read = read_xml if is_xml(raw) else read_json
    return read(raw, events_max=events_max, bytes_max=bytes_max)
