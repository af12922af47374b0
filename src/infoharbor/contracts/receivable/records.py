"""What is kept of claims: credit lines, how debtors stand, receivables, the leaves they are cut into, payments."""

import msgspec

from infoharbor.contractkit import CALENDAR, NEW, Move, Record, Role, Status, all_of
from infoharbor.contractkit.days import Day
from infoharbor.contractkit.types import (
    Amount,
    Count,
    CurrencyCode,
    Identifier,
    Instant,
    OrganisationId,
    ShortText,
)

BANK, FACTOR = Role("bank"), Role("factor")
COURT, OPERATOR, SUPERVISOR = Role("court"), Role("operator"), Role("supervisor")
FREEZERS = ("bank", COURT.of("holder"), COURT.of("debtor"), OPERATOR.of("debtor"))
"""Who may enter a court's notice, two of its users signing: the court, the confirming bank, the operator."""


class LineStatus(Status):
    OPEN = "open"
    CLOSED = "closed"


class Line(Record, table="lines", key=("bank", "debtor", "currency")):
    """How much of a debtor's promises a bank confirms. `used` is what is outstanding on it, in minor units."""

    bank: OrganisationId
    debtor: OrganisationId
    currency: CurrencyCode
    limit: Count
    used: Count
    until: Instant
    status: LineStatus

    readers = ("bank", "debtor", SUPERVISOR.of("debtor"))
    moves = (
        Move(NEW, LineStatus.OPEN, by="bank"),
        Move(LineStatus.OPEN, LineStatus.OPEN, by="bank"),
        Move(LineStatus.OPEN, LineStatus.CLOSED, by="bank"),
        Move(LineStatus.CLOSED, LineStatus.OPEN, by="bank"),
    )


class Debtor(Record, table="debtors", key="debtor"):
    """How a debtor stands: `overdue` counts its receivables past their day; while there is one, or a bond in
    default, it issues nothing more. Every member may see it."""

    debtor: OrganisationId
    overdue: Count
    bond_default: bool
    reference: ShortText


class ReceivableStatus(Status):
    DRAFTED = "drafted"
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    LIVE = "live"
    DUE = "due"
    OVERDUE = "overdue"
    DEFAULTED = "defaulted"
    SETTLED = "settled"
    VOIDED = "voided"


_S = ReceivableStatus
OUTSTANDING = (_S.ISSUED, _S.CONFIRMED, _S.LIVE, _S.DUE, _S.OVERDUE, _S.DEFAULTED)
PAYABLE = (_S.DUE, _S.OVERDUE, _S.DEFAULTED)
LATE = (_S.OVERDUE, _S.DEFAULTED)


