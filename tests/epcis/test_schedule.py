"""Schedules: the next moment matches, and none before it does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.gateway.epcis.schedule import UNITS, read_schedule
from infoharbor.sdk.problems import Problem


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def field(least: int, most: int) -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(least, most), min_size=1, max_size=4)


NAMED = st.fixed_dictionaries({}, optional={name: field(*span) for name, span in UNITS.items() if name != "dayOfMonth"})
MOMENTS = st.integers(at("2024-01-01"), at("2030-01-01"))


def matches(named: dict[str, set[int]], moment: int) -> bool:
    """What the standard says, field by field; what is smaller than all named fields is at its least."""
    time = datetime.fromtimestamp(moment / 1000, UTC)
    have = {
        "second": time.second,
        "minute": time.minute,
        "hour": time.hour,
        "month": time.month,
        "dayOfWeek": time.isoweekday(),
    }
    order = ("second", "minute", "hour", "dayOfWeek", "month")
    smallest = min(order.index(name) for name in named)
    least = all(have[name] == 0 for name in order[: min(smallest, 3)])
    first = smallest < 4 or time.day == 1
    return least and first and all(have[name] in allowed for name, allowed in named.items())


@given(NAMED.filter(bool), MOMENTS)
def test_the_next_moment_matches_and_lies_ahead(named: dict[str, set[int]], moment: int) -> None:
    schedule = read_schedule({name: ",".join(map(str, sorted(values))) for name, values in named.items()})
    found = schedule.after(moment)
    assert found is not None
    assert found > moment
    assert found % 1000 == 0
    assert matches(named, found)


@given(NAMED.filter(bool), MOMENTS, st.integers(1, 600))
def test_no_moment_between_matches(named: dict[str, set[int]], moment: int, ahead: int) -> None:
    schedule = read_schedule({name: ",".join(map(str, sorted(values))) for name, values in named.items()})
    found = schedule.after(moment)
    assert found is not None
    between = (moment // 1000 + ahead) * 1000
    assert between >= found or not matches(named, between)


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        ({"hour": "1", "minute": "5"}, "2026-04-08T01:05:00", "2026-04-09T01:05:00"),
        ({"second": "0/30"}, "2026-04-08T01:05:10", "2026-04-08T01:05:30"),
        ({"minute": "[10-12],30"}, "2026-04-08T01:12:00", "2026-04-08T01:30:00"),
        ({"dayOfWeek": "1"}, "2026-04-08T00:00:00", "2026-04-13T00:00:00"),
        ({"dayOfMonth": "29", "month": "2", "hour": "23"}, "2026-04-08T00:00:00", "2028-02-29T23:00:00"),
        ({"dayOfMonth": "31"}, "2026-04-08T00:00:00", "2026-05-31T00:00:00"),
        ({"second": "*"}, "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ({"hour": 5}, "2026-04-08T04:59:59", "2026-04-08T05:00:00"),
    ],
)
def test_examples(fields: dict[str, object], after: str, expected: str) -> None:
    assert read_schedule(fields).after(at(after)) == at(expected)


@pytest.mark.parametrize(
    "fields",
    [{}, {"second": ""}, {"second": "60"}, {"second": "5-1"}, {"hour": "a"}, {"hour": True}, {"month": "0"}, {"minute": "1/0"},
     {"minute": "1,"}, {"hour": "1" * 201}, {"dayOfMonth": "30", "month": "2"}],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(Problem) as refused:
        read_schedule(fields)
    assert refused.value.code == "trace.epcis_schedule"
