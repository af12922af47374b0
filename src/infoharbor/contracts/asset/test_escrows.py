"""The rules of escrow: who settles it, and what time does."""

import pytest

from infoharbor.contractkit import Action
from infoharbor.contracts.asset.conftest import ALICE, BOB, CAROL, CNY, HOUR, TEA, parts
from infoharbor.contracts.asset.demo import accredit
from infoharbor.contracts.asset.escrows import DISPUTE_PERIOD, DisputeEscrow, OpenEscrow, RefundEscrow, ReleaseEscrow
from infoharbor.contracts.asset.records import Escrow, EscrowStatus
from infoharbor.contracts.identity.accreditations import WithdrawRole
from infoharbor.engine.trial import Trial


def test_an_escrow_falls_to_its_payer_when_its_payee_may_no_longer_receive(tea: Trial) -> None:
    accredit(tea, CAROL, "dealer", "CN")
    tea.act(OpenEscrow("e", TEA, CAROL, None, 5, tea.now + HOUR, CAROL, ""), by=BOB)
    tea.act(WithdrawRole(CAROL, "dealer", "CN", ""), by="harbor")
    tea.refuses(ReleaseEscrow("e"), by=BOB, code="asset.receiver_not_eligible")
    tea.advance(HOUR)
    assert tea.get(Escrow, "e").status == EscrowStatus.REFUNDED
    assert parts(tea, BOB, TEA) == (10, 0, 0)
    tea.audit()


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
