"""How moist a lot is, as sensors and master data of its event say it."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.farm.conftest import GROWER, INSIDE, derive, described, event, number, some, tea, transformed
from infoharbor.contracts.farm.events import IMPOSSIBLE_MOISTURE, PER_CENT, WATER, hundredths
from infoharbor.contracts.farm.production import ABOVE_DRY_MATTER
from infoharbor.contracts.farm.records import Alert, Lot
from infoharbor.engine.trial import Trial


@pytest.fixture
def trial() -> Trial:
    return described()


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
        (sensors(water("1e1")), 1_000),
        (sensors(water("112E-1"), water("11.2"), water("1.12e+1")), 1_120),
        (sensors(water("1e2")), None),
        (sensors(water("1e999999999999")), None),
        (sensors(water("1e-999999999999")), 0),
        (sensors(water("-0")), 0),
        (sensors(water("99.99999")), 9_999),
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


@given(st.decimals(-200, 200, places=6), st.integers(-9, 9))
def test_a_moisture_is_what_its_number_is_worth_however_it_is_written(value: Decimal, exponent: int) -> None:
    """To the hundredth below, exactly."""
    digits = int(value * 10**6)
    written = (
        f"{value:f}",
        f"{value:E}",
        f"{digits}e-6",
        f"{digits * 10**9}e-15",
        f"{value.scaleb(exponent):f}e{-exponent}",
    )
    right = int(value * 100) if 0 <= value < 100 else None
    assert {hundredths(each.encode()) for each in written} == {right}


@pytest.mark.parametrize(
    "number",
    ["", "-", "e1", "1e", "1e+", "1e--1", "1e1e1", "--1", "+1", "0x1", " 1", "1 ", "1.1.1", ".5", "NaN", "١", "1" * 51],
)
def test_what_is_no_number_of_json_tells_no_moisture(number: str) -> None:
    assert hundredths(number.encode()) is None


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


@pytest.mark.parametrize("number_said", ["100", "-1", '"wet"', "true", '""', "1e2", "-1e-9", "{}"])
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
