"""The mirror holds what the ledger holds, on either database, however often its follower is cut off."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sql
from following import a_paper, follower, papers, rows, unhurried
from hypothesis import given
from hypothesis import strategies as st
from papers import Notice, Paper, PaperLedger

from infoharbor.readmodel.comparison import differences
from infoharbor.readmodel.database import Unusable, open_database
from infoharbor.readmodel.follower import Ahead, Follower, OtherChain, Overtaken
from infoharbor.readmodel.tables import CURSOR, text_in, text_out

Fresh = Callable[[], sql.Engine]


@unhurried
@given(history=st.lists(st.tuples(st.lists(papers, max_size=3), st.booleans()), max_size=4))
def test_every_record_has_its_row_and_a_rebuilt_mirror_is_the_same(
    history: list[tuple[list[Paper], bool]], founded: PaperLedger, database: sql.Engine
) -> None:
    ledger = founded.copy()
    following = follower(ledger, database)
    following.rebuild()
    for written, deletes in history:
        distinct = {(each.owner, each.number): each for each in written}
        ledger.write(*distinct.values())
        if deletes and distinct:
            ledger.write(deleted=[next(iter(distinct.values()))])
        if deletes:
            following.catch_up()
    assert following.catch_up() == len(ledger.kept) - 1
    assert list(differences(following)) == []
    before = rows(following)
    following.rebuild()
    assert rows(following) == before


@given(st.text(), st.text())
def test_stored_texts_come_back_in_the_order_that_they_had(one: str, other: str) -> None:
    assert text_in(text_out(one)) == one
    assert (text_out(one) < text_out(other)) == (one < other)
    assert "\0" not in text_out(one)


class Cut(Exception):
    """The process ends here."""


@contextmanager
def cut_after(database: sql.Engine, statements: int) -> Iterator[None]:
    """Every statement after so many fails, and so does the commit."""
    left = [statements]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut

    sql.event.listen(database, "before_cursor_execute", count)
    sql.event.listen(database, "commit", count)
    try:
        yield
    finally:
        sql.event.remove(database, "before_cursor_execute", count)
        sql.event.remove(database, "commit", count)


def test_a_follower_that_was_cut_off_anywhere_goes_on_from_its_cursor(ledger: PaperLedger, fresh: Fresh) -> None:
    ledger.write(a_paper(), Notice("n", 1))
    ledger.write(a_paper(amount=2), a_paper(number=2))
    whole = follower(ledger, fresh())
    whole.catch_up()
    database, place = fresh(), 0
    while True:
        with cut_after(database, place):
            try:
                follower(ledger, database).catch_up()
                break
            except Cut:
                place += 1
    assert place > 5
    again = follower(ledger, database)
    again.catch_up()
    assert rows(again) == rows(whole)
    # And at every place of what comes later.
    ledger.write(a_paper(amount=3), deleted=[a_paper(number=2)])
    whole.catch_up()
    for place in range(100):
        with cut_after(database, place):
            try:
                follower(ledger, database).catch_up()
                break
            except Cut:
                continue
    assert rows(again) == rows(whole)


@pytest.mark.parametrize("followed", [0, 2])
def test_where_the_next_block_is_not_kept_the_state_takes_its_place(
    ledger: PaperLedger, fresh: Fresh, followed: int
) -> None:
    whole = follower(ledger, fresh())
    cut = follower(ledger, fresh())
    for number in range(followed):
        ledger.write(a_paper(number=number))
        cut.catch_up()
    ledger.write(a_paper(number=1, amount=7), deleted=[a_paper(number=0)])
    ledger.write(a_paper(number=2))
    whole.catch_up()
    ledger.first_block = len(ledger.kept)
    assert cut.catch_up() == len(ledger.kept) - 1
    assert rows(cut) == rows(whole)
    assert list(differences(cut)) == []


def test_rows_of_a_history_that_is_not_the_ledgers_are_dropped(ledger: PaperLedger, fresh: Fresh) -> None:
    ledger.write(a_paper(number=1))
    common = len(ledger.kept) - 1
    ledger.write(a_paper(number=2), a_paper(number=1, amount=2))
    ledger.refuse("a.x")
    database = fresh()
    follower(ledger, database).catch_up()
    ledger.part(common)
    following = follower(ledger, database)
    with pytest.raises(Ahead):
        following.catch_up()
    ledger.write(a_paper(number=3))
    with pytest.raises(Ahead):  # It does not follow yet; what is asked of it meanwhile is answered by the ledger.
        following.catch_up()
    ledger.write(a_paper(number=4))
    following.catch_up()
    assert list(differences(following)) == []
    whole = follower(ledger, fresh())
    whole.catch_up()
    assert rows(following) == rows(whole)


def test_a_mirror_of_an_older_version_is_made_anew(ledger: PaperLedger, database: sql.Engine) -> None:
    following = follower(ledger, database)
    following.catch_up()
    with database.begin() as connection:
        connection.execute(sql.text(f"ALTER TABLE {CURSOR} DROP COLUMN root"))
    assert following.stored_height() == -1
    following.catch_up()
    assert list(differences(following)) == []


def test_two_followers_of_one_database_do_not_undo_each_other(
    ledger: PaperLedger, database: sql.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = follower(ledger, database), follower(ledger, database)
    ledger.write(a_paper())
    slow.catch_up()
    ledger.write(a_paper(amount=2))
    stale = list(ledger.blocks(1))
    quick.catch_up()
    ledger.write(a_paper(amount=3))
    quick.catch_up()
    with pytest.raises(Overtaken):
        slow._apply(1, stale)
    slow.catch_up()
    assert list(differences(slow)) == []


def test_the_database_of_another_ledger_is_left_alone(ledger: PaperLedger, database: sql.Engine) -> None:
    following = follower(ledger, database)
    following.catch_up()
    before = rows(following)
    other = Follower(ledger, ledger.registry, bytes(32), database)  # type: ignore[arg-type]
    with pytest.raises(OtherChain):
        other.catch_up()
    with pytest.raises(OtherChain):
        other.rebuild()
    assert rows(following) == before


def test_tables_of_another_shape_are_made_again(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(Notice("n", 1))
    following = follower(ledger, database)
    following.catch_up()
    (name,) = (name for name in ledger.registry.tables if name.endswith("/notices"))
    kind = ledger.registry.tables.pop(name)
    try:
        fewer = follower(ledger, database)
        fewer.catch_up()
        assert not sql.inspect(database).has_table(following.mirror.tables[name].name)
    finally:
        ledger.registry.tables[name] = kind
    following.catch_up()
    assert len(rows(following)[name]) == 1


def test_what_else_is_in_the_database_stays(ledger: PaperLedger, database: sql.Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE accounts (id int)")
        connection.exec_driver_sql("INSERT INTO accounts VALUES (1)")
    following = follower(ledger, database)
    following.catch_up()
    following.rebuild()
    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM accounts").scalars().all() == [1]


def test_a_database_that_is_away_is_told_and_found_again(ledger: PaperLedger, database: sql.Engine) -> None:
    away, asked = threading.Event(), threading.Event()
    away.set()

    def refuse(*_: Any) -> None:
        asked.set()
        if away.is_set():
            raise sql.exc.OperationalError("the server is away", None, Exception("away"))

    sql.event.listen(database, "before_cursor_execute", refuse)
    following = follower(ledger, database)
    following.start()
    try:
        assert asked.wait(20)
        assert not following.has_reached(0, 20)
        assert "away" in following.condition.fault
        away.clear()
        waited = threading.Event()
        while not following.has_reached(0, 1) and not waited.wait(0.05):
            pass
        assert following.condition == (0, "")
    finally:
        following.stop()


@pytest.mark.parametrize(
    "url", ["", "x", "mysql://h/d", "sqlite+pysqlcipher:///x", "postgresql+asyncpg://h/d", "http://h"]
)
def test_a_url_that_is_no_database_is_named(url: str) -> None:
    with pytest.raises(Unusable) as refused:
        open_database(url)
    assert refused.value.code == "readmodel.url"
