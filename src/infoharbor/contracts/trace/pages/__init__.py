"""How goods and their events are named and shown, in every answer alike."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from infoharbor.contractkit import gs1
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.records import Event, EventStatus, Mention, Object, Prefix
from infoharbor.contracts.trace.rules import MICRO_EXPONENT, State, object_id, prefix_candidates, step, uri_of
from infoharbor.contracts.trace.speaking import is_in_force
from infoharbor.contracts.trace.stories import state_of
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

MADE_INTO: Final = "made_into"
PACKED_IN: Final = "packed_in"


def identify(text: str) -> str:
    """The key of the object that a reader names, by a link, a path, a URI, a key, or what is printed below a bar code;
    `Malformed` where the text is no identifier."""
    text = path_of_label(text) if text.startswith("(") else text
    uri = f"{gs1.CANONICAL}{text}" if text.startswith("/") else text if ":" in text else uri_of(text)
    try:
        return object_id(gs1.normal(uri))
    except gs1.Gs1Fault as fault:
        raise Malformed("trace.identifier", "object", fault.expected) from None


def path_of_label(text: str) -> str:
    """The path of what is printed below a bar code, such as (01)09521002002027(10)LB250418-B."""
    parts = [part.partition(")") for part in text.replace(" ", "").split("(")[1:]]
    return "".join(f"/{identifier}/{gs1.encode(value)}" for identifier, _, value in parts)


def label_of(identifier: str) -> str:
    """A GS1 key as it is printed below a bar code; another identifier as it is."""
    parts = [gs1.decode(part) for part in identifier.split("~")]
    is_key = len(parts) > 1 and len(parts) % 2 == 0 and gs1.all_digits(parts[0])
    return (
        "".join(f"({ai}){value}" for ai, value in zip(parts[::2], parts[1::2], strict=True)) if is_key else identifier
    )


def node(identifier: str, story: Sequence[Mention] = ()) -> dict[str, Any]:
    """An object by what its identifier tells (application identifier and value, lot, serial number), and how often
    what was said of it does not fit."""
    parts = [gs1.decode(part) for part in identifier.split("~")]
    is_key = len(parts) > 1 and gs1.all_digits(parts[0])
    qualifiers = dict(zip(parts[2::2], parts[3::2], strict=False)) if is_key else {}
    return {
        "id": identifier,
        "uri": uri_of(identifier),
        "key": parts[0] if is_key else "",
        "value": parts[1] if is_key else "",
        "lot": qualifiers.get(gs1.LOT, ""),
        "serial": qualifiers.get(gs1.SERIAL, ""),
        "breaks": sum(bool(said.broken) for said in story),
    }


def brief(event: Event) -> dict[str, Any]:
    """An event in one line."""
    return {
        "event": f"{event.captured_by}/{event.digest}",
        "captured_by": event.captured_by,
        "type": event.type,
        "action": event.action,
        "event_time": times.utc(event.event_time),
        "event_time_zone_offset": event.event_time_zone_offset,
        "biz_step": event.biz_step,
        "disposition": event.disposition,
        "place": event.read_point or event.biz_location,
        "in_error": event.status is EventStatus.IN_ERROR,
    }


def detailed(event: Event, said: list[Mention]) -> dict[str, Any]:
    """An event as a lot's page shows it."""
    return brief(event) | {
        "event_id": event.event_id,
        "has_private": event.has_private,
        "certificates": list(event.certification_info),
        "sensors": _json(event.sensors),
        "master_data": _json(event.ilmd),
        "about": [
            {
                "object": each.object,
                "effect": str(each.effect),
                "standing": str(each.standing),
                "parent": each.parent,
                "amount": amount(each.amount),
                "uom": each.uom,
                "broken": each.broken,
            }
            for each in said
        ],
    }


def standing(read: Sight, identifier: str, story: list[Mention]) -> dict[str, Any]:
    """How the object stands: as the ledger keeps it, or else as what the reader may see leaves it."""
    known = read.find(Object, identifier)
    state = state_of(known)
    if known is None:
        for said in story:
            state, _ = step(state, said, (state.parent,))
    return state_fields(state)


def owner_of(read: Sight, identifier: str) -> str:
    """The member that is accredited for the object's prefix now, or an empty text."""
    for candidate in prefix_candidates(identifier):
        prefix = read.find(Prefix, candidate)
        if prefix is not None and is_in_force(prefix, read.now):
            return prefix.organisation
    return ""


def name_of(read: Sight, organisation: str) -> dict[str, str]:
    known = read.find(Organisation, organisation)
    if known is None:
        return {"name": organisation, "name_en": organisation, "country": ""}
    return {"name": known.name, "name_en": known.name_en, "country": known.country}


def amount(millionths: int) -> str:
    """An amount as a decimal, without trailing zeros."""
    whole, rest = divmod(millionths, 10**MICRO_EXPONENT)
    return f"{whole}.{rest:0{MICRO_EXPONENT}d}".rstrip("0").rstrip(".")


def state_fields(state: State) -> dict[str, Any]:
    """A state with its amounts as decimals."""
    return state._asdict() | {"made": amount(state.made), "gone": amount(state.gone)}


def _json(text: str) -> Any:
    """Canonical JSON of the ledger as an answer holds it: fractions as texts, so that none becomes a float."""
    return _exact(json_text.recorded(text))


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return json_text.number_text(value) if isinstance(value, Decimal) else value
