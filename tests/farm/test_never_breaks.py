"""What never breaks, attacked through HTTP: a contradicting fact is kept and marked, an entitlement is refused."""

import json
import uuid
from typing import Any

import httpx
import pytest
from tests.farm.conftest import Farm

from infoharbor.contractkit import gs1
from infoharbor.contracts.farm.actions import DisposeLot, PassTitle, RecordHarvest, ReleaseLot
from infoharbor.contracts.farm.causes import OpenCause
from infoharbor.contracts.farm.certificates import CertifyLot, IssueCertificate
from infoharbor.contracts.farm.claims import ClaimIndication
from infoharbor.contracts.farm.demo import (
    BODY,
    DAY,
    GROWER,
    LEAF_CLASS,
    LIUBAO,
    SPRING,
    SUPERVISOR,
    TEA_CLASS,
    TRADER,
    WORKS,
    at,
)
from infoharbor.contracts.farm.pledges import Basis, IssuePledge
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import CauseKind, Part, ProductionKind
from infoharbor.contracts.trace.demo import BOXES, LEAF, TEA
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.pages import identify
from infoharbor.edgekit.json_form import iso
from infoharbor.sdk.building import now_ms

LEAF_GTIN, TEA_GTIN, BOX_GTIN = (gs1.gtin_of(gs1.normal(each)) for each in (LEAF, TEA, BOXES))
PICKED = at("2025-04-20T12:00:00+08:00")


def leaf(name: str) -> str:
    return f"01~{LEAF_GTIN}~10~{name}"


def tea(name: str) -> str:
    return f"01~{TEA_GTIN}~10~{name}"


def harvest(farm: Farm, name: str, grams: int, *, plots: tuple[str, ...] = (f"{GROWER}:CANGWU-121",)) -> str:
    """A leaf lot of the cooperative, passed to the works."""
    named = (LIUBAO, SPRING) if plots else (None, None)
    record = RecordHarvest(leaf(name), LEAF_CLASS, grams, 0, None, plots, *named, PICKED)
    done(farm.send(record, PassTitle(leaf(name), WORKS), by=GROWER))
    return leaf(name)


def make(farm: Farm, name: str, lot: str, taken: int, made: int, *, happened_at: int = PICKED + DAY) -> str:
    output = Output(tea(name), TEA_CLASS, made, 0, None)
    done(farm.send(RecordProduction(ProductionKind.MAKE, (Part(lot, taken),), (output,), happened_at), by=WORKS))
    return tea(name)


