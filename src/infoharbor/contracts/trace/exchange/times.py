"""Moments in ISO 8601 with an offset, as milliseconds since 1970-01-01 UTC and back."""

import functools
import re
from datetime import UTC, date, datetime
from typing import Final

from infoharbor.contracts.trace.exchange.faults import EventFault

EXPECTED: Final = "a time with an offset, such as 2026-03-05T09:30:00.000+08:00"
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


@functools.lru_cache(maxsize=4096)
def milliseconds(text: str) -> int:
    """The moment of `text`, rounded half up to a millisecond (CBV 2.0, event hash rule 9)."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise EventFault("epcis_time", EXPECTED)
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    if hour > "23" or minute > "59" or second > "59":
        raise EventFault("epcis_time", EXPECTED)
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        raise EventFault("epcis_time", EXPECTED) from None
    minutes = int(hour) * 60 + int(minute)
    if sign:
        if offset_hours > "14" or offset_minutes > "59":
            raise EventFault("epcis_time", EXPECTED)
        offset = int(offset_hours) * 60 + int(offset_minutes)
        minutes += offset if sign == "-" else -offset
    whole = (days * 1440 + minutes) * 60_000 + int(second) * 1000
    if fraction:
        digits = fraction.ljust(4, "0")
        whole += int(digits[:3]) + (digits[3] >= "5")
    return whole


@functools.lru_cache(maxsize=4096)
def utc(moment: int) -> str:
    """`moment` in milliseconds as ISO 8601 in UTC with milliseconds and a Z."""
    seconds, rest = divmod(moment, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:03d}Z"