class Receivable(Record, table="receivables"):
    """A debtor's promise to pay `face` on `due_on`; the id is `DEBTOR:NUMBER`. Once accepted it lives in leaves.

    `early` is the face of the leaves settled before the day. `paid` is the payout index: a leaf's share of it is
    pro rata, so that one payment pays ten thousand leaves in one write. `instructed` is on its way through the
    bank. At `next_at` the calendar looks at it again. `delivered_on` 0: not yet said."""

    id: Identifier
    debtor: OrganisationId
    supplier: OrganisationId
    bank: OrganisationId
    currency: CurrencyCode
    face: Amount
    invoice: Identifier
    use: Identifier
    supplier_is_small: bool
    tenor_reason: ShortText
    due_on: Day
    delivered_on: Day
    consented_at: Instant
    leaves: Count
    early: Count
    instructed: Count
    paid: Count
    payments: Count
    next_at: Instant
    status: ReceivableStatus

    readers = ("debtor", "supplier", "bank", SUPERVISOR.of("debtor"))
    moves = (
        Move(NEW, _S.DRAFTED, by="debtor"),
        Move(_S.DRAFTED, _S.ISSUED, by="debtor"),
        Move(_S.DRAFTED, _S.VOIDED, by="debtor"),
        Move(_S.ISSUED, _S.CONFIRMED, by="bank"),
        Move(_S.ISSUED, _S.VOIDED, by=("debtor", "bank", CALENDAR)),
        Move(_S.CONFIRMED, _S.LIVE, by="supplier"),
        Move(_S.CONFIRMED, _S.REJECTED, by="supplier"),
        Move(_S.CONFIRMED, _S.VOIDED, by=("debtor", CALENDAR)),
        Move(_S.LIVE, _S.VOIDED, by=all_of("debtor", "supplier", "bank")),
        Move(_S.LIVE, _S.DUE, by=CALENDAR),
        Move(_S.LIVE, _S.SETTLED, by="bank"),
        Move(_S.DUE, _S.OVERDUE, by=CALENDAR),
        Move(_S.DUE, _S.SETTLED, by="bank", via=("ConfirmPayment",)),
        Move(_S.DUE, _S.SETTLED, by="debtor", via=("SettleByTokens",)),
        Move(_S.OVERDUE, _S.DEFAULTED, by=CALENDAR),
        Move(_S.OVERDUE, _S.SETTLED, by="bank", via=("ConfirmPayment",)),
        Move(_S.OVERDUE, _S.SETTLED, by="debtor", via=("SettleByTokens",)),
        Move(_S.DEFAULTED, _S.SETTLED, by="bank", via=("ConfirmPayment",)),
        Move(_S.DEFAULTED, _S.SETTLED, by="debtor", via=("SettleByTokens",)),
    )

    @property
    def payable(self) -> int:
        """What is paid at maturity, in all: the face without what was settled early."""
        return self.face - self.early

    @property
    def outstanding(self) -> int:
        """What the debtor still owes, and what its line bears."""
        return self.payable - self.paid if self.status in OUTSTANDING else 0

    def share(self, face: int) -> int:
        """What a leaf of this face has been paid by now: pro rata, down to the minor unit.

        The shares never add up to more than was paid, and are the faces to the unit once all is paid.
        """
        return self.paid * face // self.payable if self.payable else 0


class LeafStatus(Status):
    HELD = "held"
    OFFERED = "offered"
    ASKED = "asked"
    CHOSEN = "chosen"
    CALLED = "called"
    DISPUTED = "disputed"
    FROZEN = "frozen"
    CLAIMED = "claimed"
    RETURNED = "returned"
    SPLIT = "split"
    EARLY = "settled_early"
    DESTROYED = "destroyed"
    VOIDED = "voided"


_L = LeafStatus
ENCUMBERED = (_L.OFFERED, _L.CHOSEN, _L.CALLED, _L.CLAIMED)
"""Where someone beside the holder, the leaf's `party`, has a say in it."""
GONE = (_L.SPLIT, _L.VOIDED)
REDEEMED = (_L.DESTROYED, _L.EARLY)


