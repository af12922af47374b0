"""How a pilot, which one operator signs alone, comes to be attested by members: what its ledger says before it is a network."""

import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from infoharbor.cli.keys import passphrase
from infoharbor.cli.output import Failure
from infoharbor.cli.trial_members import Member, administrators, key_file
from infoharbor.contractkit import Record
from infoharbor.contractkit.encoding import decode_action, encode_action
from infoharbor.contracts.governance.actions import CastVote, Decision, Propose
from infoharbor.contracts.governance.demo import BANK, CERTIFIER, OPERATOR
from infoharbor.contracts.governance.records import Proposal, ProposalStatus, Vote
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.contracts.identity.attesting import BeginAttesting
from infoharbor.contracts.identity.records import Organisation
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.attester import AttesterKeys, has_attester
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import PRIVATE_FOLDER
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.evidence.attesters import attesters_root
from infoharbor.evidence.note import VerifierKey, checkpoint_in
from infoharbor.kernel.actions import Action
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.building import Chain, build_signed
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.telling import SEED_FILE, is_demo

Kind = TypeVar("Kind", bound=Record)
GROWING = "growing"
"""In the pilot's folder until it is a network: the keys of the members that come new, a folder each."""
WAIT_SECONDS = 60
GOES_ON = (ProposalStatus.OPEN, ProposalStatus.ADOPTED)


def growers(pilot: Path, organisation: str, key: Path | None, passphrase_variable: str) -> list[Signer]:
    """Who can vote in the pilot, the one whose node it becomes first: the organisation whose key is given, or all whose
    administrators' keys lie in its folder."""
    if key is not None:
        if not organisation:
            raise Failure("cli.option_missing", "--organisation", "the organisation whose key it is")
        return [Signer(organisation, read_key(key, passphrase(passphrase_variable)))]
    if is_demo(pilot):
        _write_demo_keys(pilot)
    here = administrators([pilot])
    named = organisation or (OPERATOR if is_demo(pilot) else here[0].organisation)
    first = [signer for signer in here if signer.organisation == named]
    if not first:
        raise Failure("network.no_voters", "--organisation", " or ".join(signer.organisation for signer in here))
    return [*first, *(signer for signer in here if signer not in first)]


def let_members_attest(pilot: Path, voters: Sequence[Signer], newcomers: Sequence[str]) -> None:
    """Admit the newcomers, each with a seat, and let them and the first voter attest in the operator's place.

    What was cut off, or waits for the votes of others, goes on with the next call: each step looks at what the ledger says.
    Raises `Failure` with `network.not_adopted` where others have to vote, in the pilot as it runs."""
    if ConsensusHome(pilot).path.exists():
        raise Failure("network.folder_taken", "--from", "an embedded ledger")
    with closing(open_engine(pilot, workers=0)) as engine:
        ledger, signers = _Pilot(engine), {voter.organisation: voter for voter in voters}
        for name in newcomers:
            member = _newcomer(pilot, name)
            if ledger.find(Organisation, name) is None:
                same = encode_action(member.admission).__eq__
                ledger.decide(member.admission, signers.values(), f"admit-{name}", f"{name} joins", same)
            signers[name] = Signer(name, member.key)
        for name, folder in _keys_of(pilot, voters[0].organisation, newcomers).items():
            if not has_attester(folder):
                AttesterKeys.generate().write(folder)
            keys = AttesterKeys.read(folder)
            if keys.public(name) not in ledger.attesters.coming:
                ledger.act(keys.enrolment(name), signers[name])
        if not ledger.attesters.era:
            ledger.begin(signers.values())


def hand_out_keys(first: Path, folders: Mapping[str, Path]) -> None:
    """Put the newcomers' keys, which have come along in the first node's folder, into their own."""
    for name, data in folders.items():
        for file in sorted((first / GROWING / name).iterdir()):
            shutil.move(file, data / "keys" / file.name)
    shutil.rmtree(first / GROWING, ignore_errors=True)


