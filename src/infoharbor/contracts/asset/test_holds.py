"""The rules of holds and grants: what others may move, how much of it, and until when."""

from types import ModuleType

from infoharbor.contractkit import Action, Ledger
from infoharbor.contracts.asset.conftest import ALICE, BANK, BOB, CAROL, CNY, HASH, HOUR, founded, parts
from infoharbor.contracts.asset.escrows import OpenEscrow
from infoharbor.contracts.asset.grants import GiveGrant, SpendGrant, WithdrawGrant
from infoharbor.contracts.asset.holds import ExecuteHold, PlaceHold, ReleaseHold
from infoharbor.contracts.asset.records import Grant, Hold, LockStatus
from infoharbor.contracts.asset.titles import HoldTitle, IssueTitle
from infoharbor.contracts.asset.tokens import Mint, Transfer
from infoharbor.engine.trial import Trial
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts


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


def test_a_time_limit_lies_in_the_future(trial: Trial) -> None:
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", False, HASH), by=CAROL)
    for action in (
        PlaceHold("h", CNY, BOB, None, 1, trial.now, ""),
        GiveGrant("g", CNY, BOB, 1, trial.now),
        OpenEscrow("e", CNY, BOB, None, 1, trial.now, BOB, ""),
        HoldTitle(f"{CAROL}:receipt:1", BOB, None, trial.now, ""),
    ):
        trial.refuses(action, by=ALICE, code="asset.until_past", field="until")


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
