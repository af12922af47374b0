"""Every page: in its languages, whole, accessible, safe, and wide enough for a phone."""

from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.portal.conftest import ATTACK, ATTACKER, EVIL, Portal, Screens

from infoharbor.edgekit.languages import LANGUAGES, read_words
from infoharbor.portal.pages.verifier import FETCHING, SCRIPTED
from infoharbor.portal.shell import POLICY
from infoharbor.portal.wording import PUBLIC_LANGUAGES, chosen

LOT = "/01/09521002002027/10/LB250418-B"
PAGES = {
    "overview": "/",
    "blocks": "/blocks",
    "block": "/blocks/40",
    "organisations": "/organisations",
    "organisation": "/organisations/nanning-exporter",
    "contracts": "/contracts",
    "contract": "/contracts/asset",
    "records": "/records/trace/events",
    "record": "/records/identity/organisations/nanning-exporter",
    "trace": "/trace",
    "graph": "/trace/01~09521002002027~10~LB250418-B",
    "verify": "/verify",
    "lot": LOT,
    "product": "/01/09521002002027",
    "unit": "/00/095210030000010045",
}
PUBLIC = ("verify", "lot", "product", "unit")
CHECKING = {"verify": SCRIPTED, "lot": FETCHING, "unit": FETCHING}
"""The pages that have a script: this node's own, with which the reader's device checks evidence."""
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Tags(HTMLParser):
    """Notes what is opened and closed, and what a page must not have."""

    def __init__(self, *, may_check: bool) -> None:
        super().__init__()
        self.may_check = may_check
        self.open: list[str] = []
        self.ids: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        own = given.get("type") == "module" and str(given.get("src")).startswith("/portal/")
        inert = given.get("type") == "application/json"
        scripted = tag == "script" and not (self.may_check and (own or inert))
        if scripted or "style" in given or any(name.startswith("on") for name in given):
            self.faults.append(f"<{tag}> with script or style")
        if given.get("id"):
            self.ids.append(str(given["id"]))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def ensure_whole(html: str, *, may_check: bool = False) -> None:
    """Every tag is closed, and nothing runs; `may_check`: but for the program that checks evidence."""
    tags = Tags(may_check=may_check)
    tags.feed(html)
    tags.close()
    assert not tags.faults
    assert not tags.open
    assert len(tags.ids) == len(set(tags.ids))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_in_both_languages_whole_and_with_no_script_but_the_one_that_checks(
    portal: Portal, name: str, language: str
) -> None:
    answer = portal.get(PAGES[name], language=language)
    assert answer.status_code == 200
    assert answer.headers["content-language"] == language
    assert f'lang="{"zh-Hans" if language == "zh" else "en"}"' in answer.text
    assert answer.headers["content-security-policy"] == CHECKING.get(name, POLICY)
    assert "script" not in POLICY
    assert POLICY.startswith("default-src 'none'")
    ensure_whole(answer.text, may_check=name in CHECKING)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_buyers_read_is_there_in_vietnamese(portal: Portal, name: str) -> None:
    answer = portal.get(PAGES[name], language="vi")
    assert answer.headers["content-language"] == "vi"
    ensure_whole(answer.text, may_check=name in CHECKING)


