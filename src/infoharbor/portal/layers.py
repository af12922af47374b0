"""Where the boxes and lines of a drawn graph go: in layers from left to right, with few crossings."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

SWEEPS: Final = 4
JOINT: Final = (1, 14)
"""The room of a line where it crosses a layer."""
LANE: Final = 9
"""How much lower each line back runs than the one before."""


class Box(NamedTuple):
    """A placed node; `x` and `y` are its upper left corner."""

    id: str
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


class Line(NamedTuple):
    """A placed edge as an SVG path; `number` is its place among the edges that were given."""

    number: int
    path: str


class Drawing(NamedTuple):
    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]


class Spacing(NamedTuple):
    """Pixels between layers, between boxes of a layer, and around everything."""

    across: int
    down: int
    margin: int = 12


def draw(
    sizes: Mapping[str, tuple[int, int]], edges: Sequence[tuple[str, str]], spacing: Spacing, *, first: str = ""
) -> Drawing:
    """Place nodes of these sizes (width, height); edges that go back in a cycle are drawn below. `first` begins."""
    forward = _forward(sizes, edges, first)
    ranks = _ranks(sizes, forward)
    room, joints = dict(sizes), {}
    pairs: list[tuple[str, str]] = []
    for source, target in dict.fromkeys(forward):
        joints[source, target] = between = [
            f"{source}\0{target}\0{rank}" for rank in range(ranks[source] + 1, ranks[target])
        ]
        room |= dict.fromkeys(between, JOINT)
        ranks |= {joint: ranks[source] + 1 + at for at, joint in enumerate(between)}
        pairs += zip([source, *between], [*between, target], strict=True)
    placed = _placed(room, _ordered(_layered(ranks), pairs), spacing)
    boxes = {name: placed[name] for name in sizes}
    lowest = max((box.y + box.height for box in placed.values()), default=0)
    lines = []
    for number, (source, target) in enumerate(edges):
        if (source, target) in joints:
            path = _through([boxes[source], *(placed[joint] for joint in joints[source, target]), boxes[target]])
        else:
            lowest += LANE
            path = _below(boxes[source], boxes[target], lowest + spacing.down // 2)
        lines.append(Line(number, path))
    right = max((box.x + box.width for box in placed.values()), default=0)
    return Drawing(right + spacing.margin, lowest + spacing.margin, list(boxes.values()), lines)


def _forward(nodes: Iterable[str], edges: Sequence[tuple[str, str]], first: str) -> list[tuple[str, str]]:
    """The edges without those that close a cycle: found by a walk in depth from the beginning."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        following[source].append(target)
    kept: list[tuple[str, str]] = []
    state: dict[str, int] = {}
    starts = sorted(following, key=lambda node: (node != first, any(node == target for _, target in edges)))
    for start in starts:
        path = [(start, iter(following[start]))] if start not in state else []
        state.setdefault(start, 1)
        while path:
            node, rest = path[-1]
            target = next(rest, "")
            if not target:
                state[node] = 2
                path.pop()
            elif state.get(target) != 1:
                kept.append((node, target))
                if target not in state:
                    state[target] = 1
                    path.append((target, iter(following[target])))
    return kept


def _ranks(nodes: Iterable[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Each node's layer: one beyond the last of those before it."""
    waiting = dict.fromkeys(nodes, 0)
    following: dict[str, list[str]] = {node: [] for node in waiting}
    for source, target in edges:
        waiting[target] += 1
        following[source].append(target)
    ranks = dict.fromkeys(waiting, 0)
    ready = [node for node, count in waiting.items() if not count]
    while ready:
        node = ready.pop()
        for target in following[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _layered(ranks: Mapping[str, int]) -> list[list[str]]:
    layers: list[list[str]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for node, rank in ranks.items():
        layers[rank].append(node)
    return layers


def _ordered(layers: list[list[str]], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Each layer sorted by the middle of its neighbours' places, forwards and backwards a few times."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for source, target in edges:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    for sweep in range(SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            place = {node: index * 1000 // len(each) for each in layers for index, node in enumerate(each)}
            near = {node: neighbours.get(node, [node]) for node in layer}
            layer.sort(key=lambda node: sum(place[each] for each in near[node]) // len(near[node]))
    return layers


def _placed(sizes: Mapping[str, tuple[int, int]], layers: list[list[str]], spacing: Spacing) -> dict[str, Box]:
    heights = [sum(sizes[node][1] for node in layer) + spacing.down * (len(layer) - 1) for layer in layers]
    tallest = max(heights, default=0)
    boxes: dict[str, Box] = {}
    x = spacing.margin
    for layer, height in zip(layers, heights, strict=True):
        width = max(sizes[node][0] for node in layer)
        y = spacing.margin + (tallest - height) // 2
        for node in layer:
            own = sizes[node]
            boxes[node] = Box(node, x + (width - own[0]) // 2, y, *own)
            y += own[1] + spacing.down
        x += width + spacing.across
    return boxes


def _through(boxes: Sequence[Box]) -> str:
    """A curve that goes from box to box, and between the boxes of the layers that it crosses."""
    path = f"M{boxes[0].x + boxes[0].width},{boxes[0].middle}"
    for near, far in itertools.pairwise(boxes):
        start, end = near.x + near.width, far.x
        bend = (start + end) // 2
        path += f" C{bend},{near.middle} {bend},{far.middle} {end},{far.middle}"
        if far is not boxes[-1]:
            path += f" H{far.x + far.width}"
    return path


def _below(source: Box, target: Box, low: int) -> str:
    """A curve back, under everything."""
    start, end = source.x + source.width * 2 // 3, target.x + target.width // 3
    return f"M{start},{source.y + source.height} C{start},{low} {end},{low} {end},{target.y + target.height}"
