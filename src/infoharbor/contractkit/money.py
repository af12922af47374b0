"""Amounts of money in minor units: how many a currency's unit has, how decimal text becomes them, what they cost."""

from infoharbor.contractkit.arithmetic import divide_up
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.refusal import Refusal, ensure

MINOR_DIGITS = {"VND": 0, "JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3, "TND": 3}
"""Digits after the point where they are not two (ISO 4217, list one)."""
TEXT_MAX = 40
BASIS_POINTS = 10_000
DAYS_PER_YEAR = 365


def minor_digits(currency: str) -> int:
    """How many digits of an amount in this currency stand after the point."""
    return MINOR_DIGITS.get(currency, 2)


def is_currency(code: str) -> bool:
    """The form of an ISO 4217 code."""
    return len(code) == 3 and all("A" <= letter <= "Z" for letter in code)


def minor_units(text: str, currency: str) -> int:
    """The minor units of a decimal such as `-1234.50`; refused as `amount_text` if it is none or is too fine.

    Zeros beyond the currency's digits are no fineness: 100.000 yuan are 10,000 fen, 100.005 are refused.
    """
    digits = minor_digits(currency)
    whole, point, fraction = text.removeprefix("-").partition(".")
    numeric = bool(whole) and bool(fraction) == bool(point) and not (whole + fraction).strip("0123456789")
    exact = len(text) <= TEXT_MAX and not fraction[digits:].strip("0")
    if not (numeric and exact):
        raise Refusal("amount_text", field="amount", expected=f"a decimal with at most {digits} digits after the point")
    amount = int(whole + fraction[:digits].ljust(digits, "0"))
    ensure(amount <= INTEGER_MAX, "amount_overflow", field="amount", expected=f"at most {INTEGER_MAX}")
    return -amount if text.startswith("-") else amount


def decimal_text(amount: int, currency: str) -> str:
    """Minor units as decimal text, such as `-1234.50`."""
    digits = minor_digits(currency)
    plain = str(abs(amount)).rjust(digits + 1, "0")
    sign = "-" if amount < 0 else ""
    return f"{sign}{plain[:-digits]}.{plain[-digits:]}" if digits else f"{sign}{plain}"


def annual_cost(*, due: int, received: int, days: int) -> int:
    """What it costs to have `received` now for `due` in `days` days, all in: basis points of a year, rounded up."""
    ensure(received > 0 and days > 0, "annual_cost", field="received", expected="more than nothing, before the due day")
    return divide_up((due - received) * DAYS_PER_YEAR * BASIS_POINTS, received * days)
