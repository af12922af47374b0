"""What holds of lines, receivables and leaves in every state that can be reached."""

from collections.abc import Iterator

from infoharbor.contractkit import Ledger, invariant
from infoharbor.contracts.receivable.invoices import InvoiceUse
from infoharbor.contracts.receivable.records import (
    ENCUMBERED,
    GONE,
    LATE,
    PAYABLE,
    REDEEMED,
    Debtor,
    Leaf,
    LeafStatus,
    Line,
    Payment,
    PaymentStatus,
    Receivable,
    ReceivableStatus,
)


@invariant
def live_leaves_and_redeemed_ones_make_the_face(ledger: Ledger) -> Iterator[str]:
    """Whatever was split, passed on or paid: the leaves that are left add up to what was promised."""
    for root in ledger.scan(Receivable):
        leaves = list(ledger.scan(Leaf, root.id))
        face = sum(leaf.face for leaf in leaves if leaf.status not in GONE)
        early = sum(leaf.face for leaf in leaves if leaf.status == LeafStatus.EARLY)
        accepted = root.status in (ReceivableStatus.LIVE, *PAYABLE, ReceivableStatus.SETTLED)
        if (face, early, len(leaves)) != (root.face if accepted else 0, root.early, root.leaves):
            yield f"receivable/receivables/{root.id}"


@invariant
def a_leaf_has_one_holder_and_at_most_one_encumbrance(ledger: Ledger) -> Iterator[str]:
    """Only a leaf that someone beside its holder has a say in names that one, its terms, and any reserved invoice."""
    for leaf in ledger.scan(Leaf):
        encumbered = leaf.status in ENCUMBERED
        uses = {leaf.terms.use} - {""} if leaf.terms is not None else set()
        reserved = all(_counts(ledger, leaf, use) for use in sorted(uses))
        asked = bool(leaf.asked) <= (leaf.status in (LeafStatus.ASKED, LeafStatus.CHOSEN))
        parties = (leaf.party is not None, leaf.terms is not None) == (encumbered, encumbered)
        if not (parties and reserved and asked and leaf.holder):
            yield f"receivable/leaves/{leaf.receivable}/{leaf.number}"


def _counts(ledger: Ledger, leaf: Leaf, identifier: str) -> bool:
    use = ledger.find(InvoiceUse, leaf.terms.invoice, identifier) if leaf.terms is not None else None
    return use is not None and use.counts and use.amount == leaf.face


@invariant
def a_child_keeps_debtor_and_maturity(ledger: Ledger) -> Iterator[str]:
    """Every leaf owes to the same day, by the same debtor, and comes out of one that was consumed."""
    for leaf in ledger.scan(Leaf):
        root = ledger.find(Receivable, leaf.receivable)
        parent = ledger.find(Leaf, leaf.receivable, leaf.parent) if leaf.parent else None
        same = root is not None and (leaf.debtor, leaf.bank, leaf.due_on) == (root.debtor, root.bank, root.due_on)
        consumed = leaf.number == 1 if parent is None else parent.status == LeafStatus.SPLIT
        if not (same and consumed):
            yield f"receivable/leaves/{leaf.receivable}/{leaf.number}"


@invariant
def the_parts_of_a_split_leaf_add_up(ledger: Ledger) -> Iterator[str]:
    """A consumed leaf's children are its face."""
    faces: dict[tuple[str, int], int] = {}
    for leaf in ledger.scan(Leaf):
        parent = (leaf.receivable, leaf.parent)
        faces[parent] = faces.get(parent, 0) + leaf.face
    for leaf in ledger.scan(Leaf):
        if leaf.status == LeafStatus.SPLIT and faces.get((leaf.receivable, leaf.number)) != leaf.face:
            yield f"receivable/leaves/{leaf.receivable}/{leaf.number}"


@invariant
def a_debtors_outstanding_is_within_its_line(ledger: Ledger) -> Iterator[str]:
    """What is used of a line is what is outstanding on it, to the unit, and never more than its limit."""
    outstanding: dict[tuple[str, str, str], int] = {}
    for root in ledger.scan(Receivable):
        key = (root.bank, root.debtor, root.currency)
        outstanding[key] = outstanding.get(key, 0) + root.outstanding
    for line in ledger.scan(Line):
        used = outstanding.pop((line.bank, line.debtor, line.currency), 0)
        if used != line.used or line.used > line.limit:
            yield f"receivable/lines/{line.bank}/{line.debtor}/{line.currency}"
    for bank, debtor, currency in sorted(key for key, amount in outstanding.items() if amount):
        yield f"receivable/lines/{bank}/{debtor}/{currency}"


@invariant
def nobody_is_paid_more_than_was_paid(ledger: Ledger) -> Iterator[str]:
    """Leaves have collected no more than the debtor paid, nor more than their face; payments are what is counted."""
    for root in ledger.scan(Receivable):
        leaves = [leaf for leaf in ledger.scan(Leaf, root.id) if leaf.status not in (*GONE, LeafStatus.EARLY)]
        sums = dict.fromkeys(PaymentStatus, 0)
        for payment in ledger.scan(Payment, root.id):
            sums[payment.status] += payment.amount
        collected = sum(leaf.collected for leaf in leaves)
        by_bank = root.payments == 0 or sums[PaymentStatus.PAID] == root.paid
        whole = all(leaf.collected == leaf.face for leaf in leaves if leaf.status in REDEEMED)
        within = collected <= root.paid <= root.payable and sums[PaymentStatus.INSTRUCTED] == root.instructed
        if not (by_bank and whole and within and root.instructed <= root.payable - root.paid):
            yield f"receivable/receivables/{root.id}"


@invariant
def a_debtors_late_receivables_are_counted(ledger: Ledger) -> Iterator[str]:
    """A debtor with anything late is known to be late."""
    late: dict[str, int] = {}
    for root in ledger.scan(Receivable):
        late[root.debtor] = late.get(root.debtor, 0) + (root.status in LATE)
    for debtor in ledger.scan(Debtor):
        if late.pop(debtor.debtor, 0) != debtor.overdue:
            yield f"receivable/debtors/{debtor.debtor}"
    yield from (f"receivable/debtors/{debtor}" for debtor in sorted(late) if late[debtor])
