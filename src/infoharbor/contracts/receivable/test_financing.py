"""How leaves and invoices are financed, and what a payout waits for, rule by rule."""

import pytest

from infoharbor.contractkit import Action
from infoharbor.contractkit.days import DAY_MS
from infoharbor.contracts.receivable.collateral_register import (
    CancelRegistration,
    RecordSearch,
    RegisterAssignment,
    Registration,
    RegistrationStatus,
)
from infoharbor.contracts.receivable.conftest import (
    BANK,
    DEBTOR,
    EVIDENCE,
    OTHER_BANK,
    SECOND,
    SUPPLIER,
    check,
    chosen,
    finance,
    live,
    register,
)
from infoharbor.contracts.receivable.financing import (
    ASKED_MAX,
    AskFinancing,
    ChooseOffer,
    FinancingOffer,
    OfferFinancing,
    OfferStatus,
    PayOut,
    WithdrawOffer,
)
from infoharbor.contracts.receivable.holding import WithdrawLeaf
from infoharbor.contracts.receivable.identities import identify
from infoharbor.contracts.receivable.invoices import AlertKind, Invoice, InvoiceAlert, TaxResult
from infoharbor.contracts.receivable.records import Leaf, LeafStatus
from infoharbor.contracts.receivable.registering import FactorInvoice, RecordCreditNote, RecordTaxCheck, RegisterInvoice
from infoharbor.engine.trial import Trial
from infoharbor.kernel.refusal import Refusal

Held = tuple[Trial, str]


def ask(trial: Trial, receivable: str) -> None:
    trial.act(AskFinancing(receivable, 1, (BANK, OTHER_BANK), trial.now + 5 * DAY_MS), by=SUPPLIER)


# Offers


