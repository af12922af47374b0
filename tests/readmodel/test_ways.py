"""Totals by what a way leads to are those of a scan, whatever was written in which order, for every reader and on either
database."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from following import follower, unhurried
from hypothesis import given
from hypothesis import strategies as st
from papers import COPYS_PLACE, LETTERS_PLACE, Copy, Folder, Letter, Paper, PaperLedger
from test_rows import ASKERS, Only, steps_over

from infoharbor.contracts.identity.demo import BANK, EXPORTER, IMPORTER
from infoharbor.edgekit.selecting import Linked, Total
from infoharbor.readmodel import rows as readmodel_rows
from infoharbor.readmodel.comparison import differences
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.rows import SqlRows

some = st.sampled_from
OWNERS = [BANK.id, IMPORTER.id, "nobody"]
countries = some(["CN", "VN", None])
places = some(["", "here", "\0", '\1"]'])
written = st.one_of(
    st.builds(Folder, owner=some(OWNERS), country=countries, amount=st.integers(0, 9)),
    st.builds(Copy, owner=some(OWNERS), number=some(["a", "b"]), place=places),
    st.builds(
        Letter,
        owner=some(OWNERS),
        number=some(["a", "a-b", "B", "c/d"]),
        country=countries,
        place=places,
        other=some(["", "there"]),
        counts=st.booleans(),
        audience=some([(), (EXPORTER.id,), ("public",), ("\0", "x")]),
    ),
)
blocks = st.lists(st.tuples(st.lists(written, max_size=4), st.booleans()), max_size=12)
GROUPS: list[tuple[Any, ...]] = [
    (LETTERS_PLACE,),
    ("country", LETTERS_PLACE),
    ("owner", LETTERS_PLACE, COPYS_PLACE),
    (COPYS_PLACE,),
]


@unhurried
@given(blocks=blocks, late=st.integers(0, 12))
def test_totals_by_a_way_are_those_of_a_scan(
    blocks: list[tuple[list[Any], bool]], late: int, founded: PaperLedger, database: sql.Engine
) -> None:
    """Those who follow from some block on, and after that block by block, come to the same."""
    ledger = founded.copy()
    following = follower(ledger, database)
    following.rebuild()
    for at, (records, deletes) in enumerate(blocks):
        distinct = list({(type(each), each.owner, getattr(each, "number", "")): each for each in records}.values())
        known = [each for each in distinct if ledger.holds(each)]
        ledger.write(*(each for each in distinct if not (deletes and each in known)), deleted=known if deletes else ())
        if at >= late:
            following.catch_up()
    following.catch_up()
    assert list(differences(following)) == []
    for organisation in ASKERS:
        by_sql, by_scan = ledger.sight(organisation, Only(following)), ledger.sight(organisation)
        for where in ({}, {"country": "CN"}):
            for by in GROUPS:
                asked: Any = {"where": where, "by": by, "sums": ("amount",)}
                assert by_sql.totals(Folder, **asked) == by_scan.totals(Folder, **asked)


def a_letter(number: str, place: str, *audience: str, country: str = "CN") -> Letter:
    return Letter(IMPORTER.id, number, country, place, "", True, audience)


def test_a_mirror_that_begins_with_the_state_knows_where_ways_lead(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(Folder(IMPORTER.id, "CN", 1), a_letter("a", "here", "public"))
    ledger.write()
    ledger.first_block = len(ledger.kept) - 1
    following = follower(ledger, database)
    following.catch_up()
    found = ledger.sight("", Only(following)).totals(Folder, by=(LETTERS_PLACE,))
    assert found == [Total(("here",), 1, ())]


def test_of_letters_with_the_same_readers_only_the_first_is_kept(ledger: PaperLedger, database: sql.Engine) -> None:
    """So that a row does not grow with each."""
    ledger.write(Folder(IMPORTER.id, "CN", 1), *(a_letter(f"{at}", f"{at}", EXPORTER.id) for at in range(50)))
    following = follower(ledger, database)
    following.catch_up()
    (way,) = (each for each in following.mirror.ways if each.linked == LETTERS_PLACE)
    with database.connect() as connection:
        (kept,) = connection.scalars(sql.select(way.table.c[way.column]))
    assert kept.count(EXPORTER.id) == 1


def test_a_way_that_no_index_names_is_scanned(ledger: PaperLedger, database: sql.Engine) -> None:
    way = Linked(Letter, ("other",))
    ledger.write(Folder(IMPORTER.id, "CN", 1), a_letter("a", "here", "public").replace(other="there"))
    following = follower(ledger, database)
    following.catch_up()
    found = ledger.sight("", SqlRows(following)).totals(Folder, by=(way,))
    assert found == [Total(("there",), 1, ())]


def test_more_groups_than_are_told_come_together_by_a_scan(
    ledger: PaperLedger, database: sql.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ways that lead one reader to the same place may lead others elsewhere."""
    owners = [BANK.id, IMPORTER.id, "nobody"]
    ledger.write(*(Folder(each, "CN", 1) for each in owners))
    ledger.write(*(Letter(each, "a", "CN", "here", "", True, (EXPORTER.id, each)) for each in owners))
    following = follower(ledger, database)
    following.catch_up()
    monkeypatch.setattr(readmodel_rows, "GROUPS_MAX", 2)
    found = ledger.sight(EXPORTER.id, SqlRows(following)).totals(Folder, by=(LETTERS_PLACE,))
    assert found == [Total(("here",), 3, ())]


