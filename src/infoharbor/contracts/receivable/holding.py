"""What a holder may do with a leaf, and what may happen to it: split, pass on, dispute, freeze, settle early."""

from typing import Any

from infoharbor.contractkit import Action, Ledger, about, ensure, when_due
from infoharbor.contractkit.arithmetic import share
from infoharbor.contractkit.types import Amount, Count, Identifier, Moment, OrganisationId, ShortText
from infoharbor.contracts.receivable.actions import give_back
from infoharbor.contracts.receivable.invoices import Invoice, UseKind, release, use
from infoharbor.contracts.receivable.records import (
    PAYABLE,
    Leaf,
    LeafStatus,
    Receivable,
    ReceivableStatus,
    Terms,
)

PARTS_MAX = 200
TIERS_MAX = 16
FREE: dict[str, Any] = {"party": None, "terms": None, "until": 0, "asked": ()}
"""How a leaf stands that nobody beside its holder has a say in."""


class SplitLeaf(Action):
    """The holder cuts a leaf into smaller ones, which have its debtor and its due day; the whole is consumed."""

    receivable: Identifier
    leaf: Count
    parts: tuple[Amount, ...]

    def apply(self, ledger: Ledger) -> tuple[int, ...]:
        return split(ledger, ensure_live(ledger, self.receivable), self.leaf, self.parts)


class OfferLeaf(Action):
    """The holder offers a leaf to its own supplier, in payment of an invoice between the two; with recourse, the holder
    must buy it back if the debtor fails."""

    receivable: Identifier
    leaf: Count
    to: OrganisationId
    invoice: Identifier
    recourse: bool
    until: Moment

    concerns = (about(Leaf, "receivable", "leaf"), about(Invoice, "invoice"))

    def apply(self, ledger: Ledger) -> None:
        receivable = ensure_live(ledger, self.receivable)
        leaf = ledger.get(Leaf, self.receivable, self.leaf, field="leaf")
        ensure_future(ledger, self.until)
        ensure(leaf.tier < TIERS_MAX, "tiers", field="leaf", expected=f"at most {TIERS_MAX} tiers")
        invoice = ledger.get(Invoice, self.invoice, field="invoice")
        between = (invoice.seller, invoice.buyer, invoice.currency) == (self.to, leaf.holder, receivable.currency)
        ensure(between, "invoice_of_others", field="invoice", expected=f"an invoice of {self.to} to {leaf.holder}")
        reserved = use(ledger, invoice, UseKind.CLAIMED, leaf.face, by=leaf.holder, of=name_of(leaf))
        terms = Terms(leaf.face, invoice.id, reserved, self.recourse)
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.OFFERED, party=self.to, terms=terms, until=self.until
        )


class TakeLeaf(Action):
    """Whoever a leaf was offered to takes it, and holds it from now on."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        ensure_live(ledger, self.receivable)
        leaf, terms = encumbered(ledger, self.receivable, self.leaf, LeafStatus.OFFERED)
        recourse = (*leaf.recourse, leaf.holder) if terms.recourse else ()
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.HELD, **FREE,
            holder=leaf.party, tier=leaf.tier + 1, invoice=terms.invoice, recourse=recourse,
        )  # fmt: skip


class DeclineLeaf(Action):
    """Whoever a leaf was offered to does not take it."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        standing_as(ledger, self.receivable, self.leaf, LeafStatus.OFFERED)
        set_free(ledger, self.receivable, self.leaf)


