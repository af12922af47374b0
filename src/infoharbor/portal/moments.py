"""Times as people read them: the clock of a place, with its offset shown."""

import datetime
from typing import Final
from zoneinfo import ZoneInfo

from infoharbor.edgekit.json_form import EPOCH, MILLISECOND, iso

ZONES: Final = {"vi": ZoneInfo("Asia/Ho_Chi_Minh")}
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
DAY: Final = 2400


def zone_of(language: str) -> datetime.tzinfo:
    """The clock that readers of a language go by; without a script in the page it cannot be asked for."""
    return ZONES.get(language, SHANGHAI)


def zone_at(offset: str) -> datetime.tzinfo:
    """The zone of an EPCIS offset such as +08:00; UTC where there is none."""
    digits = offset[1:3] + offset[4:]
    if len(offset) != 6 or not (digits.isascii() and digits.isdigit()) or int(digits) >= DAY:
        return datetime.UTC
    distance = datetime.timedelta(hours=int(offset[1:3]), minutes=int(offset[4:]))
    return datetime.timezone(-distance if offset[0] == "-" else distance)


def moment(milliseconds: int, zone: datetime.tzinfo) -> str:
    """Such as 2026-04-08 10:30:05 +08:00."""
    try:
        at = (EPOCH + milliseconds * MILLISECOND).astimezone(zone)
    except OverflowError:  # the last hours of the year 9999
        return iso(milliseconds)
    offset = at.isoformat()[-6:] if at.utcoffset() else "UTC"
    return f"{at.replace(tzinfo=None).isoformat(' ', 'seconds')} {offset}"
