"""What a holder may do with a leaf, and what may happen to it, rule by rule."""

from infoharbor.contractkit.days import DAY_MS
from infoharbor.contracts.receivable.conftest import (
    BANK,
    COURT,
    DEBTOR,
    OTHER_BANK,
    SECOND,
    SUPPLIER,
    THIRD,
    both_users,
    chosen,
    pass_on,
    register,
    until,
    used,
)
from infoharbor.contracts.receivable.holding import (
    PARTS_MAX,
    TIERS_MAX,
    AgreeEarly,
    CloseDispute,
    ConfirmEarly,
    DeclineLeaf,
    DisputeLeaf,
    FreezeLeaf,
    LiftFreeze,
    OfferLeaf,
    SplitLeaf,
    TakeLeaf,
    WithdrawLeaf,
)
from infoharbor.contracts.receivable.invoices import Invoice
from infoharbor.contracts.receivable.records import Leaf, LeafStatus, Receivable, ReceivableStatus
from infoharbor.engine.trial import Trial

Held = tuple[Trial, str]


def offer(trial: Trial, receivable: str, number: int = 1, *, to: str = SECOND, face: int = 1_000) -> str:
    invoice = register(trial, 9_000 + len(trial.all(Invoice)), seller=to, buyer=SUPPLIER, total=face)
    trial.act(OfferLeaf(receivable, number, to, invoice, False, trial.now + DAY_MS), by=SUPPLIER)
    return invoice


def test_parts_add_up_and_keep_debtor_and_day(held: Held) -> None:
    trial, receivable = held
    for parts in ((400, 500), (1_000, 1), (1_000,), (1,) * (PARTS_MAX + 1)):
        code = "parts_mismatch" if 2 <= len(parts) <= PARTS_MAX else "parts_count"
        trial.refuses(SplitLeaf(receivable, 1, parts), by=SUPPLIER, code=f"receivable.{code}", field="parts")
    trial.refuses(SplitLeaf(receivable, 1, (400, 600)), by=SECOND, code="ledger.not_entitled")
    trial.act(SplitLeaf(receivable, 1, (400, 600)), by=SUPPLIER)
    whole, *parts_made = trial.all(Leaf)
    assert whole.status == LeafStatus.SPLIT
    assert {(leaf.debtor, leaf.due_on, leaf.parent) for leaf in parts_made} == {(DEBTOR, whole.due_on, 1)}
    trial.refuses(SplitLeaf(receivable, 1, (400, 600)), by=SUPPLIER, code="ledger.move_undeclared")


def test_a_leaf_is_passed_on_in_payment_of_an_invoice_between_the_two(held: Held) -> None:
    trial, receivable = held
    others = register(trial, 1, seller=THIRD, buyer=SECOND)
    wrong = OfferLeaf(receivable, 1, THIRD, others, False, trial.now + DAY_MS)
    trial.refuses(wrong, by=SUPPLIER, code="receivable.invoice_of_others", field="invoice")
    small = register(trial, 2, seller=SECOND, buyer=SUPPLIER, total=999)
    trial.refuses(
        OfferLeaf(receivable, 1, SECOND, small, False, trial.now + DAY_MS),
        by=SUPPLIER,
        code="receivable.invoice_exhausted",
    )
    past = OfferLeaf(receivable, 1, SECOND, small, False, trial.now)
    trial.refuses(past, by=SUPPLIER, code="receivable.until_past", field="until")
    invoice = offer(trial, receivable)
    trial.refuses(TakeLeaf(receivable, 1), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(TakeLeaf(receivable, 1), by=SECOND)
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.holder, leaf.tier, leaf.invoice, leaf.recourse) == (SECOND, 2, invoice, ())


