"""What fields point to: pages lead to it under its name, and hidden records stay hidden."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser
from tests.portal.conftest import Portal

from infoharbor.edgekit.json_form import shape_of
from infoharbor.edgekit.languages import LANGUAGES
from infoharbor.edgekit.pages import enclosed_of, references_of
from infoharbor.kernel.records import PUBLIC, record_type
from infoharbor.kernel.registry import installed_registry

REGISTRY = installed_registry()
PROPOSAL = "/records/governance/proposals/grant-certifier-vn-hanoi-certifier"


def members(portal: Portal, *organisations: str) -> Iterator[httpx.Client]:
    for organisation in organisations:
        with httpx.Client(base_url=portal.address, timeout=30, headers={"Accept-Language": "en"}) as client:
            client.post("/enter", data={"organisation": organisation})
            yield client


def test_every_reference_is_of_a_field_that_there_is_and_leads_to_a_whole_key() -> None:
    for (contract, field), refer in references_of(REGISTRY).items():
        tables = [kind.of for kind in REGISTRY.tables.values() if kind.contract == contract]
        actions = [kind.of for kind in REGISTRY.actions(contract)]
        names = {each.name for of in (*tables, *actions) for each in shape_of(of).fields} | {"lot", "season", "object"}
        target = record_type(refer.of)
        assert field in names, (contract, field)
        assert len(refer.key or (field,)) <= len(target.key), (contract, field)
        assert set(refer.by) <= {each.name for each in shape_of(refer.of).fields}


def test_every_table_and_action_that_holds_a_decision_has_the_fields_that_say_so() -> None:
    for of, declared in enclosed_of(REGISTRY).items():
        assert {declared.named, declared.held} <= {each.name for each in shape_of(of).fields}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_public_record_shows_keys_codes_or_bytes_as_the_ledger_writes_them(portal: Portal, language: str) -> None:
    looked = 0
    for name, kind in REGISTRY.tables.items():
        if kind.visible != PUBLIC:
            continue
        rows = portal.get(f"/records/{name}", language=language).text
        for path in re.findall(rf'href="(/records/{name}/[^"]+)"', rows)[:1]:
            fields = portal.get(path, language=language).text.partition('<dl class="fields">')[2].partition("<h2>")[0]
            raw = re.findall(r"\b(?:01|00|414)~|contract:|_ms\b|<dd>[0-9a-f]{40,}", re.sub(r'"[^"]*"', "", fields))
            assert raw == [], path
            looked += 1
    assert looked > 5


def test_a_decision_is_shown_by_its_fields(portal: Portal) -> None:
    page = portal.get(PROPOSAL, language="zh").text
    assert "授予资格" in page
    assert '<a href="/organisations/hanoi-certifier">' in page.partition("决定内容")[2]
    assert "hex" not in page


def test_a_member_reads_what_it_may_and_nobody_else_learns_of_it(portal: Portal) -> None:
    with portal.engine.snapshot() as snapshot:
        path = next(path for path, _ in snapshot.scan("asset/balances/harbor-bank:demo-vnd/hanoi-importer"))
    page, token = f"/records/{path}", "/records/asset/tokens/harbor-bank%3Ademo-vnd"
    assert portal.get(page).status_code == 404
    (own, other) = (client.get(page) for client in members(portal, "hanoi-importer", "pingxiang-carrier"))
    assert other.status_code == 404
    assert f'href="{token}">Harbour Bank (example) · Dong</a>' in own.text
    assert "/v1/proofs/" not in own.text
    assert "/v1/proofs/" in portal.get(token).text


@pytest.mark.parametrize(
    ("organisation", "path"),
    [
        ("harbor-bank", "/desks/receivable/financier"),
        ("guangxi-market-supervisor", "/desks/farm/supervision"),
        ("wuzhou-tea-cooperative", "/desks/receivable/supplier"),
        ("nanning-exporter", "/reports/trace/fsma"),
    ],
)
def test_no_desk_scrolls_sideways_on_a_desktop(browser: Browser, portal: Portal, organisation: str, path: str) -> None:
    wide = "all => all.filter(each => each.scrollWidth > each.clientWidth).map(each => each.ariaLabel)"
    for language in ("zh-CN", "en-US"):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=language, base_url=portal.address)
        context.request.post("/enter", form={"organisation": organisation}, headers={"Origin": portal.address})
        page = context.new_page()
        page.goto(path)
        assert page.locator(".report .scroll").count() > 0
        assert page.locator(".report .scroll").evaluate_all(wide) == []
        context.close()
