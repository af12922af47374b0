"""What never breaks, whatever happens in whatever order."""

from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contractkit import Action, Refusal
from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    ConfirmReceivable,
    IssueReceivable,
    RejectReceivable,
    VoidReceivable,
)
from infoharbor.contracts.receivable.collateral_register import RecordSearch, RegisterAssignment
from infoharbor.contracts.receivable.conftest import (
    BANK,
    COURT,
    DEBTOR,
    EVIDENCE,
    OTHER_BANK,
    SECOND,
    SUPPLIER,
    THIRD,
    both_users,
    draft,
    founded,
    live,
)
from infoharbor.contracts.receivable.financing import (
    AskFinancing,
    ChooseOffer,
    FinancingOffer,
    OfferFinancing,
    PayOut,
    WithdrawOffer,
)
from infoharbor.contracts.receivable.holding import (
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
from infoharbor.contracts.receivable.invoices import Invoice, TaxResult
from infoharbor.contracts.receivable.records import Leaf, LeafStatus, Payment, Receivable, ReceivableStatus
from infoharbor.contracts.receivable.registering import FactorInvoice, RecordCreditNote, RecordTaxCheck, RegisterInvoice
from infoharbor.contracts.receivable.settlement import (
    ClaimRecourse,
    CollectLeaves,
    ConfirmPayment,
    HonourClaim,
    InstructPayment,
    RepayLeaf,
    ReturnLeaf,
    ReturnPayment,
    WithdrawClaim,
)

OUR_OWN_FAULTS = ("contract.fault", "ledger.status_by_put", "ledger.malformed")
AMOUNTS = (1, 7, 50, 100, 333, 500)
TOTALS = (333, 5_000, 600_000)
PEOPLE = (DEBTOR, SUPPLIER, SECOND, THIRD, BANK, OTHER_BANK)


class Trade(RuleBasedStateMachine):
    """Six organisations and a court do whatever comes to mind, mostly what their role allows, on records picked at
    random; the clock jumps. Every step is carried out or refused by a known rule, and every invariant holds."""

    @initialize()
    def found(self) -> None:
        self.trial = founded()
        self.made = self.steps = 0
        for seller, buyer in ((SUPPLIER, DEBTOR), (SECOND, SUPPLIER), (THIRD, SECOND)):
            self.register_invoice(seller, buyer, 1_000_000)
        for number in range(3):
            live(self.trial, number=f"first-{number}", face=1_000, days=40 + 40 * number)

    def attempt(self, *actions: Action, by: str | tuple[str, ...], users: Any = ()) -> None:
        try:
            self.trial.act(*actions, by=by, users=users)
        except Refusal as refusal:
            if refusal.code in OUR_OWN_FAULTS:
                raise

    def register_invoice(self, seller: str, buyer: str, total: int, *, again: int = 0) -> None:
        self.made += not again
        day, number = day_at(self.trial.now, "CN"), f"{again or self.made:020}"
        action = RegisterInvoice("CN", "", "", number, 2026, seller, buyer, "CNY", total, day, EVIDENCE)
        self.attempt(action, by=seller)

    def some(self, luck: Random, of: Any, *statuses: str) -> Any:
        """A record of this kind, if there is one; mostly in one of these statuses."""
        found = self.trial.all(of)
        fitting = [each for each in found if each.status in statuses] if luck.random() < 0.9 else []
        return luck.choice(fitting or found) if found else None

    def leaf(self, luck: Random, *statuses: str) -> tuple[Leaf, tuple[str, int]]:
        found: Leaf = self.some(luck, Leaf, *statuses)
        return found, (found.receivable, found.number)

    def soon(self, luck: Random) -> int:
        return self.trial.now + luck.randint(1, 5) * DAY_MS

    def register(self, luck: Random) -> None:
        again = luck.randint(1, self.made) if luck.random() < 0.2 else 0
        self.register_invoice(*luck.choices(PEOPLE, k=2), luck.choice(TOTALS), again=again)

    def promise(self, luck: Random) -> None:
        if luck.random() < 0.7:
            self.register_invoice(SUPPLIER, DEBTOR, 5_000)
        invoices = self.trial.all(Invoice)
        owed = [each for each in invoices if each.buyer == DEBTOR and each.total - each.claimed > 500]
        invoice = luck.choice((luck.random() < 0.9 and owed) or invoices)
        number, bank = f"r{self.trial.now}", luck.choice((BANK, BANK, BANK, OTHER_BANK))
        days = luck.choice((0, 10, 30, 60, 90, 200))
        drafted = draft(self.trial, invoice.id, number=number, face=luck.choice(AMOUNTS), days=days, bank=bank)
        self.attempt(drafted, IssueReceivable(f"{DEBTOR}:{number}"), by=DEBTOR)

    def answer(self, luck: Random) -> None:
        root = self.some(luck, Receivable, "issued", "confirmed")
        undo = luck.random()
        if undo < 0.1:
            self.attempt(VoidReceivable(root.id), by=luck.choice((DEBTOR, BANK, SECOND, (BANK, DEBTOR, SUPPLIER))))
        elif undo < 0.2:
            self.attempt(RejectReceivable(root.id, "no"), by=root.supplier)
        elif root.status == ReceivableStatus.ISSUED:
            self.attempt(ConfirmReceivable(root.id), by=root.bank)
        else:
            self.attempt(AcceptReceivable(root.id, day_at(self.trial.now, "CN"), True), by=root.supplier)

    def split(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "held")
        cut = luck.randint(0, leaf.face)
        parts = (cut, leaf.face - cut + (luck.random() < 0.1)) if 0 < cut < leaf.face else (leaf.face, 1)
        self.attempt(SplitLeaf(*at, parts), by=leaf.holder)

    def offer(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "held")
        if luck.random() < 0.5:
            self.register_invoice(luck.choice((SECOND, THIRD)), leaf.holder, 5_000)
        invoices = self.trial.all(Invoice)
        invoice = luck.choice([each for each in invoices if each.buyer == leaf.holder and each.total > 400] or invoices)
        action = OfferLeaf(*at, invoice.seller, invoice.id, luck.random() < 0.5, self.soon(luck))
        self.attempt(action, by=leaf.holder)

    def take(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "offered")
        action = luck.choice((TakeLeaf, TakeLeaf, TakeLeaf, DeclineLeaf, WithdrawLeaf))
        self.attempt(action(*at), by=luck.choice((leaf.holder, leaf.party or BANK, leaf.party or BANK)))

    def ask_and_offer(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "held", "asked")
        if leaf.status == LeafStatus.HELD:
            self.attempt(AskFinancing(*at, (BANK, OTHER_BANK), self.soon(luck)), by=leaf.holder)
        proceeds = max(leaf.face * luck.randint(900, 1_000) // 1_000, 1)
        action = OfferFinancing(*at, proceeds, luck.random() < 0.5, self.soon(luck))
        self.attempt(action, by=luck.choice((BANK, OTHER_BANK)))

    def choose(self, luck: Random) -> None:
        offer = self.some(luck, FinancingOffer, "open")
        if offer is not None and luck.random() < 0.1:
            self.attempt(WithdrawOffer(offer.receivable, offer.leaf), by=offer.financier)
        elif offer is not None:
            self.attempt(ChooseOffer(offer.receivable, offer.leaf, offer.financier), by=offer.holder)

    def pay_out(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "chosen")
        who, total = leaf.party or BANK, self.trial.get(Invoice, leaf.invoice).total
        result = luck.choice((TaxResult.VALID, TaxResult.VALID, TaxResult.VALID, TaxResult.RED))
        self.attempt(RecordTaxCheck(leaf.invoice, result, total, EVIDENCE), by=who)
        self.attempt(RecordSearch(*at, "S", luck.random() < 0.9, EVIDENCE), by=who)
        self.attempt(RegisterAssignment(*at, "R", self.soon(luck)), by=who)
        self.attempt(PayOut(*at, "P"), by=who)

    def factor(self, luck: Random) -> None:
        invoice, who = luck.choice(self.trial.all(Invoice)), luck.choice((BANK, OTHER_BANK))
        self.attempt(RecordTaxCheck(invoice.id, TaxResult.VALID, invoice.total, EVIDENCE), by=who)
        self.attempt(FactorInvoice(invoice.id, who, luck.choice(AMOUNTS), "F"), by=tuple(sorted({invoice.seller, who})))

    def credit(self, luck: Random) -> None:
        invoice = luck.choice(self.trial.all(Invoice))
        note = RecordCreditNote(invoice.id, f"c{self.trial.now}", luck.choice(AMOUNTS), EVIDENCE)
        self.attempt(note, by=invoice.seller)

    def freeze(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "held", "frozen", "frozen", "offered", "asked", "chosen", "claimed", "called")
        who = luck.choice((COURT.id, BANK))
        users = both_users(self.trial, who)[: luck.choice((1, 2, 2, 2))]
        if leaf.status == LeafStatus.FROZEN:
            self.attempt(LiftFreeze(*at, "lifted"), by=who, users=users)
        elif luck.random() < 0.4:
            self.attempt(FreezeLeaf(*at, luck.randint(1, leaf.face), "notice"), by=who, users=users)

    def dispute(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "disputed")
        action = CloseDispute if leaf.status == LeafStatus.DISPUTED else DisputeLeaf
        self.attempt(action(*at, "quality"), by=DEBTOR)

    def settle_early(self, luck: Random) -> None:
        leaf, at = self.leaf(luck, "held", "called")
        if leaf.status == LeafStatus.HELD:
            parties = tuple(sorted({leaf.holder, DEBTOR}))
            self.attempt(AgreeEarly(*at, luck.randint(0, 50), self.soon(luck)), by=parties)
        else:
            self.attempt(ConfirmEarly(*at, "E"), by=BANK)

    def instruct(self, luck: Random) -> None:
        root = self.some(luck, Receivable, "due", "overdue", "defaulted")
        percent = luck.choice((1, 33, 100, 100, 100, 101))
        amount = max((root.outstanding - root.instructed) * percent // 100, 1)
        self.attempt(InstructPayment(root.id, amount), by=DEBTOR)

    def answer_payment(self, luck: Random) -> None:
        payment = self.some(luck, Payment, "instructed")
        if payment is not None:
            action = luck.choice((ConfirmPayment, ConfirmPayment, ReturnPayment))
            self.attempt(action(payment.receivable, payment.number, "B"), by=payment.bank)

    def collect(self, luck: Random) -> None:
        paid = [root.id for root in self.trial.all(Receivable) if root.paid]
        leaves = [leaf for leaf in self.trial.all(Leaf) if leaf.receivable in paid]
        if not leaves:
            return
        leaf = luck.choice(leaves)
        at = (leaf.receivable, leaf.number)
        if leaf.status == LeafStatus.RETURNED:
            self.attempt(RepayLeaf(*at, "again"), by=BANK)
        elif luck.random() < 0.2:
            self.attempt(ReturnLeaf(*at, "account closed"), by=BANK)
        else:
            self.attempt(CollectLeaves(leaf.receivable, (leaf.number,)), by=leaf.holder)

    def recourse(self, luck: Random) -> None:
        assigned = [leaf for leaf in self.trial.all(Leaf) if leaf.recourse]
        if not assigned:
            return
        leaf = luck.choice(assigned)
        at = (leaf.receivable, leaf.number)
        if leaf.status != LeafStatus.CLAIMED:
            self.attempt(ClaimRecourse(*at), by=leaf.holder)
        elif luck.random() < 0.3:
            self.attempt(WithdrawClaim(*at), by=leaf.holder)
        else:
            self.attempt(HonourClaim(*at, "H"), by=tuple(sorted({leaf.holder, leaf.party or BANK})))

    def wait(self, luck: Random) -> None:
        self.trial.advance(luck.choice((0, 0, 1, 1, 2, 5, 20)) * DAY_MS + 1)

    @rule(seed=st.integers(0, 2**32))
    def step(self, seed: int) -> None:
        """One draw decides a step, its number too, so that a history is as long and as mixed as it is random."""
        self.steps += 1
        luck = Random(f"{seed}-{self.steps}")
        luck.choice(self.WAYS)(self, luck)

    WAYS = (
        register, promise, answer, answer, answer, split, offer, offer, take, take, ask_and_offer, ask_and_offer,
        choose, choose, pay_out, pay_out, factor, credit, freeze, dispute, settle_early, instruct, instruct,
        answer_payment, answer_payment, answer_payment, collect, collect, recourse, wait,
    )  # fmt: skip

    @invariant()
    def every_rule_that_never_breaks_holds(self) -> None:
        if hasattr(self, "trial"):
            self.trial.audit()


Trade.TestCase.settings = settings(max_examples=6, stateful_step_count=300, deadline=None)
test_nothing_that_must_hold_ever_breaks = Trade.TestCase
