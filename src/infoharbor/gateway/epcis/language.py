"""The EPCIS query language (EPCIS 2.0, 8.2.7.1): parameters, from a URL or a JSON object, become an `EventQuery`.

An extension field is named `prefix:field`, where the prefix is the query's own (its `@context`, or the `GS1-Extensions`
header), else as the event itself writes it; or `namespace#field` in full.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, NoReturn

from infoharbor.contracts.trace.exchange import json_text, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.gateway.epcis.conditions import EVENT_TIMES, AnyOf, Compared, Condition, EventQuery, Exists, Glob, Order
from infoharbor.gateway.epcis.facts import MEASURES, PARTIES, SENSOR_TEXTS, SENSOR_TIMES, SENSOR_URIS, link, moment
from infoharbor.gateway.epcis.patterns import below, patterns
from infoharbor.gateway.epcis.units import in_common
from infoharbor.sdk.problems import Problem

PARAMETERS_MAX: Final = 50
VALUES_MAX: Final = 100
TOGETHER_MAX: Final = 1_000
TEXT_MAX: Final = 1_024
COUNT_MAX: Final = 10**9

EPC_FIELDS: Final = ("epc", "parentID", "inputEPC", "outputEPC")
CLASS_FIELDS: Final = ("epcClass", "inputEPCClass", "outputEPCClass")


class Read(NamedTuple):
    """How the values of a parameter are read: `text` makes the value of a fact, and refuses what is none."""

    fields: tuple[str, ...]
    text: Callable[[str], str]


def _as_is(text: str) -> str:
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in allowed:
            raise ValueError(" or ".join(allowed))
        return text

    return check


def _event_type(text: str) -> str:
    if text not in vocabulary.EVENT_TYPES and ":" not in text:
        raise ValueError(" or ".join(vocabulary.EVENT_TYPES))
    return text


def _equal(name: str, text: Callable[[str], str] = _as_is) -> tuple[str, Read]:
    return f"EQ_{name}", Read((name,), text)


EQUAL: Final = dict(
    [
        ("eventType", Read(("eventType",), _event_type)),
        _equal("action", _one_of(*vocabulary.ACTIONS)),
        _equal("bizStep", vocabulary.BUSINESS_STEP.word),
        *(
            _equal(name, vocabulary.DISPOSITION.word)
            for name in ("disposition", "persistentDisposition_set", "persistentDisposition_unset")
        ),
        *(_equal(name, link) for name in ("readPoint", "bizLocation", "transformationID", *SENSOR_URIS)),
        *(_equal(name) for name in ("eventID", "correctiveEventID", *SENSOR_TEXTS)),
        _equal("errorReason", vocabulary.ERROR_REASON.word),
        _equal("type", vocabulary.MEASUREMENT.word),
        _equal("exception", vocabulary.ALERT.word),
        _equal("component", vocabulary.COMPONENT.word),
        _equal("booleanValue", _one_of("true", "false")),
    ]
)
"""Parameters whose values a field has to equal."""
MATCHED: Final = {
    "MATCH_epc": ("epc",),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPC",),
    "MATCH_outputEPC": ("outputEPC",),
    "MATCH_anyEPC": EPC_FIELDS,
    "MATCH_epcClass": ("epcClass",),
    "MATCH_inputEPCClass": ("inputEPCClass",),
    "MATCH_outputEPCClass": ("outputEPCClass",),
    "MATCH_anyEPCClass": CLASS_FIELDS,
}
WITHIN: Final = {"WD_readPoint": "readPoint", "WD_bizLocation": "bizLocation"}
TIMES: Final = {
    **{name: name for name in ("eventTime", "recordTime", "errorDeclarationTime", *SENSOR_TIMES)},
    "errorDeclaration_Time": "errorDeclarationTime",
}
"""Fields that `GE_` and `LT_` compare with a moment; the standard writes one of them in two ways."""
CONTROLS: Final = ("orderBy", "orderDirection", "eventCountLimit", "maxEventCount")
PRESENT: Final = ("errorDeclaration", "sensorElementList")
_MEASURE = re.compile(rf"(?:quantity|{'|'.join(MEASURES)})(?:_[A-Z0-9]{{1,4}})?|percRank")
_PARTY = re.compile(rf"({'|'.join(PARTIES)})_(.+)", re.DOTALL)
_AREAS: Final = (
    "ILMD_",
    "ERROR_DECLARATION_",
    "SENSORELEMENT_",
    "SENSORMETADATA_",
    "SENSORREPORT_",
    "readPoint_",
    "bizLocation_",
)
_EXTENSION = re.compile(rf"(?P<area>(?:INNER_)?(?:{'|'.join(_AREAS)})?)(?P<name>[^_\s][^\s]*)")
_COMPARED: Final = ("GT", "GE", "LT", "LE")


def read_query(parameters: Mapping[str, Any], names: Names) -> EventQuery:
    """The query; `names` are the prefixes that it declares. Raises a `Problem` that names the parameter."""
    if len(parameters) > PARAMETERS_MAX:
        raise Problem("trace.epcis_query_complex", expected=f"at most {PARAMETERS_MAX} parameters")
    conditions = []
    for name, value in parameters.items():
        if name not in CONTROLS:
            condition = _condition(name, value, names)
            if condition is not None:
                conditions.append(condition)
    together = sum(
        len(each.texts) + len(each.numbers) + len(each.globs) for each in conditions if isinstance(each, AnyOf)
    )
    if together > TOGETHER_MAX:
        raise Problem("trace.epcis_query_complex", expected=f"at most {TOGETHER_MAX} values")
    first, most = (_count(parameters, name) for name in ("eventCountLimit", "maxEventCount"))
    if first is not None and most is not None:
        _refuse("maxEventCount", "either eventCountLimit or maxEventCount")
    return EventQuery(tuple(conditions), _order(parameters, names), first, most)


def _condition(name: str, value: Any, names: Names) -> Condition | None:
    """What a parameter asks; None if it asks nothing, such as an `EXISTS` that is false."""
    if name in EQUAL:
        fields, read = EQUAL[name]
        return AnyOf(fields, frozenset(_each(name, value, read)))
    if name in MATCHED:
        found = [patterns(text) for text in _texts(name, value)]
        texts, globs = (tuple(one for each in found for one in each[side]) for side in (0, 1))
        return AnyOf(MATCHED[name], frozenset(texts), globs=tuple(map(Glob, globs)))
    if name in WITHIN:
        places = _each(name, value, link)
        return AnyOf((WITHIN[name],), frozenset(places), globs=tuple(glob for one in places for glob in below(one)))
    verb, _, field = name.partition("_")
    party = _PARTY.fullmatch(field) if verb == "EQ" else None
    if party is not None:
        kind = PARTIES[party[1]].word(party[2])
        return AnyOf((f"{party[1]}_{kind}",), frozenset(_each(name, value, link)))
    if verb in ("GE", "LT") and field in TIMES:
        return Compared(TIMES[field], verb, _moment(name, value))
    if _MEASURE.fullmatch(field):
        common, convert = in_common(field)
        if verb in _COMPARED:
            return Compared(common, verb, convert(_number(name, value)))
        if verb == "EQ":
            return AnyOf((common,), numbers=frozenset(convert(_number(name, one)) for one in _texts(name, value)))
    if verb == "EXISTS" and field in PRESENT:
        return Exists(field) if _flag(name, value) else None
    return _about_extension(name, verb, field, value, names)


def _about_extension(name: str, verb: str, field: str, value: Any, names: Names) -> Condition | None:
    if verb == "HASATTR":
        return AnyOf((f"HASATTR_{_extension(name, field, names)}",), frozenset(_texts(name, value)))
    if verb == "EQATTR" and "_" in field:
        whole, _, attribute = field.rpartition("_")
        return _equals(name, f"EQATTR_{_extension(name, whole, names)}_{attribute}", value)
    if verb == "EXISTS":
        asked = _extension(name, field, names)
        return Exists(asked) if _flag(name, value) else None
    if verb == "EQ":
        return _equals(name, _extension(name, field, names), value)
    if verb in _COMPARED:
        bound = moment(value) if isinstance(value, str) else None
        return Compared(_extension(name, field, names), verb, _number(name, value) if bound is None else bound)
    raise _unknown(name)


def _extension(name: str, field: str, names: Names) -> str:
    """The fact that speaks of an extension field."""
    found = _EXTENSION.fullmatch(field)
    if found is None or ":" not in found["name"]:
        raise _unknown(name)
    named = found["name"]
    if "#" in named:
        namespace, _, local = named.rpartition("#")
        return f"{found['area']}{{{namespace}#}}{local}"
    return found["area"] + names.expand(named)


def _equals(name: str, field: str, value: Any) -> AnyOf:
    """Texts, or numbers, or moments: an extension field's type is not known."""
    texts = _texts(name, value)
    numbers = [one for text in texts for one in (_as_number(text), moment(text)) if one is not None]
    return AnyOf((field,), frozenset(texts), frozenset(numbers))


