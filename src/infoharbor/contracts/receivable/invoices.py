"""Which invoices there are, how much of each is used and by whom, and what is said against them."""

from collections.abc import Iterator

from infoharbor.contractkit import Ledger, Parameter, Record, Status, ensure, invariant
from infoharbor.contractkit.days import DAY_MS, Day
from infoharbor.contractkit.types import (
    Amount,
    Count,
    CountryCode,
    CurrencyCode,
    Hash,
    Identifier,
    Instant,
    OrganisationId,
)
from infoharbor.contracts.receivable.records import BANK, FACTOR, SUPERVISOR

TAX_CHECK_VALID = Parameter("receivable.tax_check_valid_ms", DAY_MS, "ms", DAY_MS, 30 * DAY_MS)
FINANCIERS_MAX = 50


class TaxResult(Status):
    """What the tax authority's own look-up said."""

    VALID = "valid"
    VOID = "void"
    RED = "red"
    UNKNOWN = "unknown"


class Invoice(Record, table="invoices"):
    """An invoice as it was first registered; the file stays with its owner, `commitment` binds it.

    What it bounds, in minor units: `claimed`, promised as receivables or passed on in payment of it; `factored`,
    financed by itself; `financed`, leaves of what was claimed. Claimed and factored together find room in `total`
    less `credited`; financed and factored never pass `total`. `checked_until` 0: no valid tax check."""

    id: Identifier
    country: CountryCode
    seller: OrganisationId
    buyer: OrganisationId
    currency: CurrencyCode
    total: Amount
    issued_on: Day
    commitment: Hash
    credited: Count
    claimed: Count
    factored: Count
    financed: Count
    alerts: Count
    alerted_at: Instant
    checked_until: Instant
    financiers: tuple[OrganisationId, ...]

    readers = ("seller", "buyer", "financiers", SUPERVISOR.of("seller"))

    @property
    def bound(self) -> int:
        """What may be used of it in all."""
        return max(self.total - self.credited, 0)


class AlertKind(Status):
    """What two statements about one invoice disagree in."""

    DIFFERENT_AMOUNT = "different_amount"
    DIFFERENT_PARTIES = "different_parties"
    CREDITED_AFTER_USE = "credited_after_use"
    TAX_CHECK = "tax_check"


class InvoiceAlert(Record, table="invoice_alerts", key=("invoice", "number")):
    """A statement about an invoice that contradicts what is known of it. It is kept, not refused."""

    invoice: Identifier
    number: Count
    kind: AlertKind
    said_by: OrganisationId
    said: Count
    known: Count
    at: Instant
    seller: OrganisationId
    buyer: OrganisationId
    financiers: tuple[OrganisationId, ...]

    readers = ("said_by", "seller", "buyer", "financiers", SUPERVISOR.of("seller"))


class CreditNote(Record, table="credit_notes", key=("invoice", "number")):
    """A credit note of the seller: it lowers what may be used of the invoice."""

    invoice: Identifier
    number: Identifier
    amount: Amount
    commitment: Hash
    at: Instant
    seller: OrganisationId
    buyer: OrganisationId

    readers = ("seller", "buyer", SUPERVISOR.of("seller"))


class TaxCheck(Record, table="tax_checks", key=("invoice", "id")):
    """A look-up at the tax authority that a clerk confirms, with the evidence's commitment."""

    invoice: Identifier
    id: Identifier
    by: OrganisationId
    result: TaxResult
    total: Count
    checked_at: Instant
    valid_until: Instant
    commitment: Hash

    readers = ("by", SUPERVISOR.of("by"))


class UseKind(Status):
    """What a part of an invoice is used for."""

    CLAIMED = "claimed"
    FACTORED = "factored"
    FINANCED = "financed"


class InvoiceUse(Record, table="invoice_uses", key=("invoice", "id")):
    """A part of an invoice that is promised, factored or financed, by whom and for what; it counts until released."""

    invoice: Identifier
    id: Identifier
    kind: UseKind
    by: OrganisationId
    seller: OrganisationId
    amount: Amount
    of: Identifier
    counts: bool

    readers = ("by", "seller", SUPERVISOR.of("seller"))