def test_an_audit_finds_a_row_whose_way_leads_elsewhere(ledger: PaperLedger, database: sql.Engine) -> None:
    ledger.write(Folder(IMPORTER.id, "CN", 1), Folder(BANK.id, "CN", 1), a_letter("a", "here"))
    following = follower(ledger, database)
    following.catch_up()
    (way,) = (each for each in following.mirror.ways if each.linked == LETTERS_PLACE)
    with database.begin() as connection:
        connection.execute(sql.update(way.table).values({way.column: '[["there", "x", "[]"]]'}))
    assert sorted(differences(following)) == [f"{way.kind.prefix}{each}" for each in sorted((BANK.id, IMPORTER.id))]


def test_a_mirror_made_for_another_way_is_made_anew(
    ledger: PaperLedger, database: sql.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write(Folder(IMPORTER.id, "CN", 1), a_letter("a", "here", "public", country="VN"))
    follower(ledger, database).catch_up()
    monkeypatch.delitem(LETTERS_PLACE.same, "country")
    following = follower(ledger, database)
    following.catch_up()
    assert ledger.sight("", Only(following)).totals(Folder, by=(LETTERS_PLACE,)) == [Total(("here",), 1, ())]


@pytest.mark.parametrize(
    ("of", "way"),
    [
        (Folder, Linked(Letter, ("counts",))),
        (Folder, Linked(Letter, ("place",), {"audience": ()})),
        (Folder, Linked(Letter, ("place",), {"is_here": True})),
        (Folder, Linked(Letter, ("place",), {}, {"country": "nothing"})),
        (Folder, Linked(Folder, ("country",))),
        (Paper, Linked(Letter, ("place",))),
    ],
)
def test_a_way_that_does_not_lead_from_texts_to_texts_is_an_error_of_who_wrote_the_query(
    of: Any, way: Linked, ledger: PaperLedger
) -> None:
    with pytest.raises(TypeError):
        ledger.sight("").totals(of, by=(way,))


def test_totals_by_a_way_go_through_one_index_and_look_nothing_up(ledger: PaperLedger, tmp_path: Path) -> None:
    following = follower(ledger, open_database(f"sqlite:///{tmp_path / 'mirror'}"))
    following.catch_up()
    steps = steps_over(following.database, "papers__")
    ledger.sight(BANK.id, Only(following)).totals(Folder, {"country": "CN"}, by=(LETTERS_PLACE,), sums=("amount",))
    assert [step.split(" USING ")[0] for step in steps] == ["SCAN papers__folders"]
    steps.clear()
    ledger.write(Folder(IMPORTER.id, "CN", 1), a_letter("a", "here"))
    following.catch_up()
    looked = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
    assert looked
    assert all(step.startswith("SEARCH") for step in looked), looked
