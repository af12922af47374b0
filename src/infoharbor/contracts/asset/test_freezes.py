"""The rules of what is done against a holder's will: a court's freezes, an issuer's forced transfers."""

from infoharbor.contracts.asset.conftest import ALICE, BANK, BOB, CAROL, CNY, COURT, both_users, parts
from infoharbor.contracts.asset.freezes import ForceTransfer, FreezeBalance, LiftFreeze
from infoharbor.contracts.asset.records import ForcedTransfer, Freeze, FreezeStatus
from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.engine.trial import Trial


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
