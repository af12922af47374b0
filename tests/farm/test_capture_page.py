"""The capture page in a browser whose network is cut: nothing is lost, and nothing is recorded twice."""

import re

import httpx
from playwright.sync_api import BrowserContext, Route, expect
from tests.farm.capture_page import capture, keep, opened, recorded
from tests.farm.conftest import GROWER, Farm, enter

from infoharbor.contracts.identity.demo import IMPORTER
from infoharbor.portal.entering import SESSION


def test_what_is_captured_without_a_network_is_sent_when_there_is_one(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    phone.set_offline(True)
    page.reload()
    expect(page.locator("#state")).to_contain_text("没有网络")
    for lot, amount in (("OFF-1", "12.5"), ("OFF-2", "0.125")):
        capture(page, lot, amount)
    expect(page.locator("#queue li[data-state=waiting]")).to_have_count(2)
    page.reload()
    expect(page.locator("#queue li[data-state=waiting]")).to_have_count(2)
    assert recorded(farm, "OFF-1") == []
    phone.set_offline(False)
    page.click("#send")
    expect(page.locator("#queue li[data-state=recorded]")).to_have_count(2)
    (event,) = recorded(farm, "OFF-2")
    assert [each["amount"] for each in event["about"]] == ["0.125"]


def test_a_capture_whose_answer_was_lost_is_sent_again_and_recorded_once(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/capture/events", lose_the_answer)
    with page.expect_event("requestfailed"):
        capture(page, "LOST-1", "7")
    expect(page.locator("#queue li[data-state=waiting]", has_text="LOST-1")).to_have_count(1)
    assert len(recorded(farm, "LOST-1")) == 1
    page.unroute("**/capture/events")
    page.reload()
    expect(page.locator("#queue li[data-state=present]", has_text="LOST-1")).to_have_count(1)
    assert len(recorded(farm, "LOST-1")) == 1


def test_a_capture_waits_while_nobody_has_entered_and_belongs_to_who_made_it(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    phone.clear_cookies()
    capture(page, "AWAY-1", "3")
    expect(page.locator("#queue li[data-state=waiting]", has_text="请重新进入")).to_have_count(1)
    assert recorded(farm, "AWAY-1") == []
    enter(phone, farm, IMPORTER.id)
    page.reload()
    expect(page.locator("#queue li", has_text="AWAY-1")).to_have_count(0)
    enter(phone, farm, GROWER)
    page.reload()
    expect(page.locator("#queue li[data-state=recorded]", has_text="AWAY-1")).to_have_count(1)


def test_a_place_without_a_number_of_gs1_can_be_chosen(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    page.select_option("#place", label="九号农场晒场")
    capture(page, "YARD-1", "1")
    expect(page.locator("#queue li[data-state=recorded]", has_text="YARD-1")).to_have_count(1)
    (event,) = recorded(farm, "YARD-1")
    assert event["place"] == "https://example.org/places/cangwu/9"


def test_a_harvest_from_a_plot_stands_in_the_queue_as_its_event_and_its_lot(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    page.select_option("#plot", index=1)
    page.fill("#lot-number", "TWO-1")
    page.fill("#amount", "1")
    keep(page)
    entries = page.locator("#queue li", has_text="TWO-1")
    expect(entries).to_have_text([re.compile("批次入册 · TWO-1"), re.compile("采收：新批次 · TWO-1")])


def test_another_site_cannot_send_in_a_members_name(farm: Farm) -> None:

    cookies = {SESSION: farm.token(GROWER)}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = httpx.post(f"{farm.address}/capture/events", content=b"{}", headers=headers, cookies=cookies)
        assert answer.status_code == 403
    assert httpx.post(f"{farm.address}/capture/events", content=b"{}").status_code == 401


def test_what_is_kept_while_another_is_being_sent_is_sent_next(phone: BrowserContext, farm: Farm) -> None:
    page, held = opened(phone), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/capture/events", hold)
    with page.expect_request("**/capture/events"):
        capture(page, "FIRST-1", "1")
    capture(page, "NEXT-1", "2")
    held[0].continue_()
    page.unroute("**/capture/events")
    expect(page.locator("#queue li[data-state=recorded]")).to_have_count(2)


def test_a_browser_keeps_the_scripts_of_the_page_it_has_and_no_others(farm: Farm) -> None:
    page = httpx.get(f"{farm.address}/capture", cookies={SESSION: farm.token(GROWER)}).text
    scripts = re.findall(r'src="(/portal/[0-9a-f]+/[a-z-]+\.js)"', page)
    assert [each.rpartition("/")[2] for each in scripts] == ["capture-codes.js", "capture.js"]
    for script in scripts:
        assert "immutable" in httpx.get(f"{farm.address}{script}").headers["cache-control"]
        of_another = re.sub("/portal/[0-9a-f]+/", "/portal/0/", script)
        assert httpx.get(f"{farm.address}{of_another}").headers["cache-control"] == "no-store"
