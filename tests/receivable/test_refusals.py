"""Refused second financings: whoever could read the invoice learns that there was one, and nobody else learns anything."""

import secrets
from collections.abc import Iterator

import pytest
from tests.receivable.conftest import Finance, Members

from infoharbor.contractkit.days import day_at
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.receivable.actions import DraftReceivable, IssueReceivable
from infoharbor.contracts.receivable.demo import (
    BANK,
    BASKETS,
    CLAIM,
    DEBTOR,
    EVIDENCE,
    EXPORTER,
    FACE,
    OFFICE,
    RIVAL,
    SUPPLIER,
    TEA_INVOICE,
)
from infoharbor.contracts.receivable.invoices import TaxResult
from infoharbor.contracts.receivable.registering import FactorInvoice, RecordTaxCheck, RegisterInvoice
from infoharbor.contracts.receivable.settlement import InstructPayment
from infoharbor.engine.interface import Block, HeightGone
from infoharbor.kernel.records import Entry
from infoharbor.sdk import refused
from infoharbor.sdk.building import now_ms

IDENTITY = f"CN:{TEA_INVOICE}"
SIGNERS, READERS = {SUPPLIER, BANK}, {OFFICE.id, DEBTOR, RIVAL.id}
"""Of the second financing: who signed it, and who could read the invoice."""
MEMBERS = {each.id for each in PLAYERS} | {RIVAL.id, BASKETS.id, OFFICE.id, "harbor"}


@pytest.fixture(scope="module")
def second(finance: Finance) -> dict[str, str]:
    """Another bank finances the tea invoice once more, and is refused."""
    finance.act(RecordTaxCheck(IDENTITY, TaxResult.VALID, FACE, EVIDENCE), by=BANK)
    again = FactorInvoice(IDENTITY, BANK, 1_234_567, "HB-SECRET-REFERENCE")
    problem = finance.refused(again, by=(SUPPLIER, BANK), code="receivable.invoice_exhausted", field="amount")
    return {"transaction": problem["receipt"]["transaction"], "height": str(problem["receipt"]["height"])}


def sees(finance: Finance, organisation: str, second: dict[str, str]) -> dict[str, bool]:
    """By which ways the organisation learns of the refusal."""
    transaction, height = second["transaction"], int(second["height"])
    with finance.asking(organisation) as client:
        receipt = client.get(f"/v1/transactions/{transaction}")
        results = client.get(f"/v1/blocks/{height}").json()["results"]
        with client.stream("GET", f"/v1/stream?after={height - 1}") as stream:
            line = next(line for line in stream.iter_lines() if line.startswith("data:"))
    return {
        "receipt": receipt.status_code == 200,
        "block": transaction in [each["transaction"] for each in results],
        "stream": transaction in line,
        "report": transaction in [row["transaction"] for row in finance.report("refused", by=organisation)],
    }


@pytest.mark.parametrize("organisation", sorted({*MEMBERS, ""}))
def test_a_refusal_is_seen_by_its_signers_and_the_readers_of_the_invoice_by_every_way_alike(
    finance: Finance, second: dict[str, str], organisation: str
) -> None:
    told = set(sees(finance, organisation, second).values())
    assert told == {organisation in SIGNERS | READERS}


@pytest.mark.parametrize("organisation", sorted(READERS))
def test_who_did_not_sign_is_told_neither_arguments_nor_what_was_wanted(
    finance: Finance, second: dict[str, str], organisation: str
) -> None:
    with finance.asking(organisation) as client:
        answer = client.get(f"/v1/transactions/{second['transaction']}")
    told = answer.text + str(finance.report("refused", by=organisation))
    assert "1234567" not in told
    assert "SECRET" not in told
    receipt = answer.json()
    assert receipt["content"] is None
    assert receipt["refusal"]["expected"] == ""
    with finance.asking(SUPPLIER) as client:
        own = client.get(f"/v1/transactions/{second['transaction']}").json()
    assert own["content"]["actions"][0]["arguments"]["amount"] == "1234567"
    assert own["refusal"]["expected"]


