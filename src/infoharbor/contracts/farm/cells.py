"""What a public grid cell is: an Open Location Code of a square, so coarse that it tells no field's outline."""

from typing import NamedTuple

from infoharbor.contractkit import ensure

DIGITS = "23456789CFGHJMPQRVWX"
UNITS_PER_DEGREE = 400
"""The side of the finest cell, some 275 m, is one unit."""
SIDES = {4: 400, 6: 20, 8: 1}
"""The side of a cell by the length of its code."""
ROWS, COLUMNS = 9, 18
"""Of the first digits: squares of twenty degrees."""


class Square(NamedTuple):
    """A cell in units: its corner from the south pole and from 180° west, and its side."""

    south: int
    west: int
    side: int


def square_of(cell: str) -> Square | None:
    """The square that a code names; None where it is no code of 4, 6 or 8 digits."""
    places = [DIGITS.find(digit) for digit in cell]
    if len(cell) not in SIDES or min(places) < 0 or places[0] >= ROWS or places[1] >= COLUMNS:
        return None
    south, west, side = 0, 0, 20 * 20 * UNITS_PER_DEGREE
    for row, column in zip(places[::2], places[1::2], strict=True):
        side //= 20
        south, west = south + row * side, west + column * side
    return Square(south, west, side)


def ensure_cell(cell: str) -> None:
    right = square_of(cell) is not None
    ensure(right, "cell", field="cell", expected="an Open Location Code of 4, 6 or 8 digits, such as 7PMHV722")