def use(ledger: Ledger, invoice: Invoice, kind: UseKind, amount: int, *, by: str, of: str) -> str:
    """Count a part of an invoice as used; refused as `invoice_exhausted` beyond what it has room for."""
    financeable = invoice.total - invoice.factored - invoice.financed
    room = financeable if kind == UseKind.FINANCED else unclaimed(invoice)
    ensure(amount <= room, "invoice_exhausted", field="amount", expected=f"at most {max(room, 0)}")
    made = InvoiceUse(invoice.id, ledger.fresh_id("use"), kind, by, invoice.seller, amount, of or "-", True)
    ledger.create(made)
    ledger.put(counted(tell(invoice, by), kind, amount))
    return made.id


def release(ledger: Ledger, invoice: str, identifier: str) -> None:
    """Give back a part that was counted for something that did not come about."""
    found = ledger.get(InvoiceUse, invoice, identifier)
    ledger.put(found.replace(counts=False))
    ledger.put(counted(ledger.get(Invoice, invoice), found.kind, -found.amount))


def counted(invoice: Invoice, kind: UseKind, amount: int) -> Invoice:
    if kind == UseKind.CLAIMED:
        return invoice.replace(claimed=invoice.claimed + amount)
    if kind == UseKind.FACTORED:
        return invoice.replace(factored=invoice.factored + amount)
    return invoice.replace(financed=invoice.financed + amount)


def unclaimed(invoice: Invoice) -> int:
    return invoice.bound - invoice.claimed - invoice.factored


def tell(invoice: Invoice, organisation: str) -> Invoice:
    """The invoice, which the organisation may read from now on; seller and buyer can anyway."""
    if organisation in (invoice.seller, invoice.buyer, *invoice.financiers):
        return invoice
    ensure(len(invoice.financiers) < FINANCIERS_MAX, "financiers", field="by", expected=f"at most {FINANCIERS_MAX}")
    return invoice.replace(financiers=tuple(sorted((*invoice.financiers, organisation))))


def alert(ledger: Ledger, invoice: Invoice, kind: AlertKind, *, said: int) -> None:
    """Keep a contradiction. Tax checks made before it count no more."""
    number = invoice.alerts + 1
    ledger.create(
        InvoiceAlert(
            invoice.id, number, kind, ledger.actor, said, invoice.total, ledger.now, invoice.seller, invoice.buyer,
            invoice.financiers,
        )
    )  # fmt: skip
    ledger.put(invoice.replace(alerts=number, alerted_at=ledger.now, checked_until=0))


def ensure_checked(ledger: Ledger, invoice: Invoice) -> None:
    fresh = invoice.checked_until > ledger.now
    ensure(fresh, "tax_check_missing", field="invoice", expected="a valid tax check, not older than it may be")


def ensure_financier(ledger: Ledger, jurisdiction: str, *, organisation: str = "") -> None:
    """Refuses whoever is accredited neither as a bank nor as a factor there."""
    accredited = any(
        ledger.holds(role, jurisdiction=jurisdiction, organisation=organisation) for role in (BANK, FACTOR)
    )
    ensure(accredited, "not_a_financier", field="by", expected=f"a bank or factor in {jurisdiction}")


@invariant
def an_invoice_counts_its_uses(ledger: Ledger) -> Iterator[str]:
    """Claimed, factored and financed are what live uses say, to the unit."""
    for invoice in ledger.scan(Invoice):
        sums = dict.fromkeys(UseKind, 0)
        for each in ledger.scan(InvoiceUse, invoice.id):
            sums[each.kind] += each.amount if each.counts else 0
        if tuple(sums.values()) != (invoice.claimed, invoice.factored, invoice.financed):
            yield f"receivable/invoices/{invoice.id}"


@invariant
def the_parts_of_an_invoice_never_pass_its_total(ledger: Ledger) -> Iterator[str]:
    """Whoever financed them, under whatever spelling; where a later credit note makes them, an alert stands."""
    for invoice in ledger.scan(Invoice):
        if max(invoice.financed, invoice.claimed) + invoice.factored > invoice.total:
            yield f"receivable/invoices/{invoice.id}"
        if unclaimed(invoice) < 0:
            kinds = [each.kind for each in ledger.scan(InvoiceAlert, invoice.id)]
            if AlertKind.CREDITED_AFTER_USE not in kinds:
                yield f"receivable/invoices/{invoice.id}"
