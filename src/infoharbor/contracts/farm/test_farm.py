"""The rules of farm products: random histories against a plain model, then each rule and each refusal by its name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contractkit import Action, Ledger, Refusal
from infoharbor.contracts.document.actions import IssueDocument, RevokeDocument
from infoharbor.contracts.document.records import RevocationReason
from infoharbor.contracts.farm import actions, events, lots, production
from infoharbor.contracts.farm.actions import DisposeLot, PassTitle, RecordHarvest, ReleaseLot
from infoharbor.contracts.farm.alerts import ANSWER_TIME, ClearAlert, CloseAlert
from infoharbor.contracts.farm.causes import (
    CAUSES_MAX,
    CloseCause,
    FinishRehearsal,
    OpenCause,
    Rehearsal,
    StartRehearsal,
)
from infoharbor.contracts.farm.certificates import (
    CertificateStatus,
    Certified,
    CertifyLot,
    IssueCertificate,
    RecordTest,
    SetCertificateStatus,
    SetScope,
)
from infoharbor.contracts.farm.claims import CarryOver, Claim, ClaimIndication, DeclareOpeningStock
from infoharbor.contracts.farm.demo import (
    BOX_LOT,
    BUYER,
    LATE_LEAF,
    LEAF_LOT,
    LIUBAO,
    SPRING,
    SUPERVISOR,
    TEA_LOT,
    story,
)
from infoharbor.contracts.farm.demo import lot as lot_of
from infoharbor.contracts.farm.indications import (
    AllotPlot,
    Cellar,
    GrantLicence,
    LicenceStatus,
    Quota,
    RegisterIndication,
    SetLicenceStatus,
    SetSeason,
)
from infoharbor.contracts.farm.land import Plot, RegisterPlot, SetProductClass
from infoharbor.contracts.farm.lineage import descendants, look_back
from infoharbor.contracts.farm.pledges import Basis, CollectPledge, IssuePledge, Pledge, PledgeStatus, ReissuePledge
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
from infoharbor.contracts.farm.shares import grams_of, portion
from infoharbor.contracts.identity.actions import GrantRole
from infoharbor.contracts.identity.demo import CERTIFIER_CN, COOPERATIVE, EXPORTER, IMPORTER, PROCESSOR
from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace.actions import AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.demo import story as trace
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.audit import Readable
from infoharbor.kernel.authority import CALENDAR_ACTOR
from infoharbor.kernel.ledger import Surroundings
from infoharbor.kernel.state import BlockState, Work

GROWER, WORKS, TRADER, BODY = COOPERATIVE.id, PROCESSOR.id, EXPORTER.id, CERTIFIER_CN.id
STATE = SUPERVISOR.id
DAY = 24 * 60 * 60 * 1000
NAME, EARLY, LATE = "hill-tea", "early", "late"
LEAF, TEA, OTHER = "leaf", "tea", "other"
MAKE, SPLIT, BLEND = ProductionKind.MAKE, ProductionKind.SPLIT, ProductionKind.BLEND
INSIDE, OUTSIDE, OWN = f"{GROWER}:inside", f"{GROWER}:outside", f"{GROWER}:own"


def number(name: object) -> str:
    return f"01~09521001001014~10~{name}"


def founded() -> Trial:
    """A grower and a works with licences for a name: 1,000 g and 500 g in the first season; two kilograms of leaf give
    one of tea. The first season ends in 5 days and closes in 8; the second one lasts a year."""
    trial = Trial((COOPERATIVE, PROCESSOR, EXPORTER, IMPORTER, CERTIFIER_CN, SUPERVISOR))
    for organisation, role in (
        (BODY, "certifier"), (BODY, "laboratory"), (STATE, "market-supervisor"), (BODY, "gs1-registrar"),
    ):  # fmt: skip
        trial.decide(GrantRole(organisation, role, "CN", 0, 0, ""))
    for name, square_metres in (("inside", 10_000), ("outside", 70_000), ("own", 5_000)):
        trial.act(RegisterPlot(name, "farm-1", "7PH6X6C5", square_metres, bytes(32)), by=GROWER)
    for code, most in ((LEAF, 10_000), (TEA, 5_000), (OTHER, 10_000)):
        trial.act(SetProductClass("CN", code, "99000001", code, code, most), by=BODY)
    trial.act(RegisterIndication(NAME, NAME, NAME, "CN", BODY, (LEAF, TEA), START + 3 * DAY), by=STATE)
    for licensee in (WORKS, GROWER):
        trial.act(GrantLicence(NAME, licensee, "1", 0, 0), by=BODY)
    trial.act(SetSeason(NAME, EARLY, START - 10 * DAY, START + 5 * DAY, START + 8 * DAY, 1_000), by=BODY)
    trial.act(SetSeason(NAME, LATE, START + 5 * DAY, START + 365 * DAY, START + 400 * DAY, 1_000), by=BODY)
    for season in (EARLY, LATE):
        trial.act(AllotPlot(NAME, season, INSIDE, WORKS), by=BODY)
        trial.act(AllotPlot(NAME, season, OWN, GROWER), by=BODY)
    return trial


@pytest.fixture
def trial() -> Trial:
    return founded()


def harvest(trial: Trial, name: object, grams: int = 100, *, by: str = GROWER, **fields: Any) -> str:
    stated = {
        "lot": number(name), "product": LEAF, "grams": grams, "pieces": 0, "moisture": None, "plots": (INSIDE,),
        "indication": NAME, "season": EARLY, "happened_at": START - DAY,
    } | fields  # fmt: skip
    trial.act(RecordHarvest(**stated), by=by)
    return number(name)


def make(
    trial: Trial, name: object, *inputs: tuple[str, int], grams: int, kind: ProductionKind = SPLIT, by: str = GROWER,
    moisture: int | None = None, product: str = LEAF, at: int = START - DAY // 2,
) -> str:  # fmt: skip
    output = Output(number(name), product, grams, 0, moisture)
    trial.act(RecordProduction(kind, tuple(Part(*each) for each in inputs), (output,), at), by=by)
    return number(name)


def sight(trial: Trial) -> Ledger:
    """The ledger as an invariant sees it."""
    around = Surroundings(trial.now, 0, trial.registry, trial.registry.authority, {})
    return Readable(around, Work(BlockState(trial.view), None), "farm", (CALENDAR_ACTOR,), bytes(32))


# Properties

shares = st.lists(
    st.builds(Share, st.sampled_from(("", "a", "b")), st.sampled_from(("1", "2")), st.integers(1, 10**9)), min_size=1
)


@given(shares, st.integers(1, 10**9))
def test_shares_of_a_mixture_add_up_and_no_indication_gains(mass: list[Share], grams: int) -> None:
    given_out = portion(mass, grams)
    whole = sum(each.grams for each in mass)
    assert sum(each.grams for each in given_out) == grams
    for indication in ("a", "b"):
        part = grams_of(mass, indication)
        assert grams_of(given_out, indication) == grams * part // whole
        assert (grams_of(given_out, indication) == grams) == (part == whole)


class Trade(RuleBasedStateMachine):
    """Three organisations record what they like and ask for what they may; a model of plain numbers says what must be
    marked and refused, and finds a lot's past by walking all of it."""

    people = st.sampled_from((GROWER, WORKS, TRADER))
    amounts = st.sampled_from((1, 40, 99, 100, 300))

    @initialize()
    def found(self) -> None:
        self.trial = founded()
        self.lots: dict[str, dict[str, Any]] = {}
        self.room = {(season, who): most for season in (EARLY, LATE) for who, most in ((WORKS, 1_000), (GROWER, 500))}
        self.room |= {("", WORKS): 0, ("", GROWER): 0}
        self.made = 0

    def attempt(self, action: Action, by: Any, allowed: bool) -> bool:
        if allowed:
            self.trial.act(action, by=by)
        else:
            with pytest.raises(Refusal):
                self.trial.act(action, by=by)
        return allowed

    def fresh(self) -> str:
        self.made += 1
        return number(self.made)

    def choose(self, data: st.DataObject) -> str:
        return str(data.draw(st.sampled_from(sorted(self.lots)), label="lot"))

    def past(self, lot: str) -> set[str]:
        found, fresh = set(), {lot}
        while fresh:
            found |= fresh
            fresh = {parent for each in fresh for parent in self.lots[each]["parents"]} - found
        return found

    def stopped(self, lot: str) -> bool:
        return any(self.lots[each]["causes"] for each in self.past(lot))

    def tainted(self, lot: str) -> bool:
        return any(self.lots[each]["broke"] for each in self.past(lot))

    def clean(self, lot: str) -> bool:
        return not (self.lots[lot]["disposed"] or self.stopped(lot) or self.tainted(lot))

    def add(self, lot: str, by: str, grams: int, **fields: Any) -> None:
        self.lots[lot] = {
            "holder": by, "producer": by, "grams": grams, "used": 0, "parents": set(), "causes": set(), "broke": False,
            "claim": False, "pure": False, "disposed": 0, "status": LotStatus.MADE, "uses": [],
        } | fields  # fmt: skip

    @rule(by=people, grams=amounts, plots=st.sampled_from(((), (INSIDE,), (OUTSIDE,), (OWN, INSIDE))),
          season=st.sampled_from((EARLY, LATE)), moisture=st.sampled_from((None, 0, 5_000)))  # fmt: skip
    def harvest(self, by: str, grams: int, plots: tuple[str, ...], season: str, moisture: int | None) -> None:
        lot, at = self.fresh(), self.trial.now
        self.trial.act(RecordHarvest(lot, LEAF, grams, 0, moisture, plots, NAME, season, at), by=by)
        inside = (at < START + 5 * DAY) == (season == EARLY)
        broke = (bool(plots) and by != GROWER) or not inside or OUTSIDE in plots
        self.add(lot, by, grams, broke=broke, pure=bool(plots) and not broke, happened=at, moisture=moisture)

    @rule(grams=amounts, plot=st.sampled_from((INSIDE, OWN)))
    def harvest_soundly(self, grams: int, plot: str) -> None:
        early = self.trial.now + 1 < START + 5 * DAY
        self.harvest(by=GROWER, grams=grams, plots=(plot,), season=EARLY if early else LATE, moisture=None)

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=people, kind=st.sampled_from((MAKE, BLEND, SPLIT)), parts=st.integers(1, 3), late=st.booleans(),
          grams=st.lists(st.integers(1, 200), min_size=1, max_size=2), moisture=st.sampled_from((None, 0, 5_000)))  # fmt: skip
    def produce(
        self, data: st.DataObject, by: str, kind: ProductionKind, parts: int, late: bool, grams: list[int],
        moisture: int | None,
    ) -> None:  # fmt: skip
        inputs = sorted({self.choose(data) for _ in range(parts)})
        taken = {each: data.draw(st.sampled_from((20, 100, self.lots[each]["grams"]))) for each in inputs}
        self.record(by, kind, taken, grams, moisture, self.trial.now - (DAY if late else 0))

    @precondition(lambda self: any(self.sound(key) for key in self.lots))
    @rule(data=st.data(), parts=st.integers(1, 2), half=st.booleans())
    def produce_soundly(self, data: st.DataObject, parts: int, half: bool) -> None:
        """What an honest holder records."""
        first = data.draw(st.sampled_from(sorted(filter(self.sound, self.lots))))
        by = self.lots[first]["holder"]
        fitting = sorted(key for key in self.lots if self.sound(key) and self.lots[key]["holder"] == by)
        inputs = {first, *data.draw(st.lists(st.sampled_from(fitting), max_size=parts - 1))}
        left = {each: self.lots[each]["grams"] - self.lots[each]["used"] for each in sorted(inputs)}
        taken = {each: max(1, grams // 2) if half else grams for each, grams in left.items()}
        self.record(by, BLEND, taken, [sum(taken.values())], None, self.trial.now)

    def sound(self, key: str) -> bool:
        return self.clean(key) and self.lots[key]["used"] < self.lots[key]["grams"]

    def record(
        self, by: str, kind: ProductionKind, taken: dict[str, int], grams: list[int], moisture: int | None, at: int
    ) -> None:
        inputs = sorted(taken)
        outputs = [self.fresh() for _ in grams]
        product = TEA if kind is MAKE else LEAF
        listed = tuple(Output(lot, product, each, 0, moisture) for lot, each in zip(outputs, grams, strict=True))
        self.trial.act(RecordProduction(kind, tuple(Part(each, taken[each]) for each in inputs), listed, at), by=by)
        sources = [self.lots[each] | {"taken": taken[each], "lot": each} for each in inputs]
        counted = [each for each in sources if each["holder"] == by and each["taken"] <= each["grams"] - each["used"]]
        room = sum(each["taken"] for each in counted)
        dry = all(each["moisture"] is not None for each in counted) and moisture is not None and (
            sum(grams) * (10_000 - moisture) > sum(each["taken"] * (10_000 - each["moisture"]) for each in counted)
        )  # fmt: skip
        broke = (
            len(counted) < len(sources) or sum(grams) * (2 if kind is MAKE else 1) > room or dry
            or any(0 < each["disposed"] <= at or at < each["happened"] for each in sources)
        )  # fmt: skip
        grew = sum(grams) > sum(taken.values())
        claim = all(each["claim"] for each in sources) and not broke and not grew
        pure = all(each["pure"] for each in sources)
        for lot, each in zip(outputs, grams, strict=True):
            about = {"parents": set(inputs), "broke": broke, "pure": pure, "claim": claim, "happened": at}
            self.add(lot, by, each, moisture=moisture, **about)
        for each in sources:
            self.lots[each["lot"]]["uses"] += [(at, lot) for lot in outputs]
        for each in counted:
            self.lots[each["lot"]]["used"] += each["taken"]

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=people)
    def claim(self, data: st.DataObject, by: str) -> None:
        self.ask_for_the_name(self.choose(data), by)

    @precondition(lambda self: any(lot["pure"] and not lot["used"] for lot in self.lots.values()))
    @rule(data=st.data())
    def claim_own(self, data: st.DataObject) -> None:
        key = data.draw(
            st.sampled_from([key for key, lot in sorted(self.lots.items()) if lot["pure"] and not lot["used"]])
        )
        self.ask_for_the_name(key, self.lots[key]["producer"])

    def ask_for_the_name(self, key: str, by: str) -> None:
        lot = self.lots[key]
        allowed = by == lot["producer"] == lot["holder"] and by != TRADER and lot["pure"] and self.clean(key)
        allowed = allowed and not lot["claim"] and not lot["used"]
        wanted: dict[str, int] = {}
        for share in self.trial.get(Lot, key).shares:
            closes = {EARLY: START + 8 * DAY, LATE: START + 400 * DAY}.get(share.season, 0)
            season = share.season if self.trial.now + 1 < closes else ""
            wanted[season] = wanted.get(season, 0) + share.grams
        enough = all(grams <= self.room.get((season, by), 0) for season, grams in wanted.items())
        if self.attempt(ClaimIndication(key, NAME), by, bool(allowed and enough)):
            lot["claim"] = True
            for season, grams in wanted.items():
                self.room[season, by] -= grams

    @rule(
        by=st.sampled_from((WORKS, GROWER)), grams=amounts, season=st.sampled_from((EARLY, LATE)), managed=st.booleans()
    )
    def carry_over(self, by: str, grams: int, season: str, managed: bool) -> None:
        allowed = managed and grams <= self.room[season, by]
        if self.attempt(CarryOver(NAME, season, grams), (by, BODY) if managed else by, allowed):
            self.room[season, by] -= grams
            self.room["", by] += grams

    @rule(by=st.sampled_from((WORKS, GROWER, TRADER)), grams=amounts)
    def declare_opening(self, by: str, grams: int) -> None:
        lot, at = self.fresh(), START - 1_000 * DAY
        allowed = by != TRADER and self.trial.now + 1 < START + 3 * DAY
        if self.attempt(DeclareOpeningStock(lot, NAME, TEA, grams, None, at), (by, BODY), allowed):
            self.room["", by] += grams
            self.add(lot, by, grams, pure=True, happened=at, moisture=None)

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=people, to=people, own=st.booleans())
    def pass_title(self, data: st.DataObject, by: str, to: str, own: bool) -> None:
        key = self.choose(data)
        lot = self.lots[key]
        by = lot["holder"] if own else by
        if self.attempt(PassTitle(key, to), by, by == lot["holder"] and self.sound(key)):
            lot["holder"] = to

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=people, own=st.booleans())
    def release(self, data: st.DataObject, by: str, own: bool) -> None:
        key = self.choose(data)
        by = self.lots[key]["holder"] if own else by
        self.attempt(ReleaseLot(key), by, by == self.lots[key]["holder"] and self.clean(key))

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=st.sampled_from((GROWER, WORKS, STATE)), back=st.sampled_from((0, DAY // 2)))
    def dispose(self, data: st.DataObject, by: str, back: int) -> None:
        key, at = self.choose(data), self.trial.now - back
        lot = self.lots[key]
        if self.attempt(DisposeLot(key, at), by, not lot["disposed"] and by in (lot["holder"], STATE)):
            lot["disposed"] = at
            for when, output in lot["uses"]:
                if when >= at:
                    self.lots[output]["broke"] = True

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), by=st.sampled_from((GROWER, WORKS, BODY, STATE)))
    def stop(self, data: st.DataObject, by: str) -> None:
        key = self.choose(data)
        lot = self.lots[key]
        self.made += 1
        allowed = by in (lot["holder"], lot["producer"], BODY, STATE) and len(lot["causes"]) < 3
        if allowed:
            self.attempt(OpenCause(f"c{self.made}", key, CauseKind.RECALL, "doubt", None), by, True)
            lot["causes"].add(f"{by}:c{self.made}")

    @precondition(lambda self: any(lot["causes"] for lot in self.lots.values()))
    @rule(data=st.data(), by=st.sampled_from((GROWER, WORKS, BODY, STATE)))
    def end(self, data: st.DataObject, by: str) -> None:
        open_ones = sorted((cause, key) for key, lot in self.lots.items() for cause in lot["causes"])
        cause, key = data.draw(st.sampled_from(open_ones))
        if self.attempt(CloseCause(key, cause, "done"), by, by in (STATE, cause.partition(":")[0])):
            self.lots[key]["causes"].remove(cause)

    @precondition(lambda self: any(lot["broke"] for lot in self.lots.values()))
    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, lot in self.lots.items() if lot["broke"])))
        for broken in self.trial.get(Lot, key).breaks:
            # Its owner cannot strike off what it has to answer for.
            self.trial.refuses(ClearAlert(key, broken), by=WORKS, code="ledger.not_entitled")
            self.trial.act(ClearAlert(key, broken), by=STATE)
        self.lots[key]["broke"] = False

    @rule(days=st.integers(1, 4))
    def jump(self, days: int) -> None:
        self.trial.advance(days * DAY)

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not hasattr(self, "trial"):
            return
        self.trial.audit()
        ledger = sight(self.trial)
        below: dict[str, set[str]] = {key: set() for key in self.lots}
        for key, lot in self.lots.items():
            found, past = self.trial.get(Lot, key), look_back(ledger, key)
            kept = (found.holder, found.used, bool(found.breaks), found.claim == NAME, found.disposed_at)
            assert kept == (lot["holder"], lot["used"], lot["broke"], lot["claim"], lot["disposed"]), key
            assert (bool(past.causes), bool(past.breaks)) == (self.stopped(key), self.tainted(key))
            assert (grams_of(found.shares, NAME) == found.grams) == lot["pure"]
            for each in self.past(key):
                below[each].add(key)
        for key, reached in below.items():
            assert set(descendants(ledger, key).lots) == reached


