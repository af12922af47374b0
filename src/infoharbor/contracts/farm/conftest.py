"""Where farm's tests begin: a grower, a works and a trader, and a name that two of them may claim."""

from typing import Any

import msgspec
import pytest

from infoharbor.contractkit import Action, Ledger, Refusal
from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.demo import SUPERVISOR
from infoharbor.contracts.farm.derived import DeriveLots
from infoharbor.contracts.farm.indications import AllotPlot, GrantLicence, RegisterIndication, SetSeason
from infoharbor.contracts.farm.land import DescribeProduct, RegisterPlot, SetProductClass
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import Lot, Part, ProductionKind
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import CERTIFIER_CN, COOPERATIVE, EXPORTER, IMPORTER, PROCESSOR
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.contracts.trace.rules import WITHHELD, uri_of
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.acting import Surroundings
from infoharbor.kernel.audit import Readable
from infoharbor.kernel.authority import CALENDAR_ACTOR
from infoharbor.kernel.state import BlockState, Work

GROWER, WORKS, TRADER, BODY = COOPERATIVE.id, PROCESSOR.id, EXPORTER.id, CERTIFIER_CN.id
STATE = SUPERVISOR.id
DAY = 24 * 60 * 60 * 1000
NAME, EARLY, LATE = "hill-tea", "early", "late"
LEAF, TEA, OTHER = "leaf", "tea", "other"
MAKE, SPLIT, BLEND = ProductionKind.MAKE, ProductionKind.SPLIT, ProductionKind.BLEND
INSIDE, OUTSIDE, OWN = f"{GROWER}:inside", f"{GROWER}:outside", f"{GROWER}:own"
GTIN, TEA_GTIN = "09521001001014", "09521001001021"


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
    stated: dict[str, Any] = {
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


def breaks(trial: Trial, name: object) -> tuple[str, ...]:
    return trial.get(Lot, number(name)).breaks


def refusal(trial: Trial, action: Action, by: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        trial.act(action, by=by)
    return caught.value


def described() -> Trial:
    """Founded, with two products of the grower: half a kilogram of leaf, and tea by weight."""
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
