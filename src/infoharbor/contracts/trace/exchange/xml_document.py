"""An EPCIS document in XML, 2.0 or 1.2, as it arrives: opened within limits, each event's exact bytes kept."""

from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from infoharbor.contracts.trace.exchange.event import EVENT_BYTES, Document, Event
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.contracts.trace.exchange.times import milliseconds
from infoharbor.contracts.trace.exchange.validation import check_event
from infoharbor.contracts.trace.exchange.xml_event import WRAPPERS, fields_of, is_standard
from infoharbor.contracts.trace.exchange.xml_names import EPCIS_1, EPCIS_2, QUERY_1, QUERY_2, Prefixes
from infoharbor.edgekit.xml_text import SPACE, Element, Limits, XmlFault, parse

DEPTH: Final = 24
ELEMENTS: Final = 200_000
_MARK: Final = b"\xef\xbb\xbf"
_DOCUMENTS: Final = {"EPCISDocument": (EPCIS_1, EPCIS_2), "EPCISQueryDocument": (QUERY_1, QUERY_2)}
_EVENT_LISTS: Final = {
    "EPCISDocument": ("EPCISBody/EventList", "epcisBody.eventList"),
    "EPCISQueryDocument": (
        "EPCISBody/QueryResults/resultsBody/EventList",
        "epcisBody.queryResults.resultsBody.eventList",
    ),
}
"""Where a document has its events; faults name the place as JSON-LD has it, whatever the binding."""


def is_xml(raw: bytes) -> bool:
    """Whether a document looks like XML rather than JSON."""
    return raw[:64].removeprefix(_MARK).lstrip(SPACE.encode()).startswith(b"<")


def read_xml(raw: bytes, *, events_max: int, bytes_max: int) -> Document:
    """An EPCISDocument, an EPCISQueryDocument or a single event in XML."""
    root = _opened(raw, bytes_max)
    if root.name not in _DOCUMENTS:
        return _bare(raw, root)
    _check_root(root)
    steps, path = _EVENT_LISTS[root.name]
    event_list = root.find(steps)
    if event_list is None:
        raise EventFault("epcis_missing", steps, path)
    listed = list(_events(event_list))
    if len(listed) > events_max:
        raise EventFault("epcis_too_large", f"at most {events_max} events", path)
    events: list[Event] = []
    faults: list[EventFault] = []
    links = Links()
    for index, element in enumerate(listed):
        try:
            events.append(_event(index, element, links, raw))
        except EventFault as fault:
            fault.event_index = index
            faults.append(fault.below(index).below(path))
    return Document(root.name, tuple(events), tuple(faults))


def reread(original: bytes, own: dict[str, str]) -> tuple[dict[str, Any], Names]:
    """The fields and names of an event that was read before, from its bytes and the prefixes that were in force."""
    declared = "".join(f" xmlns:{prefix}={quoteattr(namespace)}" for prefix, namespace in own.items())
    root = _opened(f"<held{declared}>".encode() + original + b"</held>", 2 * EVENT_BYTES)
    prefixes = Prefixes(_scope(root.children[0]))
    return fields_of(root.children[0], prefixes), prefixes.names


def _opened(raw: bytes, bytes_max: int) -> Element:
    if len(raw) > bytes_max:
        raise EventFault("epcis_too_large", f"at most {bytes_max} bytes")
    try:
        return parse(raw, Limits(bytes_max, DEPTH, ELEMENTS), Element, encoding="UTF-8")
    except XmlFault as fault:
        raise EventFault("epcis_xml", fault.expected) from None


def _bare(raw: bytes, root: Element) -> Document:
    """A single event, as `POST /events` takes it."""
    if not is_standard(root):
        raise EventFault("epcis_type", "an EPCISDocument, an EPCISQueryDocument or an event of EPCIS")
    try:
        event = _event(0, root, Links(), raw)
    except EventFault as fault:
        fault.event_index = 0
        raise
    return Document(event.type, (event,), ())


def _check_root(root: Element) -> None:
    first, second = _DOCUMENTS[root.name]
    if root.namespace not in (first, second):
        raise EventFault("epcis_context", f"the namespace {second} or {first}", root.name)
    version, wanted = root.attributes.get("schemaVersion"), "1." if root.namespace == first else "2."
    if version is None:
        raise EventFault("epcis_missing", "required: schemaVersion, creationDate", "schemaVersion")
    if not f"{version}.".startswith(wanted):
        raise EventFault("epcis_value", f"{wanted}{'2' if wanted == '1.' else '0'} in this namespace", "schemaVersion")
    if "creationDate" not in root.attributes:
        raise EventFault("epcis_missing", "required: schemaVersion, creationDate", "creationDate")
    try:
        milliseconds(root.attributes["creationDate"].strip())
    except EventFault as fault:
        raise fault.below("creationDate") from None


def _events(element: Element) -> Iterator[Element]:
    """The events in a list, those too that 1.2 wraps."""
    for child in element.children:
        if is_standard(child) and child.name in WRAPPERS:
            yield from _events(child)
        else:
            yield child


def _event(index: int, element: Element, links: Links, raw: bytes) -> Event:
    original = raw[element.start : element.end]
    if len(original) > EVENT_BYTES:
        raise EventFault("epcis_too_large", f"at most {EVENT_BYTES} bytes in one event")
    prefixes = Prefixes(_scope(element))
    fields = fields_of(element, prefixes)
    check_event(fields, links)
    return Event(index, fields, prefixes.names, links, original)


def _scope(element: Element) -> dict[str, str]:
    """The prefixes in force at an element."""
    scope: dict[str, str] = {}
    at: Element | None = element
    while at is not None:
        scope = at.declared | scope
        at = at.parent
    return scope
