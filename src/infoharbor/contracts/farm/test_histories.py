"""Whatever members record and ask for in whatever order, a model of plain numbers agrees with what is marked and refused."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contractkit import Action, Refusal
from infoharbor.contracts.farm.actions import DisposeLot, PassTitle, RecordHarvest, ReleaseLot
from infoharbor.contracts.farm.alerts import ClearAlert
from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.contracts.farm.claims import CarryOver, ClaimIndication, DeclareOpeningStock
from infoharbor.contracts.farm.conftest import (
    BLEND,
    BODY,
    DAY,
    EARLY,
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
    founded,
    number,
    sight,
)
from infoharbor.contracts.farm.lineage import descendants, look_back
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import CauseKind, Lot, LotStatus, Part, ProductionKind
from infoharbor.contracts.farm.shares import grams_of
from infoharbor.engine.trial import START


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
