"""How a pilot, which one operator signs alone, comes to be attested by members: what its ledger says before it is a network."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from infoharbor.cli.deciding import vote
from infoharbor.cli.keys import passphrase
from infoharbor.cli.output import Failure
from infoharbor.cli.trial_members import Member, administrators, key_file
from infoharbor.cli.voting import attempted
from infoharbor.contractkit import Record
from infoharbor.contractkit.encoding import decode_action
from infoharbor.contracts.governance.actions import Decision
from infoharbor.contracts.governance.demo import BANK, CERTIFIER, OPERATOR
from infoharbor.contracts.governance.records import Proposal
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.contracts.identity.attesting import BeginAttesting
from infoharbor.contracts.identity.records import Organisation
from infoharbor.crypto.keyfile import encoded, read_key
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.attester import AttesterKeys, has_attester
from infoharbor.engine.cometbft.growing import GROWING
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import PRIVATE_FOLDER, write_private
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
WAIT_SECONDS = 60


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
                ledger.decide(member.admission, signers.values(), f"admit-{name}", f"{name} joins")
            signers[name] = Signer(name, member.key)
        for name, folder in _keys_of(pilot, voters[0].organisation, newcomers).items():
            if not has_attester(folder):
                AttesterKeys.generate().write(folder)
            keys = AttesterKeys.read(folder)
            if keys.public(name) not in ledger.attesters.coming:
                ledger.act(keys.enrolment(name), signers[name])
        if not ledger.attesters.era:
            ledger.begin(signers.values())


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

    def proposal(self, id: str) -> Proposal | None:
        return self.find(Proposal, id)

    def decide(
        self,
        decision: Decision,
        voters: Iterable[Signer],
        id: str,
        reason: str,
        is_same: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Let these vote for it. What else was put to the vote under this id, which anybody with a seat can guess, and what was
        rejected, is passed over."""
        for attempt in itertools.count(1):
            name = attempted(id, attempt)
            try:
                adopted = vote(self, list(voters), decision, id=name, reason=reason, is_same=is_same)
            except Failure as taken:
                if taken.code not in ("cli.proposal_other", "network.not_adopted"):
                    raise
                continue
            break
        if not adopted:
            wanted = f"the other members' votes for {name}, in the pilot as it runs; then this command again"
            raise Failure("network.not_adopted", "--from", wanted)


def _newcomer(pilot: Path, name: str) -> Member:
    """The same at each call: its key lies in what is to be its node's folder, and its user follows from the key."""
    file = key_file(pilot / GROWING / name, name)
    file.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if not file.exists():
        write_private(file, encoded(SUITES["ed25519"].generate()))  # Whole or not there: the next call goes on with it.
    key = read_key(file)
    return Member(name, f"u-{hashlib.sha256(key.public_key).hexdigest()[:24]}", key)


def _keys_of(pilot: Path, first: str, newcomers: Sequence[str]) -> dict[str, Path]:
    """Where the keys of each member's attester lie until the pilot is a network."""
    return {first: pilot / "keys"} | {name: pilot / GROWING / name / "keys" for name in newcomers}


def _write_demo_keys(pilot: Path) -> None:
    """Those of its members with a seat, which follow from its seed: they vote in the network too."""
    cast = Cast((pilot / SEED_FILE).read_bytes())
    for name in (OPERATOR, BANK, CERTIFIER):
        if not key_file(pilot, name).exists():
            write_private(key_file(pilot, name), encoded(cast.signer(name).key))