class _Pilot:
    """Its ledger, which nobody else runs now."""

    def __init__(self, engine: NodeEngine) -> None:
        self._engine, self._chain = engine, Chain(engine.chain.id, engine.chain.suite)

    @property
    def attesters(self) -> Attesters:
        return self.find(Attesters, CURRENT) or Attesters(CURRENT, 0, (), ())

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        with self._engine.snapshot() as snapshot:
            return snapshot.find(of, *key)

    def act(self, action: Action, signer: Signer) -> None:
        receipt = self._engine.submit(build_signed(self._chain, [action], signer)).result(WAIT_SECONDS)
        if receipt.code:
            raise Refusal(receipt.code, field=receipt.field, expected=receipt.expected)

    def begin(self, voters: Iterable[Signer]) -> None:
        """Put to the vote what the operator has signed: that these members have gathered."""
        note, operator = self._engine.checkpoint(), VerifierKey.parse(self._engine.verifier_key).public_key
        size = checkpoint_in(note).size
        header, path = self._engine.header(size - 1), self._engine.inclusion(size - 1, size)

        def is_same(decision: bytes) -> bool:
            known: BeginAttesting = decode_action(BeginAttesting, decision)
            return known.operator == operator  # The ledger judges the rest.

        gathered = attesters_root(self.attesters.named).hex()[:12]
        decision = BeginAttesting(operator, header, path, note)
        self.decide(decision, voters, f"begin-attesting-{gathered}", "the members attest the ledger", is_same)

    def decide(
        self, decision: Decision, voters: Iterable[Signer], id: str, reason: str, is_same: Callable[[bytes], bool]
    ) -> None:
        """Let these vote for it. What an earlier call has put to the vote is gone on with, if it is the same: anybody with a
        seat can guess its id."""
        proposal, voting = Propose.to(decision, id=id, reason=reason), list(voters)
        for attempt in itertools.count(2):
            known = self.find(Proposal, proposal.id)
            if known is None:
                self.act(proposal, voting[0])
            elif known.action != proposal.action or not is_same(known.decision) or known.status not in GOES_ON:
                proposal = Propose.to(decision, id=f"{id}-{attempt}", reason=reason)
                continue
            break
        for voter in voting:
            found = self.find(Proposal, proposal.id)
            assert found is not None
            may = found.status == ProposalStatus.OPEN and voter.organisation in found.voters
            if may and self.find(Vote, proposal.id, voter.organisation) is None:
                self.act(CastVote(proposal.id, True), voter)
        found = self.find(Proposal, proposal.id)
        if found is None or found.status != ProposalStatus.ADOPTED:
            wanted = f"the other members' votes for {proposal.id}, in the pilot as it runs; then this command again"
            raise Failure("network.not_adopted", "--from", wanted)


def _newcomer(pilot: Path, name: str) -> Member:
    """The same at each call: its key lies in the pilot's folder, and its user follows from the key."""
    folder = pilot / GROWING / name
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    file = folder / key_file(pilot, name).name
    if not file.exists():
        write_key(file, SUITES["ed25519"].generate())
    key = read_key(file)
    return Member(name, f"u-{hashlib.sha256(key.public_key).hexdigest()[:24]}", key)


def _keys_of(pilot: Path, first: str, newcomers: Sequence[str]) -> dict[str, Path]:
    """Where the keys of each member's attester lie until the pilot is a network."""
    return {first: pilot / "keys"} | {name: pilot / GROWING / name for name in newcomers}


def _write_demo_keys(pilot: Path) -> None:
    """Those of its members with a seat, which follow from its seed: they vote in the network too."""
    cast = Cast((pilot / SEED_FILE).read_bytes())
    for name in (OPERATOR, BANK, CERTIFIER):
        if not key_file(pilot, name).exists():
            write_key(key_file(pilot, name), cast.signer(name).key)
