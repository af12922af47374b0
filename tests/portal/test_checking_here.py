"""A reader's own device checks evidence, with the network cut and nothing sent; the pages say against whose trust file."""

import re

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.attestation.attested_network import AttestedNetwork
from tests.portal.checking import (
    LANGUAGES,
    LOT,
    PROOF,
    altered,
    check,
    check_again,
    fresh,
    lot_page,
    nothing_asked,
    upload,
    verify_page,
)
from tests.portal.conftest import Portal, Screens

from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import verify
from infoharbor.kernel.encoding import encode
from infoharbor.portal.pages.verifier import FETCHING, SCRIPTED
from infoharbor.sdk.trusting import way_forward


@pytest.mark.parametrize(("language", "said"), LANGUAGES)
def test_the_verify_page_checks_a_file_without_a_network(
    portal: Portal, screens: Screens, language: str, said: str
) -> None:
    evidence, trust = portal.get(PROOF).content, portal.get("/v1/trust").content
    page = verify_page(screens, language)
    with nothing_asked(page):
        text = check(page, evidence, trust)
    assert said in text
    assert page.locator("#verdict .right").count() == 1
    assert page.locator("#verdict details").count() == 81
    assert page.locator("#verdict dl time").count() > 20
    assert Axe().run(page).response["violations"] == []


def test_the_verify_page_refuses_an_altered_file_and_says_why(portal: Portal, screens: Screens) -> None:
    page = verify_page(screens)
    with nothing_asked(page):
        text = check(page, altered(portal.get(PROOF).content))
    assert "It proves nothing" in text
    assert "The evidence was altered" in text
    assert "evidence.not_canonical · file" in text
    assert "This device checked it" in text
    assert "agrees with itself" in text


def test_the_verify_page_says_what_the_evidence_is_about(portal: Portal, screens: Screens) -> None:
    evidence = portal.get(PROOF).content
    page = verify_page(screens)
    text = check(page, evidence)
    posted = httpx.post(
        f"{portal.address}/verify", files={"evidence": evidence}, headers={"Accept-Language": "en"}
    ).text
    for told in ("It is about: Lot LB250418-B · GTIN 09521002002027.", "Records proved: 81 (", "Events "):
        assert told in text
        assert told in posted
    member = check(page, portal.get("/v1/proofs/identity/organisations/nanning-exporter").content)
    assert "It is about: Organisations nanning-exporter." in member
    chinese = check(verify_page(screens, "zh-CN"), evidence)
    assert "证明的对象：批次 LB250418-B · GTIN 09521002002027。" in chinese


def test_a_stamp_is_said_not_to_be_checked_and_how_to_check_it(portal: Portal, screens: Screens) -> None:
    page = verify_page(screens)
    page.click("details.device summary")
    assert "is not checked on this page" in page.inner_text("#check")
    assert "--stamp stamp.tsr --authorities roots.pem" in page.inner_text("#check")
    trust = re.sub(rb"refresh-by 20\d\d", b"refresh-by 2001", portal.get("/v1/trust").content)
    text = check(page, portal.get(PROOF).content, trust)
    assert "past its date" in text
    assert "--stamp stamp.tsr --authorities roots.pem" in text


def test_an_older_trust_file_goes_forward_in_the_browser_and_is_kept_so(
    screens: Screens, grown: AttestedNetwork
) -> None:
    """And without the way it knows none of those who signed."""
    evidence = make_evidence(grown.chain, grown, ["identity/organisations/beihai"])
    old, way = fresh(grown.old_trust), encode(way_forward(grown, 1))
    page = verify_page(screens)
    assert "note.unknown_signature" in check(page, evidence, old)
    page.click("details.device summary")
    assert page.get_attribute("#way-from", "href") == "/log/way-forward?size=1"
    page.set_input_files("#way", upload("way-forward", way))  # type: ignore[arg-type]
    with nothing_asked(page):
        text = check(page)
    assert "Handovers of the members' keys: 2." in text
    kept = page.evaluate(f"localStorage.getItem('trust/{grown.chain.id.hex()}')")
    carried = parse_trust(kept.encode())
    assert verify(evidence, carried).records
    assert carried.pin_size == grown.size
    page.set_input_files("#way", upload("way-forward", way[:-1]))  # type: ignore[arg-type]
    assert "ledger.malformed · wayforward" in check(page)


