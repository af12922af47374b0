"""The drawings of the portal: the states of a record, and the way of goods."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from infoharbor.kernel.records import NEW, RecordType
from infoharbor.portal.layers import Box, Drawing, Line, Spacing, draw

WIDE: Final = 15
NARROW: Final = 8
DRAWN_MAX: Final = 120
"""A graph of more nodes is told in its table alone: nobody could read the drawing."""


def text_width(text: str) -> int:
    """About how many pixels a text of 14 px takes."""
    return sum(WIDE if unicodedata.east_asian_width(sign) in "WF" else NARROW for sign in text)


class Label(NamedTuple):
    """What a node says: a title, a line below it, how it looks, and where it leads."""

    title: str
    below: str = ""
    look: str = ""
    url: str = ""


class Picture(NamedTuple):
    """A drawing with its labels; `looks` gives each line's by its number."""

    drawing: Drawing
    labels: dict[str, Label]
    looks: dict[int, str]

    @property
    def boxes(self) -> list[tuple[Box, Label]]:
        return [(box, self.labels[box.id]) for box in self.drawing.boxes]

    @property
    def leads(self) -> bool:
        """Whether its nodes lead anywhere."""
        return any(label.url for label in self.labels.values())

    @property
    def lines(self) -> list[tuple[Line, str]]:
        return [(line, self.looks.get(line.number, "")) for line in self.drawing.lines]


def states(kind: RecordType, label: Callable[[str], Label], new: str) -> Picture:
    """The declared moves of a table, from its beginning; `new` is the word for not being there yet."""
    edges = list(dict.fromkeys((str(move.before), str(move.after)) for move in kind.moves))
    names = list(dict.fromkeys([NEW, *(name for edge in edges for name in edge)]))
    labels = {name: Label(new, look="new") if name == NEW else label(name) for name in names}
    sizes = {name: (text_width(label.title) + 28, 34) for name, label in labels.items()}
    return Picture(draw(sizes, edges, Spacing(56, 22), first=NEW), labels, {})


def goods(
    trace: dict[str, Any],
    breaking: dict[str, list[str]],
    name: Callable[[dict[str, Any]], Label],
    step: Callable[[dict[str, Any]], Label],
) -> Picture | None:
    """A trace query's graph: objects and, between them, the events by which one became or went into another.

    `breaking` names the rules that each event breaks. None if there is too much to draw.
    """  # fmt: skip
    events = {each["event"]: each for each in trace["events"]}
    labels = {node["id"]: name(node) for node in trace["nodes"]}
    edges: dict[tuple[str, str], None] = {}
    for edge in trace["edges"]:
        if edge["event"] in events:
            labels.setdefault(edge["event"], step(events[edge["event"]]))
            edges[edge["from"], edge["event"]] = edges[edge["event"], edge["to"]] = None
    if len(labels) > DRAWN_MAX:
        return None
    looks = {number: "wrong" for number, edge in enumerate(edges) if breaking.get(edge[0]) or breaking.get(edge[1])}
    sizes = {
        key: (max(text_width(label.title), text_width(label.below) * 6 // 7) + 28, 50 if label.below else 32)
        for key, label in labels.items()
    }
    return Picture(draw(sizes, list(edges), Spacing(34, 16)), labels, looks)