@pytest.mark.parametrize(
    "name", ["lot", "graph", "overview", "record", "records", "contract", "verify", "trace", "organisation"]
)
def test_main_pages_pass_axe_and_fit_a_phone(screens: Screens, name: str, tmp_path: Path) -> None:
    for language, width in (("zh-CN", 360), ("en-US", 1200)):
        page = screens.open(PAGES[name], language=language, width=width)
        page.screenshot(path=tmp_path / f"{name}-{language}-{width}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["overview", "blocks", "organisation", "records", "record", "graph", "trace"])
def test_a_phone_shows_every_column(screens: Screens, name: str) -> None:
    page = screens.open(PAGES[name], width=390)
    cut = "each => each.filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    assert page.locator(".scroll:not(.drawing)").evaluate_all(cut) == []


def test_a_form_offers_the_organisations_by_name_and_says_who_may_send_it(portal: Portal) -> None:
    html = portal.get("/act/asset/Transfer").text
    assert '<option value="nanning-exporter">Nanning Exports (example)</option>' in html
    assert "Only a member signs and sends this form." in html


def test_the_keyboard_reaches_the_content_first(screens: Screens) -> None:
    page = screens.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


def test_all_languages_have_the_same_words() -> None:
    def keys(language: str) -> dict[str, list[str]]:
        words = read_words("infoharbor.portal", language)
        return {part: sorted(texts) for part, texts in words.items() if part != "reviewed"}

    assert keys("en") == keys("zh") == keys("vi")
    assert [read_words("infoharbor.portal", each)["reviewed"] for each in ("en", "zh", "vi")] == [True, False, False]
    assert all(all(texts.values()) for texts in (read_words("infoharbor.portal", "vi")["texts"],))


def test_the_address_beats_the_cookie_and_the_cookie_beats_the_browser(portal: Portal) -> None:
    assert chosen("zh", "en", "vi", PUBLIC_LANGUAGES) == "zh"
    assert chosen("xx", "en", "vi", PUBLIC_LANGUAGES) == "en"
    assert chosen("", "", "vi,en;q=0.5", PUBLIC_LANGUAGES) == "vi"
    assert chosen("vi", "", "zh", LANGUAGES) == "zh"
    asked = portal.get("/?lang=zh")
    assert asked.cookies["lang"] == "zh"
    kept = portal.get("/blocks", cookies={"lang": "zh"})
    assert kept.headers["content-language"] == "zh"
    assert "set-cookie" not in kept.headers


def test_a_reader_without_script_searches_for_a_lot_and_switches_language(screens: Screens) -> None:
    page = screens.open("/", script=False)
    page.fill("#object", "(01) 09521002002027 (10) LB250418-B")
    page.click("text=Trace >> nth=1")
    assert page.url.endswith("/trace/01~09521002002027~10~LB250418-B")
    page.click("text=中文")
    assert "批次 LB250418-B" in page.inner_text("h1")


def test_a_missing_page_is_a_page_for_a_browser_and_a_problem_for_a_program(portal: Portal) -> None:
    for path in ("/nope", "/blocks/9999999", "/blocks/x", "/records/asset/nope", "/organisations/nobody", "/a/b/c/d"):
        answer = portal.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert 'lang="zh"' in answer.text
        ensure_whole(answer.text)
    program = portal.get("/v1/nope")
    assert program.headers["content-type"] == "application/problem+json"


def test_a_consortium_record_says_who_else_can_read_it_and_a_hidden_one_is_not_there(portal: Portal) -> None:
    event = portal.get("/records/trace/events").text.split('href="/records/trace/events/')[1].split('"')[0]
    assert "operators of every member's node can read this" in unescape(
        portal.get(f"/records/trace/events/{event}").text
    )
    with portal.engine.snapshot() as snapshot:
        hidden = next(path for path, _ in snapshot.scan("identity/keys/"))
    assert portal.get(f"/records/{hidden}").status_code == 404
    assert "There is nothing here" in portal.get("/records/identity/keys").text


def test_a_refused_filter_names_the_field(portal: Portal) -> None:
    assert "Nanning" in portal.get("/records/identity/organisations?id=nanning-exporter").text
    refused = portal.get("/records/identity/organisations?colour=red")
    assert refused.status_code == 422
    assert "colour" in refused.text


def test_a_transaction_shows_who_signed_and_what_it_wrote(portal: Portal) -> None:
    identifier = portal.get("/").text.split('href="/transactions/')[1].split('"')[0]
    page = portal.get(f"/transactions/{identifier}", language="zh")
    assert page.status_code == 200
    assert "签署方" in page.text
    assert "/records/trace/" in page.text
    ensure_whole(page.text)


def test_values_of_records_never_become_markup(portal: Portal, screens: Screens) -> None:
    for path in ("/organisations", f"/organisations/{ATTACKER.id}", "/records/governance/proposals/admit-attacker"):
        for language in LANGUAGES:
            text = portal.get(path, language=language).text
            assert ATTACK not in text
            assert "<img" not in text
            assert "49" not in text.partition("<h1>")[2].partition("</h1>")[0]
            ensure_whole(text)
    page = screens.open(f"/organisations/{ATTACKER.id}", language="zh-CN")
    assert page.title() != "1"
    assert ATTACK in page.inner_text("h1")


@pytest.mark.parametrize("language", PUBLIC_LANGUAGES)
def test_a_member_who_writes_nonsense_into_an_event_breaks_no_page(portal: Portal, language: str) -> None:
    for path in (EVIL, f"/trace/{EVIL[1:].replace('/', '~')}", "/trace", "/records/trace/events", "/01/09521002002027"):
        answer = portal.get(path, language=language)
        assert answer.status_code == 200
        assert 'href="javascript:' not in answer.text
        ensure_whole(answer.text, may_check=path == EVIL)


@pytest.mark.parametrize(
    "path",
    [
        "/portal/x/../../../../etc/passwd",
        "/portal/..%2f..%2fserve.py",
        "/records/identity/organisations/..%2f..%2f..%2fetc%2fpasswd",
        "/records/identity/organisations/%00",
        "/records/identity/organisations/%E6%9D%AF",
        "/records/identity/organisations/" + "a" * 5000,
        "/trace/" + "9" * 3000,
        "/trace/%3Cscript%3E",
        "/trace?object=" + "%3Cscript%3E" * 10,
        "/trace?object=" + "a" * 1100,
        "/trace?object=a&object=b",
        "/trace?object=%E8%8C%B6",
        "/trace?after=%FF",
        "/01/09521002002020/10/X",
        "/01/" + "1" * 2000,
        "/01/09521002002027/10/%3Cscript%3E",
        "/00/x",
        "/blocks?before=-1",
        "/blocks?before=99999999999999999999999",
        "/transactions/zz",
        "/evidence/nothing",
        "/?lang=%3Cscript%3E",
    ],
)
def test_hostile_addresses_get_a_refusal_or_a_page_and_never_a_fault(portal: Portal, path: str) -> None:
    answer = portal.get(path)
    assert answer.status_code in (200, 302, 303, 400, 404, 422)
    assert "<script" not in answer.text
    assert "root:" not in answer.text
