"""Every rule of supply-chain finance that never breaks, tried over HTTP: what is asked is refused, and nothing changes."""

import pytest
from tests.receivable.conftest import Finance

from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    ConfirmReceivable,
    DraftReceivable,
    IssueReceivable,
)
from infoharbor.contracts.receivable.collateral_register import RecordSearch, RegisterAssignment
from infoharbor.contracts.receivable.demo import (
    AUTUMN_CLAIM,
    BAMBOO,
    BANK,
    BASKETS,
    CLAIM,
    DEBTOR,
    EVIDENCE,
    LATE_CLAIM,
    RIVAL,
    SUPPLIER,
    TEA_INVOICE,
)
from infoharbor.contracts.receivable.financing import AskFinancing, ChooseOffer, OfferFinancing, PayOut
from infoharbor.contracts.receivable.holding import FreezeLeaf, OfferLeaf, SplitLeaf, TakeLeaf
from infoharbor.contracts.receivable.invoices import TaxResult
from infoharbor.contracts.receivable.registering import FactorInvoice, RecordTaxCheck, RegisterInvoice
from infoharbor.contracts.receivable.settlement import CollectLeaves, ConfirmPayment, InstructPayment
from infoharbor.sdk.building import now_ms


def today() -> int:
    return day_at(now_ms(), "CN")


def registration(number: str, *, series: str = "", total: int = 1_000, seller: str = SUPPLIER) -> RegisterInvoice:
    return RegisterInvoice("CN", seller, series, number, 2026, seller, DEBTOR, "CNY", total, today(), EVIDENCE)


def issued(
    finance: Finance, name: str, *, digits: str, face: int = 1_000, days: int = 30
) -> tuple[str, DraftReceivable]:
    """A draft for an invoice of its own: its id, and what drafts it."""
    finance.act(registration(digits, total=face), by=SUPPLIER)
    draft = DraftReceivable(name, SUPPLIER, True, BANK, face, f"CN:{digits}", today() + days, "")
    return f"{DEBTOR}:{name}", draft


def live(finance: Finance, name: str, *, digits: str, face: int = 1_000) -> str:
    claim, draft = issued(finance, name, digits=digits, face=face)
    finance.act(draft, IssueReceivable(claim), by=DEBTOR)
    finance.act(ConfirmReceivable(claim), by=BANK)
    finance.act(AcceptReceivable(claim, today(), True), by=SUPPLIER)
    return claim


# The sum of live leaves and what is redeemed is the face; a leaf has one holder and at most one encumbrance


@pytest.mark.parametrize("parts", [(7_000_000, 7_999_999), (7_000_000, 8_000_001), (15_000_000,)])
def test_parts_that_do_not_add_up_to_the_leaf_are_refused(finance: Finance, parts: tuple[int, ...]) -> None:
    code = "receivable.parts_count" if len(parts) == 1 else "receivable.parts_mismatch"
    finance.refused(SplitLeaf(AUTUMN_CLAIM, 3, parts), by=(SUPPLIER,), code=code, field="parts")


def test_a_leaf_that_was_split_is_gone(finance: Finance) -> None:
    again = SplitLeaf(AUTUMN_CLAIM, 1, (25_000_000, 15_000_000))
    finance.refused(again, by=(SUPPLIER,), code="ledger.move_undeclared")


def test_a_leaf_that_banks_are_asked_for_is_not_passed_on_too(finance: Finance) -> None:
    invoice = registration("26459999000000000900", total=25_000_000, seller=BASKETS.id)
    sold = RegisterInvoice(**{name: getattr(invoice, name) for name in invoice.__struct_fields__} | {"buyer": SUPPLIER})
    finance.act(sold, by=BASKETS.id)
    offer = OfferLeaf(AUTUMN_CLAIM, 2, BASKETS.id, "CN:26459999000000000900", False, now_ms() + DAY_MS)
    finance.refused(offer, by=(SUPPLIER,), code="ledger.move_undeclared")


@pytest.mark.parametrize("stranger", [BASKETS.id, RIVAL.id, DEBTOR])
def test_nobody_splits_or_takes_what_another_holds(finance: Finance, stranger: str) -> None:
    split = SplitLeaf(AUTUMN_CLAIM, 3, (7_000_000, 8_000_000))
    finance.refused(split, by=(stranger,), code="ledger.not_entitled", field="by")
    finance.refused(TakeLeaf(AUTUMN_CLAIM, 3), by=(stranger,), code="receivable.leaf_status")


