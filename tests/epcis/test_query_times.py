"""Where few events are of the times that a query asks for, no others are looked at."""

from pathlib import Path
from typing import Any

import pytest

from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.gateway.epcis import index as indexing
from infoharbor.gateway.epcis.index import Asker, Index
from infoharbor.gateway.epcis.language import read_query

DAYS, FEW = 20, 5
ASKER = Asker("firm", ("firm",), b"")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An event on each day, written down on the day after."""
    monkeypatch.setattr(indexing, "FEW", FEW)
    nothing: Any = None
    made = Index(tmp_path, nothing, b"chain", describe=nothing, secret_of=nothing)
    rows = [(day, f"firm/{day}", "firm", 1, moment(day), moment(day + 1)) for day in range(1, DAYS)]
    with made._database as database:
        database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
    return made


def moment(day: int) -> int:
    return 1_772_323_200_000 + (day - 1) * 86_400_000


def text(day: int) -> str:
    return f"2026-03-{day:02}T00:00:00Z"


def asked(index: Index, parameters: dict[str, str]) -> tuple[list[int], list[str]]:
    """The sequence numbers that are found, and how SQLite went about it."""
    statements: list[str] = []
    with index._reader() as database:
        database.set_trace_callback(statements.append)
    found = [each.seq for each in index.candidates(read_query(parameters, Names({})), ASKER)]
    with index._reader() as database:
        database.set_trace_callback(None)
        plans = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    return found, plans


@pytest.mark.parametrize("order", [{}, {"orderBy": "eventTime"}, {"orderBy": "recordTime"}])
@pytest.mark.parametrize("further", [{}, {"EQ_action": "ADD"}])
@pytest.mark.parametrize(
    ("times", "first", "behind"),
    [
        ({"GE_eventTime": text(17)}, 17, DAYS),
        ({"LT_eventTime": text(4)}, 1, 4),
        ({"GE_eventTime": text(7), "LT_eventTime": text(9)}, 7, 9),
        ({"GE_recordTime": text(18)}, 17, DAYS),
        ({"GE_recordTime": text(25)}, DAYS, DAYS),
        ({"GE_eventTime": text(2), "GE_recordTime": text(18)}, 17, DAYS),
    ],
)
def test_of_few_days_no_other_events_are_looked_at(
    index: Index, times: dict[str, str], first: int, behind: int, further: dict[str, str], order: dict[str, str]
) -> None:
    found, plans = asked(index, times | further | order)
    assert sorted(found) == ([] if further else list(range(first, behind)))
    assert not any("SCAN events" in step or "PRIMARY KEY (rowid" in step for step in plans), plans


def test_of_many_days_the_first_are_found_in_the_order_that_is_asked_for(index: Index) -> None:
    found, plans = asked(index, {"GE_eventTime": text(1), "orderBy": "recordTime"})
    assert sorted(found) == list(range(1, DAYS))
    assert not any("TEMP B-TREE" in step for step in plans), plans