def test_the_page_says_whose_trust_file_it_was_and_keeps_the_reader_s_own_only_as_asked(
    portal: Portal, screens: Screens
) -> None:
    trust = portal.get("/v1/trust").content
    page = lot_page(screens)
    assert "agrees with itself" in check(page)
    page.click("details.device summary")
    page.uncheck("[name=keep]")
    assert "the trust file that you chose" in check(page, trust=trust)
    page.reload()
    assert "agrees with itself" in check(page)
    page.click("details.device summary")
    assert "the trust file that you chose" in check(page, trust=trust)
    page.goto(LOT)
    assert "you keep in this browser" in check(page)
    page.click("details.device summary")
    page.click("#forget")
    assert "agrees with itself" in check_again(page)


def test_another_ledger_s_trust_file_proves_nothing_and_is_not_kept(portal: Portal, screens: Screens) -> None:
    page = verify_page(screens)
    chain = portal.engine.chain.id.hex()
    other = portal.get("/v1/trust").content.replace(chain[:16].encode(), b"0" * 16)
    assert "It proves nothing" in check(page, portal.get(PROOF).content, other)
    assert page.evaluate("localStorage.length") == 0


def test_what_stands_in_a_file_is_shown_as_text_alone(screens: Screens, portal: Portal) -> None:
    page = verify_page(screens)
    evidence = portal.get("/v1/proofs/identity/organisations/attacker").content
    assert b"attacker" in evidence
    text = check(page, evidence)
    assert "<img src=x onerror=document.title=1>" in text
    assert page.title() != "1"
    assert page.locator("#verdict img, #verdict script").count() == 0


def test_a_file_that_is_too_large_is_refused_unread(screens: Screens) -> None:
    page = verify_page(screens)
    assert "evidence.too_large · file · at most 16777216 bytes" in check(page, b" " * (16 * 1024 * 1024 + 1))


def test_what_would_be_right_is_said_in_the_reader_s_language(portal: Portal, screens: Screens) -> None:
    page = verify_page(screens, "zh-CN")
    assert "evidence.too_large · file · 最多 16777216 字节" in check(page, b" " * (16 * 1024 * 1024 + 1))
    trust = portal.get("/v1/trust").content
    assert "trust.line · # x · 信任文件的一行；注释以 ## 开头" in check(page, trust=trust.replace(b"quorum", b"# x"))


def test_the_pages_run_this_node_s_own_program_alone_and_the_verify_page_can_send_nothing(portal: Portal) -> None:
    assert portal.get("/verify").headers["content-security-policy"] == SCRIPTED
    assert portal.get(LOT).headers["content-security-policy"] == FETCHING
    assert "connect-src" not in SCRIPTED
    assert SCRIPTED.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in FETCHING


def test_the_program_is_kept_by_browsers_and_sent_packed_where_they_take_that(portal: Portal) -> None:
    source = portal.get("/verify").text.partition('type="module" src="')[2].partition('"')[0]
    packed = portal.get(source)
    plain = httpx.get(f"{portal.address}{source}", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert "immutable" in plain.headers["cache-control"]
    of_another_version = portal.get(source.replace(source.split("/")[2], "0" * 12))
    assert of_another_version.text == plain.text
    assert of_another_version.headers["cache-control"] == "no-store"
    assert plain.headers["content-type"].startswith("text/javascript")
    for name in ("nothing.js", "vendor/README.md", "%2e%2e/capture.js"):
        assert portal.get(source.replace("page.js", name)).status_code == 404
