"""How a claim comes to be: credit lines, draft, issue, confirmation, acceptance; and how it is undone."""

from infoharbor.contractkit import Action, Ledger, Refusal, about, ensure, when_due
from infoharbor.contractkit.days import Day
from infoharbor.contractkit.money import is_currency
from infoharbor.contractkit.types import Amount, CurrencyCode, Identifier, Moment, OrganisationId, ShortText
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.receivable.calendars import ensure_tenor, payment_begins, today
from infoharbor.contracts.receivable.invoices import Invoice, UseKind, release, tell, use
from infoharbor.contracts.receivable.records import (
    BANK,
    SUPERVISOR,
    Debtor,
    Leaf,
    LeafStatus,
    Line,
    LineStatus,
    Receivable,
    ReceivableStatus,
)


class SetLine(Action):
    """A bank says how much of a debtor's promises it confirms, and until when; again, to change it."""

    debtor: OrganisationId
    currency: CurrencyCode
    limit: Amount
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        ledger.require(BANK, jurisdiction=ledger.jurisdiction(self.debtor))
        ledger.get(Organisation, self.debtor, field="debtor")
        ensure(is_currency(self.currency), "currency", field="currency", expected="ISO 4217")
        ensure(self.until > ledger.now, "until_past", field="until", expected="a time to come")
        key = (ledger.actor, self.debtor, self.currency)
        line = ledger.find(Line, *key)
        if line is None:
            ledger.create(Line(*key, self.limit, 0, self.until, LineStatus.OPEN))
            return
        ensure(self.limit >= line.used, "line_in_use", field="limit", expected=f"at least {line.used}")
        ledger.move(Line, key, LineStatus.OPEN, limit=self.limit, until=self.until)


class CloseLine(Action):
    """A bank takes on nothing more of a debtor's. What it confirmed stands."""

    debtor: OrganisationId
    currency: CurrencyCode

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Line, (ledger.actor, self.debtor, self.currency), LineStatus.CLOSED)


class SetBondDefault(Action):
    """A supervisor or the debtor's bank enters that a debtor's bond is in default, or that it is no longer."""

    debtor: OrganisationId
    bond_default: bool
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        country = ledger.jurisdiction(ledger.get(Organisation, self.debtor, field="debtor").id)
        entitled = any(ledger.holds(role, jurisdiction=country) for role in (SUPERVISOR, BANK))
        ensure(entitled, "ledger.role_missing", field="by", expected=f"supervisor or bank in {country}")
        ledger.put(standing(ledger, self.debtor).replace(bond_default=self.bond_default, reference=self.reference))


class DraftReceivable(Action):
    """The debtor writes down what it will promise: to whom, for which invoice, through which bank, by when."""

    number: Identifier
    supplier: OrganisationId
    supplier_is_small: bool
    bank: OrganisationId
    face: Amount
    invoice: Identifier
    due_on: Day
    tenor_reason: ShortText

    concerns = (about(Invoice, "invoice"),)

    def apply(self, ledger: Ledger) -> str:
        ensure("/" not in self.number, "number", field="number", expected="no slash")
        invoice = ledger.get(Invoice, self.invoice, field="invoice")
        parties = (invoice.seller, invoice.buyer) == (self.supplier, ledger.actor)
        ensure(parties, "invoice_of_others", field="invoice", expected="an invoice of the supplier to you")
        receivable = Receivable(
            f"{ledger.actor}:{self.number}", ledger.actor, self.supplier, self.bank, invoice.currency, self.face,
            invoice.id, "-", self.supplier_is_small, self.tenor_reason, self.due_on, 0, 0, 0, 0, 0, 0, 0, 0,
            ReceivableStatus.DRAFTED,
        )  # fmt: skip
        ledger.create(receivable)
        return receivable.id


class IssueReceivable(Action):
    """The debtor promises. The bank's line and the invoice must have room; a debtor that is late promises nothing."""

    receivable: Identifier

    concerns = (about(Receivable, "receivable"),)

    def apply(self, ledger: Ledger) -> None:
        draft = ledger.get(Receivable, self.receivable, field="receivable")
        ensure_tenor(ledger, draft)
        due = payment_begins(ledger, draft)
        issued = ledger.move(Receivable, draft.id, ReceivableStatus.ISSUED, next_at=due)
        ensure_may_issue(ledger, issued.debtor)
        draw(ledger, issued, issued.face)
        invoice = ledger.get(Invoice, issued.invoice, field="invoice")
        claim = use(ledger, invoice, UseKind.CLAIMED, issued.face, by=issued.bank, of=issued.id)
        ledger.put(issued.replace(use=claim))


class ConfirmReceivable(Action):
    """The bank confirms that the debtor's promise is good, within its line."""

    receivable: Identifier

    def apply(self, ledger: Ledger) -> None:
        confirmed = ledger.move(Receivable, self.receivable, ReceivableStatus.CONFIRMED)
        line = ledger.get(Line, confirmed.bank, confirmed.debtor, confirmed.currency)
        ensure_line_open(ledger, line)


