"""How a claim comes to be and is undone, rule by rule; and the story."""

import pytest

from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.identity.demo import story as identity_story
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    CloseLine,
    ConfirmReceivable,
    IssueReceivable,
    RejectReceivable,
    SetBondDefault,
    SetLine,
    VoidReceivable,
)
from infoharbor.contracts.receivable.conftest import (
    BANK,
    DEBTOR,
    OTHER_BANK,
    SECOND,
    SUPPLIER,
    draft,
    issue,
    live,
    register,
    until,
    used,
)
from infoharbor.contracts.receivable.demo import CLAIM, FACE, LATE_CLAIM, RIVAL, story
from infoharbor.contracts.receivable.holding import SplitLeaf
from infoharbor.contracts.receivable.invoices import Invoice
from infoharbor.contracts.receivable.records import (
    REDEEMED,
    Debtor,
    Leaf,
    LeafStatus,
    Line,
    Receivable,
    ReceivableStatus,
)
from infoharbor.contracts.receivable.settlement import ConfirmPayment, InstructPayment
from infoharbor.engine.trial import Trial

LIMIT_ROOM = 600_000
"""More than half of the line."""


def test_the_story_is_told_as_it_stands() -> None:
    trial = Trial().tell(identity_story, story)
    trial.audit()
    assert trial.things["second_financing"] == ("receivable.invoice_exhausted", "amount")
    assert trial.get(Leaf, CLAIM, 2).holder == RIVAL.id
    assert [leaf.tier for leaf in trial.all(Leaf) if leaf.receivable == CLAIM] == [1, 1, 2, 1, 3, 2]
    assert trial.things["late_debtor"] == ("receivable.debtor_overdue", "by")


def test_the_storys_due_day_pays_every_leaf() -> None:
    trial = Trial().tell(identity_story, story)
    paid = [leaf for leaf in trial.all(Leaf) if leaf.receivable == CLAIM and leaf.status in REDEEMED]
    assert sum(leaf.face for leaf in paid) == FACE
    assert trial.get(Receivable, CLAIM).status == ReceivableStatus.SETTLED
    assert trial.get(Receivable, LATE_CLAIM).status == ReceivableStatus.OVERDUE


# How a claim comes to be


def test_a_promise_passes_from_draft_to_its_supplier(trial: Trial) -> None:
    receivable = issue(trial)
    assert used(trial) == 1_000
    trial.act(ConfirmReceivable(receivable), by=BANK)
    trial.act(AcceptReceivable(receivable, day_at(trial.now, "CN"), True), by=SUPPLIER)
    root, leaf = trial.get(Receivable, receivable), trial.get(Leaf, receivable, 1)
    assert (root.status, leaf.holder, leaf.face, leaf.due_on) == ("live", SUPPLIER, 1_000, root.due_on)


def test_nothing_is_issued_beyond_the_banks_line(trial: Trial) -> None:
    issue(trial, face=LIMIT_ROOM)
    invoice = register(trial, 1, total=LIMIT_ROOM)
    trial.act(draft(trial, invoice, number="n2", face=LIMIT_ROOM), by=DEBTOR)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n2"), by=DEBTOR, code="receivable.line_short", field="face")


def test_a_closed_or_lapsed_line_takes_on_nothing(trial: Trial) -> None:
    trial.act(draft(trial, register(trial, 1)), by=DEBTOR)
    trial.act(CloseLine(DEBTOR, "CNY"), by=BANK)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n1"), by=DEBTOR, code="receivable.line_closed", field="bank")
    trial.act(SetLine(DEBTOR, "CNY", 5_000, trial.now + DAY_MS), by=BANK)
    trial.advance(DAY_MS)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n1"), by=DEBTOR, code="receivable.line_closed", field="bank")


def test_a_line_is_set_by_an_accredited_bank_and_not_below_what_is_used(trial: Trial) -> None:
    issue(trial)
    ends = trial.now + DAY_MS
    trial.refuses(SetLine(DEBTOR, "CNY", 999, ends), by=BANK, code="receivable.line_in_use", field="limit")
    trial.refuses(SetLine(DEBTOR, "CNY", 5, ends), by=SUPPLIER, code="ledger.role_missing")
    trial.refuses(SetLine(DEBTOR, "yua", 5, ends), by=BANK, code="receivable.currency", field="currency")
    trial.refuses(SetLine(DEBTOR, "CNY", 5_000, 1), by=BANK, code="receivable.until_past", field="until")
    trial.act(SetLine(DEBTOR, "CNY", 1_000, ends), by=BANK)
    assert trial.get(Line, BANK, DEBTOR, "CNY").limit == 1_000


def test_a_draft_names_an_invoice_between_its_parties(trial: Trial) -> None:
    others = register(trial, 1, seller=SECOND, buyer=SUPPLIER)
    trial.refuses(draft(trial, others), by=DEBTOR, code="receivable.invoice_of_others", field="invoice")
    mine = register(trial, 2)
    trial.refuses(draft(trial, mine, number="a/b"), by=DEBTOR, code="receivable.number", field="number")


