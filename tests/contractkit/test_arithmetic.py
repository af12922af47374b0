"""The arithmetic of amounts: what is divided is neither lost nor made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import Refusal
from infoharbor.contractkit.arithmetic import divide_down, divide_half_up, divide_up, share, total

AMOUNTS = st.integers(0, 2**63 - 1)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=12).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_shares_add_up_and_none_is_a_unit_off(amount: int, weights: list[int]) -> None:
    parts, whole = share(amount, weights), sum(weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert amount * weight // whole <= part <= -(-amount * weight // whole)


def test_what_is_left_goes_to_the_largest_remainders_then_to_the_earlier() -> None:
    assert share(100, [1, 1, 1]) == (34, 33, 33)
    assert share(10, [1, 5, 9]) == (1, 3, 6)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 10**9))
def test_rounding_goes_where_its_name_says(dividend: int, divisor: int) -> None:
    down, up = divide_down(dividend, divisor), divide_up(dividend, divisor)
    assert down * divisor <= dividend <= up * divisor
    assert up - down == (dividend % divisor != 0)
    assert divide_half_up(dividend, divisor) == (up if 2 * (dividend % divisor) >= divisor else down)


def test_what_makes_no_sense_is_refused() -> None:
    for refused in (
        lambda: divide_down(1, 0),
        lambda: divide_up(1, -1),
        lambda: share(-1, [1]),
        lambda: share(1, []),
        lambda: share(1, [2, -1]),
        lambda: total([2**63 - 1, 1]),
    ):
        with pytest.raises(Refusal):
            refused()
