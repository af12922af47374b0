"""An audit of the mirror finds whatever was changed, taken out or put in, and nothing else."""

import pytest
import sqlalchemy as sql
from following import a_paper, follower
from papers import PaperLedger

from infoharbor.readmodel.comparison import differences


def test_an_audit_finds_what_was_changed_taken_out_or_put_in(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(*(a_paper(number=number) for number in range(4)))
    following = follower(ledger, database)
    following.catch_up()
    name = next(name for name in following.mirror.tables if name.endswith("/papers"))
    table = following.mirror.tables[name]
    with database.begin() as connection:
        connection.execute(sql.update(table).where(table.c.number == 1).values(amount=7))
        connection.execute(sql.delete(table).where(table.c.number == 2))
        kept = dict(connection.execute(sql.select(table).where(table.c.number == 3)).mappings().one())
        for path in ("a", "zz"):
            connection.execute(sql.insert(table).values(kept | {"path": path}))
    prefix = f"{name}/bank/"
    assert sorted(differences(following)) == sorted(["a", f"{prefix}1", f"{prefix}2", "zz"])


def test_an_audit_finds_a_refusal_that_was_changed_taken_out_or_put_in(
    ledger: PaperLedger, database: sql.Engine
) -> None:
    ledger.refuse("a.x", "", "a.y")
    ledger.refuse("a.x")
    following = follower(ledger, database)
    following.catch_up()
    assert list(differences(following)) == []
    newest = len(ledger.kept) - 1
    table = following.mirror.refusals
    with database.begin() as connection:
        connection.execute(sql.update(table).where(table.c.height == newest).values(code="b.x"))
        connection.execute(sql.delete(table).where(table.c.height == newest - 1, table.c.position == 2))
        for height, position in ((newest - 1, 1), (newest + 1, 0)):
            connection.execute(sql.insert(table).values(height=height, position=position, code="a.x"))
    assert list(differences(following)) == [
        f"refusals/{newest - 1}/1",
        f"refusals/{newest - 1}/2",
        f"refusals/{newest}/0",
        f"refusals/{newest + 1}/0",
    ]


def test_a_mirror_that_began_with_the_state_has_the_refusals_of_the_blocks_that_are_kept(
    ledger: PaperLedger, database: sql.Engine
) -> None:
    ledger.refuse("a.x")
    ledger.refuse("a.y")
    ledger.first_block = len(ledger.kept) - 1
    following = follower(ledger, database)
    following.catch_up()
    with database.connect() as connection:
        assert connection.execute(sql.select(following.mirror.refusals.c.code)).scalars().all() == ["a.y"]
    assert list(differences(following)) == []


def test_an_audit_of_a_ledger_that_goes_on_finds_nothing(
    ledger: PaperLedger, database: sql.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write(a_paper())
    following = follower(ledger, database)
    caught_up = following.catch_up

    def then_one_more() -> int:
        height = caught_up()
        ledger.write(a_paper(amount=2), a_paper(number=9))
        return height

    monkeypatch.setattr(following, "catch_up", then_one_more)
    assert list(differences(following)) == []
