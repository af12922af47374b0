"""Whether one event keeps the standard (EPCIS 2.0, 7.4; CBV 2.0, 7): refuses, naming the field."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import times, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.json_text import scaled
from infoharbor.contracts.trace.exchange.links import Links

Check = Callable[[Any, Links], None]

TEXT_CHARACTERS: Final = 2048
LIST_ITEMS: Final = 2000
IDENTIFIERS: Final = 2000
"""The most identifiers and quantities that one event may name, so that its record fits the ledger."""
QUANTITY_LIMIT: Final = 10**12
QUANTITY_DECIMALS: Final = 6

_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>"{}|\\^`\x00-\x20\x7f]+')
_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
_UNIT = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")


class Shape(NamedTuple):
    """An object's fields, which it must have, and whether names of other namespaces may stand beside them."""

    fields: dict[str, Check]
    required: tuple[str, ...] = ()
    extensible: bool = False


def check_object(value: Any, shape: Shape, links: Links) -> None:
    """Refuse `value` unless it has the shape; the fault names the deepest field that is wrong."""
    if type(value) is not dict:
        raise EventFault("epcis_type", "an object")
    for name in shape.required:
        if name not in value:
            raise EventFault("epcis_missing", f"required: {', '.join(shape.required)}", name)
    for name, inner in value.items():
        check = shape.fields.get(name)
        if check is None:
            check_extension_name(name, shape)
            continue
        try:
            check(inner, links)
        except EventFault as fault:
            raise fault.below(name) from None


def check_extension_name(name: str, shape: Shape) -> None:
    """Refuse a name that is neither the standard's nor in a namespace of its own."""
    if not shape.extensible:
        raise EventFault("epcis_unknown_field", f"one of {', '.join(shape.fields)}", name)
    if _URI.fullmatch(name) is None or len(name) > TEXT_CHARACTERS:
        raise EventFault(
            "epcis_unknown_field", "a field of the standard, or a name with a namespace (prefix:name)", name
        )


def text(value: Any, links: Links) -> None:
    """Any text within the limit."""
    if type(value) is not str:
        raise EventFault("epcis_type", "a text")
    if len(value) > TEXT_CHARACTERS:
        raise EventFault("epcis_too_large", f"at most {TEXT_CHARACTERS} characters")


def uri(value: Any, links: Links) -> None:
    """A URI, or a compact one (prefix:name)."""
    if type(value) is not str:
        raise EventFault("epcis_uri", "a URI as text")
    if len(value) > TEXT_CHARACTERS or _URI.fullmatch(value) is None:
        raise EventFault("epcis_uri", f"a URI of at most {TEXT_CHARACTERS} characters")


def identifier(value: Any, links: Links) -> None:
    """A URI; where it is a GS1 key, one whose structure and check digit are right."""
    uri(value, links)
    try:
        links.normal(value)
    except gs1.Gs1Fault as fault:
        code = "epcis_check_digit" if fault.code == "gs1_check_digit" else "epcis_identifier"
        raise EventFault(code, fault.expected) from None


def uris(value: Any, links: Links) -> None:
    """One URI or a list of them."""
    if type(value) is list:
        _list_of(uri)(value, links)
    else:
        uri(value, links)


def moment(value: Any, links: Links) -> None:
    """A date and time with an offset."""
    if type(value) is not str:
        raise EventFault("epcis_time", times.EXPECTED)
    times.milliseconds(value)


def number(value: Any, links: Links) -> None:
    """A JSON number."""
    if type(value) is not int and type(value) is not Decimal:
        raise EventFault("epcis_number", "a number, not a text")


def quantity(value: Any, links: Links) -> None:
    """A number that is not negative and small enough to be kept as a 64-bit integer and a power of ten."""
    number(value, links)
    if not 0 <= value < QUANTITY_LIMIT or -scaled(value)[1] > QUANTITY_DECIMALS:
        raise EventFault("epcis_number", f"from 0 to below {QUANTITY_LIMIT}, at most {QUANTITY_DECIMALS} decimals")


def boolean(value: Any, links: Links) -> None:
    """Either true or false."""
    if type(value) is not bool:
        raise EventFault("epcis_type", "true or false")


def _form(pattern: re.Pattern[str], expected: str) -> Check:
    def check(value: Any, links: Links) -> None:
        if type(value) is not str or pattern.fullmatch(value) is None:
            raise EventFault("epcis_value", expected)

    return check


