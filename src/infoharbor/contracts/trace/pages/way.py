"""Where something came from and what became of it: a walk through events, as far as its reader may see them."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from infoharbor.contracts.trace.pages import (
    MADE_INTO,
    PACKED_IN,
    brief,
    detailed,
    identify,
    name_of,
    node,
    owner_of,
    standing,
)
from infoharbor.contracts.trace.records import Effect, Event, Mention, Packed
from infoharbor.contracts.trace.rules import WITHHELD, is_class, object_id
from infoharbor.edgekit.queries import query
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

OBJECTS_MAX: Final = 2_000
"""A trace that reaches more objects is cut off there, and says so."""


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


def _reached(start: str, edges: list[Edge]) -> list[str]:
    return list(dict.fromkeys([start, *(each for edge in edges for each in (edge.source, edge.target))]))
