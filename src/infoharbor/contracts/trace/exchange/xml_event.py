"""One event in XML, read into the fields that JSON-LD has; whether they are right is judged there, for both alike."""

import re
from collections.abc import Callable
from typing import Any, Final

from infoharbor.contracts.trace.exchange import json_text, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.xml_names import INSTANCE, OF_XML, STANDARD, Prefixes
from infoharbor.edgekit.xml_text import SPACE, Element, parts_of

Read = Callable[[Element, Prefixes], Any]

WRAPPERS: Final = ("extension", "baseExtension")
"""What 1.2 put its newer fields in, one level for each version of the standard."""
REPEATED: Final = ("certificationInfo", "sensorReport")
"""What stands there as often as there are values, where JSON-LD has a list."""
MEASURES: Final = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
"""Numbers of a sensor report."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def fields_of(event: Element, prefixes: Prefixes) -> dict[str, Any]:
    """The event as JSON-LD has it; raises `EventFault` for what has no counterpart there."""
    fields: dict[str, Any] = {"type": event.name}
    _gather(event, prefixes, fields, _FIELDS)
    return fields


def _gather(element: Element, prefixes: Prefixes, into: dict[str, Any], known: dict[str, Read]) -> None:
    """The standard's fields by their names, others as extensions; wrappers count for nothing."""
    for child in element.children:
        read = known.get(child.name) if is_standard(child) else None
        if is_standard(child) and child.name in WRAPPERS and read is None:
            _gather(child, prefixes, into, known)
        elif read is None:
            _add_extension(into, child, prefixes)
        elif not _is_nil(child):
            try:
                value = read(child, prefixes)
                if child.name in REPEATED:
                    into.setdefault(child.name, []).append(value)
                elif child.name in into:
                    raise EventFault("epcis_duplicate", "each field once")
                else:
                    into[child.name] = value
            except EventFault as fault:
                raise fault.below(child.name) from None


def _is_nil(element: Element) -> bool:
    """Whether it says of itself that it has no value, as a quantity that was not counted does."""
    return any(
        parts_of(tag)[:2] == (INSTANCE, "nil") and value in ("true", "1") for tag, value in element.attributes.items()
    )


def is_standard(element: Element) -> bool:
    """Whether it is the standard's own, not an extension."""
    return element.namespace in STANDARD


def _text(element: Element, prefixes: Prefixes) -> str:
    if element.children:
        raise EventFault("epcis_type", "a text")
    return element.text


def _number(text: str) -> Any:
    """The number in a text; the text itself, which is refused later, where it is none."""
    if not _NUMBER.fullmatch(text):
        return text
    try:
        return json_text.decimal(text)
    except ValueError:
        return text


def _word(words: vocabulary.Vocabulary) -> Read:
    def read(element: Element, prefixes: Prefixes) -> str:
        return _bare(words, _text(element, prefixes))

    return read


def _bare(words: vocabulary.Vocabulary, text: str) -> str:
    """XML has the words as URIs, the older ones as URNs; JSON-LD has them bare."""
    return words.word(words.uri(text)) if ":" in text else text


def _each(name: str, read: Read) -> Read:
    """A list whose items are all called `name`."""

    def items(element: Element, prefixes: Prefixes) -> list[Any]:
        found = []
        for at, child in enumerate(element.children):
            if child.name != name or not is_standard(child):
                raise EventFault("epcis_unknown_field", name, child.name)
            try:
                found.append(read(child, prefixes))
            except EventFault as fault:
                raise fault.below(at) from None
        return found

    return items


def _object(known: dict[str, Read]) -> Read:
    """An object of named fields, each once."""

    def read(element: Element, prefixes: Prefixes) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        _gather(element, prefixes, fields, known)
        return fields

    return read


def _typed(name: str, words: vocabulary.Vocabulary) -> Read:
    """A URI with a type as attribute."""

    def read(element: Element, prefixes: Prefixes) -> dict[str, Any]:
        kind = element.attributes.get("type")
        return ({} if kind is None else {"type": _bare(words, kind)}) | {name: _text(element, prefixes)}

    return read


