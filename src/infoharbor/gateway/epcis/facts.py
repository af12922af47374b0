"""What a query judges: an event's facts, read from the event as its reader is given it.

A fact has a name, which is what the query language calls the field, and values: texts, numbers, or `None`, which says
that the field is there at all. A moment is a number too, in milliseconds since 1970 UTC.
"""

import functools
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import times, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.gateway.epcis.units import UNITS, Number, comparable

Value = str | int | Decimal | None
Facts = dict[str, set[Value]]

MEASURES: Final = ("value", "minValue", "maxValue", "meanValue", "sDev", "percValue")
"""Numbers of a sensor report that are in its unit: the field is named `value_CEL`."""
SENSOR_TIMES: Final = ("time", "startTime", "endTime")
SENSOR_URIS: Final = (
    "bizRules",
    "chemicalSubstance",
    "coordinateReferenceSystem",
    "dataProcessingMethod",
    "deviceID",
    "deviceMetadata",
    "microorganism",
    "rawData",
    "uriValue",
)
SENSOR_TEXTS: Final = ("stringValue", "hexBinaryValue")
_WORDS: Final = {
    "bizStep": vocabulary.BUSINESS_STEP,
    "disposition": vocabulary.DISPOSITION,
    "type": vocabulary.MEASUREMENT,
    "exception": vocabulary.ALERT,
    "component": vocabulary.COMPONENT,
}
_EPCS: Final = {"epcList": "epc", "childEPCs": "epc", "inputEPCList": "inputEPC", "outputEPCList": "outputEPC"}
_CLASSES: Final = {
    "quantityList": "epcClass",
    "childQuantityList": "epcClass",
    "inputQuantityList": "inputEPCClass",
    "outputQuantityList": "outputEPCClass",
}
PARTIES: Final = {
    "bizTransaction": vocabulary.TRANSACTION_TYPE,
    "source": vocabulary.PARTY_TYPE,
    "destination": vocabulary.PARTY_TYPE,
}
"""What is listed with a type, which the query language has in the field's name: `bizTransaction_po`."""


def facts_of(event: dict[str, Any]) -> Facts:
    """The facts of an event as `exchange.rebuild` gives it."""
    found: Facts = {}
    # A member may have written past every gateway what is no event: such a one is found by less, if at all.
    with suppress(AttributeError, KeyError, TypeError, ValueError, EventFault):
        names = Names({}).declare(event.get("@context", []))
        for name, value in _facts(event, names):
            if name in found:
                found[name].add(value)
            else:
                found[name] = {value}
    return found


@functools.lru_cache(maxsize=65_536)
def link(uri: str) -> str:
    """An identifier in normal form; whatever is no GS1 key stays as it is."""
    try:
        return Links().normal(uri)
    except gs1.Gs1Fault:
        return uri


def _shown(uri: str) -> str:
    """An identifier that an event is rebuilt with: a GS1 key is in normal form there already."""
    return uri if uri.startswith(gs1.CANONICAL) else link(uri)


def moment(text: str) -> int | None:
    """A text that is a moment, in milliseconds."""
    try:
        return times.milliseconds(text)
    except EventFault:
        return None


def _facts(event: dict[str, Any], names: Names) -> Iterator[tuple[str, Value]]:
    yield "eventType", event["type"]
    for field in ("eventTime", "recordTime"):
        if field in event:
            yield field, times.milliseconds(event[field])
    for field in ("action", "eventID"):
        if event.get(field):
            yield field, event[field]
    for field in ("bizStep", "disposition"):
        if event.get(field):
            yield field, _WORDS[field].word(event[field])
    for which, words in event.get("persistentDisposition", {}).items():
        for word in words:
            yield f"persistentDisposition_{which}", vocabulary.DISPOSITION.word(word)
    for field in ("readPoint", "bizLocation"):
        if event.get(field):
            yield field, _shown(event[field]["id"])
            yield from _extensions(f"{field}_", event[field], names)
    for field in ("parentID", "transformationID"):
        if event.get(field):
            yield field, _shown(event[field])
    yield from _things(event)
    for field, types in PARTIES.items():
        for one in event.get(f"{field}List", ()):
            yield f"{field}_{types.word(one.get('type', ''))}", link(one[field])
    yield from _error(event.get("errorDeclaration"), names)
    yield from _sensors(event.get("sensorElementList"), names)
    yield from _extensions("ILMD_", event.get("ilmd", {}), names)
    yield from _extensions("", event, names)


