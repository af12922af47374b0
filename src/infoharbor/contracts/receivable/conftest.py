"""Where receivable's tests begin: a debtor, suppliers of three tiers, two banks, a court, and a registered invoice."""

from typing import Any

import pytest

from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.asset.demo import accredit
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    ConfirmReceivable,
    DraftReceivable,
    IssueReceivable,
    SetLine,
)
from infoharbor.contracts.receivable.collateral_register import RecordSearch, RegisterAssignment
from infoharbor.contracts.receivable.demo import BAMBOO, BANK, BASKETS, DEBTOR, RIVAL, SUPPLIER
from infoharbor.contracts.receivable.financing import AskFinancing, ChooseOffer, OfferFinancing, PayOut
from infoharbor.contracts.receivable.holding import OfferLeaf, TakeLeaf
from infoharbor.contracts.receivable.invoices import Invoice, TaxResult
from infoharbor.contracts.receivable.records import Leaf, Line, Receivable
from infoharbor.contracts.receivable.registering import RecordTaxCheck, RegisterInvoice
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial

COURT = Player("wuzhou-court", "梧州法院（示例）", "Wuzhou Court (example)", "CN", "registry", "DEMO-0021")
SECOND, THIRD, OTHER_BANK = BASKETS.id, BAMBOO.id, RIVAL.id
EVIDENCE = bytes(32)
LIMIT = 1_000_000
ROLES = ((BANK, "bank"), (OTHER_BANK, "bank"), (COURT.id, "court"), ("harbor", "supervisor"))


def founded() -> Trial:
    """Two banks are accredited, one with a line for the debtor; bank and court have a second user each."""
    trial = Trial((*PLAYERS, RIVAL, BASKETS, BAMBOO, COURT))
    for organisation, role in ROLES:
        accredit(trial, organisation, role, "CN")
    for organisation in (BANK, COURT.id):
        checker = trial.cast.signer(organisation, "checker")
        key = NewKey(checker.key.suite.name, checker.key.public_key, checker.possession, 0, 0)
        trial.act(AddUser(checker.user, UserKind.PERSON, (), key, ()), by=organisation)
    trial.act(SetLine(DEBTOR, "CNY", LIMIT, trial.now + 3_000 * DAY_MS), by=BANK)
    return trial


def both_users(trial: Trial, organisation: str = COURT.id) -> list[Any]:
    return [trial.cast.signer(organisation), trial.cast.signer(organisation, "checker")]


def register(
    trial: Trial, number: int, *, seller: str = SUPPLIER, buyer: str = DEBTOR, total: int = 1_000, by: str = ""
) -> str:
    """Register a digital invoice; returns its identity."""
    digits = f"{number:020}"
    day = day_at(trial.now, "CN")
    action = RegisterInvoice("CN", seller, "", digits, 2026, seller, buyer, "CNY", total, day, EVIDENCE)
    trial.act(action, by=by or seller)
    return f"CN:{digits}"


def draft(
    trial: Trial,
    invoice: str,
    *,
    number: str = "n1",
    face: int = 1_000,
    days: int = 90,
    bank: str = BANK,
    reason: str = "",
) -> DraftReceivable:
    return DraftReceivable(number, SUPPLIER, True, bank, face, invoice, day_at(trial.now, "CN") + days, reason)


def issue(trial: Trial, *, number: str = "n1", face: int = 1_000, days: int = 90, invoice: str = "") -> str:
    """A receivable issued for an invoice of its own; returns its id."""
    invoice = invoice or register(trial, 7_000 + len(trial.all(Invoice)), total=face)
    receivable = f"{DEBTOR}:{number}"
    drafted = draft(trial, invoice, number=number, face=face, days=days)
    trial.act(drafted, IssueReceivable(receivable), by=DEBTOR)
    return receivable


def live(trial: Trial, *, number: str = "n1", face: int = 1_000, days: int = 90) -> str:
    """A receivable that its supplier holds whole; returns its id."""
    receivable = issue(trial, number=number, face=face, days=days)
    trial.act(ConfirmReceivable(receivable), by=BANK)
    trial.act(AcceptReceivable(receivable, day_at(trial.now, "CN"), True), by=SUPPLIER)
    return receivable


def pass_on(trial: Trial, receivable: str, number: int, *, to: str = SECOND, recourse: bool = False) -> str:
    """Pass a leaf on in payment of an invoice made for it; returns the invoice."""
    leaf = trial.get(Leaf, receivable, number)
    invoice = register(trial, 8_000 + len(trial.all(Invoice)), seller=to, buyer=leaf.holder, total=leaf.face)
    trial.act(OfferLeaf(receivable, number, to, invoice, recourse, trial.now + DAY_MS), by=leaf.holder)
    trial.act(TakeLeaf(receivable, number), by=to)
    return invoice


def chosen(trial: Trial, receivable: str, number: int = 1, *, by: str = OTHER_BANK, recourse: bool = False) -> None:
    """The holder of a leaf has chosen a financier's offer; nothing is checked yet."""
    leaf = trial.get(Leaf, receivable, number)
    trial.act(AskFinancing(receivable, number, (BANK, OTHER_BANK), trial.now + DAY_MS), by=leaf.holder)
    proceeds = max(leaf.face * 99 // 100, 1)
    trial.act(OfferFinancing(receivable, number, proceeds, recourse, trial.now + DAY_MS), by=by)
    trial.act(ChooseOffer(receivable, number, by), by=leaf.holder)


def check(trial: Trial, receivable: str, number: int = 1, *, by: str = OTHER_BANK) -> None:
    """Everything that a payout waits for."""
    invoice = trial.get(Invoice, trial.get(Leaf, receivable, number).invoice)
    trial.act(RecordTaxCheck(invoice.id, TaxResult.VALID, invoice.total, EVIDENCE), by=by)
    trial.act(RecordSearch(receivable, number, "S-1", True, EVIDENCE), by=by)
    trial.act(RegisterAssignment(receivable, number, "R-1", trial.now + 365 * DAY_MS), by=by)


def finance(trial: Trial, receivable: str, number: int = 1, *, by: str = OTHER_BANK, recourse: bool = False) -> None:
    chosen(trial, receivable, number, by=by, recourse=recourse)
    check(trial, receivable, number, by=by)
    trial.act(PayOut(receivable, number, "P-1"), by=by)


def until(trial: Trial, receivable: str, status: str) -> None:
    """Let time pass until the receivable has this status."""
    for _ in range(4):
        found = trial.get(Receivable, receivable)
        if found.status == status:
            return
        trial.advance(max(found.next_at - trial.now, 1))
    raise AssertionError(f"{receivable} never was {status}")


def used(trial: Trial) -> int:
    return trial.get(Line, BANK, DEBTOR, "CNY").used


@pytest.fixture
def trial() -> Trial:
    return founded()


@pytest.fixture
def held() -> tuple[Trial, str]:
    """A ledger with one receivable of 1,000 that its supplier holds whole."""
    made = founded()
    return made, live(made)
