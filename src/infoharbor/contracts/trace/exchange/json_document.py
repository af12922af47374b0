"""An EPCIS document in JSON-LD as it arrives: opened within limits, each event validated, its exact bytes kept."""

from typing import Any

import msgspec

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.checks import Shape, check_extension_name, text, uri
from infoharbor.contracts.trace.exchange.event import DOCUMENT_BYTES, EVENT_BYTES, Document, Event
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import Names, check_standard
from infoharbor.contracts.trace.exchange.times import milliseconds
from infoharbor.contracts.trace.exchange.validation import check_event

_DOCUMENT = Shape(
    dict.fromkeys(
        (
            "@context",
            "id",
            "type",
            "schemaVersion",
            "creationDate",
            "instanceIdentifier",
            "sender",
            "receiver",
        ),
        text,
    )
    | dict.fromkeys(("epcisHeader", "epcisBody"), text),
    ("@context", "type", "schemaVersion", "creationDate", "epcisBody"),
    extensible=True,
)
_BODY = Shape({"eventList": text}, ("eventList",), extensible=True)
_RESULTS_BODY = Shape({"eventList": text, "vocabularyList": text}, ("eventList",), extensible=True)
_QUERY_BODY = Shape({"queryResults": text}, ("queryResults",), extensible=True)
_QUERY_RESULTS = Shape(
    {"queryName": text, "subscriptionID": text, "resultsBody": text},
    ("queryName", "resultsBody"),
    extensible=True,
)


def read_json(raw: bytes, *, events_max: int, bytes_max: int) -> Document:
    """An EPCISDocument, an EPCISQueryDocument or a single event in JSON-LD."""
    said = json_text.structure(raw, bytes_max=bytes_max)
    outer = json_text.members(raw)
    kind = json_text.value(outer["type"]) if "type" in outer else None
    if kind not in ("EPCISDocument", "EPCISQueryDocument"):
        return _bare(raw, outer)
    names = _check_header(outer)
    path, listed, inside = _open_body(outer, kind)
    outside = inside
    if len(listed) > events_max:
        raise EventFault("epcis_too_large", f"at most {events_max} events", path)
    events: list[Event] = []
    faults: list[EventFault] = []
    links = Links()
    for index, text_of_event in enumerate(listed):
        original = bytes(text_of_event)
        try:
            fields = json_text.value(original)
            inside += json_text.count_members(fields)
            events.append(_event(index, fields, names, links, original))
        except EventFault as fault:
            fault.event_index = index
            faults.append(fault.below(index).below(path))
    if inside != said:
        _check_repeats(events, faults, path, said - outside, listed)
    return Document(kind, tuple(events), tuple(faults))


def _bare(raw: bytes, outer: dict[str, msgspec.Raw]) -> Document:
    """A single event, as `POST /events` takes it: its own `@context` is required."""
    fields = json_text.value(raw)
    if json_text.count_members(fields) != json_text.structure(raw, bytes_max=EVENT_BYTES):
        raise EventFault("epcis_duplicate", "each name once in an object", event_index=0)
    try:
        if "@context" not in outer:
            raise EventFault("epcis_missing", "the EPCIS context", "@context")
        _check_context(fields["@context"])
        event = _event(0, fields, Names({}), Links(), raw)
    except EventFault as fault:
        fault.event_index = 0
        raise
    return Document(event.type, (event,), ())


def _event(index: int, fields: Any, names: Names, links: Links, original: bytes) -> Event:
    if len(original) > EVENT_BYTES:
        raise EventFault("epcis_too_large", f"at most {EVENT_BYTES} bytes in one event")
    check_event(fields, links)
    if "@context" in fields:
        try:
            names = names.declare(fields["@context"])
        except EventFault as fault:
            raise fault.below("@context") from None
    return Event(index, fields, names, links, original)


def _check_context(context: Any) -> None:
    try:
        check_standard(context)
    except EventFault as fault:
        raise fault.below("@context") from None