def test_the_holder_sees_what_each_offer_costs_a_year_and_chooses(held: Held) -> None:
    trial, receivable = held
    ask(trial, receivable)
    for bank, proceeds in ((BANK, 990), (OTHER_BANK, 980)):
        trial.act(OfferFinancing(receivable, 1, proceeds, False, trial.now + DAY_MS), by=bank)
    costs = [offer.annual_cost for offer in trial.all(FinancingOffer)]
    assert costs == [-(-10 * 365 * 10_000 // (990 * 90)), -(-20 * 365 * 10_000 // (980 * 90))]
    trial.refuses(ChooseOffer(receivable, 1, BANK), by=SECOND, code="ledger.not_entitled")
    trial.act(ChooseOffer(receivable, 1, BANK), by=SUPPLIER)
    trial.refuses(ChooseOffer(receivable, 1, OTHER_BANK), by=SUPPLIER, code="receivable.leaf_status")
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.status, leaf.party) == (LeafStatus.CHOSEN, BANK)


def test_only_financiers_that_were_asked_offer(held: Held) -> None:
    trial, receivable = held
    offer = OfferFinancing(receivable, 1, 990, False, trial.now + DAY_MS)
    trial.refuses(offer, by=BANK, code="receivable.leaf_status", field="leaf")
    many = AskFinancing(receivable, 1, tuple(f"bank-{number}" for number in range(ASKED_MAX + 1)), trial.now + DAY_MS)
    trial.refuses(many, by=SUPPLIER, code="receivable.asked", field="financiers")
    trial.act(AskFinancing(receivable, 1, (BANK, SECOND), trial.now + DAY_MS), by=SUPPLIER)
    trial.refuses(offer, by=OTHER_BANK, code="receivable.not_asked", field="by")
    trial.refuses(offer, by=SECOND, code="receivable.not_a_financier", field="by")
    above = OfferFinancing(receivable, 1, 1_001, False, trial.now + DAY_MS)
    trial.refuses(above, by=BANK, code="receivable.proceeds", field="proceeds")


def test_offers_and_requests_lapse_and_are_made_again(held: Held) -> None:
    trial, receivable = held
    ask(trial, receivable)
    offer = OfferFinancing(receivable, 1, 990, False, trial.now + 2 * DAY_MS)
    trial.act(offer, by=BANK)
    trial.advance(2 * DAY_MS)
    assert trial.get(FinancingOffer, receivable, 1, BANK).status == OfferStatus.LAPSED
    trial.act(OfferFinancing(receivable, 1, 991, True, trial.now + DAY_MS), by=BANK)
    trial.act(OfferFinancing(receivable, 1, 992, True, trial.now + DAY_MS), by=BANK)
    assert trial.get(FinancingOffer, receivable, 1, BANK).proceeds == 992
    trial.act(WithdrawOffer(receivable, 1), by=BANK)
    trial.refuses(ChooseOffer(receivable, 1, BANK), by=SUPPLIER, code="ledger.move_undeclared")
    trial.act(WithdrawLeaf(receivable, 1), by=SUPPLIER)
    ask(trial, receivable)
    trial.advance(5 * DAY_MS)
    assert trial.get(Leaf, receivable, 1).status == LeafStatus.HELD


def test_a_financier_that_does_not_pay_in_time_loses_the_leaf(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    trial.advance(10 * DAY_MS)
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.status, leaf.holder) == (LeafStatus.HELD, SUPPLIER)
    assert trial.get(Invoice, leaf.invoice).financed == 0
    assert trial.get(FinancingOffer, receivable, 1, OTHER_BANK).status == OfferStatus.LAPSED
    chosen(trial, receivable)
    trial.act(WithdrawOffer(receivable, 1), by=OTHER_BANK)
    assert trial.get(Leaf, receivable, 1).status == LeafStatus.HELD
    trial.audit()


# What a payout waits for


def test_a_payout_waits_for_tax_check_search_and_registration(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    invoice = trial.get(Leaf, receivable, 1).invoice
    pay = PayOut(receivable, 1, "P-1")
    trial.refuses(pay, by=OTHER_BANK, code="receivable.tax_check_missing", field="invoice")
    trial.act(RecordTaxCheck(invoice, TaxResult.VALID, 1_000, EVIDENCE), by=OTHER_BANK)
    trial.refuses(pay, by=OTHER_BANK, code="receivable.search_missing", field="leaf")
    trial.act(RecordSearch(receivable, 1, "S-1", False, EVIDENCE), by=OTHER_BANK)
    trial.refuses(pay, by=OTHER_BANK, code="receivable.search_missing")
    trial.act(RecordSearch(receivable, 1, "S-2", True, EVIDENCE), by=OTHER_BANK)
    trial.refuses(pay, by=OTHER_BANK, code="receivable.registration_missing")
    trial.act(RegisterAssignment(receivable, 1, "R-1", trial.now + DAY_MS), by=OTHER_BANK)
    trial.refuses(PayOut(receivable, 1, " "), by=OTHER_BANK, code="receivable.reference")
    trial.refuses(pay, by=BANK, code="ledger.not_entitled")
    trial.act(pay, by=OTHER_BANK)
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.holder, leaf.status, leaf.reference) == (OTHER_BANK, LeafStatus.HELD, "P-1")
    assert trial.get(FinancingOffer, receivable, 1, OTHER_BANK).status == OfferStatus.FUNDED


def test_checks_grow_old(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    check(trial, receivable)
    trial.advance(DAY_MS)
    trial.refuses(PayOut(receivable, 1, "P"), by=OTHER_BANK, code="receivable.tax_check_missing")
    trial.advance(2 * DAY_MS)
    invoice = trial.get(Leaf, receivable, 1).invoice
    trial.act(RecordTaxCheck(invoice, TaxResult.VALID, 1_000, EVIDENCE), by=OTHER_BANK)
    trial.refuses(PayOut(receivable, 1, "P"), by=OTHER_BANK, code="receivable.search_missing")


def test_a_registration_ends_and_is_entered_again(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    trial.refuses(RecordSearch(receivable, 1, "S", True, EVIDENCE), by=SECOND, code="ledger.not_entitled")
    trial.refuses(RecordSearch(receivable, 1, "", True, EVIDENCE), by=OTHER_BANK, code="receivable.proof_number")
    register_until = RegisterAssignment(receivable, 1, "R-1", trial.now + DAY_MS)
    trial.act(register_until, by=OTHER_BANK)
    trial.advance(DAY_MS)
    key = (receivable, 1, OTHER_BANK)
    assert trial.get(Registration, *key).status == RegistrationStatus.EXPIRED
    trial.act(RegisterAssignment(receivable, 1, "R-2", trial.now + DAY_MS), by=OTHER_BANK)
    trial.act(CancelRegistration(receivable, 1), by=OTHER_BANK)
    assert trial.get(Registration, *key).status == RegistrationStatus.CANCELLED


@pytest.mark.parametrize("result", [TaxResult.VOID, TaxResult.RED, TaxResult.UNKNOWN])
def test_a_tax_check_that_is_not_valid_stops_payouts_and_is_an_alert(held: Held, result: TaxResult) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    check(trial, receivable)
    invoice = trial.get(Leaf, receivable, 1).invoice
    trial.act(RecordTaxCheck(invoice, result, 1_000, EVIDENCE), by=BANK)
    trial.refuses(PayOut(receivable, 1, "P"), by=OTHER_BANK, code="receivable.tax_check_missing")
    assert trial.get(InvoiceAlert, invoice, 1).kind == AlertKind.TAX_CHECK


# One invoice, several financiers


def test_the_second_financing_of_an_invoice_is_refused(held: Held) -> None:
    trial, receivable = held
    finance(trial, receivable)
    invoice = trial.get(Leaf, receivable, 1).invoice
    again = FactorInvoice(invoice, BANK, 1, "F-1")
    trial.refuses(again, by=(BANK, SUPPLIER), code="receivable.invoice_exhausted", field="amount")


def test_what_is_factored_cannot_be_promised_as_well(trial: Trial) -> None:
    invoice = register(trial, 1)
    trial.refuses(FactorInvoice(invoice, BANK, 1, ""), by=(BANK, SUPPLIER), code="receivable.tax_check_missing")
    trial.act(RecordTaxCheck(invoice, TaxResult.VALID, 1_000, EVIDENCE), by=BANK)
    trial.act(FactorInvoice(invoice, BANK, 700, "F-1"), by=(BANK, SUPPLIER))
    trial.refuses(
        FactorInvoice(invoice, OTHER_BANK, 301, "F"), by=(OTHER_BANK, SUPPLIER), code="receivable.invoice_exhausted"
    )
    trial.act(FactorInvoice(invoice, OTHER_BANK, 300, "F-2"), by=(OTHER_BANK, SUPPLIER))
    trial.refuses(FactorInvoice(invoice, BANK, 1, "F"), by=SUPPLIER, code="ledger.not_entitled")
    trial.refuses(FactorInvoice(invoice, SUPPLIER, 1, "F"), by=SUPPLIER, code="receivable.to_self")
    trial.audit()


def test_a_credit_note_lowers_what_is_left_and_is_kept_when_it_comes_too_late(trial: Trial) -> None:
    invoice = register(trial, 1)
    trial.act(RecordCreditNote(invoice, "c-1", 400, EVIDENCE), by=SUPPLIER)
    trial.act(RecordTaxCheck(invoice, TaxResult.VALID, 1_000, EVIDENCE), by=BANK)
    trial.refuses(FactorInvoice(invoice, BANK, 601, "F"), by=(BANK, SUPPLIER), code="receivable.invoice_exhausted")
    trial.act(FactorInvoice(invoice, BANK, 600, "F"), by=(BANK, SUPPLIER))
    trial.act(RecordCreditNote(invoice, "c-2", 1, EVIDENCE), by=SUPPLIER)
    assert trial.get(InvoiceAlert, invoice, 1).kind == AlertKind.CREDITED_AFTER_USE
    trial.audit()
    too_much = RecordCreditNote(invoice, "c-3", 600, EVIDENCE)
    trial.refuses(too_much, by=SUPPLIER, code="receivable.credit_beyond_total", field="amount")
    trial.refuses(RecordCreditNote(invoice, "c-4", 1, EVIDENCE), by=DEBTOR, code="ledger.not_entitled")
    trial.refuses(RecordCreditNote(invoice, "c/4", 1, EVIDENCE), by=SUPPLIER, code="receivable.invoice_number")


def test_an_invoice_is_registered_once_and_another_amount_is_an_alert(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    check(trial, receivable)
    invoice = trial.get(Leaf, receivable, 1).invoice
    number = int(invoice.removeprefix("CN:"))
    with pytest.raises(Refusal, match="invoice_known"):
        register(trial, number)
    register(trial, number, total=999, by=DEBTOR)
    register(trial, number, seller=SECOND, buyer=DEBTOR)
    kinds = [alert.kind for alert in trial.all(InvoiceAlert)]
    assert kinds == [AlertKind.DIFFERENT_AMOUNT, AlertKind.DIFFERENT_PARTIES]
    assert trial.get(Invoice, invoice).total == 1_000
    trial.refuses(PayOut(receivable, 1, "P"), by=OTHER_BANK, code="receivable.tax_check_missing")


def test_an_invoice_is_registered_by_its_parties(trial: Trial) -> None:
    def invoice(country: str = "CN", currency: str = "CNY", buyer: str = DEBTOR, number: str = "1" * 20) -> Action:
        return RegisterInvoice(country, "", "", number, 2026, SUPPLIER, buyer, currency, 1, 0, EVIDENCE)

    trial.refuses(invoice(), by=SECOND, code="ledger.not_entitled")
    trial.refuses(invoice(country="cn"), by=SUPPLIER, code="receivable.country", field="country")
    trial.refuses(invoice(currency="yua"), by=SUPPLIER, code="receivable.currency", field="currency")
    trial.refuses(invoice(buyer=SUPPLIER), by=SUPPLIER, code="receivable.to_self", field="buyer")
    trial.refuses(invoice(buyer="nobody"), by=SUPPLIER, code="ledger.record_unknown", field="buyer")
    trial.refuses(invoice(number="1" * 19), by=SUPPLIER, code="receivable.invoice_number", field="number")


@pytest.mark.parametrize(
    ("spellings", "identity"),
    [
        ([("CN", "", "", " 26459999000000000017 ", 0)], "CN:26459999000000000017"),
        ([("CN", "", "4500999130", "17", 0), ("CN", "x", "4500999130", "00000017", 2025)], "CN:4500999130:00000017"),
        (
            [("VN", "0100999999", "1C26TAA", "123", 0), ("VN", "0100-999-999", "1 c26taa", "00000123", 2026)],
            "VN:0100999999:1C26TAA:123",
        ),
        (
            [("SG", "SGUENT08GA0028A", "", "INV-0001", 2026), ("SG", "sguent08ga0028a", "x", "inv 0001", 2026)],
            "SG:SGUENT08GA0028A:INV0001:2026",
        ),
    ],
)
def test_every_spelling_of_a_number_is_one_invoice(
    spellings: list[tuple[str, str, str, str, int]], identity: str
) -> None:
    for country, seller, series, number, year in spellings:
        assert identify(country, seller_number=seller, series=series, number=number, year=year) == identity


@pytest.mark.parametrize(
    ("country", "seller", "series", "number", "year", "field"),
    [
        ("CN", "", "123", "1", 2026, "series"),
        ("CN", "", "4500999130", "123456789", 2026, "number"),
        ("VN", "123", "1C26TAA", "1", 2026, "seller_number"),
        ("VN", "0100999999", "C26TAA", "1", 2026, "series"),
        ("VN", "0100999999", "1C26TAA", "12a", 2026, "number"),
        ("SG", "—", "", "1", 2026, "seller_number"),
        ("SG", "A", "", "--", 2026, "number"),
        ("SG", "A", "", "１", 2026, "number"),
        ("SG", "A", "", "1", 26, "year"),
    ],
)
def test_a_number_without_its_countrys_form_is_refused(
    country: str, seller: str, series: str, number: str, year: int, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        identify(country, seller_number=seller, series=series, number=number, year=year)
    assert (refused.value.code, refused.value.field) == ("invoice_number", field)


def test_each_invoice_bounds_its_own_financing_only(trial: Trial) -> None:
    first, second = live(trial, number="n1"), live(trial, number="n2")
    finance(trial, first)
    finance(trial, second, by=BANK)
    assert {invoice.financed for invoice in trial.all(Invoice)} == {1_000}
    trial.audit()
