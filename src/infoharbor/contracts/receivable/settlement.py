"""How a receivable ends: due, instructed, paid or returned, collected; or overdue, in default, with recourse."""

from infoharbor.contractkit import Action, Ledger, contract_actor, ensure, when_due
from infoharbor.contractkit.money import minor_digits
from infoharbor.contractkit.types import Amount, Count, Identifier, ShortText
from infoharbor.contracts.asset.holds import ExecuteHold
from infoharbor.contracts.asset.records import Hold, Token, TokenKind
from infoharbor.contracts.receivable.actions import give_back, standing
from infoharbor.contracts.receivable.calendars import (
    DEFAULT_AFTER,
    TOKENS,
    allows,
    overdue_from,
    payment_begins,
)
from infoharbor.contracts.receivable.holding import (
    FREE,
    encumbered,
    ensure_payable,
    ensure_reference,
    name_of,
    standing_as,
)
from infoharbor.contracts.receivable.records import (
    GONE,
    LATE,
    REDEEMED,
    Debtor,
    Leaf,
    LeafStatus,
    Payment,
    PaymentStatus,
    Receivable,
    ReceivableStatus,
    Terms,
)

LEAVES_PER_ACTION = 500
CONTRACT = contract_actor("receivable")


class InstructPayment(Action):
    """The debtor tells its bank to pay the holders, all or in part, pro rata by leaf. The bank takes the file from the
    ledger's records; the ledger itself moves no money."""

    receivable: Identifier
    amount: Amount

    def apply(self, ledger: Ledger) -> int:
        due = ensure_payable(ledger, self.receivable)
        most = due.outstanding - due.instructed
        ensure(self.amount <= most, "beyond_outstanding", field="amount", expected=f"at most {most}")
        ensure(
            due.instructed == 0, "payment_open", field="receivable", expected="the bank's answer to the payment before"
        )
        number = due.payments + 1
        ledger.create(
            Payment(due.id, number, due.debtor, due.bank, self.amount, ledger.now, "", PaymentStatus.INSTRUCTED)
        )
        ledger.put(due.replace(instructed=due.instructed + self.amount, payments=number))
        return number


class ConfirmPayment(Action):
    """The bank has paid what was instructed, under its own reference. One write pays every leaf its share."""

    receivable: Identifier
    payment: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_reference(self.reference)
        payment = ledger.move(Payment, (self.receivable, self.payment), PaymentStatus.PAID, reference=self.reference)
        due = ensure_payable(ledger, self.receivable)
        give_back(ledger, due, payment.amount)
        paid = due.replace(paid=due.paid + payment.amount, instructed=due.instructed - payment.amount)
        ledger.put(paid)
        if paid.outstanding == 0:
            settle(ledger, due)


class ReturnPayment(Action):
    """The bank did not carry out what was instructed: the debtor owes it as before."""

    receivable: Identifier
    payment: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_reference(self.reference)
        payment = ledger.move(
            Payment, (self.receivable, self.payment), PaymentStatus.RETURNED, reference=self.reference
        )
        due = ensure_payable(ledger, self.receivable)
        ledger.put(due.replace(instructed=due.instructed - payment.amount))


class CollectLeaves(Action):
    """Holder or bank enters what leaves have been paid by now; a leaf paid in full is destroyed."""

    receivable: Identifier
    leaves: tuple[Count, ...]

    def apply(self, ledger: Ledger) -> int:
        count = len(self.leaves)
        ensure(1 <= count <= LEAVES_PER_ACTION, "leaves_count", field="leaves", expected=f"1 to {LEAVES_PER_ACTION}")
        paid = ledger.get(Receivable, self.receivable, field="receivable")
        collected = 0
        for number in self.leaves:
            leaf = standing_as(ledger, paid.id, number, LeafStatus.HELD)
            share = paid.share(leaf.face)
            ensure(
                share > leaf.collected, "nothing_to_collect", field="leaves", expected="leaves with a payment to come"
            )
            ledger.ensure_actor(leaf.holder, leaf.bank)
            collected += share - leaf.collected
            if share == leaf.face:
                ledger.move(Leaf, (paid.id, number), LeafStatus.DESTROYED, collected=share)
            else:
                ledger.put(leaf.replace(collected=share))
        return collected


class ReturnLeaf(Action):
    """The bank could not pay one holder, whose account took nothing: the leaf's share waits at the bank."""

    receivable: Identifier
    leaf: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_reference(self.reference)
        leaf = standing_as(ledger, self.receivable, self.leaf, LeafStatus.HELD, LeafStatus.DESTROYED)
        paid = ledger.get(Receivable, self.receivable).share(leaf.face)
        ensure(paid > 0, "nothing_to_collect", field="leaf", expected="a leaf that was paid")
        ledger.move(Leaf, (leaf.receivable, leaf.number), LeafStatus.RETURNED, collected=0, reference=self.reference)


class RepayLeaf(Action):
    """The bank has paid a holder to whom a first payment came back; `reference` is the new one."""

    receivable: Identifier
    leaf: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_reference(self.reference)
        standing_as(ledger, self.receivable, self.leaf, LeafStatus.RETURNED)
        ledger.move(Leaf, (self.receivable, self.leaf), LeafStatus.HELD, reference=self.reference)