def test_the_supervisor_reports_refused_financings_by_invoice_financier_and_date(
    finance: Finance, second: dict[str, str]
) -> None:
    all_refused = finance.report("refused", by=OFFICE.id)
    row = next(each for each in all_refused if each["transaction"] == second["transaction"])
    assert (row["invoice"], row["financier"], row["tried"]) == (IDENTITY, [BANK], "FactorInvoice")
    assert (row["seller"], row["buyer"]) == (SUPPLIER, DEBTOR)
    assert set(row["signed_by"]) == SIGNERS
    told_in_the_story = finance.report("refused", by=OFFICE.id, invoice=IDENTITY, financier=BANK)
    assert len(told_in_the_story) >= 2
    assert [each["at"] for each in told_in_the_story] == sorted(
        (each["at"] for each in told_in_the_story), reverse=True
    )
    assert finance.report("refused", by=OFFICE.id, financier=RIVAL.id) == []
    assert finance.report("refused", by=OFFICE.id, invoice="CN:0") == []
    recent = finance.report("refused", by=OFFICE.id, days="30")
    assert row in recent
    assert len(recent) < len(all_refused)


def test_an_action_that_says_nothing_of_what_it_concerns_tells_its_signers_alone(finance: Finance) -> None:
    problem = finance.refused(InstructPayment(CLAIM, 1), by=(DEBTOR,), code="receivable.not_due")
    told = {"transaction": problem["receipt"]["transaction"], "height": str(problem["receipt"]["height"])}
    with finance.asking(OFFICE.id) as client:
        assert client.get(f"/v1/records/receivable/receivables/{CLAIM}").status_code == 200, "the record is his to read"
    assert set(sees(finance, OFFICE.id, told).values()) == {False}
    draft = DraftReceivable("unsaid", SUPPLIER, True, BANK, 1, IDENTITY, day_at(now_ms(), "CN") + 30, "")
    beside = finance.refused(draft, InstructPayment(CLAIM, 1), by=(DEBTOR,), code="receivable.not_due")
    told = {"transaction": beside["receipt"]["transaction"], "height": str(beside["receipt"]["height"])}
    assert set(sees(finance, OFFICE.id, told).values()) == {False}, "nor does what stands beside it in the bundle"


def test_a_promise_made_and_refused_in_one_bundle_is_told_by_the_invoice_that_it_was_for(finance: Finance) -> None:
    now = now_ms()
    number = str(secrets.randbelow(10**20)).zfill(20)
    identity, today = f"CN:{number}", day_at(now, "CN")
    register = RegisterInvoice("CN", SUPPLIER, "", number, 2026, SUPPLIER, DEBTOR, "CNY", 100, today, EVIDENCE)
    finance.act(register, by=SUPPLIER)
    claim = f"{DEBTOR}:{number}"
    draft = DraftReceivable(number, SUPPLIER, True, BANK, 101, identity, today + 30, "")
    finance.refused(draft, IssueReceivable(claim), by=(DEBTOR,), code="receivable.invoice_exhausted", field="amount")
    row = next(each for each in finance.report("refused", by=OFFICE.id) if each["invoice"] == identity)
    assert (row["tried"], row["signed_by"], row["receivable"]) == ("IssueReceivable", [DEBTOR], None)
    assert [each for each in finance.report("refused", by=RIVAL.id) if each["invoice"] == identity] == []
    assert finance.report("refused", by=EXPORTER) == []


def gone(*_: object) -> Iterator[Entry]:
    raise HeightGone(10**6)
    yield


def test_where_the_invoice_of_then_is_not_kept_any_more_the_signers_alone_are_told(
    finance: Finance, second: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finance.engine, "history", gone)
    assert set(sees(finance, OFFICE.id, second).values()) == {False}
    with finance.asking(SUPPLIER) as client:
        assert client.get(f"/v1/transactions/{second['transaction']}").status_code == 200


def test_nobody_looks_for_ever_for_how_an_invoice_stood(
    finance: Finance, second: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused, "VERSIONS_MOST", 0)
    assert set(sees(finance, OFFICE.id, second).values()) == {False}


def test_a_report_ends_where_blocks_are_kept(
    finance: Finance, second: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(finance.report("refused", by=OFFICE.id)) > 1
    block, height = finance.engine.block, int(second["height"])

    def kept(wanted: int) -> Block:
        if wanted < height:
            raise HeightGone(height)
        return block(wanted)

    monkeypatch.setattr(finance.engine, "block", kept)
    found = [row["transaction"] for row in finance.report("refused", by=OFFICE.id)]
    assert second["transaction"] in found


@pytest.mark.parametrize(("language", "title"), [("en-US", "Refused second financings"), ("zh-CN", "被拒绝的重复融资")])
def test_it_is_on_the_supervisors_desk(members: Members, second: dict[str, str], language: str, title: str) -> None:
    page = members.open(OFFICE.id, "/desks/receivable/supervisor", language=language)
    part = page.locator("section", has=page.get_by_role("heading", name=title))
    assert IDENTITY in part.inner_text()