def _persistent(element: Element, prefixes: Prefixes) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for child in element.children:
        found.setdefault(child.name, []).append(_bare(vocabulary.DISPOSITION, _text(child, prefixes)))
    return found


def _sensor(element: Element, prefixes: Prefixes) -> dict[str, Any]:
    """An object whose fields are attributes; such as its extensions are too complex for that are elements."""
    found: dict[str, Any] = {}
    for tag, value in element.attributes.items():
        namespace, local, prefix = parts_of(tag)
        if namespace not in OF_XML:
            name = prefixes.name(namespace, local, prefix)
            found[name] = _attribute(name, value.strip(SPACE))
    if element.text:
        raise EventFault("epcis_type", "attributes, no text")
    _gather(element, prefixes, found, {})
    return found


def _attribute(name: str, value: str) -> Any:
    if name in MEASURES:
        return _number(value)
    if name == "booleanValue":
        return _BOOLEANS.get(value, value)
    words = _SENSOR_WORDS.get(name)
    return value if words is None else _bare(words, value)


def _sensor_element(element: Element, prefixes: Prefixes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    _gather(element, prefixes, found, {"sensorMetadata": _sensor, "sensorReport": _sensor})
    return found


def _add_extension(into: dict[str, Any], element: Element, prefixes: Prefixes) -> None:
    name = element.name if is_standard(element) else prefixes.name(element.namespace, element.name, element.prefix)
    try:
        _extend(into, name, _extension(element, prefixes))
    except EventFault as fault:
        raise fault.below(name) from None


def _extension(element: Element, prefixes: Prefixes) -> Any:
    """Someone else's element: a text, or its attributes and children, repeated ones as a list.

    An attribute without a namespace, such as the unit of a weight, has no place beside a text in JSON-LD; it stays in
    the original.
    """
    found: dict[str, Any] = {}
    for tag, value in element.attributes.items():
        namespace, local, prefix = parts_of(tag)
        if namespace not in OF_XML and (namespace or not element.text):
            _extend(found, prefixes.name(namespace, local, prefix), value)
    for child in element.children:
        _add_extension(found, child, prefixes)
    if found and element.text:
        raise EventFault("epcis_type", "either a text, or attributes and elements")
    return found or element.text


def _extend(into: dict[str, Any], name: str, value: Any) -> None:
    if name not in into:
        into[name] = value
    elif isinstance(into[name], list):
        into[name].append(value)
    else:
        into[name] = [into[name], value]


def _quantity(element: Element, prefixes: Prefixes) -> Any:
    return _number(_text(element, prefixes))


_SENSOR_WORDS: Final = {
    "type": vocabulary.MEASUREMENT,
    "exception": vocabulary.ALERT,
    "component": vocabulary.COMPONENT,
}
_EPCS: Final = _each("epc", _text)
_QUANTITIES: Final = _each("quantityElement", _object({"epcClass": _text, "quantity": _quantity, "uom": _text}))
_PLACE: Final = _object({"id": _text})
_ERROR: Final = _object(
    {
        "declarationTime": _text,
        "reason": _word(vocabulary.ERROR_REASON),
        "correctiveEventIDs": _each("correctiveEventID", _text),
    }
)
_FIELDS: Final[dict[str, Read]] = (
    dict.fromkeys(
        ("eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "certificationInfo", "action", "parentID",
         "transformationID"),
        _text,
    )
    | dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), _EPCS)
    | dict.fromkeys(("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), _QUANTITIES)
    | {
        "bizStep": _word(vocabulary.BUSINESS_STEP),
        "disposition": _word(vocabulary.DISPOSITION),
        "persistentDisposition": _persistent,
        "readPoint": _PLACE,
        "bizLocation": _PLACE,
        "bizTransactionList": _each("bizTransaction", _typed("bizTransaction", vocabulary.TRANSACTION_TYPE)),
        "sourceList": _each("source", _typed("source", vocabulary.PARTY_TYPE)),
        "destinationList": _each("destination", _typed("destination", vocabulary.PARTY_TYPE)),
        "sensorElementList": _each("sensorElement", _sensor_element),
        "ilmd": _object({}),
        "errorDeclaration": _ERROR,
    }
)  # fmt: skip
