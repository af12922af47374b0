"""One tap on a page of goods: the proof is fetched once, and has to be of these goods and of all that the page shows."""

from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.attestation.attested_network import AttestedNetwork
from tests.portal.checking import (
    LANGUAGES,
    LOT,
    OBJECT,
    OTHER_PROOF,
    PROOF,
    altered,
    check,
    check_again,
    fresh,
    lot_page,
    nothing_asked,
    serving,
)
from tests.portal.conftest import Portal, Screens

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.demo import PALLET
from infoharbor.contracts.trace.rules import object_id
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import verify
from infoharbor.kernel.encoding import encode
from infoharbor.sdk.trusting import way_forward


@pytest.mark.parametrize(("language", "said"), LANGUAGES)
def test_one_tap_on_the_public_page_fetches_its_proof_once_and_checks_it(
    screens: Screens, language: str, said: str
) -> None:
    page = lot_page(screens, language)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(300)
    assert asked == [], "scrolling asks for nothing"
    text = check(page)
    assert [httpx.URL(url).raw_path.decode() for url in asked] == [PROOF]
    assert said in text
    assert "LB250418-B · GTIN 09521002002027" in text
    with nothing_asked(page):
        assert said in check(page)
    assert page.locator("#verdict .right").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).response["violations"] == []


def test_one_tap_on_the_public_page_refuses_an_altered_proof(portal: Portal, screens: Screens) -> None:
    page = screens.open("/verify")

    serving(page, PROOF, altered(portal.get(PROOF).content))
    page.goto(LOT)
    assert "It proves nothing" in check(page)


@pytest.mark.parametrize(
    ("language", "title", "named"),
    [
        ("en-US", "This proves something else", "Lot MC250405 · GTIN 09521001001014"),
        ("zh-CN", "证明的是别的事项", "批次 MC250405 · GTIN 09521001001014"),
        ("vi-VN", "Bằng chứng này nói về thứ khác", "Lô MC250405 · GTIN 09521001001014"),
    ],
)
def test_a_genuine_proof_of_other_goods_proves_something_else(
    portal: Portal, screens: Screens, language: str, title: str, named: str
) -> None:
    page = screens.open("/verify", language=language, width=360)
    serving(page, PROOF, portal.get(OTHER_PROOF).content)
    page.goto(LOT)
    text = check(page)
    assert title in text
    assert named in text
    assert "LB250418-B · GTIN 09521002002027" in text
    assert page.locator("#verdict .right").count() == 0
    assert page.locator("#verdict .wrong[role=alert]").count() == 1
    assert Axe().run(page).response["violations"] == []


def test_a_proof_of_a_unit_that_holds_the_goods_is_not_the_proof_of_the_goods(portal: Portal, screens: Screens) -> None:
    """It tells of the same events."""
    unit = portal.get(f"/evidence/{object_id(gs1.normal(PALLET))}").content
    assert b"trace/mentions/01~09521002002027~10~LB250418-B/" in unit
    page = screens.open("/verify")
    serving(page, PROOF, unit)
    page.goto(LOT)
    assert "This proves something else" in check(page)


def test_a_proof_of_a_member_proves_something_else(portal: Portal, screens: Screens) -> None:
    page = screens.open("/verify")
    serving(page, PROOF, portal.get("/v1/proofs/identity/organisations/nanning-exporter").content)
    page.goto(LOT)
    text = check(page)
    assert "This proves something else" in text
    assert "identity/organisations/nanning-exporter" in text


@pytest.mark.parametrize(
    ("path", "title"),
    [(OBJECT, "It does not prove all of this page"), ("identity/organisations/nobody", "This proves something else")],
    ids=["the state of the goods", "the absence of another"],
)
def test_one_record_does_not_prove_all_that_the_page_shows(
    portal: Portal, screens: Screens, path: str, title: str
) -> None:
    page = screens.open("/verify")
    serving(page, PROOF, portal.get(f"/v1/proofs/{path}").content)
    page.goto(LOT)
    assert title in check(page)
    assert page.locator("#verdict .wrong").count() == 1


def test_the_proof_that_was_checked_is_the_one_that_is_downloaded(portal: Portal, screens: Screens) -> None:
    page = lot_page(screens)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    check(page)
    with page.expect_download() as saved:
        page.click("#proof")
    assert saved.value.suggested_filename == "01_09521002002027_10_LB250418-B.evidence.json"
    trust = parse_trust(portal.get("/v1/trust").content)
    assert verify(Path(saved.value.path()).read_bytes(), trust).records
    assert len([url for url in asked if url.startswith("http")]) == 1


def test_the_public_page_asks_for_the_way_forward_only_where_the_reader_s_trust_file_needs_it(
    portal: Portal, screens: Screens, grown: AttestedNetwork
) -> None:
    page = screens.open("/verify")
    serving(page, PROOF, make_evidence(grown.chain, grown, ["identity/organisations/beihai"]))
    serving(page, "/log/way-forward?size=1", encode(way_forward(grown, 1)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(LOT)
    assert "It proves nothing" in check(page)
    assert not [url for url in asked if "way-forward" in url]
    page.click("details.device summary")
    text = check(page, trust=fresh(grown.old_trust))
    assert "Handovers of the members' keys: 2." in text
    assert "This proves something else" in text
    assert len([url for url in asked if "way-forward" in url]) == 1


def test_a_proof_that_cannot_be_fetched_is_no_verdict_and_can_be_asked_for_again(screens: Screens) -> None:
    page = screens.open("/verify")
    page.context.route(f"**{PROOF}", lambda route: route.abort())
    page.goto(LOT)
    assert "could not be fetched" in check(page)
    page.context.unroute_all()
    assert "It proves what it says" in check_again(page)
