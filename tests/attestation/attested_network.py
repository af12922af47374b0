"""A ledger in memory that four members attest, each by a node of its own; it answers as an engine does."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.contracts.identity.attesting import BeginAttesting
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.crypto.suites import ED25519, SM2, SUITES, PrivateKey
from infoharbor.edgekit.cast import Player
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import AttesterKeys, Marks, NodeAttester
from infoharbor.engine.trial import START, Trial
from infoharbor.evidence.attesters import AttesterSet, attested_trust, operator_trust, verifier_keys
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import ED25519 as ED25519_LOG
from infoharbor.evidence.note import VerifierKey, sign_note
from infoharbor.evidence.trust import TrustPolicy
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.execution import Outcome
from infoharbor.kernel.leaf import path_hash

MEMBERS = ("beihai", "haiphong", "bangkok", "penang")
LATER = START + 10**10
"""The refresh date of a pilot's trust file."""
OPERATOR = ED25519.private_key(merkle.sha256(b"attestation tests/operator"))


def player(name: str, number: int) -> Player:
    return Player(name, name, name, "CN", "registry", f"DEMO-1{number:03}", seat=True)


def fixed_keys(name: str, *, suite: str = "ed25519", sm2: bool = False) -> AttesterKeys:
    """Keys that follow from the name, so that every run has the same ledger."""

    def secret(role: str) -> bytes:
        return merkle.sha256(f"attestation tests/{name}/{role}".encode())

    additional = SM2.private_key(secret("sm2")) if sm2 else None
    rest = (ED25519.private_key(secret(role)) for role in ("log", "submission"))
    return AttesterKeys(SUITES[suite].private_key(secret("cosigner")), additional, *rest)


