"""What waits for someone: whose turn it is on each receivable, leaf, offer and payment, and with which action."""

from collections.abc import Iterator

from infoharbor.contracts.receivable.collateral_register import Registration, RegistrationStatus, Search
from infoharbor.contracts.receivable.financing import FinancingOffer, OfferStatus
from infoharbor.contracts.receivable.invoices import Invoice
from infoharbor.contracts.receivable.pages.holding import CURRENCY, INVOICE, LEAF, RECEIVABLE
from infoharbor.contracts.receivable.records import (
    PAYABLE,
    Leaf,
    LeafStatus,
    Payment,
    PaymentStatus,
    Receivable,
    ReceivableStatus,
)
from infoharbor.edgekit.reports import Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

_R, _L = ReceivableStatus, LeafStatus
RECEIVABLE_TURNS = {
    _R.DRAFTED: ("debtor", ("IssueReceivable", "VoidReceivable")),
    _R.ISSUED: ("bank", ("ConfirmReceivable", "VoidReceivable")),
    _R.CONFIRMED: ("supplier", ("AcceptReceivable", "RejectReceivable")),
    **dict.fromkeys(PAYABLE, ("debtor", ("InstructPayment",))),
}
"""Whose turn it is on a receivable, as the field that names them, and what they may do."""
LEAF_TURNS = {
    _L.OFFERED: ("party", ("TakeLeaf", "DeclineLeaf")),
    _L.CHOSEN: ("party", ("PayOut",)),
    _L.CALLED: ("bank", ("ConfirmEarly",)),
    _L.CLAIMED: ("party", ("HonourClaim",)),
    _L.RETURNED: ("bank", ("RepayLeaf",)),
}


@report(
    "waiting",
    "What waits for you",
    "待办事项",
    about_en="Everything that goes on only when you act, and by when. A payout names the checks that are still missing.",
    about_zh="须由您办理方可继续的事项及其期限。待放款事项列明尚缺的核验。",
    columns=(
        Column("does", Kind.WORD, "What to do", "应办事项"),
        RECEIVABLE,
        LEAF,
        INVOICE,
        Column("other", Kind.ORGANISATION, "For", "对方"),
        Column("amount", Kind.MONEY, "Amount", "金额", of="currency"),
        CURRENCY,
        Column("until", Kind.INSTANT, "By", "期限"),
    ),
)
def waiting(read: Sight) -> Iterator[Row]:
    me = read.reader.organisation
    for status, (field, actions) in RECEIVABLE_TURNS.items():
        for each in read.select(Receivable, {"status": status, field: me}):
            if each.instructed == 0:
                other = each.supplier if field != "supplier" else each.debtor
                amount = each.outstanding or each.face
                yield actions, each.id, None, each.invoice, other, amount, each.currency, each.next_at or None
    # One question for each field: there may be a million leaves.
    for field in sorted({named for named, _ in LEAF_TURNS.values()}):
        turns = {each for each, (named, _) in LEAF_TURNS.items() if named == field}
        for leaf in read.select(Leaf, {"status": turns, field: me}):
            actions = LEAF_TURNS[leaf.status][1]
            if leaf.status is LeafStatus.CHOSEN:
                actions = (*_missing(read, leaf, me), *actions)
            amount = leaf.face if leaf.terms is None else leaf.terms.price
            yield (
                actions,
                leaf.receivable,
                leaf.number,
                leaf.invoice,
                leaf.holder,
                amount,
                leaf.currency,
                leaf.until or None,
            )
    yield from _financing(read, me)
    for payment in read.select(Payment, {"status": PaymentStatus.INSTRUCTED, "bank": me}):
        root = read.find(Receivable, payment.receivable)
        if root is not None:
            actions = ("ConfirmPayment", "ReturnPayment")
            yield actions, payment.receivable, None, root.invoice, payment.debtor, payment.amount, root.currency, None


def _financing(read: Sight, me: str) -> Iterator[Row]:
    """What waits for a financier that was asked, or for the holder that asked."""
    for leaf in read.select(Leaf, {"status": LeafStatus.ASKED}):
        offered = read.find(FinancingOffer, leaf.receivable, leaf.number, me)
        if me in leaf.asked and (offered is None or offered.status is not OfferStatus.OPEN):
            yield (
                ("OfferFinancing",),
                leaf.receivable,
                leaf.number,
                leaf.invoice,
                leaf.holder,
                leaf.face,
                leaf.currency,
                leaf.until,
            )
        elif leaf.holder == me and _has_offers(read, leaf):
            yield (
                ("ChooseOffer",),
                leaf.receivable,
                leaf.number,
                leaf.invoice,
                leaf.asked,
                leaf.face,
                leaf.currency,
                leaf.until,
            )


def _has_offers(read: Sight, leaf: Leaf) -> bool:
    return any(offer.status is OfferStatus.OPEN for offer in read.scan(FinancingOffer, leaf.receivable, leaf.number))


def _missing(read: Sight, leaf: Leaf, me: str) -> Iterator[str]:
    """The checks that a payout still waits for."""
    invoice = read.find(Invoice, leaf.invoice)
    if invoice is None or invoice.checked_until <= read.now:
        yield "RecordTaxCheck"
    search = read.find(Search, leaf.receivable, leaf.number, me)
    if search is None or not search.clear or search.valid_until <= read.now:
        yield "RecordSearch"
    registration = read.find(Registration, leaf.receivable, leaf.number, me)
    if registration is None or registration.status is not RegistrationStatus.REGISTERED:
        yield "RegisterAssignment"