class WithdrawLeaf(Action):
    """The holder takes back an offer, or no longer asks for financing."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        standing_as(ledger, self.receivable, self.leaf, LeafStatus.OFFERED, LeafStatus.ASKED)
        set_free(ledger, self.receivable, self.leaf)


class DisputeLeaf(Action):
    """The debtor disputes what a leaf rests on. Until that is closed the leaf neither moves nor is paid out."""

    receivable: Identifier
    leaf: Count
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure(self.reason.strip(), "no_reason", field="reason", expected="what is disputed")
        disputed = LeafStatus.DISPUTED
        ledger.move(Leaf, (self.receivable, self.leaf), disputed, disputed=True, reference=self.reason)


class CloseDispute(Action):
    """The debtor, or the court, ends the dispute: the leaf is its holder's as before."""

    receivable: Identifier
    leaf: Count
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        standing_as(ledger, self.receivable, self.leaf, LeafStatus.DISPUTED)
        ledger.move(Leaf, (self.receivable, self.leaf), LeafStatus.HELD, disputed=False, reference=self.reason)


class FreezeLeaf(Action):
    """Enter a court's notice over a leaf, or over an amount of it, which is split off. Two users sign.

    Whatever was on offer or agreed about the leaf and not yet done falls away."""

    receivable: Identifier
    leaf: Count
    amount: Amount
    notice: ShortText

    def apply(self, ledger: Ledger) -> int:
        ensure_two_users(ledger)
        ensure(self.notice.strip(), "no_reason", field="notice", expected="the court's notice and its number")
        leaf = ledger.get(Leaf, self.receivable, self.leaf, field="leaf")
        ensure(self.amount <= leaf.face, "freeze_short", field="amount", expected=f"at most {leaf.face}")
        if leaf.status not in (LeafStatus.HELD, LeafStatus.DISPUTED):
            set_free(ledger, leaf.receivable, leaf.number)
        number = leaf.number
        if self.amount < leaf.face and leaf.status != LeafStatus.DISPUTED:
            root = ledger.get(Receivable, leaf.receivable)
            number, _ = split(ledger, root, leaf.number, (self.amount, leaf.face - self.amount))
        ledger.move(Leaf, (leaf.receivable, number), LeafStatus.FROZEN, reference=self.notice)
        return number


class LiftFreeze(Action):
    """End a freeze: the leaf is what it was, disputed if it was. Two users sign; `notice` is the one that lifts it."""

    receivable: Identifier
    leaf: Count
    notice: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_two_users(ledger)
        leaf = standing_as(ledger, self.receivable, self.leaf, LeafStatus.FROZEN)
        after = LeafStatus.DISPUTED if leaf.disputed else LeafStatus.HELD
        ledger.move(Leaf, (leaf.receivable, leaf.number), after, reference=self.notice)


class AgreeEarly(Action):
    """Holder and debtor agree that the bank pays a leaf before its day, at a stated discount off its face."""

    receivable: Identifier
    leaf: Count
    discount: Count
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        ensure_live(ledger, self.receivable)
        ensure_future(ledger, self.until)
        face = ledger.get(Leaf, self.receivable, self.leaf, field="leaf").face
        ensure(self.discount < face, "discount", field="discount", expected=f"less than {face}")
        called = ledger.move(Leaf, (self.receivable, self.leaf), LeafStatus.CALLED, until=self.until)
        terms = Terms(face - self.discount, called.invoice, "", False)
        ledger.put(called.replace(party=called.debtor, terms=terms))


class ConfirmEarly(Action):
    """The bank has paid a leaf early, under its own reference: the leaf is no more, the line has room again."""

    receivable: Identifier
    leaf: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        receivable = ensure_live(ledger, self.receivable)
        ensure_reference(self.reference)
        leaf, terms = encumbered(ledger, self.receivable, self.leaf, LeafStatus.CALLED)
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.EARLY, **FREE,
            collected=terms.price, reference=self.reference,
        )  # fmt: skip
        lowered = receivable.replace(early=receivable.early + leaf.face)
        ledger.put(lowered)
        give_back(ledger, receivable, leaf.face)
        if lowered.payable == 0:
            ledger.move(Receivable, receivable.id, ReceivableStatus.SETTLED, next_at=0)


@when_due(Leaf, status=LeafStatus.OFFERED, at="until")
def lapse_offer(ledger: Ledger, leaf: Leaf) -> None:
    """An offer that nobody took in time is gone."""
    set_free(ledger, leaf.receivable, leaf.number)


