"""Civil days agree with the calendar everyone uses; working days and day counts follow what was voted."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit.days import (
    DAY_MS,
    LAST_DAY,
    actual_over_360,
    actual_over_365,
    date_of,
    day_at,
    day_from,
    is_weekend,
    iso_day,
    next_working_day,
    parse_day,
    start_of,
    thirty_over_360,
)
from infoharbor.kernel.refusal import Refusal

EPOCH = date(1970, 1, 1).toordinal()
DAYS = st.integers(0, LAST_DAY)


@given(DAYS)
def test_a_day_is_the_date_that_everyone_calls_it(day: int) -> None:
    known = date.fromordinal(EPOCH + day)
    assert date_of(day) == (known.year, known.month, known.day)
    assert day_from(*date_of(day)) == parse_day(iso_day(day)) == day
    assert iso_day(day) == known.isoformat()
    assert is_weekend(day) == (known.weekday() > 4)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "1969-12-31", "2026-01-0x", "", "２０２６-01-01"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="day"):
        parse_day(text)


@given(st.integers(1, LAST_DAY), st.sampled_from(["CN", "VN", "SG", "MM", "FR"]))
def test_a_day_lasts_from_its_start_to_the_next(day: int, country: str) -> None:
    start = start_of(day, country)
    assert day_at(start, country) == day_at(start + DAY_MS - 1, country) == day
    assert day_at(start - 1, country) == day - 1


def test_the_day_begins_earlier_in_the_east() -> None:
    day = parse_day("2026-11-25")
    assert start_of(day, "VN") - start_of(day, "CN") == 60 * 60 * 1000


def test_a_closed_day_is_put_off_and_a_calendar_without_working_days_is_refused() -> None:
    saturday = parse_day("2026-11-28")
    assert next_working_day(saturday, is_weekend) == saturday + 2
    with pytest.raises(Refusal, match="no_working_day"):
        next_working_day(saturday, lambda _: True)


@given(DAYS, DAYS)
def test_day_counts_agree_on_what_a_year_is(start: int, end: int) -> None:
    assert actual_over_360(start, end) == (end - start, 360)
    assert actual_over_365(start, end) == (end - start, 365)
    there, back = thirty_over_360(start, end)[0], thirty_over_360(end, start)[0]
    assert there == -back


def test_every_month_has_thirty_days_in_the_bond_count() -> None:
    assert thirty_over_360(parse_day("2026-01-31"), parse_day("2026-03-31")) == (60, 360)