def test_an_offer_that_comes_to_nothing_gives_its_invoice_back(held: Held) -> None:
    trial, receivable = held
    for end in (DeclineLeaf(receivable, 1), WithdrawLeaf(receivable, 1), None):
        invoice = offer(trial, receivable)
        assert trial.get(Invoice, invoice).claimed == 1_000
        if end is None:
            trial.advance(DAY_MS)
        else:
            trial.act(end, by=SECOND if isinstance(end, DeclineLeaf) else SUPPLIER)
        assert trial.get(Invoice, invoice).claimed == 0
        assert trial.get(Leaf, receivable, 1).status == LeafStatus.HELD
        trial.audit()
    trial.refuses(DeclineLeaf(receivable, 1), by=SECOND, code="receivable.leaf_status", field="leaf")


def test_a_leaf_has_one_encumbrance_at_most(held: Held) -> None:
    trial, receivable = held
    invoice = offer(trial, receivable)
    again = OfferLeaf(receivable, 1, SECOND, invoice, False, trial.now + DAY_MS)
    trial.refuses(again, by=SUPPLIER, code="receivable.invoice_exhausted")
    trial.refuses(SplitLeaf(receivable, 1, (1, 999)), by=SUPPLIER, code="ledger.move_undeclared")
    early = AgreeEarly(receivable, 1, 0, trial.now + DAY_MS)
    trial.refuses(early, by=(DEBTOR, SUPPLIER), code="ledger.move_undeclared")


def test_a_leaf_goes_through_so_many_tiers_and_no_further(held: Held) -> None:
    trial, receivable = held
    for tier in range(1, TIERS_MAX):
        pass_on(trial, receivable, 1, to=SECOND if tier % 2 else SUPPLIER)
    holder = trial.get(Leaf, receivable, 1).holder
    invoice = register(trial, 1, seller=THIRD, buyer=holder)
    further = OfferLeaf(receivable, 1, THIRD, invoice, False, trial.now + DAY_MS)
    trial.refuses(further, by=holder, code="receivable.tiers", field="leaf")


def test_nothing_changes_hands_after_the_due_day(held: Held) -> None:
    trial, receivable = held
    until(trial, receivable, "due")
    trial.refuses(SplitLeaf(receivable, 1, (1, 999)), by=SUPPLIER, code="receivable.not_live", field="receivable")


def test_a_dispute_stops_the_leaf_until_it_is_closed(held: Held) -> None:
    trial, receivable = held
    trial.refuses(DisputeLeaf(receivable, 1, " "), by=DEBTOR, code="receivable.no_reason", field="reason")
    trial.refuses(DisputeLeaf(receivable, 1, "mould"), by=SECOND, code="ledger.not_entitled")
    trial.act(DisputeLeaf(receivable, 1, "mould"), by=DEBTOR)
    trial.refuses(SplitLeaf(receivable, 1, (1, 999)), by=SUPPLIER, code="ledger.move_undeclared")
    trial.refuses(CloseDispute(receivable, 1, "agreed"), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(CloseDispute(receivable, 1, "agreed"), by=DEBTOR)
    trial.act(SplitLeaf(receivable, 1, (1, 999)), by=SUPPLIER)


def test_a_notice_freezes_a_part_under_dual_control(held: Held) -> None:
    trial, receivable = held
    freeze = FreezeLeaf(receivable, 1, 300, "(2026) Gui 04 No. 1")
    trial.refuses(freeze, by=COURT.id, code="receivable.dual_control", field="by")
    trial.refuses(
        FreezeLeaf(receivable, 1, 1_001, "n"), by=COURT.id, users=both_users(trial), code="receivable.freeze_short"
    )
    trial.refuses(FreezeLeaf(receivable, 1, 1, " "), by=COURT.id, users=both_users(trial), code="receivable.no_reason")
    trial.act(freeze, by=COURT.id, users=both_users(trial))
    _, frozen, rest = trial.all(Leaf)
    assert [(frozen.face, frozen.status), (rest.face, rest.status)] == [(300, "frozen"), (700, "held")]
    trial.refuses(SplitLeaf(receivable, 2, (1, 299)), by=SUPPLIER, code="ledger.move_undeclared")
    trial.refuses(LiftFreeze(receivable, 2, "lifted"), by=COURT.id, code="receivable.dual_control")
    trial.refuses(
        LiftFreeze(receivable, 3, "lifted"), by=COURT.id, users=both_users(trial), code="receivable.leaf_status"
    )
    trial.act(LiftFreeze(receivable, 2, "lifted"), by=COURT.id, users=both_users(trial))
    trial.audit()
    assert trial.get(Leaf, receivable, 2).status == LeafStatus.HELD


def test_a_notice_ends_what_was_agreed_and_not_done(held: Held) -> None:
    trial, receivable = held
    chosen(trial, receivable)
    trial.act(FreezeLeaf(receivable, 1, 1_000, "notice"), by=BANK, users=both_users(trial, BANK))
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.status, leaf.party) == (LeafStatus.FROZEN, None)
    assert trial.get(Invoice, leaf.invoice).financed == 0
    trial.audit()


