"""The names of countries and units, which the standards know by codes alone, in the reader's language."""

import functools
import gettext
from typing import Final

import pycountry

from infoharbor.portal.wording import Texts

LOCALES: Final = {"zh": "zh_CN", "vi": "vi"}
"""The translations of ISO 3166-1, whose own language is English."""
NAMES_KEPT: Final = 1_000
"""All countries in every language; what members write in place of a code has no end."""


@functools.lru_cache(NAMES_KEPT)
def country_name(code: str, language: str) -> str:
    """The name that ISO 3166-1 gives a country by its two letters; the code where there is no such country."""
    known = pycountry.countries.get(alpha_2=code)
    if known is None or language not in LOCALES:
        return code if known is None else str(known.name)
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[LOCALES[language]]).gettext(known.name)


def unit_name(code: str, texts: Texts) -> str:
    """A unit's name by its code (UN/ECE Recommendation 20), pieces without one; the code where nobody has a word for
    it."""
    return texts.word("units", code) if code else texts("lot.pieces")
