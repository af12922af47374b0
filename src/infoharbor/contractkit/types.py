"""The field types that contracts share: bounded integers, identifiers, money, instants."""

from typing import Annotated

import msgspec
from msgspec import Meta

from infoharbor.kernel.limits import INTEGER_MAX as INTEGER_MAX
from infoharbor.kernel.limits import INTEGER_MIN as INTEGER_MIN

Integer = Annotated[int, Meta(ge=INTEGER_MIN, le=INTEGER_MAX)]
Count = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
Amount = Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
"""A positive number of the smallest units, such as fen or grams."""
INSTANT_MAX = 253_402_300_799_999
Instant = Annotated[int, Meta(ge=0, le=INSTANT_MAX)]
"""Milliseconds since 1970 UTC, until the end of the year 9999; in many fields zero stands for none."""
Moment = Annotated[int, Meta(ge=1, le=INSTANT_MAX)]
"""An instant that has to be given: there is no none."""

OrganisationId = Annotated[str, Meta(min_length=2, max_length=64)]
"""Lower-case letters, digits and hyphens; checked at admission, never reused."""
UserId = Annotated[str, Meta(min_length=8, max_length=64)]
"""A random id: it tells nothing of the person."""
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
"""Printable ASCII; the kernel checks it where it becomes part of a key."""
CountryCode = Annotated[str, Meta(min_length=2, max_length=2)]
"""ISO 3166-1 alpha-2."""
CurrencyCode = Annotated[str, Meta(min_length=3, max_length=3)]
"""ISO 4217."""
Code = Annotated[str, Meta(min_length=1, max_length=64)]
ShortText = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bytes = Annotated[bytes, Meta(max_length=8192)]


class Money(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, order=False):
    """An amount in the currency's minor unit, such as fen or đồng (which has none)."""

    minor: Integer
    currency: CurrencyCode
