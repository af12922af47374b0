"""The names of countries, currencies and units, which the standards know by codes alone, in the reader's language."""

import functools
import gettext
from typing import Any, Final

import pycountry

from infoharbor.portal.wording import Texts

LOCALES: Final = {"zh": "zh_CN", "vi": "vi"}
"""The translations of ISO 3166-1 and ISO 4217, whose own language is English."""
NAMES_KEPT: Final = 1_000
"""All countries in every language; what members write in place of a code has no end."""


@functools.lru_cache(NAMES_KEPT)
def country_name(code: str, language: str) -> str:
    """The name that ISO 3166-1 gives a country by its two letters; the code where there is no such country."""
    return _name(pycountry.countries.get(alpha_2=code), "iso3166-1", language) or code


@functools.lru_cache(NAMES_KEPT)
def currency_name(code: str, language: str) -> str:
    """The name that ISO 4217 gives a currency by its three letters; the code where there is no such currency."""
    return _name(pycountry.currencies.get(alpha_3=code), "iso4217", language) or code


def is_currency(code: str) -> bool:
    """Whether ISO 4217 has this code."""
    return pycountry.currencies.get(alpha_3=code) is not None


def _name(known: Any, standard: str, language: str) -> str:
    """An entry's name as the standard's translation has it; empty where there is no entry."""
    if known is None or language not in LOCALES:
        return "" if known is None else str(known.name)
    return gettext.translation(standard, pycountry.LOCALES_DIR, languages=[LOCALES[language]]).gettext(known.name)


def unit_name(code: str, texts: Texts) -> str:
    """A unit's name by its code (UN/ECE Recommendation 20), pieces without one; the code where nobody has a word for
    it."""
    return texts.word("units", code) if code else texts("lot.pieces")


def measure_name(code: str, texts: Texts) -> str:
    """What tokens count: a currency's name or a unit's."""
    found = currency_name(code, texts.language)
    return found if found != code else unit_name(code, texts)