def test_children_keep_debtor_due_day_and_currency(finance: Finance) -> None:
    claim = live(finance, "children", digits="26459999000000000910")
    finance.act(SplitLeaf(claim, 1, (400, 600)), by=SUPPLIER)
    whole, *children = (finance.record(f"receivable/leaves/{claim}/{each}", by=SUPPLIER) for each in (1, 2, 3))
    kept = ("debtor", "due_on", "currency", "bank", "invoice")
    assert all(child[name] == whole[name] for child in children for name in kept)
    assert sum(int(child["face"]) for child in children) == int(whole["face"])


# Outstanding is within the line; a late debtor issues nothing; tenor, delivery and consent


def test_nothing_is_promised_beyond_the_line(finance: Finance) -> None:
    line = finance.record(f"receivable/lines/{BANK}/{DEBTOR}/CNY", by=BANK)
    room = int(line["limit"]) - int(line["used"])
    claim, draft = issued(finance, "beyond", digits="26459999000000000911", face=room + 1)
    problem = finance.refused(draft, IssueReceivable(claim), by=(DEBTOR,), code="receivable.line_short", field="face")
    assert problem["expected"] == f"at most {room}"


def test_a_late_debtor_promises_nothing(finance: Finance) -> None:
    finance.act(
        RegisterInvoice(
            "CN", BAMBOO.id, "", "26459999000000000912", 2026, BAMBOO.id, BASKETS.id, "CNY", 1_000, today(), EVIDENCE
        ),
        by=BAMBOO.id,
    )
    draft = DraftReceivable("more", BAMBOO.id, True, RIVAL.id, 1_000, "CN:26459999000000000912", today() + 30, "")
    promise = IssueReceivable(f"{BASKETS.id}:more")
    finance.refused(draft, promise, by=(BASKETS.id,), code="receivable.debtor_overdue", field="by")


@pytest.mark.parametrize(
    ("name", "days", "code"), [("never", 400, "tenor"), ("past", 0, "tenor"), ("unexplained", 200, "tenor_reason")]
)
def test_a_tenor_is_bounded(finance: Finance, name: str, days: int, code: str) -> None:
    field = "due_on" if code == "tenor" else code
    claim, draft = issued(finance, name, digits=f"264599990000000009{20 + len(name)}", days=days)
    finance.refused(draft, IssueReceivable(claim), by=(DEBTOR,), code=f"receivable.{code}", field=field)


def test_a_small_supplier_is_not_bound_without_its_consent_or_before_delivery(finance: Finance) -> None:
    claim, draft = issued(finance, "consent", digits="26459999000000000930")
    finance.act(draft, IssueReceivable(claim), by=DEBTOR)
    finance.act(ConfirmReceivable(claim), by=BANK)
    unwilling = AcceptReceivable(claim, today(), False)
    finance.refused(unwilling, by=(SUPPLIER,), code="receivable.consent_missing", field="consents")
    early = AcceptReceivable(claim, today() + 1, True)
    finance.refused(early, by=(SUPPLIER,), code="receivable.not_delivered", field="delivered_on")


# The parts of one invoice that all financiers finance never pass its total


def test_an_invoice_that_is_promised_is_not_factored_too(finance: Finance) -> None:
    finance.act(RecordTaxCheck(f"CN:{TEA_INVOICE}", TaxResult.VALID, 60_000_000, EVIDENCE), by=BANK)
    second = FactorInvoice(f"CN:{TEA_INVOICE}", BANK, 1, "HB-1")
    problem = finance.refused(second, by=(SUPPLIER, BANK), code="receivable.invoice_exhausted", field="amount")
    assert problem["expected"] == "at most 0"