def _word(words: vocabulary.Vocabulary) -> Check:
    def check(value: Any, links: Links) -> None:
        if type(value) is not str:
            raise EventFault("epcis_vocabulary", f"a {words.name} as text")
        if value not in words.words:
            words.check(value)
            uri(value, links)

    return check


def _one_of(values: tuple[str, ...], code: str) -> Check:
    def check(value: Any, links: Links) -> None:
        if type(value) is not str or value not in values:
            raise EventFault(code, f"one of {', '.join(values)}")

    return check


def _list_of(check: Check, *, least: int = 0, unique: bool = False) -> Check:
    def check_list(value: Any, links: Links) -> None:
        if type(value) is not list:
            raise EventFault("epcis_type", "a list")
        if not least <= len(value) <= LIST_ITEMS:
            raise EventFault("epcis_value", f"{least} to {LIST_ITEMS} items")
        for index, one in enumerate(value):
            try:
                check(one, links)
            except EventFault as fault:
                raise fault.below(index) from None
        if unique and len(set(value)) != len(value):
            raise EventFault("epcis_duplicate", "each item once")

    return check_list


def _shaped(fields: dict[str, Check], *required: str, extensible: bool = False) -> Check:
    shape = Shape(fields, required, extensible)

    def check(value: Any, links: Links) -> None:
        check_object(value, shape, links)

    return check


def _persistent(value: Any, links: Links) -> None:
    dispositions = _list_of(_word(vocabulary.DISPOSITION), least=1, unique=True)
    check_object(value, Shape({"set": dispositions, "unset": dispositions}), links)
    if not value:
        raise EventFault("epcis_missing", "set or unset", "set")


def _anything(value: Any, links: Links) -> None:
    """Read elsewhere."""


_place = _shaped({"id": identifier}, "id", extensible=True)
_typed = {"type": _word(vocabulary.PARTY_TYPE)}
_sources = _list_of(_shaped(_typed | {"source": identifier}, "type", "source"))
_destinations = _list_of(_shaped(_typed | {"destination": identifier}, "type", "destination"))
_transaction = _shaped({"type": _word(vocabulary.TRANSACTION_TYPE), "bizTransaction": uri}, "bizTransaction")
_identifiers = _list_of(identifier, unique=True)
_children = _list_of(identifier)
_quantities = _list_of(
    _shaped(
        {
            "epcClass": identifier,
            "quantity": quantity,
            "uom": _form(_UNIT, "a unit of UN/ECE Recommendation 20"),
        },
        "epcClass",
    )
)
_DEVICE: Final[dict[str, Check]] = dict.fromkeys(
    ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), uri
)
_METADATA = _shaped(_DEVICE | dict.fromkeys(("time", "startTime", "endTime"), moment), extensible=True)
_REPORT = _shaped(
    _DEVICE
    | {
        "type": _word(vocabulary.MEASUREMENT),
        "exception": _word(vocabulary.ALERT),
        "time": moment,
        "component": _word(vocabulary.COMPONENT),
        "stringValue": text,
        "booleanValue": boolean,
        "hexBinaryValue": _form(_HEX, "hexadecimal digits"),
        "uom": text,
    }
    | dict.fromkeys(("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), uri)
    | dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), number),
    "type",
    extensible=True,
)
_sensors = _list_of(
    _shaped(
        {"sensorMetadata": _METADATA, "sensorReport": _list_of(_REPORT, least=1)},
        "sensorReport",
        extensible=True,
    )
)
_error = _shaped(
    {
        "declarationTime": moment,
        "reason": _word(vocabulary.ERROR_REASON),
        "correctiveEventIDs": _list_of(uri),
    },
    "declarationTime",
    extensible=True,
)
_COMMON: Final[dict[str, Check]] = {
    "@context": _anything,
    "type": _one_of(vocabulary.EVENT_TYPES, "epcis_type"),
    "eventTime": moment,
    "recordTime": moment,
    "eventTimeZoneOffset": _form(_OFFSET, "an offset such as +08:00"),
    "eventID": uri,
    "certificationInfo": uris,
    "errorDeclaration": _error,
    "bizStep": _word(vocabulary.BUSINESS_STEP),
    "disposition": _word(vocabulary.DISPOSITION),
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _list_of(_transaction),
    "sourceList": _sources,
    "destinationList": _destinations,
    "sensorElementList": _sensors,
}
_ACTION: Final[dict[str, Check]] = {"action": _one_of(vocabulary.ACTIONS, "epcis_action")}
_MASTER: Final[dict[str, Check]] = {
    "ilmd": _shaped({}, extensible=True),
    "persistentDisposition": _persistent,
}
_ALWAYS: Final = ("type", "eventTime", "eventTimeZoneOffset")
_FAMILY: Final[dict[str, Check]] = {
    "parentID": identifier,
    "childEPCs": _children,
    "childQuantityList": _quantities,
}

