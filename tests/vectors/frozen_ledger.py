"""A ledger of the frozen contract alone: founds it, runs its blocks, and answers as a node does."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from frozen_contract import actions, records

from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.suites import SUITES, PrivateKey, key_id
from infoharbor.engine.trial import MemoryView
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import ED25519, VerifierKey, sign_note
from infoharbor.evidence.trust import EMBEDDED, NO_QUORUM, Log, TrustPolicy
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.authority import Find, SigningKey
from infoharbor.kernel.block import NO_ATTESTERS, Genesis, genesis_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.execution import Executor, Outcome
from infoharbor.kernel.governing import Activation
from infoharbor.kernel.leaf import path_hash
from infoharbor.kernel.records import Entry
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.rulefiles import LoadedContract
from infoharbor.kernel.transaction import Opened, SaltedAction, open_transaction
from infoharbor.kernel.tree import Tree

NAME = "frozen_contract"
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the time of the genesis."""
MEMBERS = {"bank": "ed25519", "customs": "sm2", "harbour": "ml-dsa-44", "trader": "p256"}
"""Each organisation has one user, with one key, of this suite."""


def secret_of(name: str) -> bytes:
    """A private key or salt for examples: anybody can know it."""
    return hash_suite("sha256").digest(b"infoharbor frozen history: " + name.encode())


def member_key(organisation: str) -> PrivateKey:
    return SUITES[MEMBERS[organisation]].private_key(secret_of(organisation))


LOG_KEY = SUITES["ed25519"].private_key(secret_of("log"))
SIGNING_KEYS = {
    key_id(key.suite, key.public_key): SigningKey(key.suite.name, key.public_key, f"user-of-{name}", name)
    for name in MEMBERS
    for key in [member_key(name)]
}


class FrozenAuthority:
    """Knows the members' keys by heart; `harbour` is a notary in every country."""

    def signing_key(self, find: Find, key: bytes, now: int) -> SigningKey:
        return SIGNING_KEYS[key]

    def authorise(self, find: Find, signers: dict[bytes, SigningKey], action: SaltedAction, now: int) -> int:
        if not set(action.by) <= {signer.organisation for signer in signers.values()}:
            raise AssertionError("the frozen history has no such bundle")
        return now

    def hold_to_limits(
        self, ledger: Any, signers: dict[bytes, SigningKey], action: SaltedAction, arguments: object
    ) -> None:
        """Nobody's key has limits here."""

    def accreditation(self, find: Find, organisation: str, role: str, jurisdiction: str, now: int) -> str | None:
        return f"grant-{role}-{jurisdiction}" if organisation == "harbour" else None

    def jurisdiction(self, find: Find, organisation: str) -> str:
        return "CN"

    def attesters_root(self, find: Find) -> bytes:
        return NO_ATTESTERS


class FrozenGoverning:
    """The frozen contract was always active."""

    table = f"{NAME}/activations"

    def parameter(self, find: Find, name: str) -> int | None:
        return None

    def activations(self, scan: Any) -> list[Activation]:
        return [Activation(NAME, 1, bytes(32), 0)]


class FrozenLedger:
    """Founded from an encoded genesis; `run` adds a block."""

    def __init__(self, genesis: bytes, secret: bytes) -> None:
        self.genesis: Genesis = genesis_codec.decode(genesis)
        suite = hash_suite(self.genesis.hash_suite)
        registry = Registry([LoadedContract(NAME, NAME, 1, bytes(32), {"records": records, "actions": actions})], suite)
        registry.authority, registry.governance = FrozenAuthority(), FrozenGoverning()
        self.chain = Chain(hash_suite("sha256").digest(genesis), suite, secret, registry)
        self.view, self.nodes = MemoryView(), dict[bytes, bytes]()
        self.executor = Executor(self.chain, Tree(suite, self.nodes.get), ReplayDigest(suite))
        self.outcomes: list[Outcome] = []
        self.sent: list[Sequence[bytes]] = []
        self.origin = origin_of(self.genesis.name, self.chain.id)
        self._keep(self.executor.found(self.genesis, self.view), [])

    def run(self, time: int, transactions: Sequence[bytes]) -> Outcome:
        """Check these transactions as a validator does, and run them as the next block."""
        opened = [self._checked(raw) for raw in transactions]
        outcome = self.executor.execute(len(self.outcomes), time, opened, self.view)
        return self._keep(outcome, transactions)

    def _checked(self, raw: bytes) -> tuple[Opened, dict[bytes, SigningKey]]:
        opened = open_transaction(self.chain.suite, raw)
        keys = {key: SIGNING_KEYS[key] for key in opened.body.keys}
        for known, signature in zip(keys.values(), opened.signatures, strict=True):
            assert SUITES[known.suite].verify(known.public_key, opened.message, signature)
        return opened, keys

    def _keep(self, outcome: Outcome, transactions: Sequence[bytes]) -> Outcome:
        self.view.apply(outcome)
        self.nodes.update(self.executor.tree.take_changed())
        self.outcomes.append(outcome)
        self.sent.append(transactions)
        return outcome

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(outcome.header_bytes) for outcome in self.outcomes]

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, len(self.outcomes), merkle.root(self.leaves))

    @property
    def log_key(self) -> VerifierKey:
        return VerifierKey(self.origin, ED25519, LOG_KEY.public_key)

    @property
    def note(self) -> bytes:
        text = self.checkpoint.encode()
        return sign_note(text, [self.log_key.sign(text, LOG_KEY)])

    @property
    def trust(self) -> TrustPolicy:
        pinned = merkle.root(self.leaves[:2])
        return TrustPolicy(
            self.genesis.name, self.chain.id, EMBEDDED, 2, pinned, START, (Log(self.log_key),), (), (), NO_QUORUM
        )  # fmt: skip

    # What evidence is made from

    def proof(self, paths: list[str]) -> SimpleNamespace:
        size = len(self.outcomes)
        return SimpleNamespace(
            header_bytes=self.outcomes[-1].header_bytes,
            size=size,
            inclusion=self.inclusion(size - 1, size),
            checkpoint=self.note.decode(),
            records=[SimpleNamespace(path=path, entry=self.view.entry(path), proof=self.place(path)) for path in paths],
        )

    def place(self, path: str) -> tree.TreeProof:
        return tree.prove(self.nodes.get, path_hash(self.chain.suite, path))

    def inclusion(self, height: int, size: int) -> list[bytes]:
        return merkle.inclusion_path(height, self.leaves[:size])

    def history(self, path: str) -> list[Entry]:
        return [write.entry for outcome in self.outcomes for write in outcome.writes if write.path == path][::-1]

    def block(self, height: int) -> SimpleNamespace:
        outcome = self.outcomes[height]
        return SimpleNamespace(
            header_bytes=outcome.header_bytes, transactions=self.sent[height], receipts=outcome.receipts
        )


def salted(name: str, by: tuple[str, ...], action: Any) -> bytes:
    """An action as it stands in a bundle, its salt from `name`."""
    return encode(SaltedAction(secret_of(name)[:16], by, NAME, type(action).__name__, encode(action)))