class AttestedNode:
    """One member's node: its attester and what it has gathered."""

    def __init__(self, network: "AttestedNetwork", name: str, keys: AttesterKeys, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.network, self.name, self.folder = network, name, folder
        self.marks = Marks(folder / "attested.json")
        self.attesters = [self.attester(keys)]
        self.attestation = Attestation("trial", network.chain.id, self.attesters)

    def attester(self, keys: AttesterKeys) -> NodeAttester:
        return NodeAttester(self.network.origin, self.name, keys, self.marks, self.network.root)

    def rotate(self, keys: AttesterKeys) -> None:
        """Keys that sign once the set names them."""
        self.attesters.append(self.attester(keys))


class AttestedNetwork(Trial):
    """Every block is attested by whoever is not in `away`."""

    def __init__(
        self, folder: Path, names: Sequence[str] = MEMBERS, *, suite: str = "sha256", founded_attested: bool = True
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.folder, self.names = folder, list(names)
        self.keys = {name: fixed_keys(name) for name in names}
        self.nodes_of: dict[str, AttestedNode] = {}
        self.away: set[str] = set()
        players = [player(name, number) for number, name in enumerate(names)]
        enrolments = [self.keys[name].enrolment(name) for name in names] if founded_attested else []
        super().__init__(players, suite=suite, attesters=enrolments)
        self.genesis = SimpleNamespace(name="trial")
        self.origin = origin_of("trial", self.chain.id)
        self.nodes_of = {name: AttestedNode(self, name, keys, folder / name) for name, keys in self.keys.items()}
        self.attest()

    def _keep(self, outcome: Outcome) -> Outcome:
        self.outcomes.append(outcome)
        super()._keep(outcome)
        if self.nodes_of:
            self.attest()
        return outcome

    def attest(self) -> None:
        """Every node that is there commits the newest header, and hands on what it signs."""
        if not self.attesters.members:
            return
        notes = {}
        present = {name: node for name, node in self.nodes_of.items() if name not in self.away}
        for name, node in present.items():
            notes[name] = node.attestation.committed(self.size, self.root(), self.attesters, self.now)
        for name, note in notes.items():
            for other, node in present.items():
                if note is not None and other != name:
                    node.attestation.receive(note)

    def grow(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.act(SetSealingKey(merkle.sha256(bytes([self.size % 251]))), by=self.names[0])

    def hand_over(self) -> None:
        """Let the change under way hold, by what the first node has gathered."""
        action = self.first.attestation.handover(self)
        assert action is not None
        self.act(action, by=self.names[0])

    def rotate(self, name: str, seed: str) -> AttesterKeys:
        """Put new keys in the place of a member's, and hand over."""
        keys = fixed_keys(seed)
        self.nodes_of[name].rotate(keys)
        self.act(keys.enrolment(name), by=name)
        self.hand_over()
        self.keys[name] = keys
        return keys

    @property
    def first(self) -> AttestedNode:
        return next(node for name, node in self.nodes_of.items() if name not in self.away)

    @property
    def attesters(self) -> AttesterSet:
        found = self.find(Attesters, CURRENT)
        return found.named if found is not None else AttesterSet(1, 0, (), ())

    def trust(self, size: int = 1, *, refresh_by: int = START + 10**10) -> TrustPolicy:
        """The trust file as of now, pinned at `size`."""
        return attested_trust("trial", self.chain.id, self.attesters.members, (size, self.root(size)), refresh_by)

    # As an engine answers

    @property
    def size(self) -> int:
        return len(self.headers)

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(header) for header in self.headers]

    def root(self, size: int | None = None) -> bytes:
        return merkle.root(self.leaves[:size])

    def header(self, height: int) -> bytes:
        return self.headers[height]

    def inclusion(self, height: int, size: int | None = None) -> tuple[bytes, ...]:
        return tuple(merkle.inclusion_path(height, self.leaves[:size]))

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        return tuple(merkle.consistency_proof(old, new or self.size, merkle.in_memory(self.leaves)))

    def checkpoint(self) -> str:
        return self.first.attestation.newest()

    def history(self, path: str) -> list:
        return [write.entry for outcome in self.outcomes for write in outcome.writes if write.path == path][::-1]

    @contextlib.contextmanager
    def snapshot(self) -> Iterator["AttestedNetwork"]:
        yield self

    def block(self, height: int) -> SimpleNamespace:
        outcome = self.outcomes[height]
        return SimpleNamespace(header_bytes=outcome.header_bytes, transactions=(), receipts=outcome.receipts)

    def proof(self, paths: list[str]) -> SimpleNamespace:
        note = self.first.attestation.sign(self.size, self.root())
        records = [
            SimpleNamespace(
                path=path,
                entry=self.view.entry(path),
                proof=tree.prove(self.nodes.get, path_hash(self.chain.suite, path)),
            )
            for path in paths
        ]
        inclusion = self.inclusion(self.size - 1, self.size)
        return SimpleNamespace(
            header_bytes=self.headers[-1], size=self.size, inclusion=inclusion, checkpoint=note, records=records
        )

    @property
    def named(self) -> bytes:
        """What the newest header says of the attesters."""
        return header_codec.decode(self.headers[-1]).attesters_root


class Pilot(AttestedNetwork):
    """Its operator's key signs until members attest."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, founded_attested=False)
        self.verifier = VerifierKey(self.origin, ED25519_LOG, OPERATOR.public_key)
        self.verifier_key = self.verifier.encode()
        self.begun_trust = operator_trust("trial", self.chain.id, self.verifier, (1, self.root(1)), LATER)

    def checkpoint(self) -> str:
        return super().checkpoint() if self.attesters.members else self.signed()

    def signed(self, key: PrivateKey = OPERATOR) -> str:
        text = Checkpoint(self.origin, self.size, self.root()).encode()
        verifier = VerifierKey(self.origin, ED25519_LOG, key.public_key)
        return sign_note(text, [verifier.sign(text, key)]).decode()

    def gather(self, *names: str) -> None:
        for name in names:
            self.act(self.keys[name].enrolment(name), by=name)

    def beginning(self, *, note: str = "", operator: bytes = OPERATOR.public_key) -> BeginAttesting:
        height = self.size - 1
        return BeginAttesting(operator, self.header(height), self.inclusion(height, self.size), note or self.signed())

    def begin(self) -> None:
        self.decide(self.beginning())


def cosigned(network: AttestedNetwork, checkpoint: Checkpoint, keys: dict[str, AttesterKeys], time: int = START) -> str:
    """A note of any checkpoint, signed by these members as log (the first) and as cosigners: what thieves of keys can make."""
    lines = []
    for name, own in keys.items():
        verifiers = verifier_keys(network.origin, own.public(name))
        if not lines:
            lines.append(verifiers.log.sign(checkpoint.encode(), own.log))
        lines.append(verifiers.cosigner.sign(checkpoint.encode(), own.cosigner, time))
    return sign_note(checkpoint.encode(), lines).decode()
