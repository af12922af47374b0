"""Where identity's tests begin: the demo's organisations, each with one administrator."""

import pytest

from infoharbor.contracts.document.actions import IssueDocument
from infoharbor.contracts.governance.actions import Propose
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS, new_key
from infoharbor.contracts.identity.limiting import LimitKey
from infoharbor.contracts.identity.limits import Quota, Within
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.contracts.identity.records import UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.trial import Trial

HOME, OTHER = EXPORTER.id, IMPORTER.id
MINUTE, HOUR = 60_000, 60 * 60 * 1000
ISSUE, REVOKE, CAPTURE = "document.IssueDocument", "document.RevokeDocument", "trace.CaptureEvents"
SEAL = SetSealingKey(bytes(32))
"""Something that only an administrator may do, at no cost."""
PROPOSE = Propose.to(SetSeat(HOME, True), id="proposal", reason="")
"""Something that a policy of `governance.*` decides on."""


def add_person(trial: Trial, name: str, *roles: str, organisation: str = HOME, until: int = 0) -> Signer:
    signer = trial.cast.signer(organisation, name)
    trial.act(AddUser(signer.user, UserKind.PERSON, roles, new_key(signer, until=until), ()), by=organisation)
    return signer


@pytest.fixture
def trial() -> Trial:
    return Trial(PLAYERS)


def issue(number: str, size: int = 1, *, owner: str = HOME, audience: tuple[str, ...] = ()) -> IssueDocument:
    """An invoice of this number and size."""
    return IssueDocument(number, "invoice", owner, audience, bytes(32), size, "application/pdf", 1, 0)


def hire(trial: Trial, name: str = "agent", scope: tuple[str, ...] = (ISSUE, REVOKE, CAPTURE)) -> Signer:
    """An agent of the organisation at home that may sign these actions."""
    agent = trial.cast.signer(HOME, name)
    trial.act(AddUser(agent.user, UserKind.AGENT, (), new_key(agent), scope), by=HOME)
    return agent


def limit(trial: Trial, agent: Signer, *limits: Within | Quota) -> None:
    """Limit what the agent's key may still take."""
    within = tuple(each for each in limits if isinstance(each, Within))
    quotas = tuple(each for each in limits if isinstance(each, Quota))
    trial.act(LimitKey(agent.key_id.hex(), within, quotas), by=HOME)
