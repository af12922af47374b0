"""Lots and the events that tell of them: what follows from an event is what would have been recorded by hand."""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.cells import DIGITS, UNITS_PER_DEGREE, square_of
from infoharbor.contracts.farm.derived import DeriveLots
from infoharbor.contracts.farm.events import IMPOSSIBLE_MOISTURE, PER_CENT, WATER
from infoharbor.contracts.farm.land import DescribeProduct, RegisterPlot, RegisterSite, Site
from infoharbor.contracts.farm.production import ABOVE_DRY_MATTER, Output, RecordProduction
from infoharbor.contracts.farm.records import Alert, Lot, Part, Production, ProductionKind
from infoharbor.contracts.farm.test_farm import (
    BODY,
    DAY,
    EARLY,
    GROWER,
    INSIDE,
    LEAF,
    NAME,
    TEA,
    WORKS,
    founded,
    harvest,
    number,
)
from infoharbor.contracts.trace.actions import AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.records import CapturedEvent, ErrorDeclaration, Quantity
from infoharbor.contracts.trace.rules import WITHHELD, object_id, uri_of
from infoharbor.engine.trial import START, Trial

GTIN, TEA_GTIN = "09521001001014", "09521001001021"


@pytest.fixture
def trial() -> Trial:
    return described()


def described() -> Trial:
    trial = founded()
    trial.act(DescribeProduct(GTIN, LEAF, 500), by=GROWER)
    trial.act(DescribeProduct(TEA_GTIN, TEA, 0), by=GROWER)
    return trial


def tea(name: str) -> str:
    return f"01~{TEA_GTIN}~10~{name}"


def some(lot: str, mantissa: int | None, uom: str = "KGM", exponent: int = -3) -> Quantity:
    return Quantity(lot if lot == WITHHELD else uri_of(lot), mantissa, exponent, uom)


def event(digest: str, **fields: Any) -> CapturedEvent:
    """A commissioning, unless the fields say otherwise."""
    empty: dict[str, Any] = {field.name: () for field in msgspec.structs.fields(CapturedEvent)}
    empty |= dict.fromkeys(
        ("event_hash", "disposition", "read_point", "biz_location", "parent_id", "transformation_id", "sensors", "ilmd",
         "extensions"), "",
    )  # fmt: skip
    stated = {
        "digest": digest * 20, "event_id": digest, "type": "ObjectEvent", "action": "ADD", "event_time": START - DAY,
        "event_time_zone_offset": "+08:00", "biz_step": "commissioning", "epcs": None, "error_declaration": None,
        "has_private": False, "commitment": b"",
    }  # fmt: skip
    return CapturedEvent(**empty | stated | fields)


def transformed(digest: str, inputs: list[Quantity], outputs: list[Quantity], *, at: int = START) -> CapturedEvent:
    about = {"type": "TransformationEvent", "action": "", "biz_step": "creating_class_instance", "event_time": at}
    return event(digest, input_quantities=tuple(inputs), output_quantities=tuple(outputs), **about)


def derive(trial: Trial, captured: CapturedEvent, *plots: str, by: str = GROWER) -> None:
    """Capture and derive in one bundle, as a gateway would."""
    named = (NAME, EARLY) if plots else (None, None)
    trial.act(CaptureEvents((captured,)), DeriveLots(captured.digest, plots, *named), by=by)


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


# Places, products and cells


def test_places_and_products_are_described_by_their_owners(trial: Trial) -> None:
    trial.act(AccreditPrefix("9521001", GROWER, "CN", 0, 0), by=BODY)
    for place in ("https://id.gs1.org/414/9521001000109", "https://farms.example/9"):
        trial.act(RegisterSite(place, "场", "yard", "7PMHV722"), by=GROWER)
        assert trial.get(Site, object_id(place)).owner == GROWER
        trial.refuses(RegisterSite(place, "", "", "7PMHV722"), by=WORKS, code="farm.place_of_another", field="place")
    trial.refuses(DescribeProduct(GTIN, LEAF, 1), by=WORKS, code="farm.prefix_of_another", field="gtin")
    for action, code, field in (
        (RegisterSite("https://id.gs1.org/414/9521001000100", "", "", "7PMH"), "farm.place", "place"),
        (RegisterSite("https://farms.example/9", "", "", "7PMHV72"), "farm.cell", "cell"),
        (RegisterPlot("x", "f", "AAAA", 1, bytes(32)), "farm.cell", "cell"),
        (DescribeProduct("9521001001014", LEAF, 1), "farm.gtin", "gtin"),
        (DescribeProduct("09521001001015", LEAF, 1), "farm.gtin", "gtin"),
    ):  # fmt: skip
        trial.refuses(action, by=GROWER, code=code, field=field)


@given(st.text(DIGITS, min_size=8, max_size=8))
def test_a_finer_cell_lies_inside_the_coarser_one(cell: str) -> None:
    squares = [square_of(cell[:length]) for length in (8, 6, 4)]
    if squares[0] is None:
        assert DIGITS.index(cell[0]) >= 9 or DIGITS.index(cell[1]) >= 18
        return
    for fine, coarse in itertools.pairwise(squares):
        assert fine is not None
        assert coarse is not None
        assert coarse.south <= fine.south <= coarse.south + coarse.side - fine.side
        assert coarse.west <= fine.west <= coarse.west + coarse.side - fine.side
    assert square_of(cell[:5]) is None


