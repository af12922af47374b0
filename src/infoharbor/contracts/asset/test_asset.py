"""The rules of shared assets: what is conserved whatever happens, then each rule by its name."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contractkit import Action, Ledger, Refusal
from infoharbor.contracts.asset.actions import (
    DISPUTE_PERIOD,
    MINTED_MAX,
    DeliverTitle,
    DisputeEscrow,
    ExecuteHold,
    ForceTransfer,
    FreezeBalance,
    FreezeTitle,
    GiveGrant,
    HoldTitle,
    IssueTitle,
    IssueToken,
    LiftFreeze,
    Mint,
    OpenEscrow,
    PauseToken,
    PlaceHold,
    PledgeTitle,
    Redeem,
    RefundEscrow,
    ReleaseEscrow,
    ReleaseHold,
    ReleaseTitle,
    ResumeToken,
    RetireTitle,
    RetireToken,
    SpendGrant,
    SurrenderTitle,
    Transfer,
    TransferTitle,
    UnfreezeTitle,
    WithdrawGrant,
)
from infoharbor.contracts.asset.demo import accredit, story
from infoharbor.contracts.asset.records import (
    Balance,
    Escrow,
    EscrowStatus,
    ForcedTransfer,
    Freeze,
    FreezeStatus,
    Grant,
    Hold,
    LockStatus,
    Title,
    TitleStatus,
    Token,
    TokenKind,
    TokenStatus,
)
from infoharbor.contracts.identity.actions import AddUser, WithdrawRole
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts

COURT = Player("nanning-court", "南宁法院（示例）", "Nanning Court (example)", "CN", "registry", "DEMO-0003")
BANK, ALICE, BOB, CAROL = "harbor-bank", "nanning-exporter", "hanoi-importer", "pingxiang-carrier"
CNY, TEA = f"{BANK}:cny", f"{ALICE}:tea"
HOUR = 60 * 60 * 1000
HASH = bytes(32)


def founded(registry: Registry | None = None) -> Trial:
    """A ledger with a bank that issues yuan and a court in China; the bank has a second user."""
    trial = Trial((*PLAYERS, COURT), registry=registry)
    accredit(trial, BANK, "money-issuer", "CN")
    accredit(trial, COURT.id, "court", "CN")
    trial.act(IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None), by=BANK)
    checker = trial.cast.signer(BANK, "checker")
    key = NewKey(checker.key.suite.name, checker.key.public_key, checker.possession, 0, 0)
    trial.act(AddUser(checker.user, UserKind.PERSON, (), key, ()), by=BANK)
    return trial


def both_users(trial: Trial) -> list[Any]:
    return [trial.cast.signer(BANK), trial.cast.signer(BANK, "checker")]


@pytest.fixture
def trial() -> Trial:
    """Alice has 1,000; Bob and Carol have nothing."""
    made = founded()
    made.act(Mint(CNY, ALICE, 1_000, ""), by=BANK)
    return made


def parts(trial: Trial, holder: str, token: str = CNY) -> tuple[int, int, int]:
    balance = trial.find(Balance, token, holder)
    return (balance.free, balance.held, balance.frozen) if balance else (0, 0, 0)


# Properties


class Market(RuleBasedStateMachine):
    """Four organisations against a model of plain numbers; the ledger must agree with it after every step."""

    people = st.sampled_from((BANK, ALICE, BOB, CAROL))
    amounts = st.sampled_from((1, 99, 100, 101, 200))
    spans = st.integers(1, 400)

    @initialize()
    def found(self) -> None:
        self.trial = founded()
        self.redeemed = self.made = 0
        self.owned = {name: [500, 0, 0] for name in (BANK, ALICE, BOB, CAROL)}
        self.minted = 500 * len(self.owned)
        for name in self.owned:
            self.trial.act(Mint(CNY, name, 500, ""), by=BANK)
        self.locks: dict[str, dict[str, Any]] = {}

    def fresh(self) -> str:
        self.made += 1
        return f"lock-{self.made}"

    def add(self, who: str, free: int = 0, held: int = 0, frozen: int = 0) -> None:
        self.owned[who] = [
            before + change for before, change in zip(self.owned[who], (free, held, frozen), strict=True)
        ]

    def end(self, key: str, *, to: str) -> None:
        lock = self.locks.pop(key)
        self.add(lock["owner"], held=-lock["left"])
        self.add(to, free=lock["left"])

    def pass_time(self, now: int) -> None:
        for key, lock in sorted(self.locks.items()):
            if lock["until"] <= now:
                if lock["kind"] == "grant":
                    del self.locks[key]
                else:
                    self.end(key, to=lock["falls_to"])

    def attempt(
        self,
        action: Action,
        by: str,
        allowed: Callable[[], bool],
        effect: Callable[[], object],
        users: Any = (),
    ) -> None:
        self.pass_time(self.trial.now + 1)
        if allowed():
            self.trial.act(action, by=by, users=users)
            effect()
        else:
            with pytest.raises(Refusal):
                self.trial.act(action, by=by, users=users)

    def choose(self, data: st.DataObject, kind: str) -> str:
        return str(
            data.draw(st.sampled_from(sorted(k for k, lock in self.locks.items() if lock["kind"] == kind)))
        )

    def has(self, kind: str) -> bool:
        return any(lock["kind"] == kind for lock in self.locks.values())

    @rule(to=people, amount=amounts)
    def mint(self, to: str, amount: int) -> None:
        self.attempt(Mint(CNY, to, amount, ""), BANK, lambda: True, lambda: self.add(to, amount))
        self.minted += amount

    @rule(by=people, amount=amounts)
    def redeem(self, by: str, amount: int) -> None:
        def effect() -> None:
            self.add(by, -amount)
            self.redeemed += amount

        self.attempt(Redeem(CNY, amount, ""), by, lambda: self.owned[by][0] >= amount, effect)

    @rule(by=people, to=people, amount=amounts)
    def transfer(self, by: str, to: str, amount: int) -> None:
        def effect() -> None:
            self.add(by, -amount)
            self.add(to, amount)

        action = Transfer(CNY, to, amount, "")
        self.attempt(action, by, lambda: by != to and self.owned[by][0] >= amount, effect)

    @rule(by=people, controller=people, amount=amounts, span=spans)
    def hold(self, by: str, controller: str, amount: int, span: int) -> None:
        key, until = self.fresh(), self.trial.now + 1 + span

        def effect() -> None:
            self.add(by, -amount, amount)
            self.locks[key] = {
                "kind": "hold", "owner": by, "by": controller, "left": amount, "until": until, "falls_to": by,
            }  # fmt: skip

        action = PlaceHold(key, CNY, controller, None, amount, until, "")
        self.attempt(action, by, lambda: self.owned[by][0] >= amount, effect)

    @precondition(lambda self: self.has("hold"))
    @rule(data=st.data(), by=people, to=people, amount=amounts)
    def execute(self, data: st.DataObject, by: str, to: str, amount: int) -> None:
        key = self.choose(data, "hold")

        def allowed() -> bool:
            return key in self.locks and self.locks[key]["by"] == by and self.locks[key]["left"] >= amount

        def effect() -> None:
            lock = self.locks[key]
            self.add(lock["owner"], held=-amount)
            self.add(to, amount)
            lock["left"] -= amount
            if not lock["left"]:
                del self.locks[key]

        self.attempt(ExecuteHold(key, to, amount), by, allowed, effect)

    @precondition(lambda self: self.has("hold"))
    @rule(data=st.data(), by=people)
    def release(self, data: st.DataObject, by: str) -> None:
        key = self.choose(data, "hold")
        self.attempt(
            ReleaseHold(key), by,
            lambda: key in self.locks and self.locks[key]["by"] == by,
            lambda: self.end(key, to=self.locks[key]["owner"]),
        )  # fmt: skip

    @rule(by=people, payee=people, to_payee=st.booleans(), amount=amounts, span=spans)
    def open_escrow(self, by: str, payee: str, to_payee: bool, amount: int, span: int) -> None:
        key, until, falls_to = self.fresh(), self.trial.now + 1 + span, payee if to_payee else by

        def effect() -> None:
            self.add(by, -amount, amount)
            self.locks[key] = {
                "kind": "escrow", "owner": by, "payee": payee, "left": amount, "until": until,
                "falls_to": falls_to, "disputed": False,
            }  # fmt: skip

        action = OpenEscrow(key, CNY, payee, "hanoi-certifier", amount, until, falls_to, "")
        self.attempt(action, by, lambda: by != payee and self.owned[by][0] >= amount, effect)

    @precondition(lambda self: self.has("escrow"))
    @rule(data=st.data(), by=st.sampled_from((ALICE, BOB, CAROL, "hanoi-certifier")), to_payee=st.booleans())
    def settle(self, data: st.DataObject, by: str, to_payee: bool) -> None:
        key = self.choose(data, "escrow")
        lock = self.locks[key]
        giver, taker = (lock["owner"], lock["payee"]) if to_payee else (lock["payee"], lock["owner"])
        action = ReleaseEscrow(key) if to_payee else RefundEscrow(key)
        self.attempt(
            action, by,
            lambda: key in self.locks and by in (giver, "hanoi-certifier"),
            lambda: self.end(key, to=taker),
        )  # fmt: skip

    @precondition(lambda self: self.has("escrow"))
    @rule(data=st.data(), by=people)
    def dispute(self, data: st.DataObject, by: str) -> None:
        key = self.choose(data, "escrow")

        def allowed() -> bool:
            lock = self.locks.get(key)
            return lock is not None and not lock["disputed"] and by in (lock["owner"], lock["payee"])

        def effect() -> None:
            self.locks[key].update(disputed=True, until=self.trial.now + DISPUTE_PERIOD.default)

        self.attempt(DisputeEscrow(key), by, allowed, effect)

    @rule(by=people, spender=people, amount=amounts, span=spans)
    def grant(self, by: str, spender: str, amount: int, span: int) -> None:
        key, until = self.fresh(), self.trial.now + 1 + span
        lock = {"kind": "grant", "owner": by, "by": spender, "left": amount, "until": until}
        action = GiveGrant(key, CNY, spender, amount, until)
        self.attempt(action, by, lambda: True, lambda: self.locks.update({key: lock}))

    @precondition(lambda self: self.has("grant"))
    @rule(data=st.data(), to=people, amount=amounts)
    def spend(self, data: st.DataObject, to: str, amount: int) -> None:
        key = self.choose(data, "grant")
        lock = self.locks[key]

        def allowed() -> bool:
            return key in self.locks and min(lock["left"], self.owned[lock["owner"]][0]) >= amount

        def effect() -> None:
            self.add(lock["owner"], -amount)
            self.add(to, amount)
            lock["left"] -= amount
            if not lock["left"]:
                del self.locks[key]

        self.attempt(SpendGrant(key, to, amount), lock["by"], allowed, effect)

    @rule(holder=st.sampled_from((BANK, ALICE, BOB)), amount=amounts)
    def freeze(self, holder: str, amount: int) -> None:
        key = self.fresh()

        def effect() -> None:
            self.add(holder, -amount, 0, amount)
            self.locks[key] = {"kind": "freeze", "owner": holder, "left": amount, "until": 10**15}

        def allowed() -> bool:
            return holder != BOB and self.owned[holder][0] >= amount

        self.attempt(FreezeBalance(key, CNY, holder, amount, "order 1"), COURT.id, allowed, effect)

    @precondition(lambda self: self.has("freeze"))
    @rule(data=st.data(), to=people, amount=amounts, lift=st.booleans())
    def lift_or_execute(self, data: st.DataObject, to: str, amount: int, lift: bool) -> None:
        key = self.choose(data, "freeze")
        lock = self.locks[key]

        def lifted() -> None:
            self.add(lock["owner"], lock["left"], 0, -lock["left"])
            del self.locks[key]

        def executed() -> None:
            self.add(lock["owner"], 0, 0, -amount)
            self.add(to, amount)
            lock["left"] -= amount
            if not lock["left"]:
                del self.locks[key]

        if lift:
            self.attempt(LiftFreeze(key, "order 2"), COURT.id, lambda: True, lifted)
        else:
            force = ForceTransfer(self.fresh(), CNY, lock["owner"], to, amount, key, "judgment 3")
            self.attempt(force, BANK, lambda: lock["left"] >= amount, executed, users=both_users(self.trial))

    @rule(milliseconds=st.integers(1, 100))
    def wait(self, milliseconds: int) -> None:
        self.trial.advance(milliseconds)
        self.pass_time(self.trial.now)

    @precondition(lambda self: any(lock.get("disputed") for lock in self.locks.values()))
    @rule()
    def wait_out_disputes(self) -> None:
        self.trial.advance(DISPUTE_PERIOD.default)
        self.pass_time(self.trial.now)

    @invariant()
    def ledger_agrees_with_the_model(self) -> None:
        assert {name: list(parts(self.trial, name)) for name in self.owned} == self.owned
        assert self.trial.get(Token, CNY).supply == self.minted - self.redeemed
        assert sum(map(sum, self.owned.values())) == self.minted - self.redeemed
        self.trial.audit()


TestMarket = Market.TestCase
TestMarket.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)


# Tokens


def test_transfer_moves_exactly_the_amount(trial: Trial) -> None:
    trial.act(Transfer(CNY, BOB, 400, "invoice 7"), by=ALICE)
    assert (parts(trial, ALICE), parts(trial, BOB)) == ((600, 0, 0), (400, 0, 0))


def test_transfer_touches_two_balances_and_nothing_else(trial: Trial) -> None:
    receipt = trial.act(Transfer(CNY, BOB, 1, ""), by=ALICE)
    assert [path for path, _ in receipt.writes] == [
        f"asset/balances/{CNY}/{BOB}",
        f"asset/balances/{CNY}/{ALICE}",
    ]


def test_nobody_pays_more_than_is_free(trial: Trial) -> None:
    trial.act(PlaceHold("h", CNY, BOB, None, 600, trial.now + HOUR, ""), by=ALICE)
    trial.refuses(Transfer(CNY, BOB, 401, ""), by=ALICE, code="asset.balance_short", field="amount")
    trial.refuses(Transfer(CNY, ALICE, 1, ""), by=BOB, code="asset.balance_short", field="amount")


@pytest.mark.parametrize("amount", [0, -1, 2**63])
def test_an_amount_is_positive_and_fits_in_63_bits(trial: Trial, amount: int) -> None:
    trial.refuses(Transfer(CNY, BOB, amount, ""), by=ALICE, code="ledger.malformed")


def test_paying_oneself_is_refused(trial: Trial) -> None:
    trial.refuses(Transfer(CNY, ALICE, 1, ""), by=ALICE, code="asset.to_self", field="to")
    escrow = OpenEscrow("e", CNY, ALICE, None, 1, trial.now + HOUR, ALICE, "")
    trial.refuses(escrow, by=ALICE, code="asset.to_self", field="payee")


@pytest.mark.parametrize("stranger", ["nobody-here", "contract:asset"])
def test_only_organisations_own(trial: Trial, stranger: str) -> None:
    trial.refuses(Transfer(CNY, stranger, 1, ""), by=ALICE, code="asset.organisation_unknown", field="to")


def test_supply_never_passes_what_63_bits_hold(trial: Trial) -> None:
    trial.act(Mint(CNY, BOB, MINTED_MAX - 1_000, ""), by=BANK)
    trial.refuses(Mint(CNY, BOB, 1, ""), by=BANK, code="asset.supply_overflow", field="amount")
    trial.act(Transfer(CNY, BOB, 1_000, ""), by=ALICE)
    assert parts(trial, BOB)[0] == MINTED_MAX
    trial.audit()


def test_issuing_needs_the_role_for_that_kind_in_that_jurisdiction(trial: Trial) -> None:
    def issue(kind: TokenKind, country: str) -> IssueToken:
        return IssueToken("other", kind, "VND", 0, country, None)

    for kind, country in ((TokenKind.MONEY, "VN"), (TokenKind.GOODS, "CN")):
        trial.refuses(issue(kind, country), by=BANK, code="asset.issuer_not_accredited", field="by")
    trial.refuses(issue(TokenKind.MONEY, "CN"), by=(ALICE, BANK), code="asset.issuer_not_accredited")


def test_minting_needs_the_issuer_and_its_accreditation_still(trial: Trial) -> None:
    trial.refuses(Mint(CNY, BOB, 1, ""), by=BOB, code="ledger.not_entitled")
    accredit(trial, "harbor", "accreditor:money-issuer", "CN")
    trial.act(WithdrawRole(BANK, "money-issuer", "CN", "decision 9"), by="harbor")
    trial.refuses(Mint(CNY, BOB, 1, ""), by=BANK, code="asset.issuer_not_accredited")
    trial.act(Redeem(CNY, 1_000, ""), by=ALICE)


@pytest.mark.parametrize(
    ("field", "action", "code"),
    [
        ("symbol", IssueToken("C/Y", TokenKind.MONEY, "CNY", 2, "CN", None), "asset.name"),
        ("jurisdiction", IssueToken("x", TokenKind.MONEY, "CNY", 2, "cn", None), "asset.jurisdiction"),
        ("unit", IssueToken("x", TokenKind.MONEY, "yuan", 2, "CN", None), "asset.unit"),
        ("kind", IssueTitle("a:b", "1", ALICE, "CN", False, HASH), "asset.name"),
        ("number", IssueTitle("a", "", ALICE, "CN", False, HASH), "ledger.malformed"),
        ("number", IssueTitle("a", "1/2", ALICE, "CN", False, HASH), "asset.name"),
        ("jurisdiction", IssueTitle("a", "1", ALICE, "China", False, HASH), "ledger.malformed"),
        ("holder", IssueTitle("a", "1", "nobody-here", "CN", False, HASH), "asset.organisation_unknown"),
    ],
)
def test_names_are_checked_at_issue(trial: Trial, field: str, action: Action, code: str) -> None:
    trial.refuses(action, by=BANK, code=code, field=None if code == "ledger.malformed" else field)


def test_an_id_is_never_used_twice(trial: Trial) -> None:
    until = trial.now + HOUR
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", False, HASH), by=CAROL)
    once = [
        (PlaceHold("x", CNY, BOB, None, 1, until, ""), ALICE),
        (GiveGrant("x", CNY, BOB, 1, until), ALICE),
        (OpenEscrow("x", CNY, BOB, None, 1, until, BOB, ""), ALICE),
        (FreezeBalance("x", CNY, ALICE, 1, ""), COURT.id),
    ]
    for action, by in once:
        trial.act(action, by=by)
        trial.refuses(action, by=by, code="asset.id_known", field="id")
    force = ForceTransfer("x", CNY, ALICE, BOB, 1, None, "ground")
    trial.act(force, by=BANK, users=both_users(trial))
    trial.refuses(force, by=BANK, users=both_users(trial), code="asset.id_known", field="id")
    again = IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None)
    trial.refuses(again, by=BANK, code="asset.id_known", field="id")
    trial.refuses(IssueTitle("receipt", "1", BOB, "CN", False, HASH), by=CAROL, code="asset.id_known")


def test_a_paused_token_only_returns_to_its_owners(trial: Trial) -> None:
    until = trial.now + HOUR
    trial.act(PlaceHold("h", CNY, BOB, None, 10, until, ""), by=ALICE)
    trial.act(PlaceHold("h2", CNY, BOB, None, 10, until, ""), by=ALICE)
    trial.act(GiveGrant("g", CNY, BOB, 10, until), by=ALICE)
    trial.act(OpenEscrow("e", CNY, BOB, None, 10, until, BOB, ""), by=ALICE)
    trial.act(OpenEscrow("e2", CNY, BOB, None, 10, until, BOB, ""), by=ALICE)
    trial.act(PauseToken(CNY), by=BANK)
    for action, by in (
        (Transfer(CNY, BOB, 1, ""), ALICE),
        (Mint(CNY, BOB, 1, ""), BANK),
        (Redeem(CNY, 1, ""), ALICE),
        (PlaceHold("h3", CNY, BOB, None, 1, until, ""), ALICE),
        (GiveGrant("g2", CNY, BOB, 1, until), ALICE),
        (OpenEscrow("e3", CNY, BOB, None, 1, until, BOB, ""), ALICE),
        (ExecuteHold("h", BOB, 1), BOB),
        (SpendGrant("g", BOB, 1), BOB),
        (ReleaseEscrow("e"), ALICE),
    ):
        trial.refuses(action, by=by, code="asset.token_not_active", field="token")
    trial.act(ReleaseHold("h"), by=BOB)
    trial.act(RefundEscrow("e"), by=BOB)
    trial.advance(HOUR)
    assert parts(trial, ALICE) == (990, 0, 0)
    assert parts(trial, BOB) == (10, 0, 0)
    trial.act(ResumeToken(CNY), by=BANK)
    trial.act(Transfer(CNY, BOB, 1, ""), by=ALICE)


def test_a_token_retires_once_nobody_owns_it(trial: Trial) -> None:
    trial.refuses(RetireToken(CNY), by=BANK, code="asset.supply_outstanding", field="token")
    trial.act(Redeem(CNY, 1_000, ""), by=ALICE)
    trial.act(RetireToken(CNY), by=BANK)
    trial.refuses(Mint(CNY, BOB, 1, ""), by=BANK, code="asset.token_not_active")
    trial.refuses(ResumeToken(CNY), by=BANK, code="ledger.move_undeclared")


# Refuse the receiver, not the sender


@pytest.fixture
def tea() -> Trial:
    """Alice issues sacks of tea for licensed dealers only; Bob is one, with ten; Carol is none."""
    made = founded()
    for organisation, role in ((ALICE, "goods-issuer"), (BOB, "dealer"), ("harbor", "accreditor:dealer")):
        accredit(made, organisation, role, "CN")
    made.act(IssueToken("tea", TokenKind.GOODS, "BG", 0, "CN", "dealer"), by=ALICE)
    made.act(Mint(TEA, BOB, 10, ""), by=ALICE)
    return made


def test_who_may_not_receive_gets_it_by_no_way(tea: Trial) -> None:
    until = tea.now + HOUR
    tea.act(PlaceHold("h", TEA, CAROL, None, 1, until, ""), by=BOB)
    tea.act(GiveGrant("g", TEA, CAROL, 1, until), by=BOB)
    refused = {"code": "asset.receiver_not_eligible"}
    tea.refuses(Transfer(TEA, CAROL, 1, ""), by=BOB, **refused)  # type: ignore[arg-type]
    tea.refuses(Mint(TEA, CAROL, 1, ""), by=ALICE, **refused)  # type: ignore[arg-type]
    tea.refuses(ExecuteHold("h", CAROL, 1), by=CAROL, **refused)  # type: ignore[arg-type]
    tea.refuses(SpendGrant("g", CAROL, 1), by=CAROL, **refused)  # type: ignore[arg-type]
    promises = (
        (PlaceHold("h2", TEA, BOB, CAROL, 1, until, ""), "beneficiary"),
        (OpenEscrow("e", TEA, CAROL, None, 1, until, CAROL, ""), "payee"),
    )
    for action, field in promises:
        tea.refuses(action, by=BOB, code="asset.receiver_not_eligible", field=field)


def test_a_holder_whose_role_lapsed_still_sells_and_redeems(tea: Trial) -> None:
    accredit(tea, CAROL, "dealer", "CN")
    tea.act(WithdrawRole(BOB, "dealer", "CN", ""), by="harbor")
    tea.act(Transfer(TEA, CAROL, 3, ""), by=BOB)
    tea.act(Transfer(TEA, ALICE, 3, "the issuer always takes its own back"), by=BOB)
    tea.act(Redeem(TEA, 4, ""), by=BOB)
    tea.refuses(Transfer(TEA, BOB, 1, ""), by=CAROL, code="asset.receiver_not_eligible", field="to")


def test_an_escrow_falls_to_its_payer_when_its_payee_may_no_longer_receive(tea: Trial) -> None:
    accredit(tea, CAROL, "dealer", "CN")
    tea.act(OpenEscrow("e", TEA, CAROL, None, 5, tea.now + HOUR, CAROL, ""), by=BOB)
    tea.act(WithdrawRole(CAROL, "dealer", "CN", ""), by="harbor")
    tea.refuses(ReleaseEscrow("e"), by=BOB, code="asset.receiver_not_eligible")
    tea.advance(HOUR)
    assert tea.get(Escrow, "e").status == EscrowStatus.REFUNDED
    assert parts(tea, BOB, TEA) == (10, 0, 0)
    tea.audit()


# Holds and grants


def test_a_hold_is_paid_in_parts_and_its_rest_returns_in_time(trial: Trial) -> None:
    trial.act(PlaceHold("h", CNY, CAROL, BOB, 100, trial.now + HOUR, "freight"), by=ALICE)
    trial.refuses(ExecuteHold("h", CAROL, 1), by=CAROL, code="asset.not_beneficiary", field="to")
    trial.refuses(ExecuteHold("h", BOB, 101), by=CAROL, code="asset.hold_short", field="amount")
    for stranger in (ALICE, BOB):
        trial.refuses(ExecuteHold("h", BOB, 1), by=stranger, code="ledger.not_entitled")
        trial.refuses(ReleaseHold("h"), by=stranger, code="ledger.not_entitled")
    trial.act(ExecuteHold("h", BOB, 60), by=CAROL)
    assert (parts(trial, ALICE), parts(trial, BOB)) == ((900, 40, 0), (60, 0, 0))
    trial.advance(HOUR)
    assert trial.get(Hold, "h").status == LockStatus.EXPIRED
    assert parts(trial, ALICE) == (940, 0, 0)
    trial.refuses(ExecuteHold("h", BOB, 1), by=CAROL, code="ledger.move_undeclared")


def test_a_time_limit_lies_in_the_future(trial: Trial) -> None:
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", False, HASH), by=CAROL)
    for action in (
        PlaceHold("h", CNY, BOB, None, 1, trial.now, ""),
        GiveGrant("g", CNY, BOB, 1, trial.now),
        OpenEscrow("e", CNY, BOB, None, 1, trial.now, BOB, ""),
        HoldTitle(f"{CAROL}:receipt:1", BOB, None, trial.now, ""),
    ):
        trial.refuses(action, by=ALICE, code="asset.until_past", field="until")


def test_a_grant_is_never_overspent(trial: Trial) -> None:
    trial.act(GiveGrant("g", CNY, BOB, 100, trial.now + HOUR), by=ALICE)
    trial.act(SpendGrant("g", CAROL, 70), by=BOB)
    trial.refuses(SpendGrant("g", CAROL, 31), by=BOB, code="asset.grant_short", field="amount")
    trial.refuses(SpendGrant("g", CAROL, 1), by=CAROL, code="ledger.not_entitled")
    trial.act(SpendGrant("g", CAROL, 30), by=BOB)
    assert trial.get(Grant, "g").status == LockStatus.USED


def test_a_grant_ends_by_either_side_or_by_time(trial: Trial) -> None:
    for key in ("owner", "spender", "time"):
        trial.act(GiveGrant(key, CNY, BOB, 100, trial.now + HOUR), by=ALICE)
    trial.refuses(WithdrawGrant("owner"), by=CAROL, code="ledger.not_entitled")
    trial.act(WithdrawGrant("owner"), by=ALICE)
    trial.act(WithdrawGrant("spender"), by=BOB)
    trial.advance(HOUR)
    assert trial.get(Grant, "time").status == LockStatus.EXPIRED
    for key in ("owner", "spender", "time"):
        trial.refuses(SpendGrant(key, BOB, 1), by=BOB, code="ledger.move_undeclared")


class Sell(Action):
    """What a contract above does: pay out of a hold and out of a grant that name it."""

    __module__ = "trial.vending.actions"
    hold: str
    grant: str

    def apply(self, ledger: Ledger) -> None:
        if self.hold:
            ledger.call(ExecuteHold(self.hold, BOB, 10))
        if self.grant:
            ledger.call(SpendGrant(self.grant, BOB, 10))
        if not self.hold and not self.grant:
            ledger.call(Transfer(CNY, BOB, 10, ""))


def test_a_contract_moves_only_what_owners_put_in_its_hands() -> None:
    records, actions = ModuleType("trial.vending.records"), ModuleType("trial.vending.actions")
    actions.Sell = Sell  # type: ignore[attr-defined]
    vending = LoadedContract("vending", "trial.vending", 1, HASH, {"records": records, "actions": actions})
    trial = founded(Registry([*find_contracts(), vending]))
    trial.act(Mint(CNY, ALICE, 100, ""), by=BANK)
    until = trial.now + HOUR
    trial.act(PlaceHold("h", CNY, "contract:vending", None, 20, until, ""), by=ALICE)
    trial.act(GiveGrant("g", CNY, "contract:vending", 20, until), by=ALICE)
    trial.act(PlaceHold("other", CNY, BOB, None, 20, until, ""), by=ALICE)
    trial.act(Sell("h", "g"), by=BOB)
    assert (parts(trial, ALICE), parts(trial, BOB)) == ((50, 30, 0), (20, 0, 0))
    trial.refuses(Sell("other", ""), by=BOB, code="ledger.not_entitled")
    trial.refuses(Sell("", ""), by=ALICE, code="asset.balance_short")
    trial.audit()


# Escrow


@pytest.mark.parametrize(
    ("action", "may", "may_not"),
    [
        (ReleaseEscrow("e"), (ALICE, "hanoi-certifier"), (BOB, CAROL)),
        (RefundEscrow("e"), (BOB, "hanoi-certifier"), (ALICE, CAROL)),
        (DisputeEscrow("e"), (ALICE, BOB), (CAROL, "hanoi-certifier")),
    ],
)
def test_who_may_settle_an_escrow(trial: Trial, action: Action, may: tuple[str], may_not: tuple[str]) -> None:
    for index, party in enumerate(may):
        key = f"e{index}"
        trial.act(OpenEscrow(key, CNY, BOB, "hanoi-certifier", 5, trial.now + HOUR, ALICE, ""), by=ALICE)
        mine = type(action)(key)  # type: ignore[call-arg]
        for stranger in may_not:
            trial.refuses(mine, by=stranger, code="ledger.not_entitled")
        trial.act(mine, by=party)
        trial.audit()


def test_a_dispute_stops_the_clock_until_the_arbiter_has_had_its_time(trial: Trial) -> None:
    trial.act(OpenEscrow("e", CNY, BOB, "hanoi-certifier", 5, trial.now + HOUR, BOB, ""), by=ALICE)
    trial.act(DisputeEscrow("e"), by=ALICE)
    trial.advance(HOUR)
    assert trial.get(Escrow, "e").status == EscrowStatus.DISPUTED
    trial.refuses(DisputeEscrow("e"), by=BOB, code="ledger.move_undeclared")
    trial.advance(DISPUTE_PERIOD.default)
    assert trial.get(Escrow, "e").status == EscrowStatus.RELEASED
    assert parts(trial, BOB) == (5, 0, 0)


def test_an_escrow_states_two_sides_and_an_arbiter_apart(trial: Trial) -> None:
    def opened(arbiter: str | None, falls_to: str) -> OpenEscrow:
        return OpenEscrow("e", CNY, BOB, arbiter, 5, trial.now + HOUR, falls_to, "")

    trial.refuses(opened(BOB, ALICE), by=ALICE, code="asset.arbiter_is_party", field="arbiter")
    trial.refuses(opened(None, CAROL), by=ALICE, code="asset.falls_to", field="falls_to")
    trial.act(opened(None, ALICE), by=ALICE)
    trial.refuses(DisputeEscrow("e"), by=BOB, code="asset.no_arbiter", field="escrow")


# Courts and forced transfers


def test_only_the_court_of_the_holders_jurisdiction_freezes_and_lifts(trial: Trial) -> None:
    trial.act(Transfer(CNY, BOB, 500, ""), by=ALICE)
    trial.refuses(FreezeBalance("f", CNY, BOB, 1, ""), by=COURT.id, code="ledger.not_entitled")
    trial.refuses(FreezeBalance("f", CNY, ALICE, 1, ""), by=BANK, code="ledger.not_entitled")
    trial.refuses(FreezeBalance("f", CNY, ALICE, 501, ""), by=COURT.id, code="asset.balance_short")
    trial.act(FreezeBalance("f", CNY, ALICE, 500, "order 1"), by=COURT.id)
    trial.refuses(Transfer(CNY, BOB, 1, ""), by=ALICE, code="asset.balance_short")
    trial.refuses(LiftFreeze("f", ""), by=ALICE, code="ledger.not_entitled")
    trial.act(LiftFreeze("f", "order 2"), by=COURT.id)
    assert parts(trial, ALICE) == (500, 0, 0)


def test_a_forced_transfer_needs_two_users_of_the_issuer_and_a_ground(trial: Trial) -> None:
    def force(ground: str) -> ForceTransfer:
        return ForceTransfer("t", CNY, ALICE, BOB, 100, None, ground)

    two = both_users(trial)
    trial.refuses(force("judgment 3"), by=BANK, code="asset.dual_control", field="by")
    trial.refuses(force(" "), by=BANK, users=two, code="asset.no_ground", field="ground")
    trial.refuses(force("judgment 3"), by=BOB, code="ledger.not_entitled")
    trial.act(force("judgment 3"), by=BANK, users=two)
    assert trial.get(ForcedTransfer, "t").ground == "judgment 3"
    assert parts(trial, BOB) == (100, 0, 0)


def test_a_freeze_is_executed_in_parts_and_only_against_its_own_balance(trial: Trial) -> None:
    def force(key: str, holder: str, amount: int) -> ForceTransfer:
        return ForceTransfer(key, CNY, holder, BOB, amount, "f", "judgment 3")

    two = both_users(trial)
    trial.act(FreezeBalance("f", CNY, ALICE, 100, "order 1"), by=COURT.id)
    trial.refuses(force("t", CAROL, 1), by=BANK, users=two, code="asset.freeze_of_another", field="freeze")
    trial.refuses(force("t", ALICE, 101), by=BANK, users=two, code="asset.freeze_short", field="amount")
    trial.act(force("t1", ALICE, 40), by=BANK, users=two)
    trial.act(force("t2", ALICE, 60), by=BANK, users=two)
    assert trial.get(Freeze, "f").status == FreezeStatus.EXECUTED
    assert (parts(trial, ALICE), parts(trial, BOB)) == ((900, 0, 0), (100, 0, 0))


# Titles

RECEIPT = f"{CAROL}:receipt:1"


@pytest.fixture
def receipt(trial: Trial) -> Trial:
    """The carrier issues a receipt to Alice."""
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", False, HASH), by=CAROL)
    return trial


def test_a_pledged_title_stays_put_until_the_pledgee_lets_go(receipt: Trial) -> None:
    receipt.act(PledgeTitle(RECEIPT, BANK, "loan 4"), by=ALICE)
    for action, by in (
        (TransferTitle(RECEIPT, BOB), ALICE),
        (TransferTitle(RECEIPT, BANK), BANK),
        (DeliverTitle(RECEIPT, BANK), BANK),
        (PledgeTitle(RECEIPT, BOB, ""), ALICE),
        (HoldTitle(RECEIPT, BOB, None, receipt.now + HOUR, ""), ALICE),
    ):
        receipt.refuses(action, by=by, code="asset.title_status", field="title")
    receipt.refuses(ReleaseTitle(RECEIPT), by=ALICE, code="ledger.not_entitled")
    receipt.refuses(SurrenderTitle(RECEIPT), by=ALICE, code="ledger.move_undeclared")
    receipt.bundle([(ReleaseTitle(RECEIPT), (BANK,)), (TransferTitle(RECEIPT, BOB), (ALICE,))])
    assert receipt.get(Title, RECEIPT).holder == BOB
    receipt.audit()


def test_a_held_title_is_delivered_to_its_beneficiary_or_returns_in_time(receipt: Trial) -> None:
    receipt.act(HoldTitle(RECEIPT, BANK, BOB, receipt.now + HOUR, "sale"), by=ALICE)
    receipt.refuses(DeliverTitle(RECEIPT, CAROL), by=BANK, code="asset.not_beneficiary", field="to")
    receipt.refuses(DeliverTitle(RECEIPT, BOB), by=BOB, code="ledger.not_entitled")
    receipt.advance(HOUR)
    back = receipt.get(Title, RECEIPT)
    assert (back.status, back.holder, back.party) == (TitleStatus.LIVE, ALICE, None)
    receipt.act(HoldTitle(RECEIPT, BANK, BOB, receipt.now + HOUR, "sale"), by=ALICE)
    receipt.act(DeliverTitle(RECEIPT, BOB), by=BANK)
    assert receipt.get(Title, RECEIPT).holder == BOB


@pytest.mark.parametrize("before", [TitleStatus.LIVE, TitleStatus.HELD, TitleStatus.PLEDGED])
def test_a_freeze_stops_a_title_and_its_encumbrance_outlives_it(receipt: Trial, before: TitleStatus) -> None:
    if before == TitleStatus.HELD:
        receipt.act(HoldTitle(RECEIPT, BANK, None, receipt.now + HOUR, ""), by=ALICE)
    if before == TitleStatus.PLEDGED:
        receipt.act(PledgeTitle(RECEIPT, BANK, ""), by=ALICE)
    receipt.refuses(FreezeTitle(RECEIPT, ""), by=BANK, code="ledger.not_entitled")
    receipt.act(FreezeTitle(RECEIPT, "order 5"), by=COURT.id)
    for action, by in ((TransferTitle(RECEIPT, BOB), ALICE), (ReleaseTitle(RECEIPT), BANK)):
        receipt.refuses(action, by=by, code="asset.title_status")
    receipt.refuses(ReleaseTitle(RECEIPT), by=COURT.id, code="asset.title_status")
    receipt.audit()
    receipt.refuses(UnfreezeTitle(RECEIPT, ""), by=ALICE, code="ledger.not_entitled")
    receipt.act(UnfreezeTitle(RECEIPT, "order 6"), by=COURT.id)
    assert receipt.get(Title, RECEIPT).status == before
    receipt.audit()


def test_a_hold_that_ran_out_under_a_freeze_ends_with_it(receipt: Trial) -> None:
    receipt.act(HoldTitle(RECEIPT, BANK, None, receipt.now + HOUR, ""), by=ALICE)
    receipt.act(FreezeTitle(RECEIPT, "order 5"), by=COURT.id)
    receipt.advance(2 * HOUR)
    assert receipt.get(Title, RECEIPT).status == TitleStatus.FROZEN
    unfreeze = (UnfreezeTitle(RECEIPT, "order 6"), (COURT.id,))
    with pytest.raises(Refusal, match="title_status"):
        receipt.bundle([unfreeze, (DeliverTitle(RECEIPT, BANK), (BANK,))])
    receipt.bundle([unfreeze])
    receipt.advance(1)
    assert receipt.get(Title, RECEIPT).status == TitleStatus.LIVE


def test_a_restricted_title_moves_only_with_its_issuer(trial: Trial) -> None:
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", True, HASH), by=CAROL)
    for action in (TransferTitle(RECEIPT, BOB), PledgeTitle(RECEIPT, BANK, "")):
        trial.refuses(action, by=ALICE, code="asset.issuer_must_act", field="by")
        trial.refuses(action, by=CAROL, code="ledger.not_entitled")
    trial.act(HoldTitle(RECEIPT, BANK, None, trial.now + HOUR, ""), by=ALICE)
    trial.refuses(DeliverTitle(RECEIPT, BOB), by=BANK, code="asset.issuer_must_act")
    trial.act(DeliverTitle(RECEIPT, BOB), by=(BANK, CAROL))
    trial.act(TransferTitle(RECEIPT, ALICE), by=(BOB, CAROL))


def test_a_title_ends_with_its_issuer(receipt: Trial) -> None:
    receipt.refuses(RetireTitle(RECEIPT), by=CAROL, code="ledger.move_undeclared")
    receipt.refuses(SurrenderTitle(RECEIPT), by=BOB, code="ledger.not_entitled")
    receipt.act(SurrenderTitle(RECEIPT), by=ALICE)
    receipt.refuses(RetireTitle(RECEIPT), by=ALICE, code="ledger.not_entitled")
    receipt.act(RetireTitle(RECEIPT), by=CAROL)
    receipt.refuses(TransferTitle(RECEIPT, BOB), by=ALICE, code="asset.title_status")


def test_an_issuer_that_holds_the_control_may_end_a_title(receipt: Trial) -> None:
    receipt.act(HoldTitle(RECEIPT, BANK, None, receipt.now + HOUR, "delivery"), by=ALICE)
    receipt.refuses(RetireTitle(RECEIPT), by=CAROL, code="ledger.not_entitled")
    receipt.act(ReleaseTitle(RECEIPT), by=BANK)
    receipt.act(HoldTitle(RECEIPT, CAROL, None, receipt.now + HOUR, "delivery"), by=ALICE)
    receipt.act(RetireTitle(RECEIPT), by=CAROL)
    assert receipt.get(Title, RECEIPT).status == TitleStatus.RETIRED
    receipt.audit()


# What is bundled happens whole


def test_delivery_against_payment_happens_whole_or_not_at_all(receipt: Trial) -> None:
    deliver = (TransferTitle(RECEIPT, BOB), (ALICE,))
    with pytest.raises(Refusal, match="balance_short"):
        receipt.bundle([deliver, (Transfer(CNY, ALICE, 300, ""), (BOB,))])
    assert receipt.get(Title, RECEIPT).holder == ALICE
    receipt.act(Mint(CNY, BOB, 300, ""), by=BANK)
    receipt.bundle([deliver, (Transfer(CNY, ALICE, 300, ""), (BOB,))])
    assert receipt.get(Title, RECEIPT).holder == BOB
    assert (parts(receipt, ALICE), parts(receipt, BOB)) == ((1_300, 0, 0), (0, 0, 0))


def test_payment_against_payment_happens_whole_or_not_at_all(trial: Trial) -> None:
    accredit(trial, BANK, "money-issuer", "VN")
    trial.act(IssueToken("vnd", TokenKind.MONEY, "VND", 0, "VN", None), by=BANK)
    vnd = f"{BANK}:vnd"
    trial.act(Mint(vnd, BOB, 3_500_000, ""), by=BANK)

    def swap(dong: int) -> None:
        trial.bundle([(Transfer(CNY, BOB, 1_000, ""), (ALICE,)), (Transfer(vnd, ALICE, dong, ""), (BOB,))])

    with pytest.raises(Refusal, match="balance_short"):
        swap(3_500_001)
    assert (parts(trial, ALICE), parts(trial, ALICE, vnd)) == ((1_000, 0, 0), (0, 0, 0))
    swap(3_500_000)
    assert (parts(trial, ALICE), parts(trial, ALICE, vnd)) == ((0, 0, 0), (3_500_000, 0, 0))
    trial.audit()


def test_only_the_issuer_moves_its_token(trial: Trial) -> None:
    for action in (PauseToken(CNY), RetireToken(CNY)):
        trial.refuses(action, by=ALICE, code="ledger.not_entitled")
    trial.act(PauseToken(CNY), by=BANK)
    trial.refuses(ResumeToken(CNY), by=ALICE, code="ledger.not_entitled")
    assert trial.get(Token, CNY).status == TokenStatus.PAUSED


@pytest.mark.story
def test_the_story_holds_together() -> None:
    trial = Trial(PLAYERS).tell(story)
    assert trial.get(Title, trial.things["title"]).holder == BOB
    assert trial.get(Token, trial.things["vnd"]).redeemed == 175_000_000
    trial.audit()
