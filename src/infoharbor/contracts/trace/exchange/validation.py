"""Whether one event keeps the standard (EPCIS 2.0, 7.4; CBV 2.0, 7): refuses, naming the field."""

import re
from typing import Any, Final

from infoharbor.contracts.trace.exchange import vocabulary
from infoharbor.contracts.trace.exchange.checks import (
    Check,
    Shape,
    boolean,
    check_object,
    form,
    identifier,
    list_of,
    moment,
    number,
    one_of,
    quantity,
    shaped,
    text,
    uri,
    uris,
    word,
)
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.links import Links

IDENTIFIERS: Final = 2000
"""The most identifiers and quantities that one event may name, so that its record fits the ledger."""

_OFFSET = re.compile(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)")
_UNIT = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")


def _persistent(value: Any, links: Links) -> None:
    dispositions = list_of(word(vocabulary.DISPOSITION), least=1, unique=True)
    check_object(value, Shape({"set": dispositions, "unset": dispositions}), links)
    if not value:
        raise EventFault("epcis_missing", "set or unset", "set")


def _anything(value: Any, links: Links) -> None:
    """Read elsewhere."""


_place = shaped({"id": identifier}, "id", extensible=True)
_typed = {"type": word(vocabulary.PARTY_TYPE)}
_sources = list_of(shaped(_typed | {"source": identifier}, "type", "source"))
_destinations = list_of(shaped(_typed | {"destination": identifier}, "type", "destination"))
_transaction = shaped({"type": word(vocabulary.TRANSACTION_TYPE), "bizTransaction": uri}, "bizTransaction")
_identifiers = list_of(identifier, unique=True)
_children = list_of(identifier)
_quantities = list_of(
    shaped(
        {
            "epcClass": identifier,
            "quantity": quantity,
            "uom": form(_UNIT, "a unit of UN/ECE Recommendation 20"),
        },
        "epcClass",
    )
)
_DEVICE: Final[dict[str, Check]] = dict.fromkeys(
    ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), uri
)
_METADATA = shaped(_DEVICE | dict.fromkeys(("time", "startTime", "endTime"), moment), extensible=True)
_REPORT = shaped(
    _DEVICE
    | {
        "type": word(vocabulary.MEASUREMENT),
        "exception": word(vocabulary.ALERT),
        "time": moment,
        "component": word(vocabulary.COMPONENT),
        "stringValue": text,
        "booleanValue": boolean,
        "hexBinaryValue": form(_HEX, "hexadecimal digits"),
        "uom": text,
    }
    | dict.fromkeys(("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue"), uri)
    | dict.fromkeys(("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), number),
    "type",
    extensible=True,
)
_sensors = list_of(
    shaped(
        {"sensorMetadata": _METADATA, "sensorReport": list_of(_REPORT, least=1)},
        "sensorReport",
        extensible=True,
    )
)
_error = shaped(
    {
        "declarationTime": moment,
        "reason": word(vocabulary.ERROR_REASON),
        "correctiveEventIDs": list_of(uri),
    },
    "declarationTime",
    extensible=True,
)
_COMMON: Final[dict[str, Check]] = {
    "@context": _anything,
    "type": one_of(vocabulary.EVENT_TYPES, "epcis_type"),
    "eventTime": moment,
    "recordTime": moment,
    "eventTimeZoneOffset": form(_OFFSET, "an offset such as +08:00"),
    "eventID": uri,
    "certificationInfo": uris,
    "errorDeclaration": _error,
    "bizStep": word(vocabulary.BUSINESS_STEP),
    "disposition": word(vocabulary.DISPOSITION),
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": list_of(_transaction),
    "sourceList": _sources,
    "destinationList": _destinations,
    "sensorElementList": _sensors,
}
_ACTION: Final[dict[str, Check]] = {"action": one_of(vocabulary.ACTIONS, "epcis_action")}
_MASTER: Final[dict[str, Check]] = {
    "ilmd": shaped({}, extensible=True),
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
            "bizTransactionList": list_of(_transaction, least=1),
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
