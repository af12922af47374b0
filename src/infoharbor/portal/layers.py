"""Where the boxes and lines of a drawn graph go: in layers from left to right, with few crossings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

SWEEPS: Final = 4


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
    layers = _ordered(_layered(sizes, forward), forward)
    boxes = _placed(sizes, layers, spacing)
    bottom = max((box.y + box.height for box in boxes.values()), default=0)
    lines, lowest = [], bottom
    for number, (source, target) in enumerate(edges):
        path, low = _line(boxes[source], boxes[target], bottom, spacing, len(lines))
        lowest = max(lowest, low)
        lines.append(Line(number, path))
    right = max((box.x + box.width for box in boxes.values()), default=0)
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
            target = next(rest, None)
            if target is None:
                state[node] = 2
                path.pop()
            elif state.get(target) != 1:
                kept.append((node, target))
                if target not in state:
                    state[target] = 1
                    path.append((target, iter(following[target])))
    return kept


def _layered(nodes: Iterable[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Each node one layer beyond the last of those before it."""
    waiting = {node: 0 for node in nodes}
    following: dict[str, list[str]] = {node: [] for node in waiting}
    for source, target in edges:
        waiting[target] += 1
        following[source].append(target)
    rank = dict.fromkeys(waiting, 0)
    ready = [node for node, count in waiting.items() if not count]
    while ready:
        node = ready.pop()
        for target in following[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node, layer in rank.items():
        layers[layer].append(node)
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


def _line(source: Box, target: Box, bottom: int, spacing: Spacing, number: int) -> tuple[str, int]:
    """A curve from box to box, and how low it goes."""
    if source.x + source.width <= target.x:
        start, end = source.x + source.width, target.x
        bend = max((end - start) // 2, 8)
        return f"M{start},{source.middle} C{start + bend},{source.middle} {end - bend},{target.middle} {end},{target.middle}", 0
    low = bottom + spacing.down + 10 * (number % 3)
    start, end = source.x + source.width * 2 // 3, target.x + target.width // 3
    top, foot = source.y + source.height, target.y + target.height
    return f"M{start},{top} C{start},{low} {end},{low} {end},{foot}", low
