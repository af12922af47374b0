"""How a leaf is financed: the holder asks, financiers offer, the holder chooses, and the money waits for its checks."""

from infoharbor.contractkit import (
    CALENDAR,
    NEW,
    Action,
    Ledger,
    Move,
    Parameter,
    Record,
    Status,
    about,
    ensure,
    when_due,
)
from infoharbor.contractkit.days import DAY_MS
from infoharbor.contractkit.money import annual_cost
from infoharbor.contractkit.types import Amount, Count, Identifier, Instant, Moment, OrganisationId, ShortText
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.receivable.actions import show_invoice
from infoharbor.contracts.receivable.calendars import SEARCH, allows, today
from infoharbor.contracts.receivable.collateral_register import ensure_searched
from infoharbor.contracts.receivable.holding import (
    FREE,
    encumbered,
    ensure_future,
    ensure_live,
    ensure_reference,
    name_of,
    set_free,
    standing_as,
)
from infoharbor.contracts.receivable.invoices import Invoice, UseKind, ensure_checked, ensure_financier, use
from infoharbor.contracts.receivable.records import SUPERVISOR, Leaf, LeafStatus, Terms

PAYOUT_PERIOD = Parameter("receivable.payout_period_ms", 10 * DAY_MS, "ms", DAY_MS, 90 * DAY_MS)
"""How long a chosen financier has to pay before the leaf is its holder's again."""
ASKED_MAX = 8


class OfferStatus(Status):
    OPEN = "open"
    CHOSEN = "chosen"
    FUNDED = "funded"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


_O = OfferStatus


class FinancingOffer(Record, table="financing_offers", key=("receivable", "leaf", "financier")):
    """What a financier would pay now for a leaf: `proceeds` reach the holder, all fees and interest taken off.

    `annual_cost` is what that costs the holder, all in, in basis points of a year, as the ledger computes it. With
    recourse the holder must buy the leaf back if the debtor fails."""

    receivable: Identifier
    leaf: Count
    financier: OrganisationId
    holder: OrganisationId
    face: Amount
    proceeds: Amount
    days: Count
    annual_cost: Count
    recourse: bool
    until: Instant
    reference: ShortText
    status: OfferStatus

    readers = ("financier", "holder", SUPERVISOR.of("holder"))
    moves = (
        Move(NEW, _O.OPEN, by="financier"),
        Move(_O.OPEN, _O.OPEN, by="financier"),
        Move(_O.WITHDRAWN, _O.OPEN, by="financier"),
        Move(_O.LAPSED, _O.OPEN, by="financier"),
        Move(_O.CHOSEN, _O.OPEN, by="financier", via=("OfferFinancing",)),
        Move(_O.OPEN, _O.WITHDRAWN, by="financier"),
        Move(_O.OPEN, _O.LAPSED, by=CALENDAR),
        Move(_O.OPEN, _O.CHOSEN, by="holder"),
        Move(_O.CHOSEN, _O.FUNDED, by="financier"),
        Move(_O.CHOSEN, _O.WITHDRAWN, by="financier"),
        Move(_O.CHOSEN, _O.LAPSED, by=CALENDAR),
    )


class AskFinancing(Action):
    """The holder asks financiers what they would pay for a leaf; they see the leaf and its invoice from now on."""

    receivable: Identifier
    leaf: Count
    financiers: tuple[OrganisationId, ...]
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        ensure_live(ledger, self.receivable)
        ensure_future(ledger, self.until)
        asked = tuple(sorted(set(self.financiers)))
        ensure(1 <= len(asked) <= ASKED_MAX, "asked", field="financiers", expected=f"1 to {ASKED_MAX}")
        leaf = ledger.move(Leaf, (self.receivable, self.leaf), LeafStatus.ASKED, asked=asked, until=self.until)
        for financier in asked:
            ledger.get(Organisation, financier, field="financiers")
            show_invoice(ledger, leaf.invoice, financier)