def test_promises_for_one_invoice_stay_within_it(trial: Trial) -> None:
    invoice = register(trial, 1, total=1_000)
    issue(trial, number="n1", face=600, invoice=invoice)
    trial.act(draft(trial, invoice, number="n2", face=401), by=DEBTOR)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n2"), by=DEBTOR, code="receivable.invoice_exhausted", field="amount")


@pytest.mark.parametrize(
    ("days", "reason", "code"), [(0, "", "tenor"), (367, "x", "tenor"), (185, " ", "tenor_reason")]
)
def test_a_tenor_is_bounded_and_a_long_one_says_why(trial: Trial, days: int, reason: str, code: str) -> None:
    trial.act(draft(trial, register(trial, 1), days=days, reason=reason), by=DEBTOR)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n1"), by=DEBTOR, code=f"receivable.{code}")


def test_only_the_named_bank_confirms_and_only_the_supplier_accepts(trial: Trial) -> None:
    receivable = issue(trial)
    trial.refuses(ConfirmReceivable(receivable), by=OTHER_BANK, code="ledger.not_entitled")
    accept = AcceptReceivable(receivable, day_at(trial.now, "CN"), True)
    trial.refuses(accept, by=SUPPLIER, code="ledger.move_undeclared")
    trial.act(ConfirmReceivable(receivable), by=BANK)
    trial.refuses(accept, by=SECOND, code="ledger.not_entitled")


def test_a_supplier_accepts_of_its_own_will_and_only_what_it_delivered(trial: Trial) -> None:
    receivable = issue(trial)
    trial.act(ConfirmReceivable(receivable), by=BANK)
    today = day_at(trial.now, "CN")
    unwilling, ahead = AcceptReceivable(receivable, today, False), AcceptReceivable(receivable, today + 1, True)
    trial.refuses(unwilling, by=SUPPLIER, code="receivable.consent_missing", field="consents")
    trial.refuses(ahead, by=SUPPLIER, code="receivable.not_delivered", field="delivered_on")


def test_what_is_rejected_or_void_gives_back_line_and_invoice(trial: Trial) -> None:
    rejected, voided, whole = issue(trial), issue(trial, number="n2"), live(trial, number="n3")
    trial.act(ConfirmReceivable(rejected), by=BANK)
    trial.act(RejectReceivable(rejected, "money, please"), by=SUPPLIER)
    trial.act(VoidReceivable(voided), by=DEBTOR)
    trial.refuses(VoidReceivable(whole), by=(DEBTOR, SUPPLIER), code="ledger.not_entitled")
    trial.act(VoidReceivable(whole), by=(BANK, DEBTOR, SUPPLIER))
    trial.audit()
    assert used(trial) == 0
    assert {invoice.claimed for invoice in trial.all(Invoice)} == {0}
    assert trial.get(Leaf, whole, 1).status == LeafStatus.VOIDED


def test_what_is_split_can_no_longer_be_void(trial: Trial) -> None:
    receivable = live(trial)
    trial.act(SplitLeaf(receivable, 1, (1, 999)), by=SUPPLIER)
    trial.refuses(VoidReceivable(receivable), by=(BANK, DEBTOR, SUPPLIER), code="receivable.not_whole")


def test_what_nobody_accepts_by_its_day_is_void(trial: Trial) -> None:
    issued, confirmed = issue(trial), issue(trial, number="n2")
    trial.act(ConfirmReceivable(confirmed), by=BANK)
    until(trial, issued, "voided")
    assert trial.get(Receivable, confirmed).status == ReceivableStatus.VOIDED
    trial.audit()
    assert used(trial) == 0


def test_a_late_debtor_issues_nothing_until_it_has_paid(trial: Trial) -> None:
    late = live(trial)
    until(trial, late, "overdue")
    trial.act(draft(trial, register(trial, 1), number="n2"), by=DEBTOR)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n2"), by=DEBTOR, code="receivable.debtor_overdue", field="by")
    trial.act(InstructPayment(late, 1_000), by=DEBTOR)
    trial.act(ConfirmPayment(late, 1, "B"), by=BANK)
    trial.act(IssueReceivable(f"{DEBTOR}:n2"), by=DEBTOR)
    assert trial.get(Debtor, DEBTOR).overdue == 0


def test_a_bond_default_stops_issuing_until_it_is_lifted(trial: Trial) -> None:
    trial.refuses(SetBondDefault(DEBTOR, True, "x"), by=SUPPLIER, code="ledger.role_missing")
    trial.act(SetBondDefault(DEBTOR, True, "notice 1"), by=BANK)
    trial.act(draft(trial, register(trial, 1)), by=DEBTOR)
    trial.refuses(IssueReceivable(f"{DEBTOR}:n1"), by=DEBTOR, code="receivable.bond_default", field="by")
    trial.act(SetBondDefault(DEBTOR, False, "cured"), by="harbor")
    trial.act(IssueReceivable(f"{DEBTOR}:n1"), by=DEBTOR)