class SettleByTokens(Action):
    """The debtor pays every leaf at once out of a hold of money tokens that it gave this contract control of.

    Only where the profiles of the debtor's and of every holder's jurisdiction allow tokens."""

    receivable: Identifier
    hold: Identifier

    def apply(self, ledger: Ledger) -> None:
        due = ensure_payable(ledger, self.receivable)
        ledger.ensure_actor(due.debtor)
        untouched = due.paid == 0 and due.instructed == 0
        ensure(untouched, "settlement_begun", field="receivable", expected="one of which nothing is paid or instructed")
        ensure_hold(ledger, due, self.hold)
        ensure_tokens_allowed(ledger, due.debtor)
        owed = destroy_all(ledger, due)
        for holder in sorted(owed):
            ensure_tokens_allowed(ledger, holder)
            ledger.call(ExecuteHold(self.hold, holder, owed[holder]))
        give_back(ledger, due, due.outstanding)
        ledger.put(due.replace(paid=due.payable))
        settle(ledger, due)


class ClaimRecourse(Action):
    """The holder of a leaf whose debtor is in default claims that whoever assigned it with recourse buys it back."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        failed = ledger.get(Receivable, self.receivable, field="receivable")
        in_default = failed.status == ReceivableStatus.DEFAULTED
        ensure(in_default, "not_in_default", field="receivable", expected="one whose debtor is in default")
        leaf = ledger.get(Leaf, self.receivable, self.leaf, field="leaf")
        ensure(leaf.recourse, "no_recourse", field="leaf", expected="a leaf that was assigned with recourse")
        terms = Terms(leaf.face - failed.share(leaf.face), leaf.invoice, "", False)
        ledger.move(Leaf, (leaf.receivable, leaf.number), LeafStatus.CLAIMED, party=leaf.recourse[-1], terms=terms)


class WithdrawClaim(Action):
    """The holder no longer claims that the leaf is bought back."""

    receivable: Identifier
    leaf: Count

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Leaf, (self.receivable, self.leaf), LeafStatus.HELD, **FREE)


class HonourClaim(Action):
    """Holder and assignor enter together that the leaf was bought back, under the bank's reference."""

    receivable: Identifier
    leaf: Count
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_reference(self.reference)
        leaf, _ = encumbered(ledger, self.receivable, self.leaf, LeafStatus.CLAIMED)
        ledger.move(
            Leaf, (leaf.receivable, leaf.number), LeafStatus.HELD, **FREE,
            holder=leaf.party, recourse=leaf.recourse[:-1], reference=self.reference,
        )  # fmt: skip


@when_due(Receivable, status=ReceivableStatus.LIVE, at="next_at")
def fall_due(ledger: Ledger, receivable: Receivable) -> None:
    """The due day has come; a holiday voted since then puts it off to the next working day."""
    begins = payment_begins(ledger, receivable)
    if begins > ledger.now:
        ledger.put(receivable.replace(next_at=begins))
        return
    ledger.move(Receivable, receivable.id, ReceivableStatus.DUE, next_at=overdue_from(ledger, receivable))


@when_due(Receivable, status=ReceivableStatus.DUE, at="next_at")
def fall_overdue(ledger: Ledger, receivable: Receivable) -> None:
    """The due day has passed unpaid: every member sees that this debtor is late, and it issues nothing more."""
    until = ledger.now + ledger.parameter(DEFAULT_AFTER)
    ledger.move(Receivable, receivable.id, ReceivableStatus.OVERDUE, next_at=until)
    count_overdue(ledger, receivable.debtor, 1)


@when_due(Receivable, status=ReceivableStatus.OVERDUE, at="next_at")
def fall_into_default(ledger: Ledger, receivable: Receivable) -> None:
    """What stayed unpaid this long is in default; holders with recourse may claim it."""
    ledger.move(Receivable, receivable.id, ReceivableStatus.DEFAULTED, next_at=0)


def settle(ledger: Ledger, before: Receivable) -> None:
    """Everything is paid; `before` is the receivable as it was, late or not."""
    ledger.move(Receivable, before.id, ReceivableStatus.SETTLED, next_at=0)
    if before.status in LATE:
        count_overdue(ledger, before.debtor, -1)


def count_overdue(ledger: Ledger, debtor: str, change: int) -> None:
    stands: Debtor = standing(ledger, debtor)
    ledger.put(stands.replace(overdue=stands.overdue + change))


def destroy_all(ledger: Ledger, due: Receivable) -> dict[str, int]:
    """Destroy every leaf that is still to be paid; returns what each holder gets."""
    ensure(due.leaves <= LEAVES_PER_ACTION, "leaves_count", field="receivable", expected=f"at most {LEAVES_PER_ACTION}")
    owed: dict[str, int] = {}
    for leaf in ledger.scan(Leaf, due.id):
        if leaf.status in (*GONE, *REDEEMED):
            continue
        free = leaf.status == LeafStatus.HELD
        ensure(free, "leaf_not_free", field="receivable", expected=f"{name_of(leaf)} held and free")
        ledger.move(Leaf, (leaf.receivable, leaf.number), LeafStatus.DESTROYED, collected=leaf.face)
        owed[leaf.holder] = owed.get(leaf.holder, 0) + leaf.face
    return owed


def ensure_hold(ledger: Ledger, due: Receivable, identifier: str) -> None:
    """The hold is the debtor's, of money tokens in the receivable's currency, and this contract controls it."""
    hold = ledger.get(Hold, identifier, field="hold")
    token = ledger.get(Token, hold.token)
    fits = (hold.owner, hold.controller, token.kind, token.unit, token.decimals) == (
        due.debtor, CONTRACT, TokenKind.MONEY, due.currency, minor_digits(due.currency),
    )  # fmt: skip
    ensure(fits, "hold_unfit", field="hold", expected=f"the debtor's {due.currency} tokens, held for {CONTRACT}")


def ensure_tokens_allowed(ledger: Ledger, organisation: str) -> None:
    country = ledger.jurisdiction(organisation)
    ensure(allows(ledger, country, TOKENS), "tokens_off", field="hold", expected=f"payment by bank in {country}")
