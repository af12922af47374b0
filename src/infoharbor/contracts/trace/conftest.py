"""Where traceability's tests begin: a cooperative with a prefix, a carrier without, small events and documents."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import CARRIER, CERTIFIER_CN, COOPERATIVE
from infoharbor.contracts.trace.actions import AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.exchange.document import Event, read_document
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.records import CapturedEvent, ErrorDeclaration, Judgement, Quantity
from infoharbor.edgekit.pages import queries_of
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.readers import ANONYMOUS, Reader

TEA, HAULIER, REGISTRAR = COOPERATIVE.id, CARRIER.id, CERTIFIER_CN.id
PREFIX = "9521001"
LINK = "https://id.gs1.org"
PALLET, CRATE = f"{LINK}/00/095210010000000017", f"{LINK}/00/095210010000000024"
ONE, TWO = f"{LINK}/01/09521001003032/21/1", f"{LINK}/01/09521001003032/21/2"
LOT, BLEND = f"{LINK}/01/09521001001014/10/A", f"{LINK}/01/09521001001014/10/B"
EARLY = START - 1_000_000
SAMPLES = Path(__file__).with_name("samples")
STORIES = sorted(path.stem for path in SAMPLES.glob("*.json"))
TEA_NAMES = "https://example.org/liubao-tea/"
CARTON = "urn:epc:id:sgtin:9521234.100303.1001"


def digest(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()[:40]


def said(name: object, time: int, kind: str = "ObjectEvent", action: str = "OBSERVE", **fields: Any) -> CapturedEvent:
    """A captured event; fields that are not given are empty."""
    texts: dict[str, Any] = dict.fromkeys(
        ("event_id", "event_hash", "event_time_zone_offset", "biz_step", "disposition", "read_point", "biz_location",
         "parent_id", "transformation_id", "sensors", "ilmd", "extensions"), "",
    )  # fmt: skip
    lists = dict.fromkeys(
        ("persistent_set", "persistent_unset", "epcs", "child_epcs", "input_epcs", "output_epcs", "quantities",
         "child_quantities", "input_quantities", "output_quantities", "certification_info"), (),
    )  # fmt: skip
    rest = {"error_declaration": None, "has_private": False, "commitment": b""}
    stated = {"digest": digest(name), "type": kind, "action": action, "event_time": EARLY + time}
    return CapturedEvent(**texts | lists | rest | stated | fields)


def created(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, action="ADD", biz_step="commissioning", epcs=epcs)


def destroyed(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, action="DELETE", biz_step="destroying", epcs=epcs)


def shipped(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, biz_step="shipping", epcs=epcs)


def packed(name: object, time: int, parent: str, *epcs: str) -> CapturedEvent:
    return said(name, time, "AggregationEvent", "ADD", biz_step="packing", parent_id=parent, child_epcs=epcs)


def unpacked(name: object, time: int, parent: str, *epcs: str) -> CapturedEvent:
    return said(name, time, "AggregationEvent", "DELETE", biz_step="unpacking", parent_id=parent, child_epcs=epcs)


def made(name: object, time: int, source: str, target: str) -> CapturedEvent:
    return said(name, time, "TransformationEvent", "", input_epcs=(source,), output_epcs=(target,))


def weighed(name: object, time: int, lot: str, kilograms: int, **fields: Any) -> CapturedEvent:
    return said(name, time, **{"quantities": (Quantity(lot, kilograms, 0, "KGM"),)} | fields)


def taken_back(event: CapturedEvent) -> CapturedEvent:
    return msgspec.structs.replace(event, error_declaration=ErrorDeclaration(START, "incorrect_data", ()))


def founded() -> Trial:
    """A cooperative that its prefix is accredited to, a carrier that has none, and a registrar."""
    trial = Trial((COOPERATIVE, CARRIER, CERTIFIER_CN))
    trial.decide(GrantRole(REGISTRAR, "gs1-registrar", "CN", 0, 0, ""))
    trial.act(AccreditPrefix(PREFIX, TEA, "CN", 0, 0), by=REGISTRAR)
    return trial


@pytest.fixture
def trial() -> Trial:
    return founded()


def send(trial: Trial, *events: CapturedEvent, by: str = TEA) -> None:
    for event in events:
        trial.act(CaptureEvents((event,)), by=by)


def breaks(trial: Trial) -> dict[str, list[tuple[str, str]]]:
    """The rules that events break now, by digest."""
    return {
        each.digest: [(one.object, one.rule) for one in each.breaks] for each in trial.all(Judgement) if each.breaks
    }


def rules_of(trial: Trial, name: object, by: str = TEA) -> list[str]:
    judgement = trial.find(Judgement, by, digest(name))
    return [each.rule for each in judgement.breaks] if judgement is not None else []


def sight(trial: Trial, reader: Reader = ANONYMOUS) -> Sight:
    return Sight(trial.view, lambda _: iter(()), trial.registry, trial.now, reader)


def ask(trial: Trial, name: str, reader: Reader = ANONYMOUS, **parameters: str) -> Any:
    return queries_of(trial.registry)["trace", name].ask(sight(trial, reader), parameters)


def event(**changes: Any) -> dict[str, Any]:
    """A small valid event; a change to None takes the field away."""
    fields: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": "2026-06-12T07:15:00+08:00",
        "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE",
        "epcList": [CARTON],
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def document(*events: Any, **changes: Any) -> bytes:
    """A capture document around `events`."""
    outer = {
        "@context": [STANDARD_CONTEXT, {"tea": TEA_NAMES}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-06-12T08:00:00+08:00",
        "epcisBody": {"eventList": list(events)},
    } | changes
    return json.dumps({name: value for name, value in outer.items() if value is not None}).encode()


def captured(**changes: Any) -> Event:
    """The event of a document that holds only it."""
    return read_document(document(event(**changes))).whole()[0]