class OfferFinancing(Action):
    """A financier that was asked says what the holder would get for the leaf now; again, to better its offer.

    The all-in annual cost follows from it: (face − proceeds) ÷ proceeds × 365 ÷ days until due, rounded up."""

    receivable: Identifier
    leaf: Count
    proceeds: Amount
    recourse: bool
    until: Moment

    def apply(self, ledger: Ledger) -> int:
        receivable = ensure_live(ledger, self.receivable)
        leaf = standing_as(ledger, self.receivable, self.leaf, LeafStatus.ASKED)
        ensure(ledger.actor in leaf.asked, "not_asked", field="by", expected="a financier that the holder asked")
        ensure_financier(ledger, ledger.jurisdiction(leaf.holder))
        ensure_future(ledger, self.until)
        ensure(self.proceeds <= leaf.face, "proceeds", field="proceeds", expected=f"at most {leaf.face}")
        days = receivable.due_on - today(ledger, receivable.debtor)
        cost = annual_cost(due=leaf.face, received=self.proceeds, days=days)
        offer = FinancingOffer(
            leaf.receivable, leaf.number, ledger.actor, leaf.holder, leaf.face, self.proceeds, days, cost,
            self.recourse, self.until, "", OfferStatus.OPEN,
        )  # fmt: skip
        key = (leaf.receivable, leaf.number, ledger.actor)
        if ledger.find(FinancingOffer, *key) is None:
            ledger.create(offer)
        else:
            ledger.move(FinancingOffer, key, OfferStatus.OPEN)
            ledger.put(offer)
        return cost


class WithdrawOffer(Action):
    """A financier takes back its offer, also one that was chosen and not yet paid."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        key = (self.receivable, self.leaf, ledger.actor)
        before = ledger.get(FinancingOffer, *key, field="leaf")
        ledger.move(FinancingOffer, key, OfferStatus.WITHDRAWN)
        if before.status == OfferStatus.CHOSEN:
            leaf = ledger.get(Leaf, self.receivable, self.leaf)
            if (leaf.status, leaf.party) == (LeafStatus.CHOSEN, ledger.actor):
                set_free(ledger, self.receivable, self.leaf)


class ChooseOffer(Action):
    """The holder chooses one offer. The invoice must have room for it, whoever financed parts of it before."""

    receivable: Identifier
    leaf: Count
    financier: OrganisationId

    concerns = (about(Leaf, "receivable", "leaf"), about(FinancingOffer, "receivable", "leaf", "financier"))

    def apply(self, ledger: Ledger) -> None:
        receivable = ensure_live(ledger, self.receivable)
        leaf = standing_as(ledger, self.receivable, self.leaf, LeafStatus.ASKED)
        offer = ledger.move(FinancingOffer, (leaf.receivable, leaf.number, self.financier), OfferStatus.CHOSEN)
        invoice = ledger.get(Invoice, leaf.invoice, field="invoice")
        reserved = use(ledger, invoice, UseKind.FINANCED, leaf.face, by=offer.financier, of=name_of(leaf))
        until = min(ledger.now + ledger.parameter(PAYOUT_PERIOD), receivable.next_at)
        terms = Terms(offer.proceeds, leaf.invoice, reserved, offer.recourse)
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.CHOSEN, party=offer.financier, terms=terms, until=until
        )


class PayOut(Action):
    """The financier has paid the holder through its bank, under `reference`, and holds the leaf from now on.

    It waits for a fresh tax check of the invoice, and where the holder's law asks, for a clear search and a
    registration at 中登网."""

    receivable: Identifier
    leaf: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_live(ledger, self.receivable)
        ensure_reference(self.reference)
        leaf, terms = encumbered(ledger, self.receivable, self.leaf, LeafStatus.CHOSEN)
        ensure_checked(ledger, ledger.get(Invoice, leaf.invoice))
        if allows(ledger, ledger.jurisdiction(leaf.holder), SEARCH):
            ensure_searched(ledger, leaf)
        recourse = (*leaf.recourse, leaf.holder) if terms.recourse else ()
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.HELD, **FREE,
            holder=leaf.party, recourse=recourse, reference=self.reference,
        )  # fmt: skip
        key = (leaf.receivable, leaf.number, leaf.party)
        ledger.move(FinancingOffer, key, OfferStatus.FUNDED, reference=self.reference)


@when_due(FinancingOffer, status=OfferStatus.OPEN, at="until")
def lapse_financing_offer(ledger: Ledger, offer: FinancingOffer) -> None:
    """An offer that nobody chose in time is gone."""
    ledger.move(FinancingOffer, (offer.receivable, offer.leaf, offer.financier), OfferStatus.LAPSED)


@when_due(Leaf, status=LeafStatus.CHOSEN, at="until")
def lapse_choice(ledger: Ledger, leaf: Leaf) -> None:
    """A financier that did not pay in time has lost the leaf; its part of the invoice is free again."""
    set_free(ledger, leaf.receivable, leaf.number)
    key = (leaf.receivable, leaf.number, leaf.party)
    offer = ledger.find(FinancingOffer, *key)
    if offer is not None and offer.status == OfferStatus.CHOSEN:
        ledger.move(FinancingOffer, key, OfferStatus.LAPSED)
