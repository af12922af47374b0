"""The public page of goods: where they come from, what stops them, their proof, and the scans of one piece."""

import re
import uuid
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.farm.conftest import Farm
from tests.farm.test_never_breaks import event, post_event

from infoharbor.contractkit import gs1
from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.contracts.farm.demo import BODY, BOX_LOT, LEAF_LOT, WORKS
from infoharbor.contracts.farm.records import CauseKind
from infoharbor.contracts.trace.demo import BOXES, BOXES_LINK, PALLET
from infoharbor.contracts.trace.rules import object_id
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import verify

PUBLIC = ("en", "zh", "vi")
PIECE = "/01/09521002002027/21/BOX-1"


@pytest.fixture
def recalled(farm: Farm) -> Iterator[Farm]:
    """While the leaf is recalled."""
    number = uuid.uuid4().hex
    assert farm.send(OpenCause(number, LEAF_LOT, CauseKind.RECALL, "pesticide_residue", None), by=BODY).is_success
    yield farm
    assert farm.send(CloseCause(LEAF_LOT, f"{BODY}:{number}", "not_confirmed"), by=BODY).is_success


@pytest.fixture
def page(browser: Browser, farm: Farm) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="en-US", base_url=farm.address)
    yield context.new_page()
    context.close()


def test_the_page_tells_where_the_tea_grew_and_that_nothing_stops_it(page: Page) -> None:
    page.goto(BOXES_LINK)
    text = page.inner_text("main")
    for told in (
        "Liubao tea", "Harvested 2025-04-05", "820.5 kg", "CANGWU-118", "1.2 ha", "No hold or recall reaches these",
        "Organic", "Tea works, Wuzhou", "Shop, Hanoi",
    ):  # fmt: skip
        assert told in text, told
    assert page.locator(".map g.grown, .map g.place").count() >= 4
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_vietnamese_reader_is_told_vietnamese_members_own_names(farm: Farm) -> None:
    names = {language: farm.get(BOXES_LINK, language=language).text for language in ("en", "vi")}
    assert "Nhà nhập khẩu Hà Nội" in names["vi"]
    assert "Hanoi Imports" not in names["vi"]
    assert "Hanoi Imports" in names["en"]
    assert "Wuzhou Tea Growers" in names["vi"]


def test_the_map_shows_cells_and_asks_no_other_server(page: Page, farm: Farm) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(BOXES_LINK)
    assert {httpx.URL(url).host for url in asked} == {"127.0.0.1"}
    plots = farm.get("/v1/records/farm/plots").json()["items"]
    html = page.content()
    assert all(each["record"]["cell"] in html and each["record"]["outline"] not in html for each in plots)


@pytest.mark.parametrize("path", [BOXES_LINK, f"/{object_id(gs1.normal(PALLET)).replace('~', '/')}"])
@pytest.mark.parametrize(("language", "word"), [("en", "Recall"), ("zh", "召回"), ("vi", "Thu hồi")])
def test_a_recall_of_the_leaf_is_told_of_the_boxes_and_of_the_pallet(
    recalled: Farm, path: str, language: str, word: str
) -> None:
    html = recalled.get(path, language=language).text
    alert = re.search(r'role="alert">(.*?)</section>', html, re.DOTALL)
    assert alert is not None
    assert word in alert.group(1)


@pytest.mark.parametrize("language", PUBLIC)
def test_the_page_is_in_every_public_language_without_gaps(farm: Farm, language: str) -> None:
    answer = farm.get(BOXES_LINK, language=language)
    assert answer.headers["content-language"] == language
    assert "undefined" not in answer.text.lower()


def test_the_proof_covers_the_farm_records_of_the_page_and_is_checked_with_one_tap(page: Page, farm: Farm) -> None:
    evidence = farm.get(f"/evidence/{BOX_LOT}").content
    proven = verify(evidence, parse_trust(farm.get("/v1/trust").content))
    tables = {record.path.split("/")[1] for record in proven.records if record.path.startswith("farm/")}
    assert tables >= {
        "lots",
        "productions",
        "plots",
        "claims",
        "licences",
        "certificates",
        "certified",
        "causes",
        "sites",
    }
    page.goto(BOXES_LINK)
    page.click("#check > button")
    page.wait_for_selector("#verdict .right")
    text = page.inner_text("main")
    assert "It proves what it says" in text
    assert "agrees with itself" in text


def test_what_the_ledger_does_not_know_is_neither_checked_nor_counted(farm: Farm) -> None:
    for path, fields in (
        ("/verify", {"object": "01~09521002002027~10~NONE"}),
        ("/scans", {"object": PIECE, "region": "china"}),
    ):
        files = {name: (None, BytesIO(value.encode())) for name, value in fields.items()}
        answer = httpx.post(f"{farm.address}{path}", files=files, headers={"Accept-Language": "en"})
        assert answer.status_code == 422 or answer.status_code == 404, answer.text


def piece_of(farm: Farm) -> str:
    """The public page of a box that was just given its number."""
    link = f"/01/{gs1.gtin_of(gs1.normal(BOXES))}/21/{uuid.uuid4().hex[:12]}"
    sent = event("commissioning", action="ADD", epcList=[f"https://id.gs1.org{link}"])
    assert post_event(farm, WORKS, sent).status_code == 201
    return link


def test_scans_of_a_piece_are_counted_and_far_regions_are_a_sign(page: Page, farm: Farm) -> None:
    link = piece_of(farm)
    for _ in range(2):
        page.goto(link)
    assert "opened 2 times" in page.inner_text("main")
    page.select_option("#region", "guangxi")
    page.click("form[action='/scans'] button")
    assert page.url == f"{farm.address}{link}"
    assert "Guangxi 1" in page.inner_text("main")
    assert "Suspicious" not in page.inner_text("main")
    page.select_option("#region", "indonesia")
    page.click("form[action='/scans'] button")
    text = page.inner_text("main")
    assert "Suspicious" in text
    assert "opened 4 times" in text
    assert "Scans of this piece" not in farm.get(BOXES_LINK).text, "a lot is scanned by many"


@pytest.mark.parametrize("fields", [{"region": "nanning"}, {"region": "guangxi", "object": "x"}, {}])
def test_a_region_that_is_none_and_an_object_that_is_none_are_refused(farm: Farm, fields: dict[str, str]) -> None:
    answer = httpx.post(f"{farm.address}/scans", data=fields, headers={"Accept-Language": "en"})
    assert answer.status_code in (404, 422)
