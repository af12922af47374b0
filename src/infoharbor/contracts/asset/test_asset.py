"""Ids are used once, bundles happen whole, and the story holds together."""

import pytest

from infoharbor.contractkit import Refusal
from infoharbor.contracts.asset.conftest import (
    ALICE,
    BANK,
    BOB,
    CAROL,
    CNY,
    COURT,
    HASH,
    HOUR,
    RECEIPT,
    both_users,
    parts,
)
from infoharbor.contracts.asset.demo import accredit, story
from infoharbor.contracts.asset.escrows import OpenEscrow
from infoharbor.contracts.asset.freezes import ForceTransfer, FreezeBalance
from infoharbor.contracts.asset.grants import GiveGrant
from infoharbor.contracts.asset.holds import PlaceHold
from infoharbor.contracts.asset.records import Title, Token, TokenKind
from infoharbor.contracts.asset.titles import IssueTitle, TransferTitle
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Transfer
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial


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
        trial.refuses(action, by=by, code="ledger.record_known", field="id")
    force = ForceTransfer("x", CNY, ALICE, BOB, 1, None, "ground")
    trial.act(force, by=BANK, users=both_users(trial))
    trial.refuses(force, by=BANK, users=both_users(trial), code="ledger.record_known", field="id")
    again = IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None)
    trial.refuses(again, by=BANK, code="ledger.record_known", field="id")
    trial.refuses(IssueTitle("receipt", "1", BOB, "CN", False, HASH), by=CAROL, code="ledger.record_known")


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


@pytest.mark.story
def test_the_story_holds_together() -> None:
    trial = Trial(PLAYERS).tell(story)
    assert trial.get(Title, trial.things["title"]).holder == BOB
    assert trial.get(Token, trial.things["vnd"]).redeemed == 175_000_000
    trial.audit()
