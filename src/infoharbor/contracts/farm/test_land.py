"""Places, products and cells of the grid are described by their owners, a cell as the standard has it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.farm.cells import DIGITS, UNITS_PER_DEGREE, square_of
from infoharbor.contracts.farm.conftest import BODY, GROWER, GTIN, LEAF, WORKS
from infoharbor.contracts.farm.land import DescribeProduct, RegisterPlot, RegisterSite, Site
from infoharbor.contracts.trace.actions import AccreditPrefix
from infoharbor.contracts.trace.rules import object_id
from infoharbor.engine.trial import Trial


def test_places_and_products_are_described_by_their_owners(trial: Trial) -> None:
    trial.act(AccreditPrefix("9521001", GROWER, "CN", 0, 0), by=BODY)
    for place in ("https://id.gs1.org/414/9521001000109", "https://farms.example/9"):
        trial.act(RegisterSite(place, "场", "yard", "7PMHV722"), by=GROWER)
        assert trial.get(Site, object_id(place)).owner == GROWER
        trial.refuses(RegisterSite(place, "", "", "7PMHV722"), by=WORKS, code="farm.place_of_another", field="place")
    trial.refuses(DescribeProduct(GTIN, LEAF, 1), by=WORKS, code="farm.prefix_of_another", field="gtin")
    for action, code, field in (
        (RegisterSite("https://id.gs1.org/414/9521001000100", "", "", "7PMH"), "farm.place", "place"),
        (RegisterSite("https://farms.example/9", "", "", "7PMHV72"), "farm.cell", "cell"),
        (RegisterPlot("x", "f", "AAAA", 1, bytes(32)), "farm.cell", "cell"),
        (DescribeProduct("9521001001014", LEAF, 1), "farm.gtin", "gtin"),
        (DescribeProduct("09521001001015", LEAF, 1), "farm.gtin", "gtin"),
    ):  # fmt: skip
        trial.refuses(action, by=GROWER, code=code, field=field)


@given(st.text(DIGITS, min_size=8, max_size=8))
def test_a_finer_cell_lies_inside_the_coarser_one(cell: str) -> None:
    squares = [square_of(cell[:length]) for length in (8, 6, 4)]
    if squares[0] is None:
        assert DIGITS.index(cell[0]) >= 9 or DIGITS.index(cell[1]) >= 18
        return
    for fine, coarse in itertools.pairwise(squares):
        assert fine is not None
        assert coarse is not None
        assert coarse.south <= fine.south <= coarse.south + coarse.side - fine.side
        assert coarse.west <= fine.west <= coarse.west + coarse.side - fine.side
    assert square_of(cell[:5]) is None


def test_a_cell_is_where_the_standard_says() -> None:
    """The first example of the Open Location Code: Zurich, 8FVC9G8F is 47.365 N, 8.524 E and its neighbourhood."""
    square = square_of("8FVC9G8F")
    assert square is not None
    assert (square.south, square.west) == ((47 + 90) * UNITS_PER_DEGREE + 146, (8 + 180) * UNITS_PER_DEGREE + 209)