def _texts(name: str, value: Any) -> list[str]:
    """The values of a list: in a URL they are divided by `|`."""
    if isinstance(value, str):
        value = value.split("|")
    listed = value if isinstance(value, list) else [value]
    if len(listed) > VALUES_MAX:
        raise Problem("trace.epcis_query_complex", field=name, expected=f"at most {VALUES_MAX} values")
    texts = []
    for one in listed:
        if isinstance(one, bool):
            text = str(one).lower()
        elif isinstance(one, (str, int, Decimal)):
            text = one if isinstance(one, str) else json_text.number_text(one)
        else:
            _refuse(name, "a text, a number, or a list of them")
        if not text or len(text) > TEXT_MAX:
            _refuse(name, f"values of 1 to {TEXT_MAX} characters")
        texts.append(text)
    if not texts:
        _refuse(name, "at least one value")
    return texts


def _each(name: str, value: Any, read: Callable[[str], str]) -> list[str]:
    try:
        return [read(text) for text in _texts(name, value)]
    except ValueError as fault:
        _refuse(name, str(fault))


def _moment(name: str, value: Any) -> int:
    when = moment(value) if isinstance(value, str) else None
    if when is None:
        _refuse(name, "a time with an offset, such as 2026-03-05T09:30:00.000+08:00")
    return when


