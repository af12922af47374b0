"""Amounts pass from text to minor units and back without loss; costs are never shown too low."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit.money import annual_cost, decimal_text, is_currency, minor_digits, minor_units
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.refusal import Refusal

CURRENCIES = st.sampled_from(["CNY", "VND", "SGD", "KWD", "IDR"])


@given(st.integers(-INTEGER_MAX, INTEGER_MAX), CURRENCIES)
def test_an_amount_survives_its_text(amount: int, currency: str) -> None:
    text = decimal_text(amount, currency)
    assert minor_units(text, currency) == amount
    assert Fraction(text) * 10 ** minor_digits(currency) == amount


@pytest.mark.parametrize(
    "text", ["1.005", "1,5", ".5", "5.", "+5", "1e3", "", "-", "--5", "５", "1" * 41, "1.2.3", " 1", "0x1"]
)
def test_what_is_no_amount_in_its_currency_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="amount_text"):
        minor_units(text, "CNY")


def test_a_currency_without_minor_units_has_no_fractions() -> None:
    with pytest.raises(Refusal, match="amount_text"):
        minor_units("1.5", "VND")


def test_zeros_beyond_the_minor_unit_are_no_fineness() -> None:
    assert minor_units("100.000", "CNY") == 10_000
    assert minor_units("100.00", "VND") == 100


def test_an_amount_that_no_record_can_hold_is_refused() -> None:
    with pytest.raises(Refusal, match="amount_overflow"):
        minor_units("9" * 30, "CNY")


def test_a_currency_is_three_capital_letters() -> None:
    assert [code for code in ("CNY", "cny", "CN", "CNYY", "C1Y", "ＣＮＹ") if is_currency(code)] == ["CNY"]


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(1, 400))
def test_an_annual_cost_is_rounded_up(received: int, discount: int, days: int) -> None:
    exact = Fraction(discount * 365 * 10_000, received * days)
    assert 0 <= annual_cost(due=received + discount, received=received, days=days) - exact < 1


@pytest.mark.parametrize(("received", "days"), [(0, 1), (1, 0)])
def test_a_cost_of_nothing_received_or_over_no_time_is_refused(received: int, days: int) -> None:
    with pytest.raises(Refusal, match="annual_cost"):
        annual_cost(due=10, received=received, days=days)
