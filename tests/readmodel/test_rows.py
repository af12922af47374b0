"""What is chosen and summed in SQL is what a scan of the ledger gives, for every reader and on either database."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from following import a_paper, follower, papers, unhurried
from hypothesis import given
from hypothesis import strategies as st
from papers import Colour, Minute, Notice, Paper, PaperLedger, PaperStatus

from infoharbor.contracts.identity.demo import BANK, EXPORTER, IMPORTER
from infoharbor.edgekit.selecting import Bucket, Span, Total
from infoharbor.edgekit.sight import Sight
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.rows import SqlRows
from infoharbor.sdk.refused import find_refused

ASKERS = ("", BANK.id, IMPORTER.id, EXPORTER.id, "nobody")
some = st.sampled_from
named = papers.flatmap(
    lambda paper: st.builds(
        paper.replace,
        owner=some([BANK.id, IMPORTER.id, "nobody"]),
        number=st.integers(0, 30),
        party=some([None, EXPORTER.id, "public"]),
        audience=some([(), (EXPORTER.id,), ("x", BANK.id), ("public",), (f'"{BANK.id}"', f"{BANK.id}x")]),
        at=st.integers(0, 40),
        limit=some([None, 1, 2]),
        text=some(["", "a", "B", "\0", "\1", "茶"]),
    )
)
WHERES: dict[str, Any] = {
    "status": some([PaperStatus.OPEN, "closed", {PaperStatus.OPEN, PaperStatus.CLOSED}]),
    "colour": some([Colour.RED, {Colour.BLUE}]),
    "party": some([None, EXPORTER.id, {None, "public"}, Span("", "o")]),
    "at": some([range(10, 30), range(0), range(-(10**30), 10**30), 7, 10**30]),
    "limit": some([None, 1, {None, 2}, {10**30}]),
    "text": some(["\0", {"a", "B"}, Span("\1", "a"), Span("B", "茶"), Span("b", "B")]),
    "signed": some([True, False]),
    "seal": some([b"", {b"", b"\0"}]),
    "height": some([range(2**63), range(-(2**63), 0)]),
    "heading": some(["CN: a", {"CN: ", "VN: B"}, Span("CN: B", "VN")]),
    "is_long": some([True, False]),
}
wheres = st.dictionaries(some(sorted(WHERES)), st.none(), max_size=2).flatmap(
    lambda names: st.fixed_dictionaries({name: WHERES[name] for name in names})
)
groups = st.lists(
    some(
        [
            "owner",
            "party",
            "status",
            "colour",
            "signed",
            "limit",
            "text",
            "heading",
            "is_long",
            Bucket("at", 7, 3),
            Bucket("number", 10),
        ]
    ),
    max_size=2,
    unique_by=str,
)
orders = some(["", "at", "-at", "text", "-limit", "party", "height", "-colour", "seal"])


def asked(sight: Sight, question: tuple[Any, ...]) -> Any:
    where, by, sums, order, limit = question
    return sight.totals(Paper, where, by=by, sums=sums), sight.select(Paper, where, order_by=order, limit=limit)


@unhurried
@given(
    written=st.lists(named, max_size=30),
    questions=st.lists(
        st.tuples(wheres, groups, some([(), ("amount",), ("height", "limit")]), orders, some([1, 5, 100])),
        min_size=1,
        max_size=5,
    ),
)
def test_sql_and_scan_answer_the_same(
    written: list[Paper],
    questions: list[tuple[Any, ...]],
    founded: PaperLedger,
    database: sql.Engine,
) -> None:
    ledger = founded.copy()
    distinct = list({(each.owner, each.number): each for each in written}.values())
    ledger.write(*distinct)
    ledger.write(deleted=distinct[:2])
    following = follower(ledger, database)
    following.rebuild()
    for organisation in ASKERS:
        by_sql, by_scan = ledger.sight(organisation, Only(following)), ledger.sight(organisation)
        for question in questions:
            assert asked(by_sql, question) == asked(by_scan, question)


class Only(SqlRows):
    """Rows that always answer: no question is left to a scan."""

    def _answer(self, *question: Any) -> Any:
        found = super()._answer(*question)
        assert found is not None
        return found


def test_public_records_are_anyones_and_those_without_readers_the_members(
    ledger: PaperLedger, database: sql.Engine
) -> None:
    ledger.write(Notice("a", 2), Notice("b", 3), Minute("m", 4))
    following = follower(ledger, database)
    following.catch_up()
    for organisation, minutes in (("", []), ("nobody", [Total((), 1, (4,))])):
        read = ledger.sight(organisation, Only(following))
        assert read.totals(Notice, sums=("amount",)) == [Total((), 2, (5,))]
        assert read.totals(Minute, sums=("amount",)) == minutes


def test_sums_pass_64_bits(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(*(Notice(f"{at}", value) for at, value in enumerate((2**63 - 1, 2**63 - 1, -(2**63), 2**63 - 1))))
    following = follower(ledger, database)
    following.catch_up()
    (total,) = ledger.sight("", Only(following)).totals(Notice, sums=("amount",))
    assert total.sums == (2 * (2**63 - 1) - 1,)


def test_a_mirror_that_is_behind_or_away_is_not_asked(ledger: PaperLedger, database: sql.Engine) -> None:
    following = follower(ledger, database)
    following.catch_up()
    ledger.write(a_paper(owner=BANK.id, amount=5))
    read = ledger.sight(BANK.id, SqlRows(following))
    assert read.totals(Paper, sums=("amount",)) == [Total((), 1, (5,))]
    following.catch_up()
    with database.begin() as connection:
        connection.execute(sql.schema.DropTable(following.mirror.tables[_papers(following)]))
    assert read.totals(Paper, sums=("amount",)) == [Total((), 1, (5,))]
    assert read.select(Paper) == [a_paper(owner=BANK.id, amount=5)]


def _papers(following: Any) -> str:
    return next(name for name in following.mirror.tables if name.endswith("/papers"))


@pytest.mark.parametrize(
    "question",
    [
        {"where": {"audience": "x"}},
        {"where": {"nothing": "x"}},
        {"where": {"at": range(0, 10, 2)}},
        {"sums": ("text",)},
        {"sums": ("signed",)},
        {"by": (Bucket("height", 10),)},
        {"by": (Bucket("at", 0),)},
        {"by": ("terms",)},
        {"by": ("length",)},
    ],
)
def test_what_cannot_be_asked_is_an_error_of_who_wrote_the_query(question: Any, ledger: PaperLedger) -> None:
    with pytest.raises(TypeError):
        ledger.sight("").totals(Paper, **question)


@unhurried
@given(
    blocks=st.lists(st.lists(some(["", "a.x", "a.y", "b.x"]), max_size=4), max_size=8),
    codes=st.sets(some(["a.x", "b.x", "c.x"]), max_size=2),
    back=st.integers(0, 3),
)
def test_refusals_are_found_by_their_codes_as_a_look_through_the_blocks_finds_them(
    founded: PaperLedger, database: sql.Engine, blocks: list[list[str]], codes: set[str], back: int
) -> None:
    ledger = founded.copy()
    for each in blocks:
        ledger.refuse(*each)
    follows = follower(ledger, database)
    follows.rebuild()
    height = max(0, len(ledger.kept) - 1 - back)
    reading: Any = ledger
    asked = {rows: list(find_refused(reading, rows, height, codes)) for rows in (None, SqlRows(follows))}
    plain, mirrored = ([(each.receipt, each.time) for each in found] for found in asked.values())
    assert plain == mirrored
    assert [each.code in codes for each, _ in plain] == [True] * len(plain)
    assert len(plain) == sum(each.count(code) for each in blocks[: max(0, len(blocks) - back)] for code in codes)


def test_a_property_that_no_index_names_is_left_to_the_scan(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(a_paper(owner=BANK.id, text="a"))
    following = follower(ledger, database)
    following.catch_up()
    del following.mirror.types(_papers(following))["heading"]
    asked = ledger.sight(BANK.id, SqlRows(following)).totals(Paper, by=("heading",))
    assert asked == [Total(("CN: a",), 1, ())]


def steps_over(database: sql.Engine, table: str) -> list[str]:
    """Grows by how SQLite goes over the table, with each question that is asked of it from now on."""
    steps: list[str] = []

    @sql.event.listens_for(database, "before_cursor_execute")
    def _explain(connection: Any, _: Any, statement: str, given: Any, *__: Any) -> None:
        plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", given)
        steps.extend(step[3] for step in plan if table in step[3])

    return steps


def test_totals_over_what_an_index_holds_go_through_it_once(ledger: PaperLedger, tmp_path: Path) -> None:
    """However many papers there are, and whatever other index would find some of them."""
    following = follower(ledger, open_database(f"sqlite:///{tmp_path / 'mirror'}"))
    following.catch_up()
    steps = steps_over(following.database, "papers__papers")
    read = ledger.sight(BANK.id, Only(following))
    read.totals(Paper, {"owner": BANK.id}, by=("party", "number"), sums=("amount",))
    assert steps[-1].startswith("SCAN papers__papers USING COVERING INDEX")
    read.select(Paper, {"owner": BANK.id}, order_by="at")
    assert steps[-1].startswith("SEARCH papers__papers USING INDEX")
