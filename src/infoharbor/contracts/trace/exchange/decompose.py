"""What of an event stands on the ledger for its readers, and what stays with its owner."""

import functools
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import json_text, times, vocabulary
from infoharbor.contracts.trace.exchange.document import Event
from infoharbor.contracts.trace.exchange.links import Links
from infoharbor.contracts.trace.exchange.names import FIXED, IMPLICIT, Names
from infoharbor.contracts.trace.records import ErrorDeclaration, Quantity
from infoharbor.contracts.trace.rules import WITHHELD

PRIVATE_LISTS: Final = ("bizTransactionList", "sourceList", "destinationList")
_POSITION: Final = ("latitude", "longitude", "easting", "northing")
_SENSOR_FIELDS: Final = ("sensorMetadata", "sensorReport")
_QUANTITY_LISTS: Final = {
    "quantityList": "quantities",
    "childQuantityList": "child_quantities",
    "inputQuantityList": "input_quantities",
    "outputQuantityList": "output_quantities",
}
_EPC_LISTS: Final = {
    "epcList": "epcs",
    "childEPCs": "child_epcs",
    "inputEPCList": "input_epcs",
    "outputEPCList": "output_epcs",
}


class PublicEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The standard fields in normal form: identifiers as Digital Links, words bare, times in ms UTC.

    `event_hash` is empty where `has_private`, since what was withheld could be guessed from it; so is an
    `event_id` that is itself such a hash. Elsewhere the rebuilt public event has this very hash.
    `sensors`, `ilmd` and `extensions` are canonical JSON, or empty.
    """

    event_id: str
    event_hash: str
    type: str
    action: str
    event_time: int
    event_time_zone_offset: str
    biz_step: str
    disposition: str
    persistent_set: tuple[str, ...]
    persistent_unset: tuple[str, ...]
    read_point: str
    biz_location: str
    parent_id: str
    epcs: tuple[str, ...] | None
    child_epcs: tuple[str, ...]
    input_epcs: tuple[str, ...]
    output_epcs: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    child_quantities: tuple[Quantity, ...]
    input_quantities: tuple[Quantity, ...]
    output_quantities: tuple[Quantity, ...]
    transformation_id: str
    certification_info: tuple[str, ...]
    sensors: str
    ilmd: str
    extensions: str
    error_declaration: ErrorDeclaration | None
    has_private: bool


class HeldEvent(msgspec.Struct, frozen=True):
    """What the owner keeps, to be committed to with a salt: the event's exact bytes, the prefixes that they
    use (canonical JSON), its hash and its own event ID."""

    original: bytes
    prefixes: str
    event_hash: str
    event_id: str


class Decomposed(NamedTuple):
    """The two parts of an event."""

    public: PublicEvent
    held: HeldEvent


def decompose(event: Event, *, public_namespaces: frozenset[str] = frozenset()) -> Decomposed:
    """Split a validated event; extensions go public only where every name in them is in a voted namespace."""
    fields, links, names = event.fields, event.links, event.names
    private = [any(fields.get(name) for name in PRIVATE_LISTS)]
    public: dict[str, Any] = {
        "type": event.type,
        "action": fields.get("action", ""),
        "event_time": times.milliseconds(fields["eventTime"]),
        "event_time_zone_offset": fields["eventTimeZoneOffset"],
        "biz_step": vocabulary.BUSINESS_STEP.word(fields.get("bizStep", "")),
        "disposition": vocabulary.DISPOSITION.word(fields.get("disposition", "")),
        "certification_info": _as_tuple(fields.get("certificationInfo", ())),
        "persistent_set": (),
        "persistent_unset": (),
    }
    for key, words in fields.get("persistentDisposition", {}).items():
        public[f"persistent_{key}"] = tuple([vocabulary.DISPOSITION.word(one) for one in words])
    for key, name in (("readPoint", "read_point"), ("bizLocation", "biz_location")):
        place = fields.get(key, {})
        private.append(len(place) > 1)
        public[name] = _shown(place.get("id", ""), links)
    public["parent_id"] = _shown(fields.get("parentID", ""), links)
    public["transformation_id"] = _shown(fields.get("transformationID", ""), links)
    for key, name in _EPC_LISTS.items():
        named = fields.get(key, ())
        public[name] = shown_all = _shown_all(named, links) if named else ()
        private.append(len(shown_all) < len(named))
    if "epcList" not in fields:
        public["epcs"] = None
    for key, name in _QUANTITY_LISTS.items():
        public[name] = tuple([_quantity(one, links) for one in fields[key]]) if key in fields else ()
    public["sensors"], sensors_private = _sensors(fields.get("sensorElementList", ()))
    declared, error_private = _error(fields.get("errorDeclaration"))
    public["error_declaration"] = declared
    outer = {name: value for name, value in fields.items() if ":" in name}
    for key, tree in (("ilmd", fields.get("ilmd", {})), ("extensions", outer)):
        public[key] = ""
        if tree:
            voted = _without_colon(public_namespaces)
            shown = {name: value for name, value in tree.items() if _is_public(name, value, names, voted)}
            private.append(len(shown) < len(tree))
            public[key] = json_text.canonical(_expanded(shown, names)) if shown else ""
    private += [sensors_private, error_private, _names_withheld(public)]
    has_private = any(private)
    event_hash, event_id = event.hash(), fields.get("eventID", "")
    return Decomposed(
        PublicEvent(
            event_id="" if has_private and event_id.startswith("ni:") else event_id,
            event_hash="" if has_private else event_hash,
            has_private=has_private,
            **public,
        ),
        HeldEvent(event.original, json_text.canonical(names.own), event_hash, event_id),
    )


@functools.lru_cache(maxsize=16)
def _without_colon(namespaces: frozenset[str]) -> frozenset[str]:
    """The standard's own namespace of master data is written with and without its last colon."""
    return frozenset(namespace.rstrip(":") for namespace in namespaces)


