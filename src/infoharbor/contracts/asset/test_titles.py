"""The rules of titles: one holder, one encumbrance, and the court above both."""

import pytest

from infoharbor.contractkit import Refusal
from infoharbor.contracts.asset.conftest import ALICE, BANK, BOB, CAROL, COURT, HASH, HOUR, RECEIPT
from infoharbor.contracts.asset.records import Title, TitleStatus
from infoharbor.contracts.asset.titles import (
    DeliverTitle,
    FreezeTitle,
    HoldTitle,
    IssueTitle,
    PledgeTitle,
    ReleaseTitle,
    RetireTitle,
    SurrenderTitle,
    TransferTitle,
    UnfreezeTitle,
)
from infoharbor.engine.trial import Trial


def test_a_pledged_title_stays_put_until_the_pledgee_lets_go(receipt: Trial) -> None:
    receipt.act(PledgeTitle(RECEIPT, BANK, "loan 4"), by=ALICE)
    for action, by in (
        (TransferTitle(RECEIPT, BOB), ALICE),
        (TransferTitle(RECEIPT, BANK), BANK),
        (DeliverTitle(RECEIPT, BANK), BANK),
        (PledgeTitle(RECEIPT, BOB, ""), ALICE),
        (HoldTitle(RECEIPT, BOB, None, receipt.now + HOUR, ""), ALICE),
    ):
        receipt.refuses(action, by=by, code="ledger.move_undeclared", field="status")
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
        receipt.refuses(action, by=by, code="ledger.move_undeclared")
    receipt.refuses(ReleaseTitle(RECEIPT), by=COURT.id, code="ledger.move_undeclared")
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
    with pytest.raises(Refusal, match="move_undeclared"):
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
    receipt.refuses(TransferTitle(RECEIPT, BOB), by=ALICE, code="ledger.move_undeclared")


def test_an_issuer_that_holds_the_control_may_end_a_title(receipt: Trial) -> None:
    receipt.act(HoldTitle(RECEIPT, BANK, None, receipt.now + HOUR, "delivery"), by=ALICE)
    receipt.refuses(RetireTitle(RECEIPT), by=CAROL, code="ledger.not_entitled")
    receipt.act(ReleaseTitle(RECEIPT), by=BANK)
    receipt.act(HoldTitle(RECEIPT, CAROL, None, receipt.now + HOUR, "delivery"), by=ALICE)
    receipt.act(RetireTitle(RECEIPT), by=CAROL)
    assert receipt.get(Title, RECEIPT).status == TitleStatus.RETIRED
    receipt.audit()
