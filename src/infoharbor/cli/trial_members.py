"""The members of a trial network, whose keys all lie on this machine: their admission, and their votes."""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from infoharbor.cli.keys import registered
from infoharbor.cli.output import Failure
from infoharbor.contracts.governance.actions import CastVote, Decision, Propose
from infoharbor.contracts.governance.records import ProposalStatus
from infoharbor.contracts.identity.actions import AdmitOrganisation
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
            self.name, f"试验成员 {number}", f"Trial member {number}", "CN", Registration.REGISTRY, f"DEMO-{number:04}",
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

    Raises `Failure` with `network.not_adopted` if it was rejected, or found no majority in time."""
    for voter in voters:
        status = status_of(client, id)
        if status == "":
            client.act(Propose.to(decision, id=id, reason=reason), signers=[voter])
        elif status == ProposalStatus.OPEN:
            _cast(client, voter, id)
        else:
            break
    status = status_of(client, id)
    if status not in (ProposalStatus.OPEN, ProposalStatus.ADOPTED):
        raise Failure("network.not_adopted", id, f"an open proposal; this one is {status}")
    return status == ProposalStatus.ADOPTED


def status_of(client: Client, proposal: str) -> str:
    """Empty if there is no such proposal."""
    try:
        return str(client.record(f"governance/proposals/{proposal}")["record"]["status"])
    except Problem as problem:
        if problem.code != "ledger.record_unknown":
            raise
        return ""


def tally(client: Client, proposal: str) -> str:
    """How many have said yes, of how many who must."""
    record = client.record(f"governance/proposals/{proposal}")["record"]
    return f"{record['in_favour']} of {record['majority']} votes 票"


def _cast(client: Client, voter: Signer, proposal: str) -> None:
    try:
        client.act(CastVote(proposal, True), signers=[voter])
    except Problem as problem:
        if problem.code not in ("governance.voted_already", "governance.proposal_closed"):
            raise
