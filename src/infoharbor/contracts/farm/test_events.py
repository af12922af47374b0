"""Lots and the events that tell of them: what follows from an event is what would have been recorded by hand."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.conftest import (
    DAY,
    EARLY,
    GROWER,
    GTIN,
    INSIDE,
    LEAF,
    NAME,
    TEA,
    WORKS,
    derive,
    described,
    event,
    harvest,
    number,
    some,
    tea,
    transformed,
)
from infoharbor.contracts.farm.derived import DeriveLots
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import Lot, Part, Production, ProductionKind
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.contracts.trace.records import ErrorDeclaration
from infoharbor.contracts.trace.rules import WITHHELD
from infoharbor.engine.trial import START, Trial


@pytest.fixture
def trial() -> Trial:
    return described()


def without_identity(lot: Lot) -> Lot:
    """A lot but for what two equal histories give differently."""
    return lot.replace(production=None, recorded_at=0)


@settings(max_examples=15, deadline=None)
@given(
    leaf=st.integers(1, 10**9), taken=st.integers(1, 10**9), made=st.integers(1, 10**9),
    unit=st.sampled_from((("KGM", -3), ("GRM", 0), ("TNE", -6))), more=st.booleans(),
)  # fmt: skip
def test_what_follows_from_events_is_what_would_be_recorded_by_hand(
    leaf: int, taken: int, made: int, unit: tuple[str, int], more: bool
) -> None:
    by_events, by_hand = described(), described()
    derive(by_events, event("ab", quantities=(some(number("a"), leaf, *unit),)), INSIDE)
    outputs = [tea("t"), tea("u")] if more else [tea("t")]
    amounts = [some(each, made, *unit) for each in outputs]
    derive(by_events, transformed("cd", [some(number("a"), taken, *unit)], amounts))
    by_hand.act(RecordHarvest(number("a"), LEAF, leaf, 0, None, (INSIDE,), NAME, EARLY, START - DAY), by=GROWER)
    listed = tuple(Output(each, TEA, made, 0, None) for each in outputs)
    by_hand.act(RecordProduction(ProductionKind.MAKE, (Part(number("a"), taken),), listed, START), by=GROWER)
    for lot in (number("a"), *outputs):
        assert without_identity(by_events.get(Lot, lot)) == without_identity(by_hand.get(Lot, lot))
    by_events.audit()


def test_pieces_weigh_what_their_product_says(trial: Trial) -> None:
    derive(trial, event("ab", quantities=(some(number("a"), 3, "", 0),)))
    found = trial.get(Lot, number("a"))
    assert (found.grams, found.pieces) == (1_500, 3)


@pytest.mark.parametrize(
    ("inputs", "outputs", "kind"),
    [
        (("a",), ("x",), ProductionKind.REPACK),
        (("a",), ("x", "y"), ProductionKind.SPLIT),
        (("a", "b"), ("x",), ProductionKind.BLEND),
    ],
)
def test_goods_of_one_class_are_repacked_split_or_blended(
    trial: Trial, inputs: tuple[str, ...], outputs: tuple[str, ...], kind: ProductionKind
) -> None:
    for name in inputs:
        harvest(trial, name)
    taken = [some(number(each), 10) for each in inputs]
    derive(trial, transformed("ab", taken, [some(number(each), 5) for each in outputs]))
    production = trial.get(Lot, number("x")).production
    assert production is not None
    assert trial.get(Production, production).kind == kind


def test_an_input_that_the_events_do_not_name_is_marked(trial: Trial) -> None:
    told, hidden = harvest(trial, "a"), harvest(trial, "b")
    trial.act(CaptureEvents((transformed("ab", [some(told, 10)], [some(number("x"), 20)]),)), by=GROWER)
    both = (Part(told, 10), Part(hidden, 10))
    trial.act(RecordProduction(ProductionKind.BLEND, both, (Output(number("x"), LEAF, 20, 0, None),), START), by=GROWER)
    assert trial.get(Lot, number("x")).breaks == ("other_inputs_in_events",)


@pytest.mark.parametrize("fields", [{"captured": WORKS}, {"withheld": True}])
def test_anothers_event_and_one_that_withholds_inputs_mark_nothing(trial: Trial, fields: dict[str, Any]) -> None:
    lot = harvest(trial, "a")
    inputs = [some(WITHHELD if fields.get("withheld") else number("other"), 10)]
    told = transformed("ab", inputs, [some(number("x"), 10)])
    trial.act(CaptureEvents((told,)), by=fields.get("captured", GROWER))
    output = (Output(number("x"), LEAF, 10, 0, None),)
    trial.act(RecordProduction(ProductionKind.SPLIT, (Part(lot, 10),), output, START), by=GROWER)
    assert trial.get(Lot, number("x")).breaks == ()


def test_no_lot_follows_from_an_event_that_makes_none(trial: Trial) -> None:
    unknown = "01~09521001001038~10~a"
    for digest, fields, code in (
        ("a1", {"action": "OBSERVE", "quantities": (some(number("a"), 1),)}, "farm.event_makes_nothing"),
        ("a2", {"quantities": (some(f"01~{GTIN}", 1),)}, "farm.event_makes_nothing"),
        ("a3", {"quantities": (some(number("a"), 1, "LTR"),)}, "farm.event_amount"),
        ("a4", {"quantities": (some(number("a"), None),)}, "farm.event_amount"),
        ("a5", {"quantities": (some(tea("a"), 1, ""),)}, "farm.event_amount"),
        ("a6", {"quantities": (some(unknown, 1),)}, "farm.product_unknown"),
    ):  # fmt: skip
        captured = event(digest, **fields)
        trial.act(CaptureEvents((captured,)), by=GROWER)
        trial.refuses(DeriveLots(captured.digest, (), None, None), by=GROWER, code=code, field="event")
        trial.refuses(DeriveLots(captured.digest, (), None, None), by=WORKS, code="ledger.record_unknown")


def test_no_lot_follows_from_an_event_that_was_taken_back(trial: Trial) -> None:
    captured = event("ab", quantities=(some(number("a"), 1),))
    declared = msgspec.structs.replace(captured, error_declaration=ErrorDeclaration(START, "", ()))
    trial.act(CaptureEvents((captured,)), by=GROWER)
    trial.act(CaptureEvents((declared,)), by=GROWER)
    trial.refuses(DeriveLots(captured.digest, (), None, None), by=GROWER, code="farm.event_in_error", field="event")
