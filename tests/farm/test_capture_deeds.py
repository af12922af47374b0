"""What goes with events from the capture page, lots, pledges and stops: in their order, and each once."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect
from tests.farm.capture_page import choose, entry, gtin, harvest, issue, keep, lots, opened, pledges, recorded, send
from tests.farm.conftest import GROWER, Farm, enter

from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.demo import LIUBAO, SPRING, at
from infoharbor.contracts.identity.demo import PROCESSOR
from infoharbor.portal.entering import SESSION


def test_a_harvest_its_lot_and_its_pledge_wait_together_and_are_recorded_in_their_order(
    phone: BrowserContext, farm: Farm
) -> None:
    page = opened(phone)
    phone.set_offline(True)
    page.reload()
    harvest(page, "FIELD-1", "31.2", moisture="74.25")
    issue(page, f"(01){gtin(farm)}(10)FIELD-1", "12.5")
    expect(entry(page, "FIELD-1", "waiting")).to_have_count(3)
    page.reload()
    phone.set_offline(False)
    page.click("#send")
    expect(entry(page, "FIELD-1", "recorded")).to_have_count(3)
    lot = lots(farm, "FIELD-1")
    assert (lot["grams"], lot["moisture"], lot["plots"], lot["breaks"]) == (
        "31200", "7425", [f"{GROWER}:CANGWU-121"], [],
    )  # fmt: skip
    assert [(share["indication"], share["season"]) for share in lot["shares"]] == [(LIUBAO, SPRING)]
    (pledge,) = pledges(farm, lot["id"])
    assert (pledge["recipient"], pledge["grams"], pledge["basis"]) == (PROCESSOR.id, "12500", "own_test")


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_deed_whose_answer_was_lost_is_sent_again_and_done_once(phone: BrowserContext, farm: Farm, lost: str) -> None:
    page, lot = opened(phone), f"TWICE-{lost}"
    harvest(page, lot, "2")
    expect(entry(page, lot, "recorded")).to_have_count(2)

    def lose(route: Route) -> None:
        if lost == "answer":
            route.fetch()
        route.abort()

    page.route("**/capture/deeds", lose)
    with page.expect_event("requestfailed"):
        issue(page, f"01~{gtin(farm)}~10~{lot}", "1.5")
    expect(entry(page, lot, "waiting")).to_have_count(1)
    page.unroute("**/capture/deeds")
    page.reload()
    expect(entry(page, lot, "present" if lost == "answer" else "recorded").first).to_be_visible()
    expect(entry(page, lot, "waiting")).to_have_count(0)
    assert [each["grams"] for each in pledges(farm, f"01~{gtin(farm)}~10~{lot}")] == ["1500"]


def test_every_deed_that_is_sent_twice_is_done_once(farm: Farm) -> None:
    lot = f"01~{gtin(farm)}~10~AGAIN-1"
    captured = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "ObjectEvent", "eventID": "urn:uuid:8d5d6f3e-6c1f-4b3d-9e57-5a0f3b1c2d4e", "action": "ADD",
        "eventTime": "2025-04-21T08:00:00.000+08:00", "eventTimeZoneOffset": "+08:00", "bizStep": "commissioning",
        "quantityList": [{"epcClass": f"https://id.gs1.org/01/{gtin(farm)}/10/AGAIN-1", "quantity": 5, "uom": "KGM"}],
    }  # fmt: skip
    assert send(farm, "events", captured, GROWER) == {"result": "recorded"}
    deeds: list[tuple[str, str, dict[str, Any]]] = [
        (GROWER, "DeriveLots", {"event": captured["eventID"], "plots": [], "indication": None, "season": None}),
        (GROWER, "IssuePledge", {"number": "AGAIN-1", "lot": lot, "recipient": PROCESSOR.id, "grams": "5000",
                                 "basis": "own_commitment"}),
        (PROCESSOR.id, "CollectPledge", {"pledge": f"{GROWER}:AGAIN-1"}),
        (GROWER, "OpenCause", {"number": "AGAIN-1", "lot": lot, "kind": "hold", "reason": "doubt", "document": None}),
    ]  # fmt: skip
    for by, action, arguments in deeds:
        deed = {"action": action, "arguments": arguments}
        assert [send(farm, "deeds", deed, by)["result"] for _ in range(2)] == ["recorded", "present"], action
    other = deeds[1][2] | {"grams": "4000"}
    assert send(farm, "deeds", {"action": "IssuePledge", "arguments": other}, GROWER)["code"] == "farm.cause_open"


def test_the_lots_of_a_production_that_is_sent_twice_are_recorded_once(farm: Farm) -> None:
    made = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "eventTimeZoneOffset": "+08:00", "bizStep": "commissioning",
    }  # fmt: skip
    leaf, sorted_leaf = (
        [{"epcClass": f"https://id.gs1.org/01/{gtin(farm)}/10/{name}", "quantity": 5, "uom": "KGM"}]
        for name in ("PICKED-1", "SORTED-1")
    )
    picked = made | {
        "type": "ObjectEvent", "eventID": "urn:uuid:1c9e2b7a-6c1f-4b3d-9e57-5a0f3b1c2d4e", "action": "ADD",
        "eventTime": "2025-04-21T08:00:00.000+08:00", "quantityList": leaf,
    }  # fmt: skip
    worked = made | {
        "type": "TransformationEvent", "eventID": "urn:uuid:3e5a8d0f-6c1f-4b3d-9e57-5a0f3b1c2d4e",
        "eventTime": "2025-04-21T18:00:00.000+08:00", "inputQuantityList": leaf, "outputQuantityList": sorted_leaf,
    }  # fmt: skip
    for captured in (picked, worked):
        assert send(farm, "events", captured, GROWER) == {"result": "recorded"}
        arguments = {"event": captured["eventID"], "plots": [], "indication": None, "season": None}
        deed = {"action": "DeriveLots", "arguments": arguments}
        assert [send(farm, "deeds", deed, GROWER) for _ in range(2)] == [{"result": "recorded"}, {"result": "present"}]
    assert lots(farm, "PICKED-1")["used"] == "5000"


def test_a_second_harvest_that_names_a_known_lot_is_not_told_to_be_there_already(farm: Farm) -> None:
    """What its event says has not come into the lot."""
    answers = []
    for hour, identifier in (("08", "2f0c4d1e"), ("16", "7b9a3c5d")):
        captured = {
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "ObjectEvent", "eventID": f"urn:uuid:{identifier}-6c1f-4b3d-9e57-5a0f3b1c2d4e", "action": "ADD",
            "eventTime": f"2025-04-21T{hour}:00:00.000+08:00", "eventTimeZoneOffset": "+08:00",
            "bizStep": "commissioning",
            "quantityList": [{"epcClass": f"https://id.gs1.org/01/{gtin(farm)}/10/BOTH-1", "quantity": 5, "uom": "KGM"}],
        }  # fmt: skip
        assert send(farm, "events", captured, GROWER) == {"result": "recorded"}
        arguments = {"event": captured["eventID"], "plots": [], "indication": None, "season": None}
        answers.append(send(farm, "deeds", {"action": "DeriveLots", "arguments": arguments}, GROWER))
    assert answers[0] == {"result": "recorded"}
    assert answers[1]["code"] == "farm.lot_known"
    assert lots(farm, "BOTH-1")["grams"] == "5000"


def test_goods_of_others_are_received_by_their_code_and_their_pledge_collected(
    browser: Browser, phone: BrowserContext, farm: Farm
) -> None:
    own = opened(phone)
    harvest(own, "SOLD-1", "9")
    issue(own, f"{farm.address}/01/{gtin(farm)}/10/SOLD-1", "9")
    expect(entry(own, "SOLD-1", "recorded")).to_have_count(3)
    other = browser.new_context(viewport={"width": 390, "height": 800}, locale="en-GB", base_url=farm.address)
    enter(other, farm, PROCESSOR.id)
    page = opened(other)
    (number,) = [each["id"] for each in pledges(farm, f"01~{gtin(farm)}~10~SOLD-1", by=PROCESSOR.id)]
    other.set_offline(True)
    page.reload()
    expect(page.locator(f"#pledges option[value='{number}']")).to_have_count(1)
    choose(page, "Received")
    page.fill("#code", f"]d201{gtin(farm)}1325042010SOLD-1")
    page.fill("#amount", "9")
    keep(page)
    choose(page, "Pledge of conformity: collect")
    page.fill("#pledge", number)
    keep(page)
    expect(page.locator("#queue li[data-state=waiting]")).to_have_count(2)
    other.set_offline(False)
    page.click("#send")
    expect(page.locator("#queue li[data-state=recorded]")).to_have_count(2)
    (pledge,) = pledges(farm, f"01~{gtin(farm)}~10~SOLD-1")
    assert pledge["status"] == "collected"
    assert "receiving" in [each["biz_step"] for each in recorded(farm, "SOLD-1")]
    other.close()


def test_a_lot_is_stopped_from_a_phone_as_soon_as_there_is_a_network(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    harvest(page, "STOP-1", "3")
    expect(entry(page, "STOP-1", "recorded")).to_have_count(2)
    phone.set_offline(True)
    choose(page, "暂停批次")
    page.fill("#code", f"(01){gtin(farm)}(10)STOP-1")
    page.select_option("#reason", "doubt")
    keep(page)
    expect(entry(page, "STOP-1", "waiting")).to_have_count(1)
    phone.set_offline(False)
    page.click("#send")
    expect(entry(page, "STOP-1", "waiting")).to_have_count(0)
    (cause,) = farm.get(f"/v1/records/farm/causes?lot=01~{gtin(farm)}~10~STOP-1").json()["items"]
    assert (cause["record"]["kind"], cause["record"]["opened_by"]) == ("hold", GROWER)


def test_what_was_refused_can_be_sent_again_or_removed(phone: BrowserContext, farm: Farm) -> None:
    """A pledge for a lot that the office has still to record is refused, and goes through once it is there."""
    page = opened(phone)
    issue(page, f"(01){gtin(farm)}(10)LATER-1", "1")
    issue(page, f"(01){gtin(farm)}(10)NEVER-1", "1")
    expect(entry(page, "LATER-1", "refused")).to_have_count(1)
    harvest_event = RecordHarvest(
        f"01~{gtin(farm)}~10~LATER-1", "tea-leaf", 2_000, 0, None, (), None, None, at("2025-04-22T08:00:00+08:00")
    )
    assert farm.send(harvest_event, by=GROWER).status_code in (200, 201)
    entry(page, "LATER-1", "refused").get_by_text("再次发送").click()
    expect(entry(page, "LATER-1", "recorded")).to_have_count(1)
    entry(page, "NEVER-1", "refused").get_by_text("移除").click()
    expect(page.locator("#queue li", has_text="NEVER-1")).to_have_count(0)


def test_what_no_phone_does_is_not_signed(farm: Farm) -> None:
    for action in ("PassTitle", "ReleaseLot", "DisposeLot"):
        assert send(farm, "deeds", {"action": action, "arguments": {}}, GROWER)["code"] == "input.choice"
    assert httpx.post(f"{farm.address}/capture/deeds", json={}).status_code == 401
    cross = httpx.post(
        f"{farm.address}/capture/deeds", json={}, headers={"Origin": "https://evil.example"},
        cookies={SESSION: farm.token(GROWER)},
    )  # fmt: skip
    assert cross.status_code == 403