TestTrade = Trade.TestCase
TestTrade.settings = settings(max_examples=5, stateful_step_count=100, deadline=None)


# Facts are recorded


def breaks(trial: Trial, name: object) -> tuple[str, ...]:
    return trial.get(Lot, number(name)).breaks


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


# Entitlements are refused: the name


def refusal(trial: Trial, action: Action, by: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        trial.act(action, by=by)
    return caught.value


def test_a_claim_beyond_the_quota_is_refused_and_names_what_remains(trial: Trial) -> None:
    trial.act(ClaimIndication(harvest(trial, "a", 400), NAME), by=GROWER)
    found = refusal(trial, ClaimIndication(harvest(trial, "b", 101), NAME), GROWER)
    assert (found.code, found.field, found.expected) == ("farm.quota_exceeded", "lot", "at most 0.100 kg")
    trial.act(ClaimIndication(harvest(trial, "c", 100), NAME), by=GROWER)
    assert trial.get(Quota, NAME, EARLY, GROWER).claimed == 500


def test_a_name_is_carried_on_only_if_all_inputs_carry_it(trial: Trial) -> None:
    named, bare = harvest(trial, "a"), harvest(trial, "b")
    trial.act(ClaimIndication(named, NAME), by=GROWER)
    make(trial, "alone", (named, 40), grams=40)
    make(trial, "mixed", (named, 30), (bare, 1), grams=31, kind=BLEND)
    make(trial, "other", (named, 10), grams=10, product=OTHER)
    make(trial, "more", (named, 10), grams=11)
    make(trial, "too-early", (named, 10), grams=10, at=START - 2 * DAY)
    carried = {name: trial.get(Lot, number(name)).claim for name in ("alone", "mixed", "other", "more", "too-early")}
    assert carried == {"alone": NAME} | dict.fromkeys(("mixed", "other", "more", "too-early"))
    assert trial.get(Quota, NAME, EARLY, GROWER).claimed == 100


def test_a_mixture_keeps_its_shares_and_is_refused_the_name(trial: Trial) -> None:
    inside, outside = harvest(trial, "a", 90), harvest(trial, "b", 10, plots=(), indication=None, season=None)
    blend = make(trial, "blend", (inside, 90), (outside, 10), grams=50, kind=BLEND)
    assert trial.get(Lot, blend).shares == (Share("", "", 5), Share(NAME, EARLY, 45))
    found = refusal(trial, ClaimIndication(blend, NAME), GROWER)
    assert (found.code, found.expected) == ("farm.mixed", "all of it, not 0.045 kg")


def test_a_name_is_bound_at_production_by_the_licensee(trial: Trial) -> None:
    begun, sold, strange = harvest(trial, "a"), harvest(trial, "b"), harvest(trial, "c", by=TRADER, plots=())
    make(trial, "part", (begun, 1), grams=1)
    trial.act(PassTitle(sold, WORKS), by=GROWER)
    other = harvest(trial, "d", product=OTHER)
    for lot, by, code in (
        (begun, GROWER, "farm.bound_late"), (sold, WORKS, "ledger.not_entitled"), (sold, GROWER, "farm.not_holder"),
        (strange, TRADER, "farm.not_licensed"), (other, GROWER, "farm.class_outside"),
    ):  # fmt: skip
        trial.refuses(ClaimIndication(lot, NAME), by=by, code=code)
    claimed = harvest(trial, "e")
    trial.act(ClaimIndication(claimed, NAME), by=GROWER)
    trial.refuses(ClaimIndication(claimed, NAME), by=GROWER, code="farm.claimed", field="lot")


def test_a_suspended_licence_claims_nothing_and_a_withdrawn_one_stays_so(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.SUSPENDED), by=BODY)
    trial.refuses(ClaimIndication(lot, NAME), by=GROWER, code="farm.not_licensed")
    trial.refuses(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=GROWER, code="ledger.not_entitled")
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=BODY)
    trial.act(ClaimIndication(lot, NAME), by=GROWER)
    trial.act(SetLicenceStatus(NAME, GROWER, LicenceStatus.WITHDRAWN), by=BODY)
    trial.refuses(SetLicenceStatus(NAME, GROWER, LicenceStatus.GRANTED), by=BODY, code="ledger.move_undeclared")


