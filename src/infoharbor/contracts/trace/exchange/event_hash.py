"""The CBV 2.0 event hash: the same event has the same hash however it is written (CBV 2.0, 8.9)."""

import hashlib
import re
from collections.abc import Callable, Container, Iterable
from decimal import Decimal
from typing import Any, Final

from infoharbor.contracts.trace.exchange import times, vocabulary
from infoharbor.contracts.trace.exchange.json_text import number_text
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import Names

LEFT_OUT: Final = frozenset(
    ("type", "@context", "eventID", "recordTime", "errorDeclaration", "certificationInfo", "rdfs:comment")
)
"""What the hash does not cover. Comments are left out too, as both known implementations do."""
_SPACE: Final = " \t\r\n"
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")

Render = Callable[[str, Any, Links], str]
Ordered = dict[str, tuple[int, Render]]
"""How each field of an object is rendered, and its place in the standard's order."""


def event_hash(event: dict[str, Any], names: Names, links: Links) -> str:
    """`ni:///sha-256;<hex>?ver=CBV2.0` of a validated event, its names read by `names`."""
    digest = hashlib.sha256(canonical_string(event, names, links).encode()).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def canonical_string(event: dict[str, Any], names: Names, links: Links) -> str:
    """The pre-hash string: standard fields in the standard's order, then master data, then extensions."""
    parts = ["eventType=", event["type"]]
    for name, render in _FIELDS.items():
        value = event.get(name)
        if value is not None:
            parts.append(render(name, value, links))
    ilmd = event.get("ilmd")
    if ilmd:
        parts += ["ilmd", _extensions(ilmd.items(), names, links)]
    parts.append(_inner_extensions(event, names, links))
    outer = [pair for pair in event.items() if pair[0] not in _NO_EXTENSIONS]
    if outer:
        parts.append(_extensions(outer, names, links))
    return "".join(parts)


def _text(value: Any, links: Links) -> str:
    """A value as the hash writes it: trimmed, numbers without trailing zeros, GS1 keys as Digital Links."""
    if type(value) is str:
        text: str = value.strip(_SPACE)
        if text.startswith(("urn:epc:", "http")):
            return links.finest(text)
        return text.rstrip("0").rstrip(".") if _FRACTION.fullmatch(text) else text
    if value is True or value is False:
        return "true" if value else "false"
    return number_text(value) if type(value) in (int, Decimal) else ""


def _plain(name: str, value: Any, links: Links) -> str:
    return f"{name}={_text(value, links)}"


def _time(name: str, value: Any, links: Links) -> str:
    return f"{name}={times.utc(times.milliseconds(value))}"


def _word(words: vocabulary.Vocabulary) -> Render:
    def render(name: str, value: Any, links: Links) -> str:
        return f"{name}={words.uri(value)}"

    return render


def _identifiers(name: str, value: Any, links: Links) -> str:
    if not value:
        return ""
    return name + "".join(sorted([f"epc={links.finest(uri)}" for uri in value]))


def _quantities(name: str, value: Any, links: Links) -> str:
    return name + "".join(sorted([_object("quantityElement", one, _QUANTITY, links) for one in value])) if value else ""


def _place(name: str, value: Any, links: Links) -> str:
    return f"{name}id={_text(value['id'], links)}"


def _persistent(name: str, value: Any, links: Links) -> str:
    found = [
        f"{key}={vocabulary.DISPOSITION.uri(word)}"
        for key in ("set", "unset")
        for word in sorted(value.get(key, ()), key=vocabulary.DISPOSITION.uri)
    ]
    return name + "".join(found)


def _typed(item: str, words: vocabulary.Vocabulary) -> Render:
    """A list whose items have a type: the type comes first, and the item has no name of its own."""

    def render(name: str, value: Any, links: Links) -> str:
        found = []
        for one in value:
            kind = one.get("type")
            start = "" if kind is None else f"type={words.uri(kind)}"
            found.append(f"{start}{item}={_text(one[item], links)}")
        return name + "".join(sorted(found)) if found else ""

    return render


def _sensors(name: str, value: Any, links: Links) -> str:
    return "".join(sorted([_sensor_element(one, links) for one in value]))