def _number(name: str, value: Any) -> int | Decimal:
    number = value if isinstance(value, (int, Decimal)) else _as_number(value) if isinstance(value, str) else None
    if number is None or isinstance(value, bool):
        _refuse(name, "a number, or for extensions a time with an offset")
    return number


def _as_number(text: str) -> int | Decimal | None:
    try:
        number = json_text.value(text.encode()) if text[:1] in "-0123456789" else None
    except EventFault:
        return None
    return number if isinstance(number, (int, Decimal)) else None


def _flag(name: str, value: Any) -> bool:
    """Bare, null, 1 or true says yes: the standard has it as void, integer and boolean in turn."""
    if value in ("", None, 1, "1", "true"):
        return True
    if value not in (0, "0", "false"):
        _refuse(name, "true or false")
    return False


def _count(parameters: Mapping[str, Any], name: str) -> int | None:
    if name not in parameters:
        return None
    value = parameters[name]
    number = _as_number(value) if isinstance(value, str) else value
    if type(number) is not int or not 1 <= number <= COUNT_MAX:
        _refuse(name, f"an integer from 1 to {COUNT_MAX}")
    return number


def _order(parameters: Mapping[str, Any], names: Names) -> Order | None:
    direction = parameters.get("orderDirection", "DESC")
    if direction not in ("ASC", "DESC"):
        _refuse("orderDirection", "ASC or DESC")
    if "orderBy" not in parameters:
        return None
    field = parameters["orderBy"]
    if field in EVENT_TIMES:
        return Order(field, direction == "DESC")
    if type(field) is not str or ":" not in field or len(field) > TEXT_MAX:
        _refuse("orderBy", "eventTime, recordTime, or the full name of an extension field")
    return Order(_extension("orderBy", field, names), direction == "DESC")


def _refuse(name: str, expected: str) -> NoReturn:
    raise Problem("trace.epcis_query_parameter", field=name[:100], expected=expected)


def _unknown(name: str) -> Problem:
    return Problem(
        "trace.epcis_query_unknown_parameter", field=name[:100], expected="a parameter of the EPCIS 2.0 query language"
    )
