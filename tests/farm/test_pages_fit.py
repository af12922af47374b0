"""Every page of the field on a phone and a desk, in its languages: readable by all, and never wider than the screen."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from tests.farm.conftest import Farm

from infoharbor.contracts.farm.demo import BODY, GROWER, SUPERVISOR
from infoharbor.contracts.trace.demo import BOXES_LINK
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