def _sensor_element(element: dict[str, Any], links: Links) -> str:
    metadata = element.get("sensorMetadata")
    start = _object("sensorMetadata", metadata, _METADATA, links) if metadata else ""
    reports = sorted([_object("sensorReport", report, _REPORT, links) for report in element["sensorReport"]])
    return "".join(["sensorElement", start, *reports])


def _object(name: str, value: dict[str, Any], fields: Ordered, links: Links) -> str:
    present = sorted([(fields[key][0], key) for key in value if key in fields])
    return name + "".join([fields[key][1](key, value[key], links) for _, key in present])


def _inner_extensions(event: dict[str, Any], names: Names, links: Links) -> str:
    """Extensions inside standard fields, each behind the names of the fields that hold it."""
    parts = []
    for name in ("readPoint", "bizLocation"):
        place = event.get(name)
        if place is not None and len(place) > 1:
            parts.append(_held(name, place, ("id",), names, links))
    elements = event.get("sensorElementList")
    if elements:
        parts += sorted(_sensor_extensions(element, names, links) for element in elements)
    return "".join(parts)


def _sensor_extensions(element: dict[str, Any], names: Names, links: Links) -> str:
    inner = _held("sensorMetadata", element.get("sensorMetadata") or {}, _METADATA, names, links)
    reports = sorted(_held("sensorReport", report, _REPORT, names, links) for report in element["sensorReport"])
    own = _held("", element, ("sensorMetadata", "sensorReport"), names, links)
    found = "".join([inner, *reports, own])
    return f"sensorElement{found}" if found else ""


def _held(name: str, value: dict[str, Any], fields: Container[str], names: Names, links: Links) -> str:
    found = [pair for pair in value.items() if pair[0] not in fields]
    return name + _extensions(found, names, links) if found else ""


def _extensions(pairs: Iterable[tuple[str, Any]], names: Names, links: Links) -> str:
    """Extension elements by their expanded names, sorted; a list repeats its name for each of its values."""
    found: list[str] = []
    for name, value in pairs:
        key = names.expand(name)
        for one in value if type(value) is list else (value,):
            found.append(_extension(key, one, names, links))
    return "".join(sorted(found))


def _extension(key: str, value: Any, names: Names, links: Links) -> str:
    if type(value) is dict:
        return key + _extensions(value.items(), names, links)
    if type(value) is list:
        return "".join(sorted(_extension(key, one, names, links) for one in value))
    text = _text(value, links)
    return f"{key}={text}" if text else key


def _ordered(names: str, **special: Render) -> Ordered:
    return {name: (place, special.get(name, _plain)) for place, name in enumerate(names.split())}


_QUANTITY: Final = _ordered("epcClass quantity uom")
_METADATA: Final = _ordered(
    "time startTime endTime deviceID deviceMetadata rawData dataProcessingMethod bizRules",
    time=_time,
    startTime=_time,
    endTime=_time,
)
_REPORT: Final = _ordered(
    "type exception deviceID deviceMetadata rawData dataProcessingMethod bizRules time microorganism"
    " chemicalSubstance value component stringValue booleanValue hexBinaryValue uriValue minValue"
    " maxValue meanValue sDev percRank percValue uom coordinateReferenceSystem",
    type=_word(vocabulary.MEASUREMENT),
    exception=_word(vocabulary.ALERT),
    time=_time,
    component=_word(vocabulary.COMPONENT),
)
_FIELDS: Final[dict[str, Render]] = {
    "eventTime": _time,
    "eventTimeZoneOffset": _plain,
    "epcList": _identifiers,
    "parentID": _plain,
    "inputEPCList": _identifiers,
    "childEPCs": _identifiers,
    "quantityList": _quantities,
    "childQuantityList": _quantities,
    "inputQuantityList": _quantities,
    "outputEPCList": _identifiers,
    "outputQuantityList": _quantities,
    "action": _plain,
    "transformationID": _plain,
    "bizStep": _word(vocabulary.BUSINESS_STEP),
    "disposition": _word(vocabulary.DISPOSITION),
    "persistentDisposition": _persistent,
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _typed("bizTransaction", vocabulary.TRANSACTION_TYPE),
    "sourceList": _typed("source", vocabulary.PARTY_TYPE),
    "destinationList": _typed("destination", vocabulary.PARTY_TYPE),
    "sensorElementList": _sensors,
}
_NO_EXTENSIONS: Final = LEFT_OUT | _FIELDS.keys() | {"ilmd"}
