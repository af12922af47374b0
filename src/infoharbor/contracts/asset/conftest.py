"""Where asset's tests begin: a bank, a court and three who trade."""

from typing import Any

import pytest

from infoharbor.contracts.asset.demo import accredit
from infoharbor.contracts.asset.records import Balance, TokenKind
from infoharbor.contracts.asset.titles import IssueTitle
from infoharbor.contracts.asset.tokens import IssueToken, Mint
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial
from infoharbor.kernel.registry import Registry

COURT = Player("nanning-court", "南宁法院（示例）", "Nanning Court (example)", "CN", "registry", "DEMO-0003")
BANK, ALICE, BOB, CAROL = "harbor-bank", "nanning-exporter", "hanoi-importer", "pingxiang-carrier"
CNY, TEA, RECEIPT = f"{BANK}:cny", f"{ALICE}:tea", f"{CAROL}:receipt:1"
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


@pytest.fixture
def tea() -> Trial:
    """Alice issues sacks of tea for licensed dealers only; Bob is one, with ten; Carol is none."""
    made = founded()
    for organisation, role in ((ALICE, "goods-issuer"), (BOB, "dealer"), ("harbor", "accreditor:dealer")):
        accredit(made, organisation, role, "CN")
    made.act(IssueToken("tea", TokenKind.GOODS, "BG", 0, "CN", "dealer"), by=ALICE)
    made.act(Mint(TEA, BOB, 10, ""), by=ALICE)
    return made


@pytest.fixture
def receipt(trial: Trial) -> Trial:
    """The carrier issues a receipt to Alice."""
    trial.act(IssueTitle("receipt", "1", ALICE, "CN", False, HASH), by=CAROL)
    return trial


def parts(trial: Trial, holder: str, token: str = CNY) -> tuple[int, int, int]:
    balance = trial.find(Balance, token, holder)
    return (balance.free, balance.held, balance.frozen) if balance else (0, 0, 0)
