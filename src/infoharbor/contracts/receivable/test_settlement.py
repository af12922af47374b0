"""How a receivable ends: due days, payments, returns, tokens, default and recourse, rule by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit.days import DAY_MS, day_at, iso_day, start_of
from infoharbor.contracts.asset.demo import accredit
from infoharbor.contracts.asset.holds import PlaceHold
from infoharbor.contracts.asset.records import Balance, TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint
from infoharbor.contracts.governance.actions import SetCodes
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.receivable.calendars import PROFILES, WORKING_DAYS
from infoharbor.contracts.receivable.conftest import (
    BANK,
    DEBTOR,
    OTHER_BANK,
    SECOND,
    SUPPLIER,
    finance,
    founded,
    live,
    pass_on,
    until,
    used,
)
from infoharbor.contracts.receivable.holding import DisputeLeaf, SplitLeaf
from infoharbor.contracts.receivable.records import Leaf, LeafStatus, Payment, Receivable, ReceivableStatus
from infoharbor.contracts.receivable.settlement import (
    CONTRACT,
    LEAVES_PER_ACTION,
    ClaimRecourse,
    CollectLeaves,
    ConfirmPayment,
    HonourClaim,
    InstructPayment,
    RepayLeaf,
    ReturnLeaf,
    ReturnPayment,
    SettleByTokens,
    WithdrawClaim,
)
from infoharbor.engine.trial import Trial

Held = tuple[Trial, str]
CNY = f"{BANK}:cny"


def pay(trial: Trial, receivable: str, amount: int) -> None:
    trial.act(InstructPayment(receivable, amount), by=DEBTOR)
    number = trial.get(Receivable, receivable).payments
    trial.act(ConfirmPayment(receivable, number, f"B-{number}"), by=BANK)


# The day


def test_payment_is_due_when_the_day_begins_where_the_debtor_is(held: Held) -> None:
    trial, receivable = held
    root = trial.get(Receivable, receivable)
    assert root.next_at == start_of(root.due_on, "CN")
    trial.advance(root.next_at - trial.now - 2)
    assert trial.get(Receivable, receivable).status == ReceivableStatus.LIVE
    trial.refuses(InstructPayment(receivable, 1), by=DEBTOR, code="receivable.not_due", field="receivable")
    trial.advance(1)
    assert trial.get(Receivable, receivable).status == ReceivableStatus.DUE


def test_a_weekend_puts_the_day_off_and_a_voted_working_weekend_does_not(trial: Trial) -> None:
    today = day_at(trial.now, "CN")
    saturday = next(day for day in range(today + 30, today + 40) if day % 7 == 2)
    put_off = live(trial, days=saturday - today)
    assert trial.get(Receivable, put_off).next_at == start_of(saturday + 2, "CN")
    trial.decide(SetCodes((CodeEntry(WORKING_DAYS + "CN", iso_day(saturday), "open", "", "", 0, 0),)))
    kept = live(trial, number="n2", days=saturday - today)
    assert trial.get(Receivable, kept).next_at == start_of(saturday, "CN")


def test_a_holiday_voted_after_issue_puts_the_day_off_when_it_comes(held: Held) -> None:
    trial, receivable = held
    root = trial.get(Receivable, receivable)
    day = day_at(root.next_at, "CN")
    trial.decide(SetCodes((CodeEntry(WORKING_DAYS + "CN", iso_day(day), "closed", "", "", 0, 0),)))
    trial.advance(root.next_at - trial.now)
    later = trial.get(Receivable, receivable)
    assert later.status == ReceivableStatus.LIVE
    assert later.next_at > root.next_at
    trial.advance(later.next_at - trial.now)
    assert trial.get(Receivable, receivable).status == ReceivableStatus.DUE


# Payment


def test_one_payment_pays_every_leaf_in_one_write_and_leaves_collect_when_touched(held: Held) -> None:
    trial, receivable = held
    trial.act(SplitLeaf(receivable, 1, (400, 600)), by=SUPPLIER)
    pass_on(trial, receivable, 3)
    until(trial, receivable, "due")
    trial.act(InstructPayment(receivable, 1_000), by=DEBTOR)
    receipt = trial.act(ConfirmPayment(receivable, 1, "B-1"), by=BANK)
    assert not [path for path, _ in receipt.writes if "/leaves/" in path]
    assert trial.get(Receivable, receivable).status == ReceivableStatus.SETTLED
    assert used(trial) == 0
    trial.refuses(CollectLeaves(receivable, (2, 3)), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(CollectLeaves(receivable, (2,)), by=SUPPLIER)
    trial.act(CollectLeaves(receivable, (3,)), by=BANK)
    assert [leaf.status for leaf in trial.all(Leaf)] == ["split", "destroyed", "destroyed"]
    trial.audit()


def test_a_part_is_paid_pro_rata_by_leaf(held: Held) -> None:
    trial, receivable = held
    trial.act(SplitLeaf(receivable, 1, (333, 667)), by=SUPPLIER)
    until(trial, receivable, "due")
    pay(trial, receivable, 500)
    trial.act(CollectLeaves(receivable, (2, 3)), by=SUPPLIER)
    assert [leaf.collected for leaf in trial.all(Leaf)] == [0, 166, 333]
    trial.refuses(CollectLeaves(receivable, (2,)), by=SUPPLIER, code="receivable.nothing_to_collect", field="leaves")
    pay(trial, receivable, 500)
    trial.act(CollectLeaves(receivable, (2, 3)), by=SUPPLIER)
    assert [leaf.collected for leaf in trial.all(Leaf)] == [0, 333, 667]
    trial.audit()


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.data())
def test_shares_never_pass_what_was_paid_and_are_the_faces_in_the_end(faces: list[int], data: st.DataObject) -> None:
    whole = sum(faces)
    paid = data.draw(st.integers(0, whole))
    fields = dict.fromkeys(Receivable.__struct_fields__, 0) | {"face": whole, "paid": paid}
    root = Receivable(**fields)  # type: ignore[arg-type]
    assert 0 <= paid - sum(map(root.share, faces)) < len(faces)
    assert [root.replace(paid=whole).share(face) for face in faces] == faces


def test_nobody_instructs_more_than_is_owed_and_a_returned_payment_is_owed_again(held: Held) -> None:
    trial, receivable = held
    until(trial, receivable, "due")
    trial.act(InstructPayment(receivable, 700), by=DEBTOR)
    more = InstructPayment(receivable, 301)
    trial.refuses(more, by=DEBTOR, code="receivable.beyond_outstanding", field="amount")
    trial.refuses(InstructPayment(receivable, 300), by=DEBTOR, code="receivable.payment_open", field="receivable")
    trial.refuses(ConfirmPayment(receivable, 2, "B"), by=BANK, code="ledger.record_unknown")
    trial.refuses(ConfirmPayment(receivable, 1, "B"), by=OTHER_BANK, code="ledger.not_entitled")
    trial.refuses(ConfirmPayment(receivable, 1, ""), by=BANK, code="receivable.reference")
    trial.act(ReturnPayment(receivable, 1, "no funds"), by=BANK)
    trial.refuses(ConfirmPayment(receivable, 1, "B"), by=BANK, code="ledger.move_undeclared")
    trial.refuses(InstructPayment(receivable, 1), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(more, by=DEBTOR)
    assert trial.get(Payment, receivable, 1).status == "returned"
    trial.audit()


def test_a_leaf_whose_payment_came_back_is_paid_again(held: Held) -> None:
    trial, receivable = held
    until(trial, receivable, "due")
    none_yet = ReturnLeaf(receivable, 1, "account closed")
    trial.refuses(none_yet, by=BANK, code="receivable.nothing_to_collect", field="leaf")
    pay(trial, receivable, 1_000)
    trial.act(CollectLeaves(receivable, (1,)), by=BANK)
    trial.act(none_yet, by=BANK)
    trial.refuses(CollectLeaves(receivable, (1,)), by=SUPPLIER, code="receivable.leaf_status")
    trial.refuses(RepayLeaf(receivable, 1, "B-2"), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(RepayLeaf(receivable, 1, "B-2"), by=BANK)
    trial.act(CollectLeaves(receivable, (1,)), by=BANK)
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.status, leaf.collected, leaf.reference) == (LeafStatus.DESTROYED, 1_000, "B-2")
    trial.audit()


def test_ten_thousand_leaves_are_paid_in_three_writes() -> None:
    trial = founded()
    receivable = live(trial, face=10_000)
    trial.act(SplitLeaf(receivable, 1, (100,) * 100), by=SUPPLIER)
    for number in range(2, 102):
        trial.act(SplitLeaf(receivable, number, (1,) * 100), by=SUPPLIER)
    until(trial, receivable, "due")
    trial.act(InstructPayment(receivable, 10_000), by=DEBTOR)
    receipt = trial.act(ConfirmPayment(receivable, 1, "B-1"), by=BANK)
    assert len(receipt.writes) == 3
    last = tuple(range(10_102 - LEAVES_PER_ACTION, 10_102))
    trial.act(CollectLeaves(receivable, last), by=BANK)
    assert trial.get(Leaf, receivable, last[-1]).status == LeafStatus.DESTROYED
    too_many = CollectLeaves(receivable, tuple(range(102, 103 + LEAVES_PER_ACTION)))
    trial.refuses(too_many, by=BANK, code="receivable.leaves_count", field="leaves")


# Tokens


def with_tokens(trial: Trial, receivable: str, *countries: str) -> None:
    """The debtor holds tokens for this contract; the profiles of these countries allow them."""
    accredit(trial, BANK, "money-issuer", "CN")
    trial.act(IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None), by=BANK)
    trial.act(Mint(CNY, DEBTOR, 5_000, ""), by=BANK)
    for country in countries:
        trial.decide(SetCodes((CodeEntry(PROFILES, f"{country}:tokens", "yes", "", "", 0, 0),)))
    until(trial, receivable, "due")
    ends = trial.now + 300 * DAY_MS
    trial.act(PlaceHold("hold-1", CNY, CONTRACT, None, 1_000, ends, ""), by=DEBTOR)
    trial.act(PlaceHold("hold-2", CNY, BANK, None, 1_000, ends, ""), by=DEBTOR)


def test_tokens_settle_nothing_until_voted(held: Held) -> None:
    trial, receivable = held
    with_tokens(trial, receivable)
    trial.refuses(SettleByTokens(receivable, "hold-1"), by=DEBTOR, code="receivable.tokens_off", field="hold")


def test_tokens_pay_all_leaves_at_once_or_none(held: Held) -> None:
    trial, receivable = held
    trial.act(SplitLeaf(receivable, 1, (400, 600)), by=SUPPLIER)
    pass_on(trial, receivable, 3)
    with_tokens(trial, receivable, "CN")
    trial.refuses(SettleByTokens(receivable, "hold-2"), by=DEBTOR, code="receivable.hold_unfit", field="hold")
    trial.refuses(SettleByTokens(receivable, "hold-1"), by=SUPPLIER, code="ledger.not_entitled")
    trial.act(SettleByTokens(receivable, "hold-1"), by=DEBTOR)
    assert [trial.get(Balance, CNY, each).free for each in (SUPPLIER, SECOND)] == [400, 600]
    assert trial.get(Receivable, receivable).status == ReceivableStatus.SETTLED
    assert used(trial) == 0
    trial.audit()


def test_tokens_wait_for_every_leaf_and_for_no_other_payment(held: Held) -> None:
    trial, receivable = held
    trial.act(DisputeLeaf(receivable, 1, "mould"), by=DEBTOR)
    with_tokens(trial, receivable, "CN")
    trial.refuses(SettleByTokens(receivable, "hold-1"), by=DEBTOR, code="receivable.leaf_not_free")
    trial.act(InstructPayment(receivable, 1), by=DEBTOR)
    trial.refuses(SettleByTokens(receivable, "hold-1"), by=DEBTOR, code="receivable.settlement_begun")


# Default


def test_unpaid_it_is_overdue_then_in_default(held: Held) -> None:
    trial, receivable = held
    until(trial, receivable, "overdue")
    trial.refuses(ClaimRecourse(receivable, 1), by=SUPPLIER, code="receivable.not_in_default")
    until(trial, receivable, "defaulted")
    trial.refuses(ClaimRecourse(receivable, 1), by=SUPPLIER, code="receivable.no_recourse", field="leaf")
    pay(trial, receivable, 1_000)
    assert trial.get(Receivable, receivable).status == ReceivableStatus.SETTLED
    trial.audit()


@pytest.mark.parametrize("recourse", [True, False])
def test_recourse_is_as_agreed_at_assignment(held: Held, recourse: bool) -> None:
    trial, receivable = held
    pass_on(trial, receivable, 1, recourse=True)
    finance(trial, receivable, recourse=recourse)
    until(trial, receivable, "defaulted")
    if not recourse:
        trial.refuses(ClaimRecourse(receivable, 1), by=OTHER_BANK, code="receivable.no_recourse")
        return
    pay(trial, receivable, 300)
    for holder, assignor in ((OTHER_BANK, SECOND), (SECOND, SUPPLIER)):
        trial.act(ClaimRecourse(receivable, 1), by=holder)
        trial.refuses(HonourClaim(receivable, 1, "H"), by=assignor, code="ledger.not_entitled")
        trial.act(WithdrawClaim(receivable, 1), by=holder)
        trial.act(ClaimRecourse(receivable, 1), by=holder)
        leaf = trial.get(Leaf, receivable, 1)
        assert leaf.terms is not None
        assert (leaf.party, leaf.terms.price) == (assignor, 700)
        trial.act(HonourClaim(receivable, 1, "H-1"), by=(holder, assignor))
    leaf = trial.get(Leaf, receivable, 1)
    assert (leaf.holder, leaf.recourse) == (SUPPLIER, ())
    trial.audit()
