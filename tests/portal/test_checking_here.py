"""A reader's own device checks evidence, with the network cut and nothing sent; the pages say against whose trust file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route
from tests.portal.conftest import Portal, Screens

from infoharbor.portal.pages.verifier import FETCHING, SCRIPTED

LOT = "/01/09521002002027/10/LB250418-B"
PROOF = "/evidence/01~09521002002027~10~LB250418-B"
LANGUAGES = [
    ("en-US", "This device checked it by itself"),
    ("zh-CN", "由本设备自行验证"),
    ("vi-VN", "Chính thiết bị này"),
]


@contextmanager
def nothing_asked(page: Page) -> Iterator[None]:
    """The network is cut, and nothing even tries it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    yield
    assert asked == []
    page.context.set_offline(False)


def upload(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def verify_page(screens: Screens, language: str = "en-US", width: int = 1200) -> Page:
    page = screens.open("/verify", language=language, width=width)
    page.wait_for_selector("#check[data-ready]")
    return page


def check(page: Page, evidence: bytes | None = None, trust: bytes | None = None) -> str:
    """What the page says once it has checked."""
    for name, content in (("evidence", evidence), ("trust", trust)):
        if content is not None:
            page.set_input_files(f"#{name}", upload(name, content))  # type: ignore[arg-type]
    page.click("#check > button")
    page.wait_for_selector("#verdict .note")
    return page.inner_text("#verdict")


def lot_page(screens: Screens, language: str = "en-US") -> Page:
    """The public page, scrolled to where the proof is taken away."""
    page = screens.open(LOT, language=language, width=360)
    page.locator("#check").scroll_into_view_if_needed()
    page.wait_for_selector("#check[data-loaded]")
    return page


def altered(evidence: bytes) -> bytes:
    document = json.loads(evidence)
    document["records"].pop()
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


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


@pytest.mark.parametrize(("language", "said"), LANGUAGES)
def test_one_tap_on_the_public_page_checks_its_proof_without_a_network(
    screens: Screens, language: str, said: str
) -> None:
    page = lot_page(screens, language)
    with nothing_asked(page):
        assert said in check(page)
    assert page.locator("#verdict .right").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).response["violations"] == []


def test_one_tap_on_the_public_page_refuses_an_altered_proof(portal: Portal, screens: Screens) -> None:
    page = screens.open("/verify")

    def altering(route: Route) -> None:
        route.fulfill(body=altered(portal.get(PROOF).content), content_type="application/json")

    page.context.route(f"**{PROOF}", altering)
    page.goto(LOT)
    page.locator("#check").scroll_into_view_if_needed()
    page.wait_for_selector("#check[data-loaded]")
    with nothing_asked(page):
        assert "It proves nothing" in check(page)


def test_a_proof_that_cannot_be_fetched_is_no_verdict_and_can_be_asked_for_again(screens: Screens) -> None:
    page = screens.open("/verify")
    page.context.route(f"**{PROOF}", lambda route: route.abort())
    page.goto(LOT)
    assert "could not be fetched" in check(page)
    page.context.unroute_all()
    assert "It proves what it says" in check_again(page)


def check_again(page: Page) -> str:
    page.click("#check > button")
    page.wait_for_selector("#verdict .right")
    return page.inner_text("#verdict")


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
    assert "evidence.too_large" in check(page, b" " * (16 * 1024 * 1024 + 1))


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
