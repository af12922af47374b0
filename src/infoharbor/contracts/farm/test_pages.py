"""Reports of lots: the reach of a recall, masses that add up, and what strangers do not see."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contractkit import gs1
from infoharbor.contracts.farm.actions import DisposeLot
from infoharbor.contracts.farm.causes import FinishRehearsal, OpenCause, StartRehearsal
from infoharbor.contracts.farm.certificates import IssueCertificate, SetScope
from infoharbor.contracts.farm.conftest import (
    BODY,
    DAY,
    EARLY,
    GROWER,
    LEAF,
    OUTSIDE,
    STATE,
    TEA,
    TRADER,
    WORKS,
    founded,
    harvest,
    make,
    number,
    sight,
)
from infoharbor.contracts.farm.lineage import descendants
from infoharbor.contracts.farm.pages.balance import balance, stock, yields
from infoharbor.contracts.farm.pages.origin import origin
from infoharbor.contracts.farm.pages.quotas import certificates, quota
from infoharbor.contracts.farm.pages.reach import reach, reach_of, rehearsals, stops, uses_of
from infoharbor.contracts.farm.pages.work import alerts, work
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import CauseKind, Part, ProductionKind, Use
from infoharbor.contracts.trace.pages import identify, label_of
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.readers import ANONYMOUS, Reader


def seen(trial: Trial, reader: Reader = ANONYMOUS) -> Sight:
    """The ledger as a reader sees it."""

    def history(_: str) -> Iterator[Any]:
        return iter(())

    return Sight(trial.view, history, trial.registry, trial.now, reader)


def label(name: object) -> str:
    """How reports write the lot of this name."""
    return label_of(number(name))


def rows(report: Any, trial: Trial, organisation: str, **parameters: Any) -> list[Any]:
    return list(report(seen(trial, Reader(organisation)), **parameters))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 30), min_size=1, max_size=3), st.integers(1, 4)), max_size=14))
def test_the_report_reaches_what_the_ledger_would_stop(steps: list[tuple[set[int], int]]) -> None:
    trial = founded()
    lots = [harvest(trial, "0-a", 10**6), harvest(trial, "0", 10**6)]
    for sources, ways in steps:
        inputs = tuple(Part(lot, 1) for lot in sorted({lots[each % len(lots)] for each in sources}))
        # Numbers of which some begin like others, and sort differently with what follows them in a path.
        outputs = [number(f"{len(lots) + each}{'-.'[each % 2]}") for each in range(ways)]
        listed = tuple(Output(each, LEAF, 1, 0, None) for each in outputs)
        trial.act(RecordProduction(ProductionKind.BLEND, inputs, listed, START), by=GROWER)
        lots += outputs
    read, ledger = seen(trial, Reader(GROWER)), sight(trial)
    for lot in lots:
        found = reach_of(read, lot)
        assert found.whole
        assert set(found.lots) == set(descendants(ledger, lot).lots)
        assert found.lots[0] == lot
    assert {(use.lot, use.production) for use in uses_of(read, lots)} == {
        (use.lot, use.production) for use in read.scan(Use)
    }
    cut = reach_of(read, lots[0], most=2)
    assert len(cut.lots) <= 2
    assert cut.whole == (len(reach_of(read, lots[0]).lots) <= 2)


@given(st.from_regex(r"\A[A-Za-z0-9!%&'()*+,/:;=?._-]{1,20}\Z"))
def test_a_lot_as_it_is_printed_is_found_again(lot: str) -> None:
    key = f"01~09521001001014~10~{gs1.encode(lot)}"
    if "(" not in lot and ")" not in lot:
        assert identify(label_of(key)) == key
    assert label_of("https:~~farms.example~9") == "https:~~farms.example~9"


def test_masses_add_up_by_site_and_season_whatever_happens(trial: Trial) -> None:
    first, second = harvest(trial, "a", 1_000), harvest(trial, "b", 500, plots=(OUTSIDE,))
    make(trial, "tea", (first, 600), grams=200, kind=ProductionKind.MAKE, product=TEA)
    make(trial, "more", (second, 400), grams=500)
    trial.act(DisposeLot(second, START), by=GROWER)
    found = rows(balance, trial, GROWER)
    for _, _, _, _, _, harvested, made, used, disposed, left, _ in found:
        assert harvested + made - used - disposed == left
    assert sum(row[5] for row in found) == 1_500
    assert {row[2] for row in found} == {EARLY, ""}
    assert rows(balance, trial, GROWER, season="none") == rows(balance, trial, TRADER) == []
    assert sum(row[6] for row in rows(stock, trial, GROWER)) == 400 + 200 + 500
    shown = {row[3]: (row[7], row[8], row[9]) for row in rows(yields, trial, GROWER)}
    assert shown == {label("tea"): (3_333, 5_000, True), label("more"): (12_500, 10_000, False)}


def test_a_work_list_is_its_owners_the_supervisors_and_those_concerned(trial: Trial) -> None:
    lot = harvest(trial, "a", plots=(OUTSIDE,))
    for organisation in (GROWER, STATE):
        assert [(row[1], row[2], row[3]) for row in rows(work, trial, organisation)] == [
            (label_of(lot), "plot_not_allotted", GROWER)
        ]
    assert rows(work, trial, TRADER) == rows(work, trial, GROWER, owner=WORKS) == []
    assert len(rows(alerts, trial, GROWER)) == 1


def test_quota_is_told_to_the_licensee_the_manager_and_the_supervisor(trial: Trial) -> None:
    def told(organisation: str) -> set[tuple[str, str, int]]:
        return {(row[1], row[2], row[7]) for row in rows(quota, trial, organisation)}

    assert told(GROWER) == {(EARLY, GROWER, 500), ("late", GROWER, 500)}
    assert len(told(BODY)) == len(told(STATE)) == 4
    assert told(TRADER) == set()


def test_certificates_next_to_end_come_first(trial: Trial) -> None:
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    for name, until in (("never", 0), ("later", START + 40 * DAY), ("soon", START + 9 * DAY)):
        trial.act(IssueCertificate(name, GROWER, "CN", "organic", (LEAF,), None, 0, until), by=BODY)
    found = rows(certificates, trial, TRADER)
    assert [row[0].partition(":")[2] for row in found] == ["soon", "later", "never"]
    assert [row[5] for row in found][2] is None
    assert [row[0] for row in rows(certificates, trial, TRADER, within_days=10)] == [f"{BODY}:soon"]
    trial.advance(10 * DAY)
    assert [row[6] for row in rows(certificates, trial, TRADER, body=BODY)] == [False, True, True]


def test_a_recall_lists_lots_and_holders_below_as_far_as_the_reader_may_see(trial: Trial) -> None:
    first = harvest(trial, "a", 100)
    second = make(trial, "b", (first, 50), grams=50)
    trial.act(OpenCause("1", first, CauseKind.RECALL, "doubt", None), by=BODY)
    (row,) = rows(stops, trial, GROWER)
    assert (row[0], row[6], row[7], row[8]) == (label_of(first), 2, (GROWER,), True)
    (hidden,) = rows(stops, trial, TRADER)
    assert (hidden[0], hidden[6], hidden[7]) == (label_of(first), 1, ())
    assert [(row[0], row[1], row[6]) for row in rows(reach, trial, GROWER, lot=label_of(first))] == [
        (label_of(first), GROWER, 50), (label_of(second), GROWER, 50),
    ]  # fmt: skip
    assert rows(stops, trial, STATE)[0][6] == 2


def test_a_mock_recall_shows_what_was_found_and_how_long_it_took(trial: Trial) -> None:
    first = harvest(trial, "a", 100)
    make(trial, "b", (first, 50), grams=50)
    trial.act(StartRehearsal("1", first), by=GROWER)
    assert rows(rehearsals, trial, GROWER)[0][4] is None
    trial.advance(90_500)
    trial.act(FinishRehearsal(f"{GROWER}:1", (first,)), by=GROWER)
    (row,) = rows(rehearsals, trial, GROWER, started_by=GROWER)
    assert row[4] >= 91
    assert row[5:9] == (2, 1, 5_000, 0)


def test_what_stands_behind_a_lot_ends_where_the_reader_may_not_look(trial: Trial) -> None:
    first = harvest(trial, "a", 100)
    made = make(trial, "b", (first, 50), grams=50)
    told = origin(seen(trial, Reader(GROWER)), made)
    assert told["whole"]
    assert [each["lot"] for each in told["harvests"]] == [first]
    assert f"farm/lots/{first}" in told["records"]
    assert [(each["season"], each["grams"]) for each in told["shares"]] == [(EARLY, 50)]
    with pytest.raises(ValueError, match="record_unknown"):
        origin(seen(trial, Reader(TRADER)), made)