def done(answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text


def refused(answer: httpx.Response, code: str, expected: str = "") -> None:
    """Refused by its code, with nothing written."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, code), answer.text
    assert problem["receipt"]["writes"] == []
    assert expected in problem["expected"]


def breaks(farm: Farm, lot: str) -> list[str]:
    found: list[str] = farm.record(f"farm/lots/{lot}", by=WORKS)["breaks"]
    return found


def on_work_list(farm: Farm, organisation: str) -> set[tuple[str, str]]:
    rows = farm.get(f"/v1/reports/farm/work?owner={organisation}", by=organisation).json()["rows"]
    return {(identify(row["lot"]), row["rule"]) for row in rows}


def test_more_than_the_yield_is_kept_on_the_work_list_and_refused_what_would_follow(farm: Farm) -> None:
    lot = make(farm, "NB-YIELD", harvest(farm, "NB-YIELD", 1_000), 1_000, 261)
    assert breaks(farm, lot) == ["above_yield"]
    assert (lot, "above_yield") in on_work_list(farm, WORKS)
    refused(farm.send(ReleaseLot(lot), by=WORKS), "farm.not_conforming", "above_yield")
    refused(farm.send(ClaimIndication(lot, LIUBAO), by=WORKS), "farm.not_conforming")
    within = make(farm, "NB-WITHIN", harvest(farm, "NB-WITHIN", 1_000), 1_000, 260)
    assert breaks(farm, within) == []
    done(farm.send(ReleaseLot(within), by=WORKS))


def test_a_balance_in_several_steps_gives_no_more_than_one_in_one(farm: Farm) -> None:
    source = harvest(farm, "NB-TWICE", 1_000)
    make(farm, "NB-TWICE-1", source, 600, 150)
    second = make(farm, "NB-TWICE-2", source, 600, 150)
    assert breaks(farm, second) == ["above_yield", "more_than_left"]
    assert farm.record(f"farm/lots/{source}", by=WORKS)["used"] == "600"


@pytest.mark.parametrize("told_first", ["disposal", "production"])
def test_nothing_after_destruction_conforms(farm: Farm, told_first: str) -> None:
    lot = harvest(farm, f"NB-GONE-{told_first}", 1_000)
    dispose = DisposeLot(lot, PICKED + DAY)
    if told_first == "disposal":
        done(farm.send(dispose, by=WORKS))
    made = make(farm, f"NB-GONE-{told_first}", lot, 100, 10, happened_at=PICKED + 2 * DAY)
    if told_first == "production":
        done(farm.send(dispose, by=WORKS))
    assert breaks(farm, made) == ["after_disposal"]
    refused(farm.send(ReleaseLot(made), by=WORKS), "farm.not_conforming", "after_disposal")


def test_no_more_is_sold_under_the_name_than_area_times_cap_and_the_refusal_names_what_is_left(farm: Farm) -> None:
    rows = farm.get("/v1/reports/farm/quota", by=WORKS).json()["rows"]
    (left,) = (row["remaining"] for row in rows if (row["season"], row["licensee"]) == (SPRING, WORKS))
    source = harvest(farm, "NB-QUOTA", 100_000)
    beyond = make(farm, "NB-BEYOND", source, 40_000, left + 1)
    refused(farm.send(ClaimIndication(beyond, LIUBAO), by=WORKS), "farm.quota_exceeded", f"{left / 1000:.3f} kg")
    halves = [make(farm, f"NB-HALF-{each}", source, 20_000, left // 2 + 1) for each in (1, 2)]
    done(farm.send(ClaimIndication(halves[0], LIUBAO), by=WORKS))
    refused(farm.send(ClaimIndication(halves[1], LIUBAO), by=WORKS), "farm.quota_exceeded")
    both = farm.send(ClaimIndication(halves[1], LIUBAO), ClaimIndication(beyond, LIUBAO), by=WORKS)
    refused(both, "farm.quota_exceeded")


def test_a_name_is_not_gained_by_mixing_nor_bound_late_nor_by_others(farm: Farm) -> None:
    bare = harvest(farm, "NB-BARE", 1_000, plots=())
    mixed = make(farm, "NB-MIXED", bare, 100, 20)
    refused(farm.send(ClaimIndication(mixed, LIUBAO), by=WORKS), "farm.mixed", "all of it")
    begun = make(farm, "NB-BEGUN", harvest(farm, "NB-BEGUN", 1_000), 100, 20)
    split = (Output(tea("NB-PART"), TEA_CLASS, 1, 0, None),)
    done(farm.send(RecordProduction(ProductionKind.SPLIT, (Part(begun, 1),), split, PICKED + 2 * DAY), by=WORKS))
    refused(farm.send(ClaimIndication(begun, LIUBAO), by=WORKS), "farm.bound_late")
    refused(farm.send(ClaimIndication(leaf("NB-BEGUN"), LIUBAO), by=GROWER), "farm.not_holder")


def test_a_recalled_lot_may_be_told_to_have_shipped_and_is_refused_everything_else(farm: Farm) -> None:
    source = harvest(farm, "NB-RECALL", 1_000)
    below = make(farm, "NB-RECALL", source, 1_000, 200)
    done(farm.send(OpenCause("NB-1", source, CauseKind.RECALL, "doubt", None), by=BODY))
    for action in (
        ReleaseLot(below), PassTitle(below, TRADER), ClaimIndication(below, LIUBAO), CertifyLot(below, f"{BODY}:ORG-0117"),
        IssuePledge("NB-1", below, TRADER, 1, Basis.OWN_TEST),
    ):  # fmt: skip
        refused(farm.send(action, by=WORKS), "farm.cause_open", source)
    shipped = post_event(farm, WORKS, event("shipping", quantityList=[quantity(TEA_GTIN, "NB-RECALL", 0.2)]))
    assert shipped.status_code == 201, shipped.text
    rows = farm.get("/v1/reports/farm/stops", by=SUPERVISOR.id).json()["rows"]
    (stop,) = (row for row in rows if row["number"] == f"{BODY}:NB-1")
    assert (stop["reached"], stop["whole"]) == (2, True)


def test_certificates_come_from_accredited_bodies_within_their_scope(farm: Farm) -> None:
    issue = IssueCertificate("NB-1", WORKS, "CN", "organic", (TEA_CLASS,), None, 0, 0)
    refused(farm.send(issue, by=TRADER), "farm.body_not_accredited")
    outside = IssueCertificate("NB-2", WORKS, "CN", "fair-trade", (TEA_CLASS,), None, 0, 0)
    refused(farm.send(outside, by=BODY), "farm.out_of_scope")


def test_nobody_speaks_for_anothers_numbers_or_passes_anothers_goods(farm: Farm) -> None:
    stolen = RecordHarvest(leaf("NB-STOLEN"), LEAF_CLASS, 1, 0, None, (), None, None, PICKED)
    refused(farm.send(stolen, by=TRADER), "farm.prefix_of_another")
    lot = harvest(farm, "NB-TITLE", 1_000)
    refused(farm.send(PassTitle(lot, GROWER), by=GROWER), "ledger.not_entitled")


# What trace's own events say


def quantity(gtin: str, lot: str, amount: float) -> dict[str, Any]:
    return {"epcClass": f"https://id.gs1.org/01/{gtin}/10/{lot}", "quantity": amount, "uom": "KGM"}


def event(step: str, **fields: Any) -> dict[str, Any]:
    """An observation by now, unless the fields say otherwise."""
    stated = {
        "@context": [STANDARD_CONTEXT], "type": "ObjectEvent", "action": "OBSERVE", "bizStep": step,
        "eventID": f"urn:uuid:{uuid.uuid4()}", "eventTime": moment(0), "eventTimeZoneOffset": "+08:00",
    }  # fmt: skip
    return stated | fields


def moment(seconds: int) -> str:
    return iso(now_ms() - 60_000 + seconds * 1_000)


def post_event(farm: Farm, by: str, sent: dict[str, Any]) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {farm.token(by)}"}
    return httpx.post(f"{farm.address}/epcis/events", content=json.dumps(sent).encode(), headers=headers, timeout=30)


def broken(farm: Farm, by: str, sent: dict[str, Any]) -> set[str]:
    """The rules that an event breaks, as the ledger shows it."""
    answer = farm.get(f"/v1/queries/trace/nonconforming?organisation={by}&limit=500", by=by).json()["answer"]["items"]
    found = farm.get(f"/v1/records/trace/events?event_id={sent['eventID']}", by=by).json()["items"]
    (record,) = (each["record"] for each in found)
    key = f"{record['captured_by']}/{record['digest']}"
    return {each["rule"] for item in answer if item["event"] == key for each in item["breaks"]}


def test_what_happens_after_destruction_is_kept_and_marked(farm: Farm) -> None:
    piece = f"https://id.gs1.org/01/{BOX_GTIN}/21/NB-END"
    for step, action, seconds in (("commissioning", "ADD", 1), ("destroying", "DELETE", 2)):
        assert post_event(
            farm, WORKS, event(step, action=action, epcList=[piece], eventTime=moment(seconds))
        ).is_success
    after = event("shipping", epcList=[piece], eventTime=moment(3))
    assert post_event(farm, WORKS, after).status_code == 201
    assert broken(farm, WORKS, after) == {"after_end"}


def test_a_packed_child_that_moves_without_its_parent_is_kept_and_marked(farm: Farm) -> None:
    piece = f"https://id.gs1.org/01/{BOX_GTIN}/21/NB-CHILD"
    carton = f"https://id.gs1.org/01/{BOX_GTIN}/21/NB-PARENT"
    pack = event(
        "packing", type="AggregationEvent", action="ADD", parentID=carton, childEPCs=[piece], eventTime=moment(1)
    )
    assert post_event(farm, WORKS, pack).is_success
    alone = event("shipping", epcList=[piece], eventTime=moment(2))
    together = event("shipping", epcList=[piece, carton], eventTime=moment(3))
    assert post_event(farm, WORKS, alone).status_code == post_event(farm, WORKS, together).status_code == 201
    assert broken(farm, WORKS, alone) == {"moved_without_parent"}
    assert broken(farm, WORKS, together) == set()


def test_an_error_declaration_corrects_and_deletes_nothing(farm: Farm) -> None:
    wrong = event("inspecting", quantityList=[quantity(TEA_GTIN, "NB-ERROR", 1)])
    assert post_event(farm, WORKS, wrong).status_code == 201
    assert post_event(farm, WORKS, wrong).status_code == 409
    declared = wrong | {"errorDeclaration": {"declarationTime": moment(5), "reason": "incorrect_data"}}
    assert post_event(farm, WORKS, declared).status_code == 201
    (found,) = farm.get(f"/v1/records/trace/events?event_id={wrong['eventID']}", by=WORKS).json()["items"]
    assert found["record"]["status"] == "in_error"
    assert farm.get(f"/epcis/events/{wrong['eventID']}", by=WORKS).status_code == 200
    assert post_event(farm, WORKS, declared).status_code == 409