def _things(event: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    for field, name in _EPCS.items():
        for one in event.get(field, ()):
            yield name, _shown(one)
    for field, name in _CLASSES.items():
        for one in event.get(field, ()):
            yield name, _shown(one["epcClass"])
            if "quantity" in one:
                yield from _measured("quantity", one["quantity"], one.get("uom"))


def _measured(name: str, number: Number, unit: str | None) -> Iterator[tuple[str, Value]]:
    """A number as it is, in its unit, and in what all units of its quantity are compared in."""
    yield name, number
    if not unit:
        return
    yield f"{name}_{unit}", number
    common = comparable(name, unit)
    if common:
        yield common, UNITS[unit].common(number)


def _error(declared: dict[str, Any] | None, names: Names) -> Iterator[tuple[str, Value]]:
    if declared is None:
        return
    yield "errorDeclaration", None
    yield "errorDeclarationTime", times.milliseconds(declared["declarationTime"])
    if declared.get("reason"):
        yield "errorReason", vocabulary.ERROR_REASON.word(declared["reason"])
    for one in declared.get("correctiveEventIDs", ()):
        yield "correctiveEventID", one
    yield from _extensions("ERROR_DECLARATION_", declared, names)


def _sensors(elements: list[dict[str, Any]] | None, names: Names) -> Iterator[tuple[str, Value]]:
    for element in elements or ():
        yield "sensorElementList", None
        yield from _extensions("SENSORELEMENT_", element, names)
        metadata = element.get("sensorMetadata", {})
        yield from _sensor(metadata)
        yield from _extensions("SENSORMETADATA_", metadata, names)
        for report in element.get("sensorReport", ()):
            yield from _sensor(report)
            yield from _extensions("SENSORREPORT_", report, names)
            for name in MEASURES:
                if name in report:
                    yield from _measured(name, report[name], report.get("uom"))


def _sensor(attributes: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, value in attributes.items():
        if name in SENSOR_TIMES:
            yield name, times.milliseconds(value)
        elif name in _WORDS:
            yield name, _WORDS[name].word(value)
        elif name in SENSOR_URIS:
            yield name, link(value)
        elif name in SENSOR_TEXTS or name == "percRank":
            yield name, value
        elif name == "booleanValue":
            yield name, str(value).lower()


def _extensions(area: str, tree: dict[str, Any], names: Names) -> Iterator[tuple[str, Value]]:
    """What is in the prefixed fields of an object: by the name as it is written, and by its namespace."""
    for name, value in tree.items():
        if ":" not in name:
            continue
        for one in {name, names.expand(name)}:
            yield from _extension(area, one, value, names)


def _extension(area: str, name: str, value: Any, names: Names) -> Iterator[tuple[str, Value]]:
    yield area + name, None
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for attribute, inner in one.items():
                yield f"HASATTR_{name}", attribute
                for plain in _plain(inner):
                    yield f"EQATTR_{name}_{attribute}", plain
            yield from _inner(area, one, names)
        else:
            for plain in _plain(one):
                yield area + name, plain


def _inner(area: str, tree: dict[str, Any], names: Names) -> Iterator[tuple[str, Value]]:
    """The fields below an extension, however deep."""
    for name, value in tree.items():
        for one in {name, names.expand(name)}:
            yield f"INNER_{area}{one}", None
            for inner in value if isinstance(value, list) else [value]:
                for plain in _plain(inner):
                    yield f"INNER_{area}{one}", plain
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _inner(area, inner, names)


def _plain(value: Any) -> Iterator[Value]:
    """A value that is no structure: a text that is a moment is that too."""
    if isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, (int, Decimal)):
        yield value
    elif isinstance(value, str):
        yield value
        when = moment(value)
        if when is not None:
            yield when
