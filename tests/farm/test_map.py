"""The map of places: everything marked lies inside the picture, once, and no outline of a field is on it."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.farm.cells import DIGITS, Square, square_of
from infoharbor.portal.coast import EAST, ISLANDS, MAINLAND, NORTH, SOUTH, TOWNS, WEST
from infoharbor.portal.map import HEIGHT_MAX, HEIGHT_MIN, NEAR, PINS_MAX, SPAN_MIN, WIDTH, Pin, drawn, framed, middle

cells = st.builds(Square, st.integers(2_000, 70_000), st.integers(2_000, 142_000), st.sampled_from((1, 20, 400)))
pins = st.lists(
    st.builds(Pin, cells, st.just("cell"), st.just("name"), st.booleans()), min_size=1, max_size=PINS_MAX + 3
)


@given(pins)
def test_every_place_is_marked_once_and_inside(found: list[Pin]) -> None:
    picture = drawn(found, "en")
    assert picture is not None
    assert picture.width == WIDTH
    assert HEIGHT_MIN <= picture.height <= HEIGHT_MAX
    numbers = [int(each) for mark in picture.marks for each in mark.text.split(",")]
    assert sorted(numbers) == list(range(1, min(len(found), PINS_MAX) + 1))
    for mark in picture.marks:
        assert 0 <= mark.x <= WIDTH
        assert 0 <= mark.y <= picture.height
    for one in picture.marks:
        assert not any(
            one is not mark and abs(one.x - mark.x) < NEAR and abs(one.y - mark.y) < NEAR for mark in picture.marks
        )


@given(cells)
def test_one_place_alone_is_shown_in_its_region_not_in_its_field(cell: Square) -> None:
    assert framed([middle(cell)]).span >= SPAN_MIN


def test_nothing_is_drawn_for_no_place_and_no_coast_where_none_is_known() -> None:
    assert drawn([], "en") is None
    zurich = square_of("8FVC9G8F")
    assert zurich is not None
    picture = drawn([Pin(zurich, "8FVC9G8F", "", True)], "en")
    assert picture is not None
    assert (picture.land, picture.towns, picture.sketched) == ([], [], False)
    assert picture.lines


def test_the_sketch_lies_where_it_says_and_towns_have_names() -> None:
    for east, north in (point for outline in ISLANDS for point in outline):
        assert WEST <= east <= EAST
        assert SOUTH <= north <= NORTH
    assert len(MAINLAND) > 50
    assert all(town.name(language) for town in TOWNS for language in ("zh", "en", "vi"))
    assert len(DIGITS) == 20