def test_goods_of_a_closed_season_draw_on_what_was_carried_over(trial: Trial) -> None:
    lot = harvest(trial, "a", 60)
    trial.refuses(CarryOver(NAME, EARLY, 50), by=GROWER, code="ledger.not_entitled")
    trial.refuses(CarryOver(NAME, EARLY, 501), by=(GROWER, BODY), code="farm.quota_exceeded", field="grams")
    trial.act(CarryOver(NAME, EARLY, 50), by=(GROWER, BODY))
    trial.advance(9 * DAY)
    trial.refuses(ClaimIndication(lot, NAME), by=GROWER, code="farm.quota_exceeded", field="lot")
    trial.act(CarryOver(NAME, EARLY, 450), by=(GROWER, BODY))
    trial.refuses(CarryOver(NAME, EARLY, 1), by=(GROWER, BODY), code="farm.quota_exceeded")
    trial.act(ClaimIndication(lot, NAME), by=GROWER)
    assert trial.get(Cellar, NAME, GROWER).remaining == 440
    assert trial.get(Claim, lot).draws[0].season == ""


def test_stock_from_before_is_declared_with_the_manager_in_time(trial: Trial) -> None:
    declare = DeclareOpeningStock(number("old"), NAME, TEA, 700, None, START - 2_000 * DAY)
    trial.refuses(declare, by=WORKS, code="ledger.not_entitled")
    trial.refuses(declare, by=(TRADER, BODY), code="farm.not_licensed")
    trial.act(declare, by=(WORKS, BODY))
    trial.act(ClaimIndication(number("old"), NAME), by=WORKS)
    trial.advance(3 * DAY)
    late = DeclareOpeningStock(number("late"), NAME, TEA, 700, None, START - 2_000 * DAY)
    trial.refuses(late, by=(WORKS, BODY), code="farm.opening_closed")


