"""What is conserved whatever happens to assets."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contractkit import Action, Refusal
from infoharbor.contracts.asset.conftest import ALICE, BANK, BOB, CAROL, CNY, COURT, both_users, founded, parts
from infoharbor.contracts.asset.escrows import DISPUTE_PERIOD, DisputeEscrow, OpenEscrow, RefundEscrow, ReleaseEscrow
from infoharbor.contracts.asset.freezes import ForceTransfer, FreezeBalance, LiftFreeze
from infoharbor.contracts.asset.grants import GiveGrant, SpendGrant
from infoharbor.contracts.asset.holds import ExecuteHold, PlaceHold, ReleaseHold
from infoharbor.contracts.asset.records import Token
from infoharbor.contracts.asset.tokens import Mint, Redeem, Transfer


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
        return str(data.draw(st.sampled_from(sorted(k for k, lock in self.locks.items() if lock["kind"] == kind))))

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
