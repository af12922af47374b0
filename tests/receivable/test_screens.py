"""The pages of desks, reports and forms in a browser: in both languages, on a phone, without script, without barriers."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.receivable.conftest import Finance, Members

from infoharbor.contracts.receivable.demo import AUTUMN_CLAIM, AUTUMN_INVOICE, BANK, DEBTOR, OFFICE, RIVAL, SUPPLIER

PAGES = {
    "enter": ("", "/enter"),
    "desks": (SUPPLIER, "/desks"),
    "supplier": (SUPPLIER, "/desks/receivable/supplier"),
    "debtor": (DEBTOR, "/desks/receivable/debtor"),
    "financier": (BANK, "/desks/receivable/financier"),
    "supervisor": (OFFICE.id, "/desks/receivable/supervisor"),
    "report": (OFFICE.id, "/reports/receivable/tiers"),
    "tax-check": (RIVAL.id, f"/act/receivable/RecordTaxCheck?invoice=CN:{AUTUMN_INVOICE}"),
    "ask": (SUPPLIER, f"/act/receivable/AskFinancing?receivable={AUTUMN_CLAIM}&leaf=3"),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_pass_axe_and_fit_a_phone_in_both_languages(members: Members, name: str, tmp_path: Path) -> None:
    for language, width in (("zh-CN", 360), ("en-US", 1200)):
        page = members.open(*PAGES[name], language=language, width=width)
        page.screenshot(path=tmp_path / f"{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "None" not in page.inner_text("main")


def test_a_supplier_finds_the_offers_cost_and_goes_to_choose(members: Members) -> None:
    page = members.open(SUPPLIER, "/desks/receivable/supplier")
    page.locator("section.report", has_text="What waits for you").get_by_role("link", name="Choose").first.click()
    assert page.url.partition("?")[0].endswith("/act/receivable/ChooseOffer")
    assert page.input_value("#field-receivable") == AUTUMN_CLAIM
    assert page.input_value("#field-leaf") == "2"


def test_an_offer_is_chosen_where_its_cost_stands(members: Members) -> None:
    page = members.open(SUPPLIER, "/desks/receivable/supplier")
    offers = page.locator("section.report", has_text="What financing would bring today")
    offers.get_by_role("link", name="Choose").nth(1).click()
    named = {name: page.input_value(f"#field-{name}") for name in ("receivable", "leaf", "financier")}
    assert named == {"receivable": AUTUMN_CLAIM, "leaf": "2", "financier": RIVAL.id}


def test_no_word_and_no_day_of_a_report_is_broken_in_two(members: Members) -> None:
    page = members.open(OFFICE.id, "/desks/receivable/supervisor", width=1280)
    late = page.locator("section.report", has_text="What is late")
    for text in ("overdue", "2026-11-14"):
        found = late.get_by_text(text, exact=True)
        lines = "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getClientRects().length }"
        assert found.evaluate(lines) == 1, text


def test_charts_stand_beside_their_tables_and_say_what_they_show(members: Members) -> None:
    page = members.open(OFFICE.id, "/desks/receivable/supervisor")
    charts = page.locator("figure.chart svg[role=img]")
    assert charts.count() >= 5
    assert all(charts.nth(at).get_attribute("aria-label") for at in range(charts.count()))
    assert page.locator("section.report:has(figure.chart) table").count() >= 5


def test_a_report_is_downloaded_by_one_tap(members: Members, finance: Finance) -> None:
    page = members.open(BANK, "/desks/receivable/financier", width=360)
    with page.expect_download() as started:
        page.locator("section.report", has_text="Credit lines").get_by_role("link", name="XLSX").click()
    assert started.value.suggested_filename.startswith("receivable-lines-")
    assert Path(started.value.path()).read_bytes().startswith(b"PK")