SHAPES: Final = {
    "ObjectEvent": Shape(
        _COMMON | _ACTION | _MASTER | {"epcList": _identifiers, "quantityList": _quantities},
        (*_ALWAYS, "action"),
        extensible=True,
    ),
    "AggregationEvent": Shape(_COMMON | _ACTION | _FAMILY, (*_ALWAYS, "action"), extensible=True),
    "AssociationEvent": Shape(_COMMON | _ACTION | _FAMILY, (*_ALWAYS, "action", "parentID"), extensible=True),
    "TransactionEvent": Shape(
        _COMMON
        | _ACTION
        | {
            "parentID": identifier,
            "epcList": _children,
            "quantityList": _quantities,
            "bizTransactionList": _list_of(_transaction, least=1),
        },
        (*_ALWAYS, "action", "bizTransactionList"),
        extensible=True,
    ),
    "TransformationEvent": Shape(
        _COMMON
        | _MASTER
        | {
            "inputEPCList": _identifiers,
            "inputQuantityList": _quantities,
            "outputEPCList": _identifiers,
            "outputQuantityList": _quantities,
            "transformationID": identifier,
        },
        _ALWAYS,
        extensible=True,
    ),
}
_COUNTED: Final = (
    *("epcList", "quantityList", "childEPCs", "childQuantityList"),
    *("inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList"),
)


def check_event(event: Any, links: Links) -> None:
    """Refuse `event` unless it keeps the standard; the fault's field is a path below the event."""
    if type(event) is not dict:
        raise EventFault("epcis_type", "an event as an object")
    kind = event.get("type")
    if kind is None:
        raise EventFault("epcis_missing", f"one of {', '.join(vocabulary.EVENT_TYPES)}", "type")
    shape = SHAPES.get(kind) if type(kind) is str else None
    if shape is None:
        raise EventFault("epcis_type", f"one of {', '.join(vocabulary.EVENT_TYPES)}", "type")
    check_object(event, shape, links)
    _check_what(kind, event)
    if sum(len(event[name]) for name in _COUNTED if name in event) > IDENTIFIERS:
        raise EventFault("epcis_too_large", f"at most {IDENTIFIERS} identifiers in one event", "epcList")


def _check_what(kind: str, event: dict[str, Any]) -> None:
    """The rules over several fields (EPCIS 2.0, 7.4.2 to 7.4.6): what an event must be about."""
    action = event.get("action")
    if kind == "ObjectEvent":
        if event.get("ilmd") is not None and action != "ADD":
            raise EventFault("epcis_action", "master data (ilmd) only with action ADD", "ilmd")
        sensed = event.get("sensorElementList") and "readPoint" in event
        if "epcList" not in event and not event.get("quantityList") and not sensed:
            raise EventFault("epcis_missing", "epcList, quantityList, or sensorElementList with readPoint", "epcList")
    elif kind == "TransformationEvent":
        inputs = event.get("inputEPCList") or event.get("inputQuantityList")
        outputs = event.get("outputEPCList") or event.get("outputQuantityList")
        if "transformationID" in event:
            if not inputs and not outputs:
                raise EventFault("epcis_missing", "inputs or outputs", "inputEPCList")
        elif not inputs or not outputs:
            side = "output" if inputs else "input"
            raise EventFault("epcis_missing", f"{side}s, or a transformationID that links events", f"{side}EPCList")
    elif kind == "TransactionEvent":
        if "epcList" not in event and not event.get("quantityList") and action != "DELETE":
            raise EventFault("epcis_missing", "epcList or quantityList unless the action is DELETE", "epcList")
    else:
        if "parentID" not in event and action != "OBSERVE":
            raise EventFault("epcis_missing", "a parent unless the action is OBSERVE", "parentID")
        if not event.get("childEPCs") and not event.get("childQuantityList") and action != "DELETE":
            raise EventFault("epcis_missing", "children unless the action is DELETE", "childEPCs")