class Terms(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an encumbrance is about: the price in minor units, the invoice that a transfer pays and its reserved use,
    and whether the holder must buy the leaf back if the debtor fails."""

    price: Count
    invoice: str
    use: str
    recourse: bool


class Leaf(Record, table="leaves", key=("receivable", "number")):
    """A part of a receivable that one organisation holds, with at most one encumbrance: its status, `party`, `terms`.

    `parent` 0: the whole. `tier` counts the suppliers it went through. `invoice` is why its holder has it.
    `asked` are the financiers that were asked. `recourse` are those who must buy it back if the debtor fails, the
    last first. `collected` is what the holder has of the debtor's payment; `reference` is the bank's latest, or
    the court's notice, or the dispute's reason."""

    receivable: Identifier
    number: Count
    parent: Count
    debtor: OrganisationId
    bank: OrganisationId
    holder: OrganisationId
    currency: CurrencyCode
    face: Amount
    due_on: Day
    invoice: Identifier
    tier: Count
    recourse: tuple[OrganisationId, ...]
    asked: tuple[OrganisationId, ...]
    party: OrganisationId | None
    terms: Terms | None
    until: Instant
    disputed: bool
    collected: Count
    reference: ShortText
    status: LeafStatus

    readers = ("holder", "party", "asked", "recourse", "debtor", "bank", SUPERVISOR.of("debtor"))
    moves = (
        Move(NEW, _L.HELD, by="holder", via=("AcceptReceivable", "SplitLeaf")),
        Move(NEW, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.HELD, _L.SPLIT, by="holder", via=("SplitLeaf",)),
        Move(_L.HELD, _L.SPLIT, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.HELD, _L.VOIDED, by=all_of("debtor", "holder", "bank")),
        Move(_L.HELD, _L.OFFERED, by="holder"),
        Move(_L.OFFERED, _L.HELD, by="party", via=("TakeLeaf", "DeclineLeaf")),
        Move(_L.OFFERED, _L.HELD, by="holder", via=("WithdrawLeaf",)),
        Move(_L.OFFERED, _L.HELD, by=CALENDAR),
        Move(_L.HELD, _L.ASKED, by="holder"),
        Move(_L.ASKED, _L.HELD, by=("holder", CALENDAR)),
        Move(_L.ASKED, _L.CHOSEN, by="holder"),
        Move(_L.CHOSEN, _L.HELD, by=("party", CALENDAR)),
        Move(_L.HELD, _L.CALLED, by=all_of("holder", "debtor")),
        Move(_L.CALLED, _L.EARLY, by="bank"),
        Move(_L.CALLED, _L.HELD, by=CALENDAR),
        Move(_L.HELD, _L.DISPUTED, by="debtor"),
        Move(_L.DISPUTED, _L.HELD, by=("debtor", COURT.of("debtor"))),
        Move(_L.DISPUTED, _L.FROZEN, by=FREEZERS),
        Move(_L.HELD, _L.FROZEN, by=FREEZERS),
        Move(_L.OFFERED, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.ASKED, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.CHOSEN, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.CALLED, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.CLAIMED, _L.HELD, by=FREEZERS, via=("FreezeLeaf",)),
        Move(_L.FROZEN, _L.HELD, by=FREEZERS),
        Move(_L.FROZEN, _L.DISPUTED, by=FREEZERS),
        Move(_L.HELD, _L.CLAIMED, by="holder"),
        Move(_L.CLAIMED, _L.HELD, by="holder", via=("WithdrawClaim",)),
        Move(_L.CLAIMED, _L.HELD, by=all_of("holder", "party"), via=("HonourClaim",)),
        Move(_L.HELD, _L.RETURNED, by="bank"),
        Move(_L.DESTROYED, _L.RETURNED, by="bank"),
        Move(_L.RETURNED, _L.HELD, by="bank"),
        Move(_L.HELD, _L.DESTROYED, by=("holder", "bank"), via=("CollectLeaves",)),
        Move(_L.HELD, _L.DESTROYED, by="debtor", via=("SettleByTokens",)),
    )


class PaymentStatus(Status):
    INSTRUCTED = "instructed"
    PAID = "paid"
    RETURNED = "returned"


class Payment(Record, table="payments", key=("receivable", "number")):
    """The debtor's instruction to its bank to pay a receivable's holders, and what the bank answered.

    The ledger moves no money: `reference` is the bank's own, under which the money moved or came back."""

    receivable: Identifier
    number: Count
    debtor: OrganisationId
    bank: OrganisationId
    amount: Amount
    instructed_at: Instant
    reference: ShortText
    status: PaymentStatus

    readers = ("debtor", "bank", SUPERVISOR.of("debtor"))
    moves = (
        Move(NEW, PaymentStatus.INSTRUCTED, by="debtor"),
        Move(PaymentStatus.INSTRUCTED, PaymentStatus.PAID, by="bank"),
        Move(PaymentStatus.INSTRUCTED, PaymentStatus.RETURNED, by="bank"),
    )
