"""When a scheduled subscription runs (EPCIS 2.0, 8.2.5.3): moments whose second, minute, … match, in UTC.

A field is a list of numbers and ranges, `1,3` or `[1-5]`; cron's `*`, `1-5` and `0/15` are understood too. A unit that is
not named matches always, but one smaller than all that are named matches at its least: `{"hour": "1"}` is 01:00:00.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from infoharbor.sdk.problems import Problem

UNITS: Final = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
TEXT_MAX: Final = 200
DAYS_AHEAD: Final = 366 * 41
"""A 29 February that is a given day of the week may be 40 years away, around 2100."""
_ELEMENT = re.compile(r"\[?([0-9]{1,2}|\*)(?:-([0-9]{1,2}))?\]?(?:/([0-9]{1,2}))?")


class Schedule(NamedTuple):
    """The values that match, ascending, of each unit."""

    second: tuple[int, ...]
    minute: tuple[int, ...]
    hour: tuple[int, ...]
    day_of_month: tuple[int, ...]
    month: tuple[int, ...]
    day_of_week: tuple[int, ...]

    def after(self, moment: int) -> int | None:
        """The first matching moment after `moment`, both in milliseconds since 1970 UTC; None if there is none."""
        start = datetime.fromtimestamp(moment // 1000 + 1, UTC)
        for ahead in range(DAYS_AHEAD):
            day = start + timedelta(days=ahead)
            if self._has(day):
                found = self._time(day.hour, day.minute, day.second) if ahead == 0 else self._time(0, 0, 0)
                if found is not None:
                    hour, minute, second = found
                    return int(day.replace(hour=hour, minute=minute, second=second).timestamp()) * 1000
        return None

    def _has(self, day: datetime) -> bool:
        return day.month in self.month and day.day in self.day_of_month and day.isoweekday() in self.day_of_week

    def _time(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The first matching time of a day from this one on."""
        for each_hour in (each for each in self.hour if each >= hour):
            least_minute = minute if each_hour == hour else 0
            for each_minute in (each for each in self.minute if each >= least_minute):
                least_second = second if (each_hour, each_minute) == (hour, minute) else 0
                for each_second in (each for each in self.second if each >= least_second):
                    return each_hour, each_minute, each_second
        return None


def read_schedule(fields: Mapping[str, Any]) -> Schedule:
    """Raises a `Problem` that names the unit."""
    unknown = next((name for name in fields if name not in UNITS), None)
    if unknown is not None or not fields:
        raise _fault(unknown or "schedule", "one or more of " + ", ".join(UNITS))
    named = min(list(UNITS).index(_size(name)) for name in fields)
    values = []
    for place, (name, (least, most)) in enumerate(UNITS.items()):
        if name in fields:
            values.append(_values(name, fields[name], least, most))
        else:
            values.append((least,) if place < named else tuple(range(least, most + 1)))
    schedule = Schedule(*values)
    if schedule.after(0) is None:
        raise _fault("dayOfMonth", "a day that the calendar has")
    return schedule


def _size(name: str) -> str:
    """The unit that is as long: a day of the week is a day."""
    return "dayOfMonth" if name == "dayOfWeek" else name


def _values(name: str, text: Any, least: int, most: int) -> tuple[int, ...]:
    expected = f"numbers from {least} to {most} such as 1,5 or [1-5]"
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or len(text) > TEXT_MAX:
        raise _fault(name, expected)
    found: set[int] = set()
    for element in text.split(","):
        match = _ELEMENT.fullmatch(element.strip())
        if match is None:
            raise _fault(name, expected)
        first, last, step = match.groups()
        low = least if first == "*" else int(first)
        high = int(last) if last else most if first == "*" or step else low
        if not least <= low <= high <= most or step == "0":
            raise _fault(name, expected)
        found.update(range(low, high + 1, int(step or 1)))
    return tuple(sorted(found))


def _fault(field: str, expected: str) -> Problem:
    return Problem("trace.epcis_schedule", field=f"schedule.{field}" if field in UNITS else field, expected=expected)
