"""Civil days as integers: the calendar, working days, how interest counts days. No clock, no tables of a library."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from infoharbor.kernel.refusal import Refusal, ensure

LAST_DAY = 2_932_896
Day = Annotated[int, Meta(ge=0, le=LAST_DAY)]
"""Days since 1970-01-01, until 9999-12-31, where the debtor is."""
DAY_MS = 24 * 60 * 60 * 1000
MINUTE_MS = 60 * 1000
DAYS_TO_1970 = 719_468
"""From 0000-03-01: years that begin in March have their leap day last."""
DAYS_PER_ERA, YEARS_PER_ERA = 146_097, 400
ROLL_MAX = 60
"""Further than this no calendar moves a day: beyond it the calendar itself is wrong."""

UTC_OFFSET_MINUTES = {
    "CN": 480, "HK": 480, "MO": 480, "SG": 480, "MY": 480, "PH": 480, "BN": 480,
    "VN": 420, "TH": 420, "LA": 420, "KH": 420, "ID": 420, "MM": 390, "TL": 540,
}  # fmt: skip
"""Civil time of each country's capital. None of them puts its clocks forward in summer; any other counts in UTC."""


def day_from(year: int, month: int, day: int) -> int:
    """The day of a date in the Gregorian calendar; refused as `day` if there is no such date since 1970."""
    ensure(1 <= month <= 12 and 1 <= day <= 31, "day", field="day", expected="a date from 1970-01-01 to 9999-12-31")
    era, of_era = divmod(year - (month <= 2), YEARS_PER_ERA)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * DAYS_PER_ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - DAYS_TO_1970
    exists = 0 <= days <= LAST_DAY and date_of(days) == (year, month, day)
    ensure(exists, "day", field="day", expected="a date from 1970-01-01 to 9999-12-31")
    return days


def date_of(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    era, of_era = divmod(day + DAYS_TO_1970, DAYS_PER_ERA)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    from_march = (5 * of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    return year + era * YEARS_PER_ERA + (month <= 2), month, of_year - (153 * from_march + 2) // 5 + 1


def iso_day(day: int) -> str:
    """The day as ISO 8601 writes it, such as 2026-11-25."""
    year, month, of_month = date_of(day)
    return f"{year:04}-{month:02}-{of_month:02}"


def parse_day(text: str) -> int:
    """The day that an ISO 8601 date names; refused as `day` otherwise."""
    parts = text.split("-")
    if [len(part) for part in parts] != [4, 2, 2] or "".join(parts).strip("0123456789"):
        raise Refusal("day", field="day", expected="a date such as 2026-11-25")
    year, month, day = map(int, parts)
    return day_from(year, month, day)


def day_at(instant: int, country: str) -> int:
    """Which day it is in a country at an instant (milliseconds since 1970 UTC)."""
    return (instant + UTC_OFFSET_MINUTES.get(country, 0) * MINUTE_MS) // DAY_MS


def start_of(day: int, country: str) -> int:
    """The instant at which a day begins in a country."""
    return max(day * DAY_MS - UTC_OFFSET_MINUTES.get(country, 0) * MINUTE_MS, 0)


def is_weekend(day: int) -> bool:
    """Saturday or Sunday; 1970-01-01 was a Thursday."""
    return day % 7 in (2, 3)


def next_working_day(day: int, is_closed: Callable[[int], bool]) -> int:
    """The day itself, or the first after it that is not closed; refused as `no_working_day` after sixty."""
    for later in range(day, day + ROLL_MAX):
        if not is_closed(later):
            return later
    raise Refusal("no_working_day", field="day", expected=f"a working day within {ROLL_MAX} days of {iso_day(day)}")


def actual_over_360(start: int, end: int) -> tuple[int, int]:
    """Days between, and days in a year: the money market's count."""
    return end - start, 360


def actual_over_365(start: int, end: int) -> tuple[int, int]:
    """Days between, and days in a year: 365 also in leap years."""
    return end - start, 365


def thirty_over_360(start: int, end: int) -> tuple[int, int]:
    """Every month has thirty days: the 30E/360 count (ISDA 2006, 4.16 (g))."""
    (from_year, from_month, from_day), (to_year, to_month, to_day) = date_of(start), date_of(end)
    days = 360 * (to_year - from_year) + 30 * (to_month - from_month) + min(to_day, 30) - min(from_day, 30)
    return days, 360
