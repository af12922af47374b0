"""Which countries there are, as ISO 3166-1 lists them; the rules, which stay while that list changes, know the form of a code
alone."""

from typing import Any, Final

import msgspec
import pycountry
from msgspec import inspect

from infoharbor.contractkit.types import CountryCode
from infoharbor.edgekit.json_form import shape_of, without_none
from infoharbor.kernel.encoding import Malformed

COUNTRY: Final = inspect.type_info(CountryCode)
"""No other type of text has its bounds."""


def is_listed(code: str) -> bool:
    """Whether a country has these two letters; in small letters none has."""
    known = pycountry.countries.get(alpha_2=code)
    return known is not None and known.alpha_2 == code


def ensure_countries(value: msgspec.Struct, place: str = "") -> None:
    """Refuse an action that names a country that there is not. `place` is where the action itself stands."""
    for field in shape_of(type(value)).fields:
        _ensure(field.type, getattr(value, field.name), f"{place}.{field.name}" if place else field.name)


def _ensure(kind: inspect.Type, value: Any, place: str) -> None:
    match without_none(kind):
        case inspect.StrType() as text if text == COUNTRY and value is not None and not is_listed(value):
            raise Malformed("identity.country", place, "a country's two letters in ISO 3166-1, such as CN")
        case inspect.StructType() if value is not None:
            ensure_countries(value, place)
        case inspect.VarTupleType(item_type=item) if value:
            for at, each in enumerate(value):
                _ensure(item, each, f"{place}[{at}]")
