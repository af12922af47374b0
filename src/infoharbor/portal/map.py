"""A small map of places: grid cells on a sketch of land and sea, drawn here, so that no other server learns who looks."""

from typing import Final, NamedTuple

from infoharbor.contracts.farm.cells import UNITS_PER_DEGREE, Square
from infoharbor.portal.coast import EAST, ISLANDS, MAINLAND, NORTH, SOUTH, TOWNS, WEST, Outline

WIDTH: Final = 640
HEIGHT_MIN, HEIGHT_MAX = 260, 560
SPAN_MIN: Final = 160
"""The least that is shown, in hundredths of a degree: a page tells a region, not a field."""
MARGIN: Final = 6
"""Around the places, in parts of a hundred of the span."""
NARROWING: Final = (925, 1000)
"""A degree of longitude beside one of latitude, at some 22 degrees north."""
NEAR: Final = 17
"""Pixels within which two places share a mark."""
PINS_MAX: Final = 40


class Pin(NamedTuple):
    """A place to be marked: its cell, and how it is called; `grown` where something grew there."""

    square: Square
    cell: str
    name: str
    grown: bool


class Mark(NamedTuple):
    """One mark: where, what stands in it, and whether something grew there."""

    x: int
    y: int
    text: str
    grown: bool


class Label(NamedTuple):
    x: int
    y: int
    text: str


class Map(NamedTuple):
    """A drawing of `width` by `height`; `land` are SVG paths, `way` joins the places in order; `pins` explain the marks'
    numbers."""

    width: int
    height: int
    land: list[str]
    lines: list[tuple[int, int, int, int]]
    towns: list[Label]
    way: str
    marks: list[Mark]
    pins: list[Pin]
    sketched: bool


class Frame(NamedTuple):
    """The part of the world that is shown, in hundredths of a degree."""

    west: int
    north: int
    span: int
    height: int

    def x(self, east: int) -> int:
        return (east - self.west) * WIDTH // self.span

    def y(self, north: int) -> int:
        return (self.north - north) * WIDTH * NARROWING[1] // (self.span * NARROWING[0])


def drawn(pins: list[Pin], language: str) -> Map | None:
    """The map of these places; None where there are none."""
    pins = pins[:PINS_MAX]
    if not pins:
        return None
    points = [middle(pin.square) for pin in pins]
    frame = framed(points)
    at = [(frame.x(east), frame.y(north)) for east, north in points]
    inside = all(WEST <= east <= EAST and SOUTH <= north <= NORTH for east, north in points)
    towns = [
        Label(frame.x(town.east), frame.y(town.north), town.name(language))
        for town in TOWNS
        if 20 < frame.x(town.east) < WIDTH - 60 and 20 < frame.y(town.north) < frame.height - 10
    ]
    clear = [town for town in towns if not any(abs(town.x - x) < 2 * NEAR and abs(town.y - y) < NEAR for x, y in at)]
    way = [point for pin, point in zip(pins, at, strict=True) if not pin.grown]
    return Map(
        width=WIDTH,
        height=frame.height,
        land=[path_of(frame, outline) for outline in (MAINLAND, *ISLANDS)] if inside else [],
        lines=graticule(frame),
        towns=clear if inside else [],
        way="M" + " L".join(f"{x},{y}" for x, y in way) if len(way) > 1 else "",
        marks=marked(pins, at),
        pins=pins,
        sketched=inside,
    )


def middle(square: Square) -> tuple[int, int]:
    """The middle of a cell, east and north, in hundredths of a degree."""
    east = (2 * square.west + square.side) * 50 // UNITS_PER_DEGREE - 18000
    return east, (2 * square.south + square.side) * 50 // UNITS_PER_DEGREE - 9000


def framed(points: list[tuple[int, int]]) -> Frame:
    """A frame around the points with some room, neither too flat nor too tall."""
    easts, norths = [east for east, _ in points], [north for _, north in points]
    wide = max(max(easts) - min(easts), SPAN_MIN)
    tall = max(max(norths) - min(norths), SPAN_MIN // 2)
    span = max(wide, tall * WIDTH * NARROWING[1] // (HEIGHT_MAX * NARROWING[0])) * (100 + 4 * MARGIN) // 100
    shown = tall * (100 + 6 * MARGIN) // 100
    height = min(max(shown * WIDTH * NARROWING[1] // (span * NARROWING[0]), HEIGHT_MIN), HEIGHT_MAX)
    shown = height * span * NARROWING[0] // (WIDTH * NARROWING[1])
    west = (min(easts) + max(easts) - span) // 2
    return Frame(west, (min(norths) + max(norths) + shown) // 2, span, height)


def graticule(frame: Frame) -> list[tuple[int, int, int, int]]:
    """Lines of whole degrees, or of fewer where there would be many."""
    step = next(each for each in (100, 200, 500, 1000, 3000, 9000) if frame.span // each <= 8 or each == 9000)
    south = frame.north - frame.height * frame.span * NARROWING[0] // (WIDTH * NARROWING[1])
    columns = range(frame.west - frame.west % step + step, frame.west + frame.span, step)
    rows = range(south - south % step + step, frame.north, step)
    upright = [(frame.x(east), 0, frame.x(east), frame.height) for east in columns]
    return upright + [(0, frame.y(north), WIDTH, frame.y(north)) for north in rows]


def path_of(frame: Frame, outline: Outline) -> str:
    return "M" + " L".join(f"{frame.x(east)},{frame.y(north)}" for east, north in outline) + " Z"


def marked(pins: list[Pin], at: list[tuple[int, int]]) -> list[Mark]:
    """A mark for each place; places that lie near one another share one, which names them all."""
    groups: list[list[int]] = []
    for place, (x, y) in enumerate(at):
        near = next((group for group in groups if _near(at[group[0]], (x, y))), None)
        if near is None:
            groups.append([place])
        else:
            near.append(place)
    return [
        Mark(*at[group[0]], ",".join(str(each + 1) for each in group), any(pins[each].grown for each in group))
        for group in groups
    ]


def _near(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(one[0] - other[0]) < NEAR and abs(one[1] - other[1]) < NEAR
