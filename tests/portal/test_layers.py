"""Drawn graphs: every node has its own place, every edge a line, whatever the graph."""

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.portal.layers import Spacing, draw

NAMES = [f"n{number}" for number in range(9)]
edges = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20)


@given(edges)
def test_boxes_never_overlap_and_every_edge_has_a_line(given_edges: list[tuple[str, str]]) -> None:
    sizes = {name: (40 + 10 * index, 20 + index) for index, name in enumerate(NAMES)}
    drawing = draw(sizes, given_edges, Spacing(30, 10), first=NAMES[0])
    assert sorted(box.id for box in drawing.boxes) == NAMES
    assert [line.number for line in drawing.lines] == list(range(len(given_edges)))
    for one in drawing.boxes:
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.width <= drawing.width
        assert one.y + one.height <= drawing.height
        for other in drawing.boxes:
            apart = (
                one is other
                or one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart


def test_what_follows_stands_to_the_right() -> None:
    drawing = draw(
        dict.fromkeys("abc", (20, 20)), [("a", "b"), ("b", "c"), ("a", "c"), ("c", "a")], Spacing(30, 10), first="a"
    )
    x = {box.id: box.x for box in drawing.boxes}
    assert x["a"] < x["b"] < x["c"]


def test_nothing_is_drawn_as_nothing() -> None:
    assert draw({}, [], Spacing(30, 10)).boxes == []
