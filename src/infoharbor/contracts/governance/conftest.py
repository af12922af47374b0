"""Where governance's tests begin: five members with a seat, of whom four decide."""

import pytest

from infoharbor.contracts.governance.actions import Propose, SetParameter
from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial

DAY = 24 * 60 * 60 * 1000
PERIOD = "governance.voting_period_ms"
SEATS = [player.id for player in PLAYERS[:4]]
"""With the operator these make five; two thirds of them, rounded up, are four."""
CHANGE = SetParameter(PERIOD, DAY)


@pytest.fixture(name="trial")
def _trial() -> Trial:
    return seated()


def seated() -> Trial:
    return Trial([player._replace(seat=player.id in SEATS) for player in PLAYERS])


def propose(trial: Trial, decision: object = CHANGE, *, id: str = "proposal", by: str = "harbor") -> None:
    trial.act(Propose.to(decision, id=id, reason=""), by=by)  # type: ignore[arg-type]


def status(trial: Trial, id: str = "proposal") -> ProposalStatus:
    return trial.get(Proposal, id).status
