"""How numbers read that measure something: in the unit that people measure in, or in the one that the ledger keeps."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from infoharbor.contractkit.money import minor_digits
from infoharbor.edgekit.measures import MILLISECONDS, Measure
from infoharbor.edgekit.sheets import scaled
from infoharbor.portal.codes import is_currency, unit_name
from infoharbor.portal.naming import field_word
from infoharbor.portal.references import pointed
from infoharbor.portal.shell import Page

PER: Final = "/"
"""Stands between two units of which there is so much of the one for each of the other."""
DIGITS_MOST: Final = 30
"""Members write exponents as they like; nobody reads a number of more digits than these before or after its own."""


PERIODS: Final = {"DAY": 24 * 60 * 60 * 1000, "HUR": 60 * 60 * 1000, "MIN": 60 * 1000, "SEC": 1000}


class Reading(NamedTuple):
    text: str
    unit: str


def reading(page: Page, contract: str, field: str, beside: Mapping[str, Any], value: int) -> Reading | None:
    """The number in its unit, or in the smallest where the reader cannot be told which; None where it only counts.
    `beside` is the fields that stand with it."""
    measure = page.ledger.measures.get((contract, field))
    if measure is None:
        return None
    code = _said(page, contract, measure.of, beside) if measure.of else measure.unit
    parameter = page.ledger.registry.parameters.get(code)
    if parameter is not None:
        return _period(page, value) if parameter.unit == "ms" else None
    digits = None if code is None else _digits(page, contract, measure, beside, code)
    if code is None or digits is None or abs(digits) > DIGITS_MOST:
        return Reading(f"{value:,}", units_name(page, measure.kept)) if measure.kept else None
    text = grouped(scaled(value, digits) if digits >= 0 else str(value * 10**-digits))
    if is_currency(code):
        return Reading(text, code)
    return Reading(trimmed(text), units_name(page, code))


def _period(page: Page, milliseconds: int) -> Reading:
    """A period as it is kept, and in the largest unit that it is a whole number of."""
    unit = units_name(page, MILLISECONDS.kept)
    for code, each in PERIODS.items():
        if milliseconds >= each and milliseconds % each == 0:
            long = f"{milliseconds // each:,} {units_name(page, code)}"
            return Reading(f"{milliseconds:,}", page.texts("value.in_unit", word=unit, unit=long))
    return Reading(f"{milliseconds:,}", unit)


def _said(page: Page, contract: str, name: str, beside: Mapping[str, Any]) -> Any:
    """What a field beside says, or one of a record that a field beside points to; None where the reader may read none."""
    if name in beside:
        return beside[name]
    for field, value in beside.items():
        refer = page.ledger.references.get((contract, field))
        if refer is not None and name in refer.of.__struct_fields__:
            found = pointed(page, contract, field, beside, value)
            if found is not None:
                return getattr(found[1], name)
    return None


def _digits(page: Page, contract: str, measure: Measure, beside: Mapping[str, Any], code: str) -> int | None:
    """How many digits of the number stand after the point; fewer than none are zeros after it."""
    if measure.exponent:
        return -int(beside[measure.exponent])
    if measure.decimals:
        found: int | None = _said(page, contract, measure.decimals, beside)
        return found
    return minor_digits(code) if measure.digits is None else measure.digits


def kept_word(page: Page, contract: str, holder: str, field: str) -> str:
    """A field's word with the unit that its number is kept in, which forms ask for and files have."""
    word, measure = field_word(page, contract, holder, field), page.ledger.measures.get((contract, field))
    if measure is None or not measure.kept:
        return word
    return page.texts("value.in_unit", word=word, unit=units_name(page, measure.kept))


def units_name(page: Page, code: str) -> str:
    """A unit's name, or those of two with `PER` between them; pieces without a code."""
    return PER.join(unit_name(each, page.texts) for each in code.split(PER))


def grouped(text: str) -> str:
    """A decimal with its thousands apart."""
    whole, point, fraction = text.removeprefix("-").partition(".")
    return f"{'-' if text.startswith('-') else ''}{int(whole):,}{point}{fraction}"


def trimmed(text: str) -> str:
    """A decimal without the zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text
