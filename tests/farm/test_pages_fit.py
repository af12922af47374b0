"""Every page of the field on a phone and a desk, in its languages: readable by all, and never wider than the screen."""

import base64
import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.farm.conftest import Farm

from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.contracts.farm.demo import BODY, GROWER, LEAF_LOT, SUPERVISOR
from infoharbor.contracts.farm.records import CauseKind
from infoharbor.contracts.trace.demo import BOXES_LINK
from infoharbor.contracts.trace.pages import label_of
from infoharbor.portal.entering import SESSION

PAGES = {
    "lot": (BOXES_LINK, ""),
    "capture": ("/capture", GROWER),
    "capture-nobody": ("/capture", ""),
    "cooperative": ("/desks/farm/cooperative", GROWER),
    "certifier": ("/desks/farm/certifier", BODY),
    "supervision": ("/desks/farm/supervision", SUPERVISOR.id),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_pass_axe_and_fit_a_phone(browser: Browser, farm: Farm, name: str, tmp_path: Path) -> None:
    path, organisation = PAGES[name]
    for language, width in (("zh-CN", 360), ("en-US", 1200)):
        context = browser.new_context(viewport={"width": width, "height": 800}, locale=language, base_url=farm.address)
        if organisation:
            context.add_cookies([{"name": SESSION, "value": farm.token(organisation), "url": farm.address}])
        page = context.new_page()
        page.goto(path)
        page.screenshot(path=tmp_path / f"{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_a_row_of_a_report_is_a_card_on_a_phone_that_shows_every_cell(
    browser: Browser, farm: Farm, language: str
) -> None:
    """Each cell under its column's name, and none beyond the edge of the screen; on a desk it stays a table."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale=language, base_url=farm.address)
    context.add_cookies([{"name": SESSION, "value": farm.token(GROWER), "url": farm.address}])
    page = context.new_page()
    for path in (f"/reports/trace/recall?object={LEAF_LOT}", f"/reports/farm/reach?lot={LEAF_LOT}"):
        page.goto(path)
        cells = page.locator(".report td:not(.empty)")
        edges = cells.evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().right)")
        assert max(edges) <= 360
        titles = cells.evaluate_all("cells => cells.map(cell => getComputedStyle(cell, '::before').content)")
        assert '""' not in titles
        assert set(titles) <= {
            f'"{each}"' for each in page.locator(".report th").evaluate_all("all => all.map(each => each.textContent)")
        }
        assert Axe().run(page).response["violations"] == []
    page.set_viewport_size({"width": 1200, "height": 800})
    assert page.locator(".report td").first.evaluate("cell => getComputedStyle(cell).display") == "table-cell"
    context.close()


def test_a_stopped_lots_page_says_so_before_all_else(browser: Browser, farm: Farm) -> None:
    stop = OpenCause("PHONE-1", LEAF_LOT, CauseKind.HOLD, "doubt", None)
    assert farm.send(stop, by=GROWER).is_success
    try:
        context = browser.new_context(viewport={"width": 360, "height": 800}, locale="zh-CN", base_url=farm.address)
        page = context.new_page()
        page.goto(BOXES_LINK)
        box = page.locator("[role=alert]").bounding_box()
        name = page.locator("h1").bounding_box()
        assert box is not None
        assert name is not None
        assert box["y"] + box["height"] <= min(800, name["y"])
        assert Axe().run(page).response["violations"] == []
        context.close()
    finally:
        farm.send(CloseCause(LEAF_LOT, f"{GROWER}:PHONE-1", "unfounded"), by=GROWER)


def test_a_reason_is_chosen_by_its_word_and_a_lot_named_by_its_label(browser: Browser, farm: Farm) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800}, locale="zh-CN", base_url=farm.address)
    context.add_cookies([{"name": SESSION, "value": farm.token(GROWER), "url": farm.address}])
    page = context.new_page()
    offered = {}
    for action, field in (("CloseCause", "closing_code"), ("OpenCause", "reason")):
        page.goto(f"/act/farm/{action}")
        known = page.locator(f"#known-{field} option")
        offered[field] = known.evaluate_all("all => all.map(each => [each.value, each.text])")
    assert offered == {
        "closing_code": [["unfounded", "查无实据"], ["not_confirmed", "未证实"], ["done", "已完成"]],
        "reason": [["doubt", "存疑"], ["pesticide_residue", "农药残留"], ["test_failed", "检验不合格"]],
    }
    page.fill("#field-number", "FORM-1")
    page.fill("#field-lot", label_of(LEAF_LOT))
    page.fill("#field-reason", "pesticide_residue")
    with page.expect_download() as download:
        page.click("button[value=prepare]")
    prepared = Path(download.value.path()).read_text()
    assert LEAF_LOT.encode() in base64.b64decode(json.loads(prepared)["actions"][0])
    context.close()
