"""The page of transactions: the newest first, with who did what and what became of it, as far as the reader may know."""

import re

import httpx
import pytest
from tests.portal.conftest import Portal
from tests.portal.test_pages import ensure_whole

from infoharbor.edgekit.languages import LANGUAGES
from infoharbor.sdk import transactions

BANK = "harbor-bank"
TITLES = {"en": "Record a production", "zh": "登记生产"}


def listed(html: str) -> list[str]:
    return re.findall(r'<a href="/transactions/([0-9a-f]{64})"', html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_who_did_what(portal: Portal, language: str) -> None:
    page = portal.get("/transactions?action=farm.RecordProduction", language=language)
    assert page.status_code == 200
    ensure_whole(page.text)
    assert f"<div>{TITLES[language]}" in page.text
    assert '<a href="/organisations/liubao-processor">' in page.text
    assert len(listed(page.text)) == 2
    assert '<a href="/transactions">' in portal.get("/", language=language).text


def test_pages_follow_one_another_without_a_gap(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    everything: list[str] = []
    path = "/transactions"
    while path:
        html = portal.get(path).text
        everything += listed(html)
        older = re.search(r'<a class="button quiet" href="(/transactions\?[^"]+)"', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(everything) == len(set(everything)) > 80
    monkeypatch.setattr(transactions, "LOOKED_THROUGH", 7)
    short = portal.get("/transactions?organisation=nobody")
    assert "before=" in short.text


def test_a_refused_one_is_for_its_signers(portal: Portal) -> None:
    assert listed(portal.get("/transactions?result=refused").text) == []
    with httpx.Client(base_url=portal.address, timeout=30, headers={"Accept-Language": "en"}) as clerk:
        clerk.post("/enter", data={"organisation": BANK})
        own = clerk.get(f"/transactions?result=refused&organisation={BANK}").text
        assert listed(own)
        assert "refused" in clerk.get(f"/transactions/{listed(own)[0]}").text


@pytest.mark.parametrize("before", ["x", "1", "1.2.3", "-1.0", "99999999999999999999.0"])
def test_a_place_that_is_none_is_refused(portal: Portal, before: str) -> None:
    assert portal.get(f"/transactions?before={before}").status_code == 422