def test_another_spelling_of_the_number_is_the_same_invoice(finance: Finance) -> None:
    code, total = "4500261130", 5_000
    finance.act(registration("00000177", series=code, total=total), by=SUPPLIER)
    identity = f"CN:{code}:00000177"
    finance.act(RecordTaxCheck(identity, TaxResult.VALID, total, EVIDENCE), by=RIVAL.id)
    first = finance.send(FactorInvoice(identity, RIVAL.id, total, "LJ-1"), by=(SUPPLIER, RIVAL.id))
    assert first.status_code == 200, first.text
    # The same paper again, without its zeros and with spaces around: for the same amount it is known,
    same = registration(" 177 ", series=f" {code} ", total=total)
    finance.refused(same, by=(SUPPLIER,), code="receivable.invoice_known", field="number")
    # and for another amount it is an alert on the one invoice that there is, which every financier of it sees.
    finance.act(registration("0177", series=code, total=total + 1), by=SUPPLIER)
    assert finance.record(f"receivable/invoices/{identity}", by=RIVAL.id)["alerts"] == "1"
    unchecked = FactorInvoice(identity, BANK, 1, "HB-2")
    finance.refused(unchecked, by=(SUPPLIER, BANK), code="receivable.tax_check_missing", field="invoice")
    finance.act(RecordTaxCheck(identity, TaxResult.VALID, total, EVIDENCE), by=BANK)
    finance.refused(unchecked, by=(SUPPLIER, BANK), code="receivable.invoice_exhausted", field="amount")


# A payout waits for its checks; a payment is made once


def test_a_payout_waits_for_tax_check_search_and_registration(finance: Finance) -> None:
    digits = "26459999000000000940"
    claim = live(finance, "payout", digits=digits)
    until = now_ms() + DAY_MS
    finance.act(AskFinancing(claim, 1, (RIVAL.id,), until), by=SUPPLIER)
    uninvited = OfferFinancing(claim, 1, 990, False, until)
    finance.refused(uninvited, by=(BANK,), code="receivable.not_asked", field="by")
    finance.act(OfferFinancing(claim, 1, 990, False, until), by=RIVAL.id)
    finance.act(ChooseOffer(claim, 1, RIVAL.id), by=SUPPLIER)
    pay_out = PayOut(claim, 1, "LJ-9")
    finance.refused(pay_out, by=(RIVAL.id,), code="receivable.tax_check_missing")
    waiting = next(row for row in finance.report("waiting", by=RIVAL.id) if row["receivable"] == claim)
    assert waiting["does"] == ["RecordTaxCheck", "RecordSearch", "RegisterAssignment", "PayOut"]
    finance.act(RecordTaxCheck(f"CN:{digits}", TaxResult.VALID, 1_000, EVIDENCE), by=RIVAL.id)
    finance.refused(pay_out, by=(RIVAL.id,), code="receivable.search_missing")
    finance.act(RecordSearch(claim, 1, "S-1", False, EVIDENCE), by=RIVAL.id)
    finance.refused(pay_out, by=(RIVAL.id,), code="receivable.search_missing")
    finance.act(RecordSearch(claim, 1, "S-2", True, EVIDENCE), by=RIVAL.id)
    finance.refused(pay_out, by=(RIVAL.id,), code="receivable.registration_missing")
    finance.act(RegisterAssignment(claim, 1, "R-1", now_ms() + 365 * DAY_MS), by=RIVAL.id)
    finance.act(pay_out, by=RIVAL.id)
    assert finance.record(f"receivable/leaves/{claim}/1", by=RIVAL.id)["holder"] == RIVAL.id
    finance.refused(pay_out, by=(RIVAL.id,), code="receivable.leaf_status")


def test_what_is_paid_is_neither_paid_nor_collected_again(finance: Finance) -> None:
    finance.refused(InstructPayment(CLAIM, 1), by=(DEBTOR,), code="receivable.not_due", field="receivable")
    finance.refused(ConfirmPayment(CLAIM, 1, "HB-AGAIN"), by=(BANK,), code="ledger.move_undeclared")
    finance.refused(CollectLeaves(CLAIM, (4,)), by=(SUPPLIER,), code="receivable.leaf_status")


def test_no_more_is_paid_than_is_owed(finance: Finance) -> None:
    beyond = InstructPayment(LATE_CLAIM, 2_000_001)
    finance.refused(beyond, by=(BASKETS.id,), code="receivable.beyond_outstanding", field="amount")
    finance.refused(CollectLeaves(LATE_CLAIM, (1,)), by=(BAMBOO.id,), code="receivable.nothing_to_collect")


def test_one_person_alone_freezes_nothing(finance: Finance) -> None:
    freeze = FreezeLeaf(AUTUMN_CLAIM, 3, 15_000_000, "(2026) 0001")
    finance.refused(freeze, by=(BANK,), code="receivable.dual_control", field="by")
