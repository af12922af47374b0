"""What the capture page reads from codes, amounts and photographs, before anything is kept."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.farm.capture_page import choose, gtin, keep, opened
from tests.farm.conftest import GROWER, Farm, enter

from infoharbor.contractkit.gs1 import decode
from infoharbor.portal.pages.capturing import code_of


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("https://tea.example/01/09521001001014/10/MC%2F1?lang=zh", ["09521001001014", "MC/1"]),
        ("https://tea.example/01/09521001001014/10/MC1/21/7", ["09521001001014", "MC1"]),
        ("01~09521001001014~10~MC1", ["09521001001014", "MC1"]),
        ("/01/09521001001014/10/MC1", ["09521001001014", "MC1"]),
        (" (01)09521001001014(10)MC-1 ", ["09521001001014", "MC-1"]),
        ("(01)09521001001014(17)260101(10)MC1(21)9", ["09521001001014", "MC1"]),
        ("]d2010952100100101410MC1\x1d219", ["09521001001014", "MC1"]),
        ("\x1d01095210010010141726010110MC1", ["09521001001014", "MC1"]),
        ("01~09521001001014~10~A(1)B", ["09521001001014", "A(1)B"]),
        ("(01)09521001001014(10)A(1)B", None),  # of a part of a number another lot may be the number
        ("(01)09521001001014(10)ABCDEFGHIJKLMNOPQRSTU", None),
        ("]d2010952100100101410ABCDEFGHIJKLMNOPQRSTU", None),
        ("(01)09521001001015(10)MC1", None),  # a check digit that is wrong
        ("https://tea.example/01/09521001001014/10/%E0%A4", None),
        ("https://tea.example/01/09521001001014", None),
        ("09521001001014", None),
        ("(00)095210030000020013", None),
        ("", None),
    ],
)
def test_a_lot_is_read_from_whatever_a_label_or_a_scanner_says(page_of_codes: Page, code: str, found: Any) -> None:
    read = page_of_codes.evaluate("code => { const it = lotIn(code); return it && [it.gtin, it.lot]; }", code)
    assert read == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("(00)095210030000020013", "095210030000020013"),
        ("095210030000020013", "095210030000020013"),
        ("]C100095210030000020013", "095210030000020013"),
        ("\x1d00095210030000020013\x1d10A", "095210030000020013"),
        ("https://tea.example/00/095210030000020013?lang=zh", "095210030000020013"),
        ("00~095210030000020013", "095210030000020013"),
        ("(00)095210030000020014", None),  # a check digit that is wrong
        ("(00)09521003000002001", None),
        ("(00)0952100300000200130", None),
        ("(01)09521001001014(10)MC1", None),
        ("", None),
    ],
)
def test_a_pallets_number_is_read_from_whatever_a_label_or_a_scanner_says(
    page_of_codes: Page, code: str, found: str | None
) -> None:
    assert page_of_codes.evaluate("code => ssccIn(code)", code) == found


@pytest.mark.parametrize(
    ("amount", "unit", "grams"),
    [
        ("820.5", "KGM", "820500"), ("0.001", "KGM", "1"), ("0.0010", "KGM", "1"), ("12", "GRM", "12"),
        ("0.000001", "TNE", "1"), ("999999999.999", "KGM", "999999999999"), ("0.0005", "KGM", None), ("1.5", "GRM", None),
        ("0", "KGM", None), ("3", "", None),
    ],
)  # fmt: skip
def test_a_mass_becomes_grams_without_a_digit_lost(
    page_of_codes: Page, amount: str, unit: str, grams: str | None
) -> None:
    assert page_of_codes.evaluate("([amount, unit]) => gramsOf(amount, unit)", [amount, unit]) == grams


def test_a_number_begins_with_the_day_where_the_phone_is(page_of_codes: Page) -> None:
    number = page_of_codes.evaluate("freshNumber(Date.parse('2025-04-20T22:30:00Z'))")
    assert re.fullmatch("20250421-[0-9A-F]{10}", number)


@pytest.mark.parametrize(
    ("lot", "code"),
    [
        ("01~09521001001014~10~MC-1", "(01)09521001001014(10)MC-1"),
        ("01~09521001001014~10~A(1)B", "01~09521001001014~10~A(1)B"),
        ("01~09521001001014~10~A)%2FB", "01~09521001001014~10~A)%2FB"),
    ],
)
def test_a_lot_is_offered_by_a_code_that_reads_back_as_itself(page_of_codes: Page, lot: str, code: str) -> None:
    assert code_of(lot) == code
    assert page_of_codes.evaluate("code => lotIn(code).lot", code) == decode(lot.split("~")[3])


@pytest.fixture(scope="module")
def page_of_codes(browser: Browser, farm: Farm) -> Iterator[Page]:
    context = browser.new_context(base_url=farm.address, timezone_id="Asia/Shanghai")
    enter(context, farm, GROWER)
    page = context.new_page()
    page.goto("/capture")
    yield page
    context.close()


def test_a_code_is_read_from_a_photograph_where_the_phone_can(phone: BrowserContext, farm: Farm) -> None:
    """Chromium on this machine has no reader of bar codes: one stands in that answers what the label says."""
    phone.add_init_script(
        "window.BarcodeDetector = class { async detect(image) {"
        f" return image.width ? [{{rawValue: 'WIFI:x'}}, {{rawValue: '(01){gtin(farm)}(10)SHOT-1'}}] : []; }} }};"
    )
    page = opened(phone)
    with page.expect_file_chooser() as chooser:
        page.click("#scan")
    chooser.value.set_files({"name": "photo.png", "mimeType": "image/png", "buffer": page.screenshot()})
    expect(page.locator("#lot-number")).to_have_value("SHOT-1")


def test_a_photograph_that_cannot_be_read_is_told_of_and_can_be_chosen_again(phone: BrowserContext, farm: Farm) -> None:
    phone.add_init_script("window.BarcodeDetector = class {};")
    page = opened(phone)
    with page.expect_file_chooser() as chooser:
        page.click("#scan")
    chooser.value.set_files({"name": "photo.png", "mimeType": "image/png", "buffer": b"none"})
    expect(page.locator("#photo")).to_have_value("")
    assert "读取有误" in page.eval_on_selector("#code", "field => field.validationMessage")


def test_a_code_that_is_none_is_not_kept(phone: BrowserContext, farm: Farm) -> None:
    page = opened(phone)
    choose(page, "收货")
    page.fill("#code", f"(01){gtin(farm)[:-1]}{(int(gtin(farm)[-1]) + 1) % 10}(10)X-1")
    page.fill("#lot-number", "X-1")
    page.fill("#amount", "1")
    keep(page)
    assert "读取有误" in page.eval_on_selector("#code", "field => field.validationMessage")
    expect(page.locator("#queue li")).to_have_count(0)