def test_a_plot_counts_once_in_a_season_and_only_while_it_is_open(trial: Trial) -> None:
    trial.refuses(AllotPlot(NAME, EARLY, INSIDE, GROWER), by=BODY, code="ledger.record_known")
    trial.refuses(AllotPlot(NAME, EARLY, OUTSIDE, GROWER), by=GROWER, code="ledger.not_entitled")
    trial.act(RegisterPlot("p", "f", "7PH6", 10, bytes(32)), by=IMPORTER.id)
    trial.refuses(AllotPlot(NAME, EARLY, f"{IMPORTER.id}:p", GROWER), by=BODY, code="farm.plot_abroad")
    trial.advance(9 * DAY)
    trial.refuses(AllotPlot(NAME, EARLY, OUTSIDE, GROWER), by=BODY, code="farm.season_closed")


# Entitlements are refused: what is stopped


def test_a_recall_is_one_record_and_reaches_what_is_made_later_too(trial: Trial) -> None:
    lots = [harvest(trial, 0)]
    for each in range(1, 6):
        lots.append(make(trial, each, (lots[-1], 100), grams=100, at=START))
    receipt = trial.act(OpenCause("1", lots[0], CauseKind.RECALL, "doubt", None), by=BODY)
    assert len(receipt.writes) == 1
    later = make(trial, "later", (lots[-1], 100), grams=100, at=START)
    for lot in (*lots[1:], later):
        assert refusal(trial, ReleaseLot(lot), GROWER).code == "farm.cause_open"
        trial.refuses(PassTitle(lot, WORKS), by=GROWER, code="farm.cause_open" if lot == later else "farm.nothing_left")
    trial.act(CloseCause(lots[0], f"{BODY}:1", "unfounded"), by=BODY)
    trial.act(ReleaseLot(later), by=GROWER)