def test_a_freeze_outlives_nothing_of_a_dispute(held: Held) -> None:
    trial, receivable = held
    trial.act(DisputeLeaf(receivable, 1, "mould"), by=DEBTOR)
    trial.act(FreezeLeaf(receivable, 1, 400, "notice"), by=COURT.id, users=both_users(trial))
    trial.act(LiftFreeze(receivable, 1, "lifted"), by=COURT.id, users=both_users(trial))
    assert trial.get(Leaf, receivable, 1).status == LeafStatus.DISPUTED


def test_only_court_operator_and_confirming_bank_freeze(held: Held) -> None:
    trial, receivable = held
    users = [trial.cast.signer(OTHER_BANK)]
    trial.refuses(FreezeLeaf(receivable, 1, 1, "n"), by=OTHER_BANK, users=users, code="receivable.dual_control")
    trial.refuses(
        FreezeLeaf(receivable, 1, 1, "n"),
        by=("harbor", OTHER_BANK),
        code="receivable.dual_control",
    )


def test_early_settlement_pays_face_less_the_stated_discount(held: Held) -> None:
    trial, receivable = held
    trial.act(SplitLeaf(receivable, 1, (400, 600)), by=SUPPLIER)
    ends = trial.now + DAY_MS
    trial.refuses(AgreeEarly(receivable, 2, 5, ends), by=SUPPLIER, code="ledger.not_entitled")
    trial.refuses(AgreeEarly(receivable, 2, 400, ends), by=(DEBTOR, SUPPLIER), code="receivable.discount")
    trial.act(AgreeEarly(receivable, 2, 5, ends), by=(DEBTOR, SUPPLIER))
    trial.refuses(ConfirmEarly(receivable, 2, ""), by=BANK, code="receivable.reference", field="reference")
    trial.refuses(ConfirmEarly(receivable, 2, "E"), by=OTHER_BANK, code="ledger.not_entitled")
    trial.act(ConfirmEarly(receivable, 2, "E-1"), by=BANK)
    leaf = trial.get(Leaf, receivable, 2)
    assert (leaf.status, leaf.collected) == (LeafStatus.EARLY, 395)
    assert used(trial) == 600
    trial.act(AgreeEarly(receivable, 3, 0, ends), by=(DEBTOR, SUPPLIER))
    trial.act(ConfirmEarly(receivable, 3, "E-2"), by=BANK)
    assert trial.get(Receivable, receivable).status == ReceivableStatus.SETTLED
    trial.audit()


def test_what_is_not_paid_early_in_time_is_held_again(held: Held) -> None:
    trial, receivable = held
    trial.act(AgreeEarly(receivable, 1, 5, trial.now + DAY_MS), by=(DEBTOR, SUPPLIER))
    trial.advance(DAY_MS)
    assert trial.get(Leaf, receivable, 1).status == LeafStatus.HELD
