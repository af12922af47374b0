"""What is told of invoices: that there is one, that it is credited, what the tax authority says, that it is financed."""

from infoharbor.contractkit import Action, Ledger, about, ensure
from infoharbor.contractkit.days import Day
from infoharbor.contractkit.identifiers import is_country
from infoharbor.contractkit.money import is_currency
from infoharbor.contractkit.types import (
    Amount,
    Code,
    Count,
    CountryCode,
    CurrencyCode,
    Hash,
    Identifier,
    OrganisationId,
    ShortText,
)
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.receivable.identities import identify
from infoharbor.contracts.receivable.invoices import (
    TAX_CHECK_VALID,
    AlertKind,
    CreditNote,
    Invoice,
    TaxCheck,
    TaxResult,
    UseKind,
    alert,
    ensure_checked,
    ensure_financier,
    use,
)


class RegisterInvoice(Action):
    """Seller or buyer registers an invoice, whose file stays with them. Registered again with another amount or other
    parties it is not refused: the contradiction is kept as an alert, and a fresh tax check is wanted."""

    country: CountryCode
    seller_number: ShortText
    series: ShortText
    number: Code
    year: Count
    seller: OrganisationId
    buyer: OrganisationId
    currency: CurrencyCode
    total: Amount
    issued_on: Day
    commitment: Hash

    def apply(self, ledger: Ledger) -> str:
        ledger.ensure_actor(self.seller, self.buyer)
        ensure(is_country(self.country), "country", field="country", expected="ISO 3166-1 alpha-2")
        ensure(is_currency(self.currency), "currency", field="currency", expected="ISO 4217")
        for field, organisation in (("seller", self.seller), ("buyer", self.buyer)):
            ledger.get(Organisation, organisation, field=field)
        ensure(self.seller != self.buyer, "to_self", field="buyer", expected="another organisation")
        identity = identify(
            self.country, seller_number=self.seller_number, series=self.series, number=self.number, year=self.year
        )
        known = ledger.find(Invoice, identity)
        if known is None:
            ledger.create(
                Invoice(
                    identity, self.country, self.seller, self.buyer, self.currency, self.total, self.issued_on,
                    self.commitment, 0, 0, 0, 0, 0, 0, 0, (),
                )
            )  # fmt: skip
            return identity
        same_parties = (known.seller, known.buyer, known.currency) == (self.seller, self.buyer, self.currency)
        ensure(
            not (same_parties and known.total == self.total),
            "invoice_known",
            field="number",
            expected="an invoice not yet registered",
        )
        kind = AlertKind.DIFFERENT_AMOUNT if same_parties else AlertKind.DIFFERENT_PARTIES
        alert(ledger, known, kind, said=self.total)
        return identity


class RecordCreditNote(Action):
    """The seller tells of a credit note. Where more was used already than is left, that is kept as an alert."""

    invoice: Identifier
    number: Code
    amount: Amount
    commitment: Hash

    def apply(self, ledger: Ledger) -> None:
        invoice = ledger.get(Invoice, self.invoice, field="invoice")
        ledger.ensure_actor(invoice.seller)
        most = invoice.total - invoice.credited
        ensure(self.amount <= most, "credit_beyond_total", field="amount", expected=f"at most {most}")
        ensure("/" not in self.number, "invoice_number", field="number", expected="no slash")
        note = CreditNote(
            invoice.id, self.number, self.amount, self.commitment, ledger.now, invoice.seller, invoice.buyer
        )
        ledger.create(note)
        lowered = invoice.replace(credited=invoice.credited + self.amount)
        ledger.put(lowered)
        if lowered.claimed + lowered.factored > lowered.bound:
            alert(ledger, lowered, AlertKind.CREDITED_AFTER_USE, said=self.amount)


class RecordTaxCheck(Action):
    """A financier's clerk confirms what the tax authority said of an invoice. Anything but valid stops payouts."""

    invoice: Identifier
    result: TaxResult
    total: Count
    commitment: Hash

    def apply(self, ledger: Ledger) -> str:
        invoice = ledger.get(Invoice, self.invoice, field="invoice")
        ensure_financier(ledger, ledger.jurisdiction(invoice.seller))
        valid_until = ledger.now + ledger.parameter(TAX_CHECK_VALID)
        check = TaxCheck(
            invoice.id, ledger.fresh_id("check"), ledger.actor, self.result, self.total, ledger.now, valid_until,
            self.commitment,
        )  # fmt: skip
        ledger.create(check)
        agrees = self.result == TaxResult.VALID and self.total == invoice.total
        ledger.put(invoice.replace(checked_until=valid_until if agrees else 0))
        if not agrees:
            alert(ledger, ledger.get(Invoice, invoice.id), AlertKind.TAX_CHECK, said=self.total)
        return check.id


class FactorInvoice(Action):
    """Seller and financier record that part of an invoice is financed by itself, without a promise of the buyer;
    `reference` is the bank's own, or names the goods.

    Refused once all parts together, whoever financed them, would pass what is left of the invoice."""

    invoice: Identifier
    financier: OrganisationId
    amount: Amount
    reference: ShortText

    concerns = (about(Invoice, "invoice"),)

    def apply(self, ledger: Ledger) -> str:
        invoice = ledger.get(Invoice, self.invoice, field="invoice")
        ensure(self.financier != invoice.seller, "to_self", field="financier", expected="another organisation")
        for organisation in (invoice.seller, self.financier):
            ledger.ensure_actor(organisation)
        ensure_financier(ledger, ledger.jurisdiction(invoice.seller), organisation=self.financier)
        ensure_checked(ledger, invoice)
        return use(ledger, invoice, UseKind.FACTORED, self.amount, by=self.financier, of=self.reference)
