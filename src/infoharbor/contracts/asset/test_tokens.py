"""The rules of tokens: who pays, issues, redeems and ends them, and who may receive."""

import pytest

from infoharbor.contractkit import Action
from infoharbor.contractkit.types import INTEGER_MAX
from infoharbor.contracts.asset.conftest import ALICE, BANK, BOB, CAROL, CNY, HASH, HOUR, TEA, parts
from infoharbor.contracts.asset.demo import accredit
from infoharbor.contracts.asset.escrows import OpenEscrow, RefundEscrow, ReleaseEscrow
from infoharbor.contracts.asset.grants import GiveGrant, SpendGrant
from infoharbor.contracts.asset.holds import ExecuteHold, PlaceHold, ReleaseHold
from infoharbor.contracts.asset.records import Token, TokenKind, TokenStatus
from infoharbor.contracts.asset.titles import IssueTitle
from infoharbor.contracts.asset.tokens import (
    IssueToken,
    Mint,
    PauseToken,
    Redeem,
    ResumeToken,
    RetireToken,
    Transfer,
)
from infoharbor.contracts.identity.accreditations import WithdrawRole
from infoharbor.engine.trial import Trial


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
    trial.act(Mint(CNY, BOB, INTEGER_MAX - 1_000, ""), by=BANK)
    trial.refuses(Mint(CNY, BOB, 1, ""), by=BANK, code="asset.supply_overflow", field="amount")
    trial.act(Transfer(CNY, BOB, 1_000, ""), by=ALICE)
    assert parts(trial, BOB)[0] == INTEGER_MAX
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


def test_only_the_issuer_moves_its_token(trial: Trial) -> None:
    for action in (PauseToken(CNY), RetireToken(CNY)):
        trial.refuses(action, by=ALICE, code="ledger.not_entitled")
    trial.act(PauseToken(CNY), by=BANK)
    trial.refuses(ResumeToken(CNY), by=ALICE, code="ledger.not_entitled")
    assert trial.get(Token, CNY).status == TokenStatus.PAUSED
