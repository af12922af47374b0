"""Questions about goods: where they came from and went to, what a shopper is shown, what does not fit."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from infoharbor.contractkit import gs1
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.actions import is_in_force
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.records import (
    Effect,
    Event,
    EventStatus,
    Judgement,
    Mention,
    Object,
    Packed,
    Prefix,
)
from infoharbor.contracts.trace.rules import (
    MICRO_EXPONENT,
    WITHHELD,
    State,
    is_class,
    object_id,
    prefix_candidates,
    state_of,
    step,
    uri_of,
)
from infoharbor.edgekit.queries import query
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

OBJECTS_MAX: Final = 2_000
"""A trace that reaches more objects is cut off there, and says so."""
PAGE_MAX: Final = 500
MADE_INTO: Final = "made_into"
PACKED_IN: Final = "packed_in"


class Edge(NamedTuple):
    """That `source` became or went into `target`, by one event."""

    source: str
    target: str
    kind: str
    event: tuple[str, str]


class Walk:
    """A walk through events from one object, in one direction: what it was made of, or what became of it."""

    def __init__(self, read: Sight) -> None:
        self.read = read
        self.stories: dict[str, list[Mention]] = {}
        self.events: dict[tuple[str, str], Event | None] = {}
        self.edges: dict[Edge, None] = {}
        self.complete = True

    def back(self, start: str) -> None:
        """All that went into an object: inputs of what made it, contents, and theirs."""
        self._spread(start, self._origins)

    def forth(self, start: str) -> None:
        """All that an object went into: outputs of what used it up, the units it was packed in, and so on."""
        self._spread(start, self._destinies)

    def story(self, identifier: str) -> list[Mention]:
        """What the reader may see said of an object, in the order in which it happened."""
        if identifier not in self.stories:
            self.stories[identifier] = list(self.read.scan(Mention, identifier))
        return self.stories[identifier]

    def event(self, key: tuple[str, str]) -> Event | None:
        if key not in self.events:
            self.events[key] = self.read.find(Event, *key)
        return self.events[key]

    def _spread(self, start: str, neighbours: Any) -> None:
        seen, waiting = {start}, [start]
        while waiting:
            identifier = waiting.pop()
            for edge, other in neighbours(identifier):
                self.edges[edge] = None
                if other not in seen:
                    if len(seen) == OBJECTS_MAX:
                        self.complete = False
                        return
                    seen.add(other)
                    waiting.append(other)

    def _origins(self, identifier: str) -> Iterator[tuple[Edge, str]]:
        for said in self.story(identifier):
            if said.effect is Effect.OUTPUT:
                key = (said.captured_by, said.digest)
                for other in self._named(key, inputs=True):
                    yield Edge(other, identifier, MADE_INTO, key), other
        if is_class(identifier):
            return
        for packed in self.read.scan(Packed, identifier):
            for said in self.story(packed.child):
                if said.effect is Effect.PACK and said.parent == identifier:
                    key = (said.captured_by, said.digest)
                    yield Edge(packed.child, identifier, PACKED_IN, key), packed.child

    def _destinies(self, identifier: str) -> Iterator[tuple[Edge, str]]:
        for said in self.story(identifier):
            key = (said.captured_by, said.digest)
            if said.effect is Effect.INPUT:
                for other in self._named(key, inputs=False):
                    yield Edge(identifier, other, MADE_INTO, key), other
            elif said.effect is Effect.PACK:
                yield Edge(identifier, said.parent, PACKED_IN, key), said.parent

    def _named(self, key: tuple[str, str], *, inputs: bool) -> Iterator[str]:
        """The inputs or outputs of a transformation."""
        event = self.event(key)
        if event is None:
            return
        uris = event.input_epcs if inputs else event.output_epcs
        counted = event.input_quantities if inputs else event.output_quantities
        for uri in (*uris, *(each.epc_class for each in counted)):
            if uri != WITHHELD:
                yield object_id(uri)


@query("trace", "Where something came from and went", "来源与去向")
def trace(read: Sight, object: str, direction: str = "both") -> Any:
    """A graph of objects from `object` (a Digital Link, its path, or another URI): nodes, edges in the
    direction in which goods went, and the events behind them. `direction` is back, forth or both; `complete`
    is false where the graph was cut off."""
    if direction not in ("back", "forth", "both"):
        raise Malformed("input.choice", "direction", "back, forth or both")
    start, walk = identify(object), Walk(read)
    if direction != "forth":
        walk.back(start)
    if direction != "back":
        walk.forth(start)
    walk.story(start)
    edges = list(walk.edges)
    keys = sorted({edge.event for edge in edges})
    return {
        "object": start,
        "complete": walk.complete,
        "nodes": [node(identifier, walk.stories.get(identifier, ())) for identifier in _reached(start, edges)],
        "edges": [
            {"from": edge.source, "to": edge.target, "kind": edge.kind, "event": "/".join(edge.event)} for edge in edges
        ],
        "events": [brief(event) for key in keys if (event := walk.event(key)) is not None],
    }


@query("lot", "What the page of a lot, a piece or a unit shows", "批次、单品或物流单元的公开页面")
def lot(read: Sight, object: str) -> Any:
    """All of the way that the reader may see: what the object is, whose prefix it carries, how it stands, the
    events of it and of all that it was made of or packed in, by time, with what they break, and the
    certificates they name."""
    start, walk = identify(object), Walk(read)
    walk.back(start)
    walk.forth(start)
    story = walk.story(start)
    if not story:
        raise Malformed("ledger.record_unknown", "object", "an object that events you may read speak of")
    reached = _reached(start, list(walk.edges))
    keys: dict[tuple[str, str], list[Mention]] = {}
    for identifier in reached:
        for said in walk.story(identifier):
            keys.setdefault((said.captured_by, said.digest), []).append(said)
    shown = [(event, keys[key]) for key in keys if (event := walk.event(key)) is not None]
    shown.sort(key=lambda each: (each[0].event_time, each[0].digest))
    certificates = [
        {"uri": uri, "named_by": event.captured_by, "event": f"{event.captured_by}/{event.digest}"}
        for event, _ in shown
        for uri in event.certification_info
    ]
    organisations = sorted({event.captured_by for event, _ in shown})
    return {
        **node(start, story),
        "state": standing(read, start, story),
        "owner": owner_of(read, start),
        "complete": walk.complete,
        "organisations": {each: name_of(read, each) for each in organisations},
        "certificates": certificates,
        "events": [detailed(event, said) for event, said in shown],
    }


@query("nonconforming", "Events that contradict what is known", "与已知事实不符的事件")
def nonconforming(read: Sight, organisation: str = "", after: str = "", limit: int = 100) -> Any:
    """Events that break a rule now, with the rule and the object, by organisation; `after` takes the `next`
    before."""
    wanted = (organisation,) if organisation else ()
    items: list[Any] = []
    for judgement in read.scan(Judgement, *wanted, after=after):
        event = read.find(Event, judgement.captured_by, judgement.digest) if judgement.breaks else None
        if event is not None:
            breaks = [
                {"object": each.object, "uri": uri_of(each.object), "rule": each.rule} for each in judgement.breaks
            ]
            items.append(brief(event) | {"breaks": breaks, "judged_at": times.utc(judgement.judged_at)})
        if len(items) == _bounded(limit):
            return {"items": items, "next": f"{judgement.captured_by}/{judgement.digest}"}
    return {"items": items, "next": None}


@query("objects", "Lots, pieces and units", "批次、单品与物流单元")
def objects(read: Sight, gtin: str = "", after: str = "", limit: int = 100) -> Any:
    """What events speak of, by identifier, all or of one GTIN; `after` takes the `next` of the answer before."""
    prefix = "trace/objects/"
    if gtin:
        prefix = f"trace/objects/{identify(f'/{gs1.GTIN}/{gtin}')}"
    items: list[Any] = []
    for seen in read.living(prefix, after and f"trace/objects/{after}"):
        known: Object = seen.record
        state = {"state": _state(state_of(known)), "mentions": known.mentions}
        items.append(node(known.id) | state)
        if len(items) == _bounded(limit):
            return {"items": items, "next": known.id}
    return {"items": items, "next": None}


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
    return _state(state)


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


def _state(state: State) -> dict[str, Any]:
    return state._asdict() | {"made": amount(state.made), "gone": amount(state.gone)}


def _reached(start: str, edges: list[Edge]) -> list[str]:
    return list(dict.fromkeys([start, *(each for edge in edges for each in (edge.source, edge.target))]))


def _json(text: str) -> Any:
    """Canonical JSON of the ledger as an answer holds it: fractions as texts, so that none becomes a float."""
    return _exact(json_text.recorded(text))


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return json_text.number_text(value) if isinstance(value, Decimal) else value


def _bounded(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise Malformed("input.range", "limit", f"an integer from 1 to {PAGE_MAX}")
    return limit
