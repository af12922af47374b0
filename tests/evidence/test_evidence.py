"""Evidence proves what it says to someone who has only the file and a trust file; any change makes it prove nothing."""

import json
import random
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.contracts.identity.records import Organisation
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import START, Trial
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.file import decode_evidence, encode_evidence
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.note import ED25519, VerifierKey, sign_note
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import EMBEDDED, NO_QUORUM, Log, TrustPolicy
from infoharbor.evidence.verify import Malformed, Unproven, verify
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.execution import Outcome
from infoharbor.kernel.leaf import path_hash
from infoharbor.kernel.transaction import Body, Ceilings

COOPERATIVE = Player("cooperative", "合作社", "Cooperative", "CN", "registry", "DEMO-0002")
PATH = "identity/organisations/cooperative"
ABSENT = "identity/organisations/nobody"


class Node(Trial):
    """A trial that answers as an engine does."""

    def __init__(self, suite: str = "sha256") -> None:
        self.outcomes: list[Outcome] = []
        self.key = SUITES["ed25519"].private_key(bytes(31) + b"\1")
        super().__init__([COOPERATIVE], suite=suite)
        self.origin = origin_of("trial", self.chain.id)

    def _keep(self, outcome: Outcome) -> Outcome:
        self.outcomes.append(outcome)
        return super()._keep(outcome)

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(header) for header in self.headers]

    def proof(self, paths: list[str]) -> SimpleNamespace:
        size = len(self.headers)
        records = [
            SimpleNamespace(
                path=path,
                entry=self.view.entry(path),
                proof=tree.prove(self.nodes.get, path_hash(self.chain.suite, path)),
            )
            for path in paths
        ]
        text = Checkpoint(self.origin, size, merkle.root(self.leaves)).encode()
        line = VerifierKey(self.origin, ED25519, self.key.public_key).sign(text, self.key)
        return SimpleNamespace(
            header_bytes=self.headers[-1],
            size=size,
            inclusion=self.inclusion(size - 1, size),
            checkpoint=sign_note(text, [line]).decode(),
            records=records,
        )

    def inclusion(self, height: int, size: int) -> list[bytes]:
        return merkle.inclusion_path(height, self.leaves[:size])

    def history(self, path: str) -> list:
        writes = [write.entry for outcome in self.outcomes for write in outcome.writes if write.path == path]
        return writes[::-1]

    def block(self, height: int) -> SimpleNamespace:
        outcome = self.outcomes[height]
        return SimpleNamespace(header_bytes=outcome.header_bytes, transactions=(), receipts=outcome.receipts)

    @property
    def trust(self) -> TrustPolicy:
        pinned = merkle.root(self.leaves[:1])
        log = Log(VerifierKey(self.origin, ED25519, self.key.public_key))
        return TrustPolicy("trial", self.chain.id, EMBEDDED, 1, pinned, START, (log,), (), (), NO_QUORUM)


@pytest.fixture(params=["sha256", "sm3"])
def node(request: pytest.FixtureRequest) -> Node:
    node = Node(request.param)
    for count in range(3):
        node.act(SetSealingKey(bytes([count] * 32)), by="cooperative")
    return node


def test_a_record_is_proved_with_its_whole_history(node: Node) -> None:
    proven = verify(make_evidence(node.chain, node, [PATH]), parse_trust(node.trust.encode()))
    record = proven.records[0]
    assert record.complete
    assert [version.version for version, _ in record.versions] == [4, 3, 2, 1]
    assert record.versions[0][1]["name"] == "合作社"
    assert {receipt.receipt.signers[0].organisation for receipt in proven.receipts if receipt.receipt.signers} == {
        "cooperative"
    }
    assert node.get(Organisation, "cooperative").id == record.versions[0][1]["id"]


def test_an_absent_record_is_proved_absent(node: Node) -> None:
    proven = verify(make_evidence(node.chain, node, [ABSENT, PATH]), node.trust)
    assert [record.versions == [] for record in proven.records] == [False, True]


def test_one_random_byte_changed_proves_nothing(node: Node) -> None:
    raw = make_evidence(node.chain, node, [PATH, ABSENT])
    chance = random.Random(20261125)
    for _ in range(1_000):
        changed = bytearray(raw)
        place = chance.randrange(len(raw))
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises((Unproven, Malformed)):
            verify(bytes(changed), node.trust)


def test_any_member_removed_duplicated_or_swapped_proves_nothing(node: Node) -> None:
    raw = make_evidence(node.chain, node, [PATH, ABSENT])
    for changed in mutations(json.loads(raw)):
        encoded = json.dumps(changed, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        if encoded != raw:
            with pytest.raises((Unproven, Malformed)):
                verify(encoded, node.trust)


def mutations(value: object):
    """The document with one part removed, duplicated, swapped with its neighbour, or replaced; at every depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {key: each for key, each in value.items() if key != name}
            for changed in mutations(part):
                yield {**value, name: changed}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield [*value[:index], part, *value[index:]]
            yield [*value[:index], *reversed(value[index : index + 2]), *value[index + 2 :]]
            for changed in mutations(part):
                yield [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif isinstance(value, str):
        yield ""
        yield value[:-4]
        yield value + "AAAA"
    else:
        yield []


def test_another_chain_proves_nothing(node: Node) -> None:
    raw = make_evidence(node.chain, node, [PATH])
    other = Trial([COOPERATIVE], seed=b"another")
    assert other.chain.id != node.chain.id
    policy = TrustPolicy(
        "trial", other.chain.id, EMBEDDED, 1, bytes(32), START,
        (Log(VerifierKey(origin_of("trial", other.chain.id), ED25519, node.key.public_key)),), (), (), NO_QUORUM,
    )  # fmt: skip
    with pytest.raises((Unproven, Malformed)):
        verify(raw, policy)


@pytest.mark.parametrize("expiry", [-1, 2**48, 2**32 * 600_000, 2**63])
def test_a_body_that_expires_beyond_all_time_is_not_the_receipt_s(node: Node, expiry: int) -> None:
    evidence = decode_evidence(make_evidence(node.chain, node, [PATH]))
    body = Body(1, node.chain.id, (), bytes(16), expiry, Ceilings(0, 0, 0), ())
    shown = replace(evidence.receipts[0], body=encode(body))
    forged = encode_evidence(replace(evidence, receipts=(shown, *evidence.receipts[1:])))
    with pytest.raises(Unproven, match=r"evidence\.body"):
        verify(forged, node.trust)


def test_evidence_has_one_encoding(node: Node) -> None:
    raw = make_evidence(node.chain, node, [PATH])
    assert encode_evidence(decode_evidence(raw)) == raw
    with pytest.raises(Malformed):
        decode_evidence(raw.replace(b'":', b'": ', 1))