@when_due(Leaf, status=LeafStatus.ASKED, at="until")
def lapse_request(ledger: Ledger, leaf: Leaf) -> None:
    """A request for financing ends at its time."""
    set_free(ledger, leaf.receivable, leaf.number)


@when_due(Leaf, status=LeafStatus.CALLED, at="until")
def lapse_early(ledger: Ledger, leaf: Leaf) -> None:
    """What the bank did not pay early in time is due on its day."""
    set_free(ledger, leaf.receivable, leaf.number)


def split(ledger: Ledger, root: Receivable, number: int, parts: tuple[int, ...]) -> tuple[int, ...]:
    """Consume a leaf of this receivable and make its parts, which add up to it; returns their numbers."""
    ensure(2 <= len(parts) <= PARTS_MAX, "parts_count", field="parts", expected=f"2 to {PARTS_MAX}")
    whole = ledger.move(Leaf, (root.id, number), LeafStatus.SPLIT)
    ensure(sum(parts) == whole.face, "parts_mismatch", field="parts", expected=whole.face)
    numbers = tuple(range(root.leaves + 1, root.leaves + 1 + len(parts)))
    part = whole.replace(parent=number, status=LeafStatus.HELD, **FREE)
    for child, face, had in zip(numbers, parts, share(whole.collected, parts), strict=True):
        ledger.create(part.replace(number=child, face=face, collected=had))
    ledger.put(root.replace(leaves=root.leaves + len(parts)))
    return numbers


def set_free(ledger: Ledger, receivable: str, number: int) -> Leaf:
    """End whatever encumbers a leaf, and give back the part of an invoice that was reserved for it."""
    before = ledger.get(Leaf, receivable, number, field="leaf")
    freed = ledger.move(Leaf, (receivable, number), LeafStatus.HELD, **FREE)
    if before.terms is not None and before.terms.use:
        release(ledger, before.terms.invoice, before.terms.use)
    return freed


def standing_as(ledger: Ledger, receivable: str, number: int, *statuses: LeafStatus) -> Leaf:
    """The leaf in one of these statuses: where actions share a move, the status tells them apart."""
    leaf = ledger.get(Leaf, receivable, number, field="leaf")
    ensure(leaf.status in statuses, "leaf_status", field="leaf", expected=" or ".join(map(str, statuses)))
    return leaf


def encumbered(ledger: Ledger, receivable: str, number: int, status: LeafStatus) -> tuple[Leaf, Terms]:
    """The leaf in this status with the terms that it has there."""
    leaf = standing_as(ledger, receivable, number, status)
    terms = leaf.terms
    if terms is None:
        raise LookupError(name_of(leaf))
    return leaf, terms


def name_of(leaf: Leaf) -> str:
    return f"{leaf.receivable}/{leaf.number}"


def ensure_live(ledger: Ledger, receivable: str) -> Receivable:
    """Leaves change hands until the due day, and no longer."""
    found = ledger.get(Receivable, receivable, field="receivable")
    live = found.status == ReceivableStatus.LIVE
    ensure(live, "not_live", field="receivable", expected="one that is accepted and not yet due")
    return found


def ensure_payable(ledger: Ledger, receivable: str) -> Receivable:
    found = ledger.get(Receivable, receivable, field="receivable")
    ensure(found.status in PAYABLE, "not_due", field="receivable", expected="one that is due and not settled")
    return found


def ensure_future(ledger: Ledger, until: int) -> None:
    ensure(until > ledger.now, "until_past", field="until", expected="a time to come")


def ensure_reference(reference: str) -> None:
    ensure(reference.strip(), "reference", field="reference", expected="the bank's own reference")


def ensure_two_users(ledger: Ledger) -> None:
    """Dual control: no one person enters or lifts a freeze."""
    enough = any(len(ledger.users_of(organisation)) >= 2 for organisation in ledger.organisations)
    ensure(enough, "dual_control", field="by", expected="two users of one organisation")