class AcceptReceivable(Action):
    """The supplier takes the promise instead of money now, of its own will, and says when it delivered.

    A small supplier is not bound to (国务院令802): without `consents` it rejects."""

    receivable: Identifier
    delivered_on: Day
    consents: bool

    def apply(self, ledger: Ledger) -> None:
        receivable = ledger.get(Receivable, self.receivable, field="receivable")
        ledger.move(
            Receivable, receivable.id, ReceivableStatus.LIVE,
            delivered_on=self.delivered_on, consented_at=ledger.now, leaves=1,
        )  # fmt: skip
        ensure(self.consents, "consent_missing", field="consents", expected="the supplier's free consent")
        delivered = self.delivered_on <= today(ledger, receivable.debtor)
        ensure(delivered, "not_delivered", field="delivered_on", expected="a day that has come: no prepayments")
        ledger.create(
            Leaf(
                receivable.id, 1, 0, receivable.debtor, receivable.bank, receivable.supplier, receivable.currency,
                receivable.face, receivable.due_on, receivable.invoice, 1, (), (), None, None, 0, False, 0, "",
                LeafStatus.HELD,
            )
        )  # fmt: skip


class RejectReceivable(Action):
    """The supplier does not take the promise; the debtor owes it as before."""

    receivable: Identifier
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        undo(ledger, self.receivable, ReceivableStatus.REJECTED)


class VoidReceivable(Action):
    """Undo a promise: before acceptance by the debtor (or the bank that was to confirm); after it by debtor, supplier
    and bank together, while it is neither split, passed on nor financed."""

    receivable: Identifier

    def apply(self, ledger: Ledger) -> None:
        before = ledger.get(Receivable, self.receivable, field="receivable")
        undo(ledger, self.receivable, ReceivableStatus.VOIDED)
        if before.status == ReceivableStatus.LIVE:
            leaf = ledger.get(Leaf, before.id, 1)
            whole = (leaf.status, leaf.holder) == (LeafStatus.HELD, before.supplier)
            ensure(whole, "not_whole", field="receivable", expected="one that its supplier holds whole and free")
            ledger.move(Leaf, (before.id, 1), LeafStatus.VOIDED)


@when_due(Receivable, status=ReceivableStatus.ISSUED, at="next_at")
def lapse_issued(ledger: Ledger, receivable: Receivable) -> None:
    """What no bank confirmed by its due day is void."""
    undo(ledger, receivable.id, ReceivableStatus.VOIDED)


@when_due(Receivable, status=ReceivableStatus.CONFIRMED, at="next_at")
def lapse_confirmed(ledger: Ledger, receivable: Receivable) -> None:
    """What no supplier accepted by its due day is void."""
    undo(ledger, receivable.id, ReceivableStatus.VOIDED)


def undo(ledger: Ledger, receivable: str, status: ReceivableStatus) -> None:
    """End a promise that was not used, and give back its line and its part of the invoice."""
    before = ledger.get(Receivable, receivable, field="receivable")
    ledger.move(Receivable, receivable, status, next_at=0)
    if before.outstanding:
        give_back(ledger, before, before.outstanding)
        release(ledger, before.invoice, before.use)


def standing(ledger: Ledger, debtor: str) -> Debtor:
    """How a debtor stands; one of whom nothing is known stands well."""
    return ledger.find(Debtor, debtor) or Debtor(debtor, 0, False, "")


def ensure_may_issue(ledger: Ledger, debtor: str) -> None:
    """银发〔2025〕77号: who is unpaid at maturity, or whose bond is in default, issues nothing."""
    stands = standing(ledger, debtor)
    ensure(stands.overdue == 0, "debtor_overdue", field="by", expected="a debtor with nothing overdue")
    ensure(not stands.bond_default, "bond_default", field="by", expected="a debtor with no bond in default")


def draw(ledger: Ledger, receivable: Receivable, amount: int) -> None:
    """Take an amount of the bank's line; refused as `line_short` beyond it."""
    line = ledger.find(Line, receivable.bank, receivable.debtor, receivable.currency)
    room = line.limit - line.used if line is not None else 0
    if line is None or amount > room:
        raise Refusal("line_short", field="face", expected=f"at most {room}")
    ensure_line_open(ledger, line)
    ledger.put(line.replace(used=line.used + amount))


def give_back(ledger: Ledger, receivable: Receivable, amount: int) -> None:
    """Lower what is used of the bank's line: it was paid, or will never be."""
    line = ledger.get(Line, receivable.bank, receivable.debtor, receivable.currency)
    ledger.put(line.replace(used=line.used - amount))


def ensure_line_open(ledger: Ledger, line: Line) -> None:
    """A line that its bank closed or let run out takes on nothing new."""
    in_force = line.status == LineStatus.OPEN and ledger.now < line.until
    ensure(in_force, "line_closed", field="bank", expected="a line that is open")
    accredited = ledger.holds(BANK, jurisdiction=ledger.jurisdiction(line.debtor), organisation=line.bank)
    ensure(accredited, "line_closed", field="bank", expected="a bank accredited where the debtor is")


def show_invoice(ledger: Ledger, invoice: str, organisation: str) -> None:
    """Let an organisation that is asked for money see the invoice it is asked to finance."""
    ledger.put(tell(ledger.get(Invoice, invoice), organisation))
