"""The index's rows: what is written many at a time is there as if it were written one by one."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infoharbor.contracts.trace.records import Event
from infoharbor.gateway.epcis.rows import Described, Writer, digest
from infoharbor.gateway.epcis.tables import TABLES

SECRET = bytes(32)
short = st.text(max_size=3) | st.sampled_from(["\0", "a\0", "a", '"', "\\u0000", "茶", "1", "null", "[]"])
names = st.sets(st.tuples(st.sampled_from(["epc", "eventID", "f\0"]), short), max_size=5)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    yield database
    database.close()


@unhurried
@given(st.lists(names, max_size=4))
def test_each_name_has_one_number_of_its_own_whatever_its_text(
    database: sqlite3.Connection, together: list[set[tuple[str, str]]]
) -> None:
    writer = Writer(database, lambda _: SECRET)
    for some in together:
        numbers = writer.names(some)
        assert numbers.keys() == some
        for name, number in numbers.items():
            found = database.execute("SELECT id FROM names WHERE field = ? AND value = ?", name).fetchall()
            assert found == [(number,)]


def event(audience: tuple[str, ...] = ("public",)) -> Event:
    texts = dict.fromkeys((field for field, of in Event.__annotations__.items() if of is str), "")
    others = {field: () for field in Event.__struct_fields__ if field not in texts}
    given = {"captured_by": "firm", "audience": audience, "event_time": 1, "record_time": 2}
    return Event(**others | texts | given)


@unhurried
@given(
    texts=st.lists(st.sets(short | st.none(), max_size=3), min_size=1, max_size=4),
    numbers=st.sets(st.integers(-(2**70), 2**70) | st.decimals(-1000, 1000, places=3), max_size=4),
    held=st.sets(short, max_size=2),
)
def test_events_are_written_with_all_their_facts_and_an_older_version_leads_nowhere(
    database: sqlite3.Connection, texts: list[set[str | None]], numbers: set[int], held: set[str]
) -> None:
    for table in ("events", "facts", "numbers", "held"):
        database.execute(f"DELETE FROM {table}")
    writer = Writer(database, lambda _: SECRET)
    rows = writer.rows()
    for seq, some in enumerate(texts):
        if seq:
            rows.remove("firm/0")
        shown = {"text": set(some), "number": set(numbers)}
        rows.add(seq, "firm/0", event(), Described(shown, {"own": set(held)} if held else {}))
    rows.write()
    last = len(texts) - 1
    assert database.execute("SELECT seq, key, owner, event_time, record_time FROM events").fetchall() == [
        (last, "firm/0", "firm", 1, 2)
    ]
    of_last = "SELECT value FROM facts JOIN names ON name = id WHERE seq = ?"
    assert sorted(database.execute(of_last, (last,))) == sorted({(text or "",) for text in texts[-1]})
    kept = {value for (value,) in database.execute("SELECT value FROM numbers WHERE seq = ?", (last,))}
    assert kept == {float(number) for number in numbers}
    found = {value for (value,) in database.execute("SELECT digest FROM held WHERE seq = ?", (last,))}
    assert found == ({digest(SECRET, "own", value) for value in (None, *held)} if held else set())