def test_a_cell_is_where_the_standard_says() -> None:
    """The first example of the Open Location Code: Zurich, 8FVC9G8F is 47.365 N, 8.524 E and its neighbourhood."""
    square = square_of("8FVC9G8F")
    assert square is not None
    assert (square.south, square.west) == ((47 + 90) * UNITS_PER_DEGREE + 146, (8 + 180) * UNITS_PER_DEGREE + 209)


def sensors(*readings: dict[str, Any]) -> str:
    return msgspec.json.encode(
        [{"sensorMetadata": {"time": "2026-04-08T02:30:00Z"}, "sensorReport": readings}]
    ).decode()


def water(number: str, uom: str = PER_CENT, substance: str = WATER) -> dict[str, Any]:
    return {"type": "Dimensionless", "chemicalSubstance": substance, "value": msgspec.Raw(number.encode()), "uom": uom}


@pytest.mark.parametrize(
    ("said", "moisture"),
    [
        (sensors(water("11.2")), 1_120),
        (sensors(water("11.259"), {"type": "Temperature", "value": 26, "uom": "CEL"}), 1_125),
        (sensors(water("0")), 0),
        (sensors(water("99.999")), 9_999),
        (sensors(water("11.2"), water("11.20")), 1_120),
        (sensors(water("11.2"), water("11.3")), None),
        (sensors(water("100")), None),
        (sensors(water("-1")), None),
        (sensors(water("1e1")), None),
        (sensors(water('"11"')), None),
        (sensors(water("11.2", "NX")), None),
        (sensors(water("11.2", substance="https://identifiers.org/inchikey:LFQSCWFLJHTTHZ-UHFFFAOYSA-N")), None),
        (sensors(*[water("11.2")] * 300), None),
        ("[" * 100_000, None),
        ("[1]", None),
        ("no JSON", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_lot_is_as_moist_as_its_event_says_if_it_says_one_thing(
    trial: Trial, said: str, moisture: int | None
) -> None:
    derive(trial, event("ab", quantities=(some(number("a"), 5_000),), sensors=said))
    assert trial.get(Lot, number("a")).moisture == moisture


def master(*values: Any) -> str:
    return msgspec.json.encode({f"{{https://tea.example/}}m{at}": each for at, each in enumerate(values)}).decode()


@pytest.mark.parametrize(
    ("said", "moisture"),
    [
        (master(water("11.2")), 1_120),
        (master(water('"11.2"')), 1_120),  # Extensions are texts in XML.
        (master("11.2", 5, None, ["x"], {"x": 1}, water("3")), 300),
        (master(water("11.2"), water("11.3")), None),
        (master(water("11.2", "NX")), None),
        (master({**water("11.2"), "uom": 5}), None),
        (master("11.2"), None),
        ("[1]", None),
        ('{"a":' * 1_000, None),
        ("no JSON", None),
    ],
)
def test_master_data_tells_the_moisture_as_a_sensor_report_does(trial: Trial, said: str, moisture: int | None) -> None:
    derive(trial, event("ab", quantities=(some(number("a"), 5_000),), ilmd=said), INSIDE)
    made = transformed("cd", [some(number("a"), 4_000)], [some(tea("t"), 400)])
    derive(trial, msgspec.structs.replace(made, ilmd=said))
    for lot in (number("a"), tea("t")):
        assert trial.get(Lot, lot).moisture == moisture


def test_sensors_and_master_data_that_say_the_same_say_one_thing(trial: Trial) -> None:
    for name, said, moisture in (("a", "11.20", 1_120), ("b", "12", None)):
        told = {"sensors": sensors(water("11.2")), "ilmd": master(water(said))}
        derive(trial, event(f"a{name}", quantities=(some(number(name), 5_000),), **told))
        assert trial.get(Lot, number(name)).moisture == moisture
        assert trial.get(Lot, number(name)).breaks == ()


@pytest.mark.parametrize("number_said", ["100", "-1", '"wet"', "true", '""', "1e1", "{}"])
@pytest.mark.parametrize("field", ["ilmd", "sensors"])
def test_a_moisture_that_is_none_is_kept_and_marked(trial: Trial, number_said: str, field: str) -> None:
    said = {"ilmd": master, "sensors": sensors}[field](water(number_said))
    derive(trial, event("ab", quantities=(some(number("a"), 10_000),), **{field: said}), INSIDE)
    harvested = trial.get(Lot, number("a"))
    assert (harvested.moisture, harvested.breaks) == (None, (IMPOSSIBLE_MOISTURE,))
    assert {each.indication for each in harvested.shares} == {""}
    assert trial.get(Alert, number("a"), IMPOSSIBLE_MOISTURE).owner == GROWER
    made = transformed("cd", [some(number("a"), 10_000)], [some(tea("t"), 2_000)])
    derive(trial, msgspec.structs.replace(made, **{field: said}))
    assert IMPOSSIBLE_MOISTURE in trial.get(Lot, tea("t")).breaks
    trial.audit()


def test_dry_matter_is_judged_by_what_events_say(trial: Trial) -> None:
    derive(trial, event("ab", quantities=(some(number("a"), 10_000),), sensors=sensors(water("75"))), INSIDE)
    made = transformed("cd", [some(number("a"), 10_000)], [some(tea("t"), 2_600)])
    derive(trial, msgspec.structs.replace(made, sensors=sensors(water("3"))))
    assert trial.get(Lot, tea("t")).moisture == 300
    assert trial.get(Lot, tea("t")).breaks == (ABOVE_DRY_MATTER,)
    trial.audit()
