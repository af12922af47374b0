"""The rules of farm products: facts are kept and marked, what is no fact is refused, and the story holds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infoharbor.contractkit import Action
from infoharbor.contracts.farm import actions, events, lots, production
from infoharbor.contracts.farm.actions import DisposeLot, PassTitle, RecordHarvest, ReleaseLot
from infoharbor.contracts.farm.alerts import ANSWER_TIME, ClearAlert, CloseAlert
from infoharbor.contracts.farm.causes import OpenCause
from infoharbor.contracts.farm.claims import ClaimIndication
from infoharbor.contracts.farm.conftest import (
    BODY,
    DAY,
    GROWER,
    INSIDE,
    LATE,
    LEAF,
    MAKE,
    NAME,
    OUTSIDE,
    OWN,
    SPLIT,
    STATE,
    TEA,
    TRADER,
    WORKS,
    breaks,
    harvest,
    make,
    number,
    refusal,
    sight,
)
from infoharbor.contracts.farm.demo import BOX_LOT, BUYER, LATE_LEAF, LEAF_LOT, LIUBAO, SPRING, TEA_LOT, story
from infoharbor.contracts.farm.demo import lot as lot_of
from infoharbor.contracts.farm.indications import GrantLicence, Quota, RegisterIndication, SetSeason
from infoharbor.contracts.farm.land import Plot, RegisterPlot, SetProductClass
from infoharbor.contracts.farm.lineage import look_back
from infoharbor.contracts.farm.pledges import Basis
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import (
    Alert,
    AlertStatus,
    CauseKind,
    ClosingCode,
    Lot,
    LotStatus,
    Part,
    ProductionKind,
    Share,
)
from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace.actions import AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.demo import story as trace
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.engine.trial import START, Trial

# Facts are recorded


def test_more_than_the_yield_is_kept_marked_and_on_the_work_list(trial: Trial) -> None:
    leaf = harvest(trial, "a", 100, plots=(OWN,))
    make(trial, "tea", (leaf, 60), grams=30, kind=MAKE, product=TEA)
    make(trial, "more", (leaf, 40), grams=21, kind=MAKE, product=TEA)
    assert (breaks(trial, "tea"), breaks(trial, "more")) == ((), ("above_yield",))
    alert = trial.get(Alert, number("more"), "above_yield")
    assert (alert.owner, alert.status) == (GROWER, AlertStatus.OPEN)
    assert alert.deadline == alert.raised_at + ANSWER_TIME.default


def test_repacking_gives_back_no_more_than_went_in(trial: Trial) -> None:
    leaf = harvest(trial, "a")
    for kind in (ProductionKind.SPLIT, ProductionKind.REPACK, ProductionKind.RELABEL, ProductionKind.BLEND):
        make(trial, f"{kind}-well", (leaf, 10), grams=10, kind=kind)
        make(trial, f"{kind}-more", (leaf, 10), grams=11, kind=kind)
        assert (breaks(trial, f"{kind}-well"), breaks(trial, f"{kind}-more")) == ((), ("above_yield",))


def test_a_later_yield_judges_only_what_comes_later(trial: Trial) -> None:
    leaf = harvest(trial, "a")
    make(trial, "before", (leaf, 50), grams=25, kind=MAKE, product=TEA)
    trial.act(SetProductClass("CN", TEA, "99000001", TEA, TEA, 2_000), by=BODY)
    make(trial, "after", (leaf, 50), grams=25, kind=MAKE, product=TEA)
    assert (breaks(trial, "before"), breaks(trial, "after")) == ((), ("above_yield",))
    trial.audit()


def test_dry_matter_comes_from_nowhere(trial: Trial) -> None:
    leaf = harvest(trial, "a", 200, moisture=7_500)
    make(trial, "dry", (leaf, 100), grams=28, moisture=1_000, kind=MAKE, product=TEA)
    make(trial, "wet", (leaf, 100), grams=27, moisture=1_000, kind=MAKE, product=TEA)
    assert (breaks(trial, "dry"), breaks(trial, "wet")) == (("above_dry_matter",), ())


def test_one_gram_more_than_is_left_counts_nothing_off(trial: Trial) -> None:
    leaf = harvest(trial, "a")
    make(trial, "one", (leaf, 60), grams=60)
    make(trial, "two", (leaf, 41), grams=41)
    assert breaks(trial, "two") == ("above_yield", "more_than_left")
    assert trial.get(Lot, leaf).left == 40


def test_a_stranger_counts_nothing_off_and_a_recall_still_reaches_it(trial: Trial) -> None:
    leaf = harvest(trial, "a")
    made = make(trial, "b", (leaf, 50), grams=50, by=TRADER)
    assert breaks(trial, "b") == ("above_yield", "input_of_another")
    assert trial.get(Lot, leaf).used == 0
    trial.act(OpenCause("1", leaf, CauseKind.RECALL, "doubt", None), by=GROWER)
    assert look_back(sight(trial), made).causes


def test_nothing_after_disposal_conforms_whichever_is_told_first(trial: Trial) -> None:
    leaf = harvest(trial, "a", happened_at=START - 3 * DAY)
    make(trial, "before", (leaf, 20), grams=20, at=START - 2 * DAY - 1)
    make(trial, "told-before", (leaf, 20), grams=20, at=START - 2 * DAY)
    below = make(trial, "below", (number("told-before"), 20), grams=20, at=START)
    trial.act(DisposeLot(leaf, START - 2 * DAY), by=GROWER)
    make(trial, "told-after", (leaf, 20), grams=20, at=START - 2 * DAY)
    assert [breaks(trial, name) for name in ("before", "told-before", "told-after")] == [
        (), ("after_disposal",), ("after_disposal",),
    ]  # fmt: skip
    trial.refuses(ReleaseLot(below), by=GROWER, code="farm.not_conforming", field="lot")
    trial.act(ReleaseLot(number("before")), by=GROWER)


def test_nothing_is_made_before_its_input(trial: Trial) -> None:
    leaf = harvest(trial, "a")
    make(trial, "b", (leaf, 10), grams=10, at=START - DAY - 1)
    assert breaks(trial, "b") == ("before_input",)


@pytest.mark.parametrize(
    ("by", "fields", "broken"),
    [
        (WORKS, {}, "plot_of_another"),
        (GROWER, {"plots": (OUTSIDE,)}, "plot_not_allotted"),
        (GROWER, {"happened_at": START - 11 * DAY}, "out_of_season"),
        (GROWER, {"season": LATE}, "out_of_season"),
    ],
)
def test_a_harvest_that_does_not_fit_is_kept_without_the_name(
    trial: Trial, by: str, fields: dict[str, Any], broken: str
) -> None:
    lot = trial.get(Lot, harvest(trial, "a", by=by, **fields))
    assert (lot.breaks, lot.shares) == ((broken,), (Share("", "", 100),))


def test_a_harvest_of_unknown_origin_conforms_and_has_no_name(trial: Trial) -> None:
    lot = harvest(trial, "a", plots=())
    assert trial.get(Lot, lot).breaks == ()
    trial.refuses(ClaimIndication(lot, NAME), by=GROWER, code="farm.mixed", field="lot")


def test_a_lot_that_differs_from_its_events_is_marked(trial: Trial) -> None:
    quantities = (Quantity(uri_of(number("a")), 99, -3, "KGM"),)
    texts = ("",) * 5
    event = CapturedEvent(
        "ab" * 20, "e", "", "ObjectEvent", "ADD", START - DAY, "+08:00", "commissioning", "", (), (), "", "", "", None,
        (), (), (), quantities, (), (), (), "", (), *texts[:3], None, False, b"",
    )  # fmt: skip
    trial.act(CaptureEvents((event,)), by=GROWER)
    harvest(trial, "a", 100)
    assert breaks(trial, "a") == ("differs_from_events",)


def test_an_alert_has_an_owner_a_deadline_and_a_closing_code(trial: Trial) -> None:
    lot = harvest(trial, "a", plots=(OUTSIDE,))
    key = (lot, "plot_not_allotted")
    trial.refuses(CloseAlert(*key, ClosingCode.EXPLAINED), by=WORKS, code="ledger.not_entitled")
    trial.advance(ANSWER_TIME.default + DAY)
    assert trial.get(Alert, *key).status == AlertStatus.OVERDUE
    trial.act(CloseAlert(*key, ClosingCode.EXPLAINED), by=GROWER)
    trial.refuses(PassTitle(lot, WORKS), by=GROWER, code="farm.not_conforming", field="lot")
    trial.refuses(ClearAlert(*key), by=GROWER, code="ledger.not_entitled")
    trial.act(ClearAlert(*key), by=STATE)
    trial.act(PassTitle(lot, WORKS), by=GROWER)
    assert trial.get(Lot, lot).cleared == ("plot_not_allotted",)


# What is malformed


def test_a_lot_has_a_number_of_its_makers_own(trial: Trial) -> None:
    for wrong in (
        "a",
        "01~09521001001014",
        "01~09521001001015~10~A",
        "01~09521001001014~21~A",
        "00~095210010000000017",
    ):
        record = RecordHarvest(wrong, LEAF, 1, 0, None, (), None, None, START)
        trial.refuses(record, by=GROWER, code="farm.lot_number", field="lot")
    trial.act(AccreditPrefix("9521001", GROWER, "CN", 0, 0), by=BODY)
    record = RecordHarvest(number("a"), LEAF, 1, 0, None, (), None, None, START)
    trial.refuses(record, by=WORKS, code="farm.prefix_of_another", field="lot")
    trial.act(record, by=GROWER)
    trial.refuses(record, by=GROWER, code="farm.lot_known", field="lot")


def refusals() -> list[tuple[str, Callable[[Trial], tuple[Action, str]]]]:
    leaf = (Part(number("a"), 1),)
    output = (Output(number("z"), LEAF, 1, 0, None),)

    def produce(inputs: tuple[Part, ...], outputs: tuple[Output, ...]) -> Action:
        return RecordProduction(SPLIT, inputs, outputs, START)

    return [
        ("farm.number", lambda _: (RegisterPlot("a:b", "f", "7PH6", 1, bytes(32)), GROWER)),
        ("farm.brick", lambda _: (SetProductClass("CN", "x", "1234", "", "", 1), BODY)),
        ("farm.classes_count", lambda _: (RegisterIndication("x", "", "", "CN", BODY, (), 0), STATE)),
        ("farm.period", lambda _: (GrantLicence(NAME, TRADER, "", 2, 1), BODY)),
        ("farm.season_order", lambda _: (SetSeason(NAME, "x", 2, 1, 3, 1), BODY)),
        ("farm.plots_count", lambda _: (
            RecordHarvest(number("z"), LEAF, 1, 0, None, (INSIDE,) * 51, None, None, START), GROWER)),
        ("farm.from_future", lambda _: (
            RecordHarvest(number("z"), LEAF, 1, 0, None, (), None, None, START + DAY), GROWER)),
        ("farm.parts_count", lambda _: (produce((), output), GROWER)),
        ("farm.input_twice", lambda _: (produce(leaf * 2, output), GROWER)),
        ("farm.amount_overflow", lambda _: (produce(leaf, (Output(number("z"), LEAF, 2**63 - 1, 0, None),) * 2), GROWER)),
        ("ledger.record_unknown", lambda _: (produce((Part(number("y"), 1),), output), GROWER)),
        ("ledger.record_unknown", lambda _: (produce(leaf, (Output(number("z"), "none", 1, 0, None),)), GROWER)),
        ("ledger.role_missing", lambda _: (SetProductClass("CN", "x", "99000001", "", "", 1), GROWER)),
        ("ledger.role_missing", lambda _: (RegisterIndication("x", "", "", "CN", BODY, (LEAF,), 0), BODY)),
        ("ledger.not_entitled", lambda _: (SetSeason(NAME, "x", 1, 2, 3, 1), STATE)),
        ("ledger.not_entitled", lambda _: (GrantLicence(NAME, TRADER, "", 0, 0), TRADER)),
        ("ledger.not_entitled", lambda _: (PassTitle(number("a"), TRADER), TRADER)),
        ("ledger.not_entitled", lambda _: (ReleaseLot(number("a")), TRADER)),
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "attempt"), refusals(), ids=lambda value: value if isinstance(value, str) else "")
def test_what_no_fact_can_be_is_refused(trial: Trial, code: str, attempt: Any) -> None:
    harvest(trial, "a")
    action, by = attempt(trial)
    trial.refuses(action, by=by, code=code)


# The story and the words


@pytest.fixture(scope="module")
def told() -> Trial:
    return Trial().tell(identity, trace, story)


@pytest.mark.story
def test_the_story_holds(told: Trial) -> None:
    told.audit()
    assert (told.get(Lot, BOX_LOT).holder, told.get(Lot, BOX_LOT).claim) == (BUYER, LIUBAO)
    assert told.get(Lot, TEA_LOT).left == 0
    assert told.get(Quota, LIUBAO, SPRING, WORKS).claimed == 200_400
    assert told.get(Plot, f"{GROWER}:CANGWU-118").square_metres == 12_000


@pytest.mark.story
def test_a_lot_captured_for_a_farmer_follows_from_its_event(told: Trial) -> None:
    late = told.get(Lot, lot_of(LATE_LEAF))
    assert (late.grams, late.breaks, late.shares) == (31_200, (), (Share(LIUBAO, SPRING, 31_200),))


@pytest.mark.story
def test_the_recall_of_the_leaf_stops_the_boxes_in_hanoi() -> None:
    trial = Trial().tell(identity, trace)
    recall = next(step for step in story.steps if "recalls it" in step.title_en)
    trial.tell(story, until=recall.title_en)
    found = refusal(trial, ReleaseLot(BOX_LOT), BUYER)
    assert (found.code, LEAF_LOT in str(found.expected)) == ("farm.cause_open", True)


def test_every_rule_status_and_refusal_has_its_words() -> None:
    rules = {*production.RULES, actions.PLOT_OF_ANOTHER, actions.OUT_OF_SEASON, actions.PLOT_NOT_ALLOTTED}
    for language in ("en", "zh"):
        words = json.loads(Path(__file__).with_name("words").joinpath(f"{language}.json").read_text())
        assert set(words["rules"]) == {*rules, lots.DIFFERS_FROM_EVENTS, events.IMPOSSIBLE_MOISTURE}
        assert {str(each) for kind in (LotStatus, AlertStatus, ClosingCode, Basis) for each in kind} <= set(
            words["statuses"]
        )
        assert all(words["refusals"].values())