def _as_tuple(value: Any) -> tuple[str, ...]:
    return (value,) if type(value) is str else tuple(value)


def _shown(uri: str, links: Links) -> str:
    """The normal form, unless it stands for a person or for an exact position, which may be a farm."""
    if uri.startswith("geo:"):
        return WITHHELD
    return _impersonal(links.normal(uri))


@functools.lru_cache(maxsize=4096)
def _impersonal(link: str) -> str:
    is_personal = link.startswith(gs1.CANONICAL) and link.split("/", 4)[3] in gs1.PERSONAL
    return WITHHELD if is_personal else link


def _shown_all(uris: Iterable[str], links: Links) -> tuple[str, ...]:
    """Each identifier once, in the order of the event: one thing may have been named in two notations."""
    return tuple(dict.fromkeys([_shown(uri, links) for uri in uris]))


def _names_withheld(public: dict[str, Any]) -> bool:
    single = (public["read_point"], public["biz_location"], public["parent_id"], public["transformation_id"])
    several = (public["epcs"] or (), public["child_epcs"], public["input_epcs"], public["output_epcs"])
    return WITHHELD in single or any(WITHHELD in each for each in several)


def _quantity(element: dict[str, Any], links: Links) -> Quantity:
    mantissa, exponent = json_text.scaled(element["quantity"]) if "quantity" in element else (None, 0)
    return Quantity(links.normal(element["epcClass"]), mantissa, exponent, element.get("uom", ""))


def _sensors(elements: Iterable[dict[str, Any]]) -> tuple[str, bool]:
    """The standard's sensor fields as canonical JSON, and whether something had to be left out."""
    public, left_out = [], False
    for element in elements:
        shown: dict[str, Any] = {}
        left_out |= any(name not in _SENSOR_FIELDS for name in element)
        if "sensorMetadata" in element:
            shown["sensorMetadata"] = _without_extensions(element["sensorMetadata"])
            left_out |= len(shown["sensorMetadata"]) < len(element["sensorMetadata"])
        reports = [_report(report) for report in element["sensorReport"]]
        left_out |= any(len(one) < len(all_) for one, all_ in zip(reports, element["sensorReport"], strict=True))
        public.append(shown | {"sensorReport": reports})
    return (json_text.canonical(public) if public else ""), left_out


def _report(report: dict[str, Any]) -> dict[str, Any]:
    shown = _without_extensions(report)
    if "component" in shown and vocabulary.COMPONENT.word(shown["component"]) in _POSITION:
        return {name: shown[name] for name in ("type", "component", "time", "uom") if name in shown}
    if shown.get("uriValue", "").startswith("geo:"):
        del shown["uriValue"]
    return shown


def _without_extensions(value: dict[str, Any]) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if ":" not in name}


def _error(declaration: dict[str, Any] | None) -> tuple[ErrorDeclaration | None, bool]:
    """The declaration without corrective events named by a hash: such an event may have private parts."""
    if declaration is None:
        return None, False
    named = declaration.get("correctiveEventIDs", ())
    shown = tuple(one for one in named if not one.startswith("ni:"))
    declared_at = times.milliseconds(declaration["declarationTime"])
    reason = vocabulary.ERROR_REASON.word(declaration.get("reason", ""))
    return ErrorDeclaration(declared_at, reason, shown), len(_without_extensions(declaration)) < len(declaration)


def _is_public(name: str, value: Any, names: Names, voted: frozenset[str]) -> bool:
    if ":" in name and names.namespace(name).rstrip(":") not in voted:
        return False
    if type(value) is dict:
        return all(_is_public(inner, one, names, voted) for inner, one in value.items())
    if type(value) is list:
        return all(_is_public("", one, names, voted) for one in value)
    return True


def _expanded(value: Any, names: Names) -> Any:
    if type(value) is dict:
        return {names.expand(name): _expanded(one, names) for name, one in value.items()}
    return [_expanded(one, names) for one in value] if type(value) is list else value


_IMPLICIT_PREFIXES: Final = {namespace: prefix for prefix, namespace in (IMPLICIT | FIXED).items()}


def prefixed(value: Any, prefixes: dict[str, str]) -> Any:
    """`value` with `{namespace}local` names written with prefixes again; new ones are added to `prefixes`."""
    if type(value) is list:
        return [prefixed(one, prefixes) for one in value]
    if type(value) is not dict:
        return value
    return {_compact(name, prefixes): prefixed(one, prefixes) for name, one in value.items()}


def _compact(name: str, prefixes: dict[str, str]) -> str:
    if not name.startswith("{"):
        return name
    namespace, _, local = name[1:].partition("}")
    prefix = _IMPLICIT_PREFIXES.get(namespace)
    if prefix is None:
        known = {meaning: prefix for prefix, meaning in prefixes.items()}
        prefix = known.get(namespace) or f"n{len(prefixes) + 1}"
        prefixes[prefix] = namespace
    return f"{prefix}:{local}"