def _check_header(outer: dict[str, msgspec.Raw]) -> Names:
    """The envelope's own fields; the names that its context declares."""
    _check_names(
        outer,
        _DOCUMENT,
        "",
        but=("schemaVersion", "creationDate") if b"Query" in bytes(outer["type"]) else (),
    )
    plain = {name: json_text.value(inner) for name, inner in outer.items() if name != "epcisBody"}
    links = Links()
    for name, check in (("id", uri), ("instanceIdentifier", text), ("sender", text), ("receiver", text)):
        if name in plain:
            try:
                check(plain[name], links)
            except EventFault as fault:
                raise fault.below(name) from None
    version = plain.get("schemaVersion", "2.0")
    if version != "2" and not (type(version) is str and version.startswith("2.")):
        raise EventFault("epcis_value", "2.0", "schemaVersion")
    if "creationDate" in plain:
        try:
            milliseconds(plain["creationDate"] if type(plain["creationDate"]) is str else "")
        except EventFault as fault:
            raise fault.below("creationDate") from None
    if type(plain.get("epcisHeader", {})) is not dict:
        raise EventFault("epcis_type", "an object", "epcisHeader")
    _check_context(plain["@context"])
    try:
        return Names({}).declare(plain["@context"])
    except EventFault as fault:
        raise fault.below("@context") from None


def _open_body(outer: dict[str, msgspec.Raw], kind: str) -> tuple[str, list[msgspec.Raw], int]:
    """The path of the event list, its events as text, and how many members lie outside of them."""
    levels = [outer]
    path = "epcisBody"
    body = _members(outer["epcisBody"], path)
    levels.append(body)
    if kind == "EPCISQueryDocument":
        for name, shape in (("queryResults", _QUERY_BODY), ("resultsBody", _QUERY_RESULTS)):
            _check_names(body, shape, path)
            path = f"{path}.{name}"
            body = _members(body[name], path)
            levels.append(body)
        _check_names(body, _RESULTS_BODY, path)
    else:
        _check_names(body, _BODY, path)
    counted = sum(len(level) for level in levels)
    opened = {"epcisBody", "queryResults", "resultsBody", "eventList"}
    for level in levels:
        counted += sum(json_text.count_members(json_text.value(level[name])) for name in level if name not in opened)
    path = f"{path}.eventList"
    try:
        return path, json_text.items(body["eventList"]), counted
    except EventFault as fault:
        raise fault.below(path) from None


def _members(raw: msgspec.Raw, path: str) -> dict[str, msgspec.Raw]:
    try:
        return json_text.members(raw)
    except EventFault as fault:
        raise fault.below(path) from None


def _check_names(level: dict[str, msgspec.Raw], shape: Shape, path: str, but: tuple[str, ...] = ()) -> None:
    try:
        for name in shape.required:
            if name not in level and name not in but:
                raise EventFault("epcis_missing", f"required: {', '.join(shape.required)}", name)
        for name in level:
            if name not in shape.fields:
                check_extension_name(name, shape)
    except EventFault as fault:
        raise (fault.below(path) if path else fault) from None


def _check_repeats(
    events: list[Event], faults: list[EventFault], path: str, expected_inside: int, listed: list[msgspec.Raw]
) -> None:
    """Turn events that repeat a name into faults: parsers differ on what that means."""
    if sum(json_text.structure(bytes(one), bytes_max=DOCUMENT_BYTES) for one in listed) != expected_inside:
        raise EventFault("epcis_duplicate", "each name once in an object")
    for event in tuple(events):
        members = json_text.structure(event.original, bytes_max=EVENT_BYTES)
        if members != json_text.count_members(event.fields):
            events.remove(event)
            fault = EventFault(
                "epcis_duplicate", "each name once in an object", f"{path}[{event.position}]", event.position
            )
            faults.append(fault)
    faults.sort(key=lambda fault: fault.event_index or 0)
