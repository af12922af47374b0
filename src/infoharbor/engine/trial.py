"""A ledger in memory for tests and rehearsals: the real kernel and contracts, a block for each bundle."""

import bisect
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from infoharbor.contractkit import Action, Record
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.attesting import Attest
from infoharbor.contracts.identity.demo import admission
from infoharbor.crypto.hashes import hash_suite
from infoharbor.edgekit.cast import Cast, Player, Signer
from infoharbor.edgekit.story import Story
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.kernel.audit import offending
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.execution import Executor, Outcome
from infoharbor.kernel.records import Entry, record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.transaction import HIGHEST, Ceilings, SaltedAction, assemble, build_body, open_transaction, salts
from infoharbor.kernel.tree import Tree

Kind = TypeVar("Kind", bound=Record)
HARBOR = Player(
    "harbor",
    "信港示范运营中心",
    "InfoHarbor demonstration operator",
    "CN",
    "registry",
    "DEMO-0001",
    seat=True,
)
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z, where a trial's clock begins."""


class MemoryView:
    """A block's view over dictionaries, its paths sorted for scans and its calendar by time."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._paths: list[str] = []
        self._due: list[tuple[int, str]] = []

    def entry(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        start = bisect.bisect_right(self._paths, after) if after > prefix else bisect.bisect_left(self._paths, prefix)
        for path in self._paths[start:]:
            if not path.startswith(prefix):
                return
            yield path, self.entries[path]

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        return self._due[: min(most, bisect.bisect_right(self._due, (until, "\uffff")))]

    def apply(self, outcome: Outcome) -> None:
        for write in outcome.writes:
            if write.path not in self.entries:
                bisect.insort(self._paths, write.path)
            self.entries[write.path] = write.entry
        for time, path, waits in outcome.calendar:
            at, due = bisect.bisect_left(self._due, (time, path)), (time, path)
            known = self._due[at : at + 1] == [due]
            if known != waits:
                self._due[at : at + known] = [due] if waits else []


class Trial:
    """A founded ledger. `act` runs a bundle or raises its refusal; `advance` lets time pass."""

    def __init__(
        self,
        players: Sequence[Player] = (),
        *,
        suite: str = "sha256",
        registry: Registry | None = None,
        seed: bytes = b"trial",
        attesters: Sequence[Attest] = (),
    ) -> None:
        hashing = hash_suite(suite)
        self.registry = registry or installed_registry(hashing)
        self.cast, self.now, self.things = Cast(seed), START, {}  # type: ignore[var-annotated]
        secret = hashlib.sha256(seed).digest()
        founders = [admission(player, self.cast.signer(player.id)) for player in (HARBOR, *players)]
        founding = genesis(
            "trial", suite=suite, time=self.now, secret=secret, registry=self.registry, founders=founders,
            parameters={"governance.activation_delay_ms": 1000}, attesters=attesters,
        )  # fmt: skip
        self.chain = Chain(chain_id(founding), hashing, secret, self.registry)
        self.view = MemoryView()
        self.nodes: dict[bytes, bytes] = {}
        self.executor = Executor(self.chain, Tree(hashing, self.nodes.get), ReplayDigest(hashing))
        self.headers: list[bytes] = []
        self._sent = 0
        self._keep(self.executor.found(founding, self.view))

    def _keep(self, outcome: Outcome) -> Outcome:
        self.view.apply(outcome)
        self.nodes.update(self.executor.tree.take_changed())
        self.headers.append(outcome.header_bytes)
        return outcome

    def act(
        self,
        *actions: Action,
        by: str | Sequence[str],
        users: Sequence[Signer] = (),
        ceilings: Ceilings = HIGHEST,
    ) -> Receipt:
        """Run one bundle in a block of its own; raises the `Refusal` if it is refused."""
        organisations = (by,) if isinstance(by, str) else tuple(by)
        return self.bundle([(action, organisations) for action in actions], users=users, ceilings=ceilings)

    def bundle(
        self,
        parts: Sequence[tuple[Action, tuple[str, ...]]],
        *,
        users: Sequence[Signer] = (),
        ceilings: Ceilings = HIGHEST,
    ) -> Receipt:
        """Run actions of several organisations as one, all or nothing."""
        organisations = sorted({organisation for _, by in parts for organisation in by})
        signers = {user.key_id: user for user in users or [self.cast.signer(each) for each in organisations]}
        self._sent += 1
        self.now += 1
        salt = hashlib.sha256(self._sent.to_bytes(8, "big")).digest()[:16]
        encoded = [
            encode(SaltedAction(own, by, *_name(action), encode(action)))
            for own, (action, by) in zip(salts(salt), parts, strict=False)
        ]
        body = build_body(
            self.chain.suite, chain=self.chain.id, keys=list(signers), nonce=salt, expiry=self.now + 60_000,
            ceilings=ceilings, actions=encoded,
        )  # fmt: skip
        opened = open_transaction(self.chain.suite, assemble(body, encoded, dict.fromkeys(signers, b"")))
        keys = {key: self.registry.authority.signing_key(self.find, key, self.now) for key in sorted(signers)}
        outcome = self._keep(self.executor.execute(len(self.headers), self.now, [(opened, keys)], self.view))
        receipt = outcome.results[-1]
        if receipt.code:
            raise Refusal(receipt.code, field=receipt.field, expected=receipt.expected)
        return receipt

    def decide(self, decision: Action) -> None:
        """Let the members adopt a decision."""
        decide(self, decision, id=f"decision-{len(self.headers)}", reason="")

    def refuses(
        self,
        *actions: Action,
        by: str | Sequence[str],
        code: str,
        field: str | None = None,
        users: Sequence[Signer] = (),
    ) -> None:
        """Fails unless the bundle is refused with this code and field, and nothing has changed."""
        before = dict(self.view.entries)
        try:
            self.act(*actions, by=by, users=users)
        except Refusal as refusal:
            got = (refusal.code, refusal.field if field is not None else None)
            if got != (code, field):
                raise AssertionError(f"refused as {got}, expected {(code, field)}; {refusal.expected}") from refusal
        else:
            raise AssertionError(f"was not refused; expected {code}")
        if self.view.entries != before:
            raise AssertionError("a refused bundle changed the ledger")

    def advance(self, milliseconds: int) -> list[Receipt]:
        """Let time pass; returns the receipts of the due moves."""
        self.now += milliseconds
        return self._keep(self.executor.execute(len(self.headers), self.now, [], self.view)).results

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        kind = record_type(of)
        found: Kind | None = kind.read(self.view.entry(kind.path(key)))
        return found

    def get(self, of: type[Kind], *key: Any) -> Kind:
        found = self.find(of, *key)
        if found is None:
            raise KeyError(record_type(of).path(key))
        return found

    def all(self, of: type[Kind]) -> list[Kind]:
        kind = record_type(of)
        return [kind.decode(entry.value) for _, entry in self.view.scan(kind.prefix) if entry.value]

    def audit(self) -> None:
        """Fails if any invariant of any contract is broken, and names what offends."""
        broken = list(offending(self.registry, self.view, self.now))
        if broken:
            raise AssertionError(f"invariants broken: {broken}")

    def tell(self, *stories: Story, until: str = "") -> "Trial":
        """Tell these stories, up to and including the step whose English title is `until`."""
        for story in stories:
            for step in story.steps:
                step.tell(self)
                if step.title_en == until:
                    return self
        return self


def _name(action: Action) -> tuple[str, str]:
    return action.__action__.contract, action.__action__.name
