"""The members of a trial network, whose keys all lie on this machine: their admission, and their votes."""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infoharbor.cli.keys import registered
from infoharbor.cli.output import Failure
from infoharbor.cli.records import find
from infoharbor.contracts.governance.actions import CastVote, Decision, Propose
from infoharbor.contracts.governance.records import ProposalStatus
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import Registration
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

KEY_FILE_ENDS = "-administrator.json"


class Member(NamedTuple):
    """An organisation of a trial, with its administrator's key."""

    name: str
    user: str
    key: PrivateKey

    @classmethod
    def new(cls, number: int) -> "Member":
        return cls(f"member-{number}", f"u-{secrets.token_hex(12)}", SUITES["ed25519"].generate())

    @property
    def admission(self) -> AdmitOrganisation:
        number = int(self.name.removeprefix("member-"))
        return AdmitOrganisation(
            self.name, f"试验成员 {number}", f"Trial member {number}", "CN", Registration.REGISTRY, f"TRIAL-{number:04}",
            True, self.user, registered(self.key, self.user),
        )  # fmt: skip

    def write_key(self, data: Path) -> Path:
        file = key_file(data, self.name)
        write_key(file, self.key)
        return file


def key_file(data: Path, organisation: str) -> Path:
    return data / "keys" / (organisation + KEY_FILE_ENDS)


def administrators(folders: Iterable[Path]) -> list[Signer]:
    """Everyone who can sign with a key that lies in a node's folder, each organisation once; `network.no_voters` if
    nobody can."""
    files = [file for data in folders for file in sorted((data / "keys").glob(f"*{KEY_FILE_ENDS}"))]
    found = {file.name.removesuffix(KEY_FILE_ENDS): file for file in files}
    if not found:
        raise Failure("network.no_voters", "--dir", "an administrator's key file in a node's keys folder")
    return [Signer(organisation, read_key(file)) for organisation, file in found.items()]


def vote(client: Client, voters: Sequence[Signer], decision: Decision, *, id: str, reason: str) -> bool:
    """Propose the decision if nobody has, and vote yes for each voter until it is decided; whether it is adopted.

    Raises `Failure` with `network.not_adopted` if it was rejected, or found no majority in time, and with
    `cli.proposal_other` if something else was proposed under this id, which anybody with a seat may have guessed."""
    proposal = Propose.to(decision, id=id, reason=reason)
    known = proposed(client, id)
    if known is not None and (known["action"], known["decision"]) != (proposal.action, proposal.decision.hex()):
        raise Failure(
            "cli.proposal_other", id, f"{proposal.action} as this command proposes it; --attempt 2 is another id"
        )
    for voter in voters:
        if known is None:
            client.act(proposal, signers=[voter])
        elif known["status"] == ProposalStatus.OPEN:
            _cast(client, voter, id)
        known = proposed(client, id)
    status = "" if known is None else known["status"]
    if status not in (ProposalStatus.OPEN, ProposalStatus.ADOPTED):
        raise Failure(
            "network.not_adopted", id, f"an open proposal; this one is {status}, --attempt 2 proposes it anew"
        )
    return bool(status == ProposalStatus.ADOPTED)


def proposed(client: Client, id: str) -> dict[str, Any] | None:
    """The proposal of this id, as JSON; None if there is none."""
    found = find(client, f"governance/proposals/{id}")
    return None if found is None else found["record"]


def awaited(client: Client, id: str) -> str:
    """What a command says that has voted while others have yet to: how many have said yes, of how many who must."""
    found = proposed(client, id) or {}
    return f"voted 已投票，等待其他成员: {found['in_favour']} of {found['majority']} votes 票"


def _cast(client: Client, voter: Signer, proposal: str) -> None:
    try:
        client.act(CastVote(proposal, True), signers=[voter])
    except Problem as problem:
        if problem.code not in ("governance.voted_already", "governance.proposal_closed"):
            raise
