"""What a person does on the capture page, and what the ledger then has."""

from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Locator, Page, expect
from tests.farm.conftest import GROWER, Farm

from infoharbor.contracts.farm.demo import LIUBAO, SPRING
from infoharbor.contracts.identity.demo import PROCESSOR
from infoharbor.portal.entering import SESSION


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


def choose(page: Page, what: str) -> None:
    page.select_option("#what", label=what)


def keep(page: Page) -> None:
    page.click("#capture button:not([type])")


def entry(page: Page, text: str, state: str) -> Locator:
    return page.locator(f"#queue li[data-state={state}]", has_text=text)


def lots(farm: Farm, lot: str) -> Any:
    return farm.record(f"farm/lots/01~{gtin(farm)}~10~{lot}", by=GROWER)


def harvest(page: Page, lot: str, amount: str, moisture: str = "") -> None:
    """A harvest from a plot in a season, of which the lot follows."""
    choose(page, "采收：新批次")
    page.fill("#moisture", moisture)
    page.select_option("#plot", f"{GROWER}:CANGWU-121")
    page.select_option("#season", f"{LIUBAO}|{SPRING}")
    page.fill("#when", "2025-04-20T09:30")
    page.fill("#lot-number", lot)
    page.fill("#amount", amount)
    keep(page)
    expect(page.locator("#queue li", has_text=lot)).to_have_count(2)


def issue(page: Page, code: str, amount: str, recipient: str = PROCESSOR.id) -> None:
    choose(page, "开具承诺达标合格证")
    page.fill("#code", code)
    page.fill("#amount", amount)
    page.select_option("#recipient", recipient)
    page.select_option("#basis", "own_test")
    keep(page)


def pledges(farm: Farm, lot: str, *, by: str = GROWER) -> list[Any]:
    found = farm.get(f"/v1/records/farm/pledges?lot={lot}", by=by).json()["items"]
    return [each["record"] for each in found]


def send(farm: Farm, path: str, body: Any, by: str) -> Any:
    cookies = {SESSION: farm.token(by)}
    return httpx.post(f"{farm.address}/capture/{path}", json=body, cookies=cookies, timeout=30).json()
