"""The capture page in a browser whose network is cut: nothing is lost, and nothing is recorded twice."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.farm.conftest import Farm

from infoharbor.contracts.identity.demo import COOPERATIVE, IMPORTER
from infoharbor.portal.entering import SESSION

GROWER = COOPERATIVE.id


@pytest.fixture
def phone(browser: Browser, farm: Farm) -> Iterator[BrowserContext]:
    """A phone on which the cooperative has entered."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN", base_url=farm.address)
    enter(context, farm, GROWER)
    yield context
    context.close()


def enter(context: BrowserContext, farm: Farm, organisation: str) -> None:
    context.add_cookies([{"name": SESSION, "value": farm.token(organisation), "url": farm.address}])


def opened(phone: BrowserContext) -> Page:
    """The page, once it is kept for a time without a network."""
    page = phone.new_page()
    page.goto("/capture")
    page.evaluate(
        """async () => {
            await navigator.serviceWorker.ready;
            for (;;) {
                for (const name of await caches.keys()) {
                    const kept = (await (await caches.open(name)).keys()).map((each) => each.url);
                    if (kept.some((url) => url.endsWith("/capture")) && kept.some((url) => url.endsWith(".js"))
                        && kept.some((url) => url.endsWith(".css"))) return;
                }
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
        }"""
    )
    return page


def capture(page: Page, lot: str, amount: str) -> None:
    page.fill("#lot-number", lot)
    page.fill("#amount", amount)
    page.click("#capture button:not([type])")
    expect(page.locator("#queue li", has_text=lot)).to_have_count(1)


def recorded(farm: Farm, lot: str) -> list[Any]:
    """The events that the ledger has of a lot of the cooperative's leaf."""
    query = f"/v1/queries/trace/lot?object=01~{gtin(farm)}~10~{lot}"
    answer = farm.get(query, by=GROWER)
    return [] if answer.status_code != 200 else list(answer.json()["answer"]["events"])


def gtin(farm: Farm) -> str:
    products = farm.get(f"/v1/records/farm/products?organisation={GROWER}").json()["items"]
    return str(products[0]["record"]["gtin"])


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


def test_another_site_cannot_send_in_a_members_name(farm: Farm) -> None:

    cookies = {SESSION: farm.token(GROWER)}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = httpx.post(f"{farm.address}/capture/events", content=b"{}", headers=headers, cookies=cookies)
        assert answer.status_code == 403
    assert httpx.post(f"{farm.address}/capture/events", content=b"{}").status_code == 401
