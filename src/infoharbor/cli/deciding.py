"""Puts a decision to the members' vote, at a gateway or in a ledger that lies here; others may have done so before."""

from collections.abc import Callable, Sequence
from typing import Protocol

from infoharbor.cli.output import Failure
from infoharbor.cli.records import find
from infoharbor.contracts.governance.actions import CastVote, Decision, Propose
from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.edgekit.json_form import from_json
from infoharbor.kernel.actions import Action
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

VOTED_BY_OTHERS = ("governance.voted_already", "governance.proposal_closed")


class Assembly(Protocol):
    """Where the members vote."""

    def proposal(self, id: str) -> Proposal | None: ...
    def act(self, action: Action, signer: Signer) -> None: ...


class AtGateway:
    """The network's, at one of its gateways."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def proposal(self, id: str) -> Proposal | None:
        found = find(self._client, f"governance/proposals/{id}")
        return None if found is None else from_json(Proposal, found["record"], "record")

    def act(self, action: Action, signer: Signer) -> None:
        self._client.act(action, signers=[signer])

    def awaited(self, id: str) -> str:
        """What a command says that has voted while others have yet to: how many have said yes, of how many who must."""
        found = self.proposal(id)
        assert found is not None
        return f"voted 已投票，等待其他成员: {found.in_favour} of {found.majority} votes 票"


def vote(
    assembly: Assembly,
    voters: Sequence[Signer],
    decision: Decision,
    *,
    id: str,
    reason: str,
    is_same: Callable[[bytes], bool] | None = None,
) -> bool:
    """Propose the decision if nobody has, and vote yes for each voter until it is decided; whether it is adopted. `is_same`
    tells of what was proposed before, encoded, whether it is this decision; by default every byte has to be.

    Raises `Failure` with `network.not_adopted` if it was rejected, or found no majority in time, and with
    `cli.proposal_other` if something else was proposed under this id, which anybody with a seat may have guessed."""
    proposal, left = Propose.to(decision, id=id, reason=reason), list(voters)
    known = assembly.proposal(id)
    if known is None:
        assembly.act(proposal, left.pop(0))
    elif known.action != proposal.action or not (is_same or proposal.decision.__eq__)(known.decision):
        raise Failure(
            "cli.proposal_other", id, f"{proposal.action} as this command proposes it; --attempt 2 is another id"
        )
    known = _proposed(assembly, id)
    for voter in left:
        # Of several, who came or lost the seat since is passed over; who votes alone is told.
        if known.status == ProposalStatus.OPEN and (voter.organisation in known.voters or len(voters) == 1):
            _cast(assembly, voter, id)
            known = _proposed(assembly, id)
    if known.status not in (ProposalStatus.OPEN, ProposalStatus.ADOPTED):
        raise Failure(
            "network.not_adopted", id, f"an open proposal; this one is {known.status}, --attempt 2 proposes it anew"
        )
    return known.status == ProposalStatus.ADOPTED


def _proposed(assembly: Assembly, id: str) -> Proposal:
    found = assembly.proposal(id)
    assert found is not None
    return found


def _cast(assembly: Assembly, voter: Signer, id: str) -> None:
    try:
        assembly.act(CastVote(id, True), voter)
    except (Problem, Refusal) as refused:
        if refused.code not in VOTED_BY_OTHERS:
            raise