def test_a_held_lot_is_refused_everything_that_would_follow(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.act(IssueCertificate("1", GROWER, "CN", "organic", (LEAF,), None, 0, 0), by=BODY)
    trial.act(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    for action in (
        ReleaseLot(lot), PassTitle(lot, WORKS), ClaimIndication(lot, NAME), CertifyLot(lot, f"{BODY}:1"),
        IssuePledge("1", lot, WORKS, 1, Basis.OWN_TEST),
    ):  # fmt: skip
        trial.refuses(action, by=GROWER, code="farm.cause_open", field="lot")
    make(trial, "fact", (lot, 10), grams=10)


def test_each_of_two_causes_holds_by_itself(trial: Trial) -> None:
    lot = harvest(trial, "a")
    for name in ("1", "2"):
        trial.act(OpenCause(name, lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    trial.act(CloseCause(lot, f"{GROWER}:1", "done"), by=GROWER)
    trial.refuses(ReleaseLot(lot), by=GROWER, code="farm.cause_open")
    trial.refuses(CloseCause(lot, f"{GROWER}:1", "done"), by=GROWER, code="ledger.move_undeclared")


def test_a_holder_cannot_close_what_a_certifier_opened(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.refuses(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=TRADER, code="ledger.role_missing")
    trial.act(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=BODY)
    trial.refuses(CloseCause(lot, f"{BODY}:1", "done"), by=GROWER, code="ledger.not_entitled")
    trial.act(CloseCause(lot, f"{BODY}:1", "done"), by=STATE)


def test_a_lot_has_a_bounded_number_of_open_causes(trial: Trial) -> None:
    lot = harvest(trial, "a")
    for each in range(CAUSES_MAX):
        trial.act(OpenCause(str(each), lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    trial.refuses(OpenCause("x", lot, CauseKind.HOLD, "doubt", None), by=GROWER, code="farm.causes_count")


def test_too_long_a_past_counts_as_stopped(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    lineage = trial.registry.contracts["farm"].modules["lineage"]
    monkeypatch.setattr(lineage, "ANCESTORS_MAX", 2)
    monkeypatch.setattr(lineage, "DESCENDANTS_MAX", 2)
    first = harvest(trial, 0)
    second = make(trial, 1, (first, 100), grams=100)
    third = make(trial, 2, (second, 100), grams=100)
    trial.act(ReleaseLot(second), by=GROWER)
    trial.refuses(ReleaseLot(third), by=GROWER, code="farm.past_too_long")
    trial.act(StartRehearsal("1", first), by=GROWER)
    trial.refuses(FinishRehearsal(f"{GROWER}:1", ()), by=GROWER, code="farm.reach_too_long")


def test_what_was_disposed_of_is_refused_everything(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.refuses(DisposeLot(lot, 0), by=GROWER, code="farm.disposal_time")
    trial.refuses(DisposeLot(lot, START), by=WORKS, code="ledger.not_entitled")
    trial.act(DisposeLot(lot, START), by=GROWER)
    trial.refuses(PassTitle(lot, WORKS), by=GROWER, code="farm.disposed")
    for action in (ReleaseLot(lot), DisposeLot(lot, START)):
        trial.refuses(action, by=GROWER, code="ledger.move_undeclared")
    assert trial.get(Lot, lot).status == LotStatus.DISPOSED


def test_a_mock_recall_counts_what_was_found_and_takes_its_time(trial: Trial) -> None:
    first = harvest(trial, "a")
    second = make(trial, "b", (first, 50), grams=50)
    make(trial, "c", (second, 50), grams=50)
    trial.refuses(StartRehearsal("1", first), by=TRADER, code="ledger.not_entitled")
    trial.act(StartRehearsal("1", first), by=GROWER)
    trial.advance(2 * 60 * 60 * 1000)
    trial.refuses(FinishRehearsal(f"{GROWER}:1", ()), by=WORKS, code="ledger.not_entitled")
    trial.act(FinishRehearsal(f"{GROWER}:1", (first, second, number("stray"))), by=GROWER)
    done = trial.get(Rehearsal, f"{GROWER}:1")
    assert (done.reached, done.named, done.named_in_vain) == (3, 2, 1)
    assert done.took_ms == done.finished_at - done.started_at >= 2 * 60 * 60 * 1000
    trial.act(ReleaseLot(first), by=GROWER)


# Entitlements are refused: papers


def test_a_certificate_is_refused_to_a_body_not_accredited_or_out_of_scope(trial: Trial) -> None:
    def issue(number: str, *classes: str, until: int = 0) -> IssueCertificate:
        return IssueCertificate(number, GROWER, "CN", "organic", classes, None, 0, until)

    trial.refuses(issue("1", LEAF), by=TRADER, code="farm.body_not_accredited", field="jurisdiction")
    trial.refuses(issue("1", LEAF), by=BODY, code="farm.out_of_scope", field="classes")
    trial.refuses(SetScope(BODY, "CN", "organic", (LEAF,)), by=BODY, code="ledger.role_missing")
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.refuses(issue("1", LEAF, TEA), by=BODY, code="farm.out_of_scope")
    trial.refuses(issue("1"), by=BODY, code="farm.classes_count")
    trial.act(issue("1", LEAF), by=BODY)
    trial.refuses(SetScope(BODY, "CN", "organic", (LEAF,) * 51), by=STATE, code="farm.classes_count")


def test_a_lot_goes_only_under_a_certificate_in_force_that_covers_it(trial: Trial) -> None:
    lot, tea = harvest(trial, "a"), harvest(trial, "b", product=TEA)
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.act(IssueCertificate("1", GROWER, "CN", "organic", (LEAF,), None, 0, START + 2 * DAY), by=BODY)
    paper = f"{BODY}:1"
    trial.refuses(CertifyLot(tea, paper), by=GROWER, code="farm.certificate_elsewhere")
    trial.act(SetCertificateStatus(paper, CertificateStatus.SUSPENDED), by=BODY)
    trial.refuses(CertifyLot(lot, paper), by=GROWER, code="farm.certificate_not_in_force")
    trial.refuses(SetCertificateStatus(paper, CertificateStatus.VALID), by=GROWER, code="ledger.not_entitled")
    trial.act(SetCertificateStatus(paper, CertificateStatus.VALID), by=BODY)
    trial.act(CertifyLot(lot, paper), by=GROWER)
    trial.advance(2 * DAY)
    trial.refuses(CertifyLot(harvest(trial, "c"), paper), by=GROWER, code="farm.certificate_not_in_force")
    assert trial.get(Certified, lot, paper).holder == GROWER


def test_a_failed_test_holds_the_lot_at_once(trial: Trial) -> None:
    lot = harvest(trial, "a")
    issue = IssueDocument("r1", "test-report", GROWER, (), bytes(32), 1, "application/pdf", START - DAY, 0)
    trial.act(issue, by=BODY)
    report = f"{BODY}:r1"
    trial.refuses(RecordTest(lot, report, True), by=GROWER, code="ledger.role_missing")
    trial.act(RecordTest(lot, report, False), by=BODY)
    trial.refuses(ReleaseLot(lot), by=GROWER, code="farm.cause_open")
    trial.act(RevokeDocument(report, RevocationReason.ISSUED_IN_ERROR), by=BODY)
    trial.refuses(RecordTest(harvest(trial, "b"), report, True), by=BODY, code="farm.report_not_valid")


def test_pledges_stay_within_their_lot_from_hand_to_hand(trial: Trial) -> None:
    lot = harvest(trial, "a", 100)
    trial.refuses(IssuePledge("0", lot, WORKS, 1, Basis.OWN_TEST), by=WORKS, code="ledger.not_entitled")
    trial.act(IssuePledge("1", lot, WORKS, 60, Basis.OWN_TEST), by=GROWER)
    trial.refuses(IssuePledge("2", lot, WORKS, 41, Basis.OWN_TEST), by=GROWER, code="farm.pledged_beyond_lot")
    again = ReissuePledge("1", f"{GROWER}:1", TRADER, 30)
    trial.refuses(again, by=WORKS, code="farm.not_collected")
    trial.refuses(CollectPledge(f"{GROWER}:1"), by=TRADER, code="ledger.not_entitled")
    trial.act(CollectPledge(f"{GROWER}:1"), by=WORKS)
    trial.act(again, by=WORKS)
    trial.refuses(ReissuePledge("2", f"{GROWER}:1", TRADER, 31), by=WORKS, code="farm.pledged_beyond_lot")
    first = trial.get(Pledge, f"{GROWER}:1")
    assert (first.status, first.reissued) == (PledgeStatus.COLLECTED, 30)
    assert trial.get(Pledge, f"{WORKS}:1").reissued_from == first.id
    trial.audit()


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
    trial.refuses(record, by=GROWER, code="ledger.record_known")


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
