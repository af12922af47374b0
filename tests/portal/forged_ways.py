"""Ways forward that members' keys sign, right or odd in one place, behind hashes and signatures that all fit."""

import random
from typing import Any, NamedTuple

import msgspec
from tests.attestation.attested_network import MEMBERS, AttestedNetwork, cosigned, fixed_keys
from tests.portal.conformance import NUMBERS

from infoharbor.crypto.hashes import SHA256
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.trial import START
from infoharbor.evidence.attesters import attested_trust, verifier_keys
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import ED25519_COSIGNATURE, VerifierKey, sign_note
from infoharbor.evidence.trust import Witness
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.encoding import encode, tagged_hash

PIN = 2
DATE = START + 10**10
WATCHER = fixed_keys("outside").cosigner
OUTSIDE = VerifierKey("outside.example", ED25519_COSIGNATURE, WATCHER.public_key)
ODD_PARTS: tuple[tuple[int, Any], ...] = (
    *((0, name) for name in ("attesters", "outside", "none", "", "a b", "a+b", "x" * 250, "é", "penang")),
    *((1, suite) for suite in ("sm2", "p-256", "", "ml-dsa-44", "constructor")),
    *((part, key) for part in (2, 3, 4, 5) for key in (b"", bytes(32), bytes(65))),
)
"""A place in an attester, and what might stand there."""


class Way(NamedTuple):
    """A trust file, the encoded way, the time at which it is carried forward, and members' notes of its newest checkpoint."""

    trust: bytes
    way: bytes
    now: int
    notes: list[bytes]


def odd_way(network: AttestedNetwork, chance: random.Random) -> Way:
    """A handover from the network's first members to new keys of theirs, and a checkpoint that these attest."""
    old = {name: network.old_keys[name] for name in sorted(MEMBERS)}
    new = {name: fixed_keys(f"{name}, next") for name in sorted(MEMBERS)}
    following = [_listed(keys, name) for name, keys in new.items()]
    if not chance.randrange(3):
        place, part = chance.choice(ODD_PARTS)
        chance.choice(following)[place] = part
    if not chance.randrange(12):
        following = chance.choice(([], following[:1], following * 17, [*following, following[0]]))
    present = [_listed(keys, name) for name, keys in old.items()]
    leaves = network.leaves[:PIN]
    handover = _step(network, chance, leaves, [1, 1, present, following], old)
    newest = _step(network, chance, leaves, [1, 2, _mostly(chance, following, present), []], new)
    steps = _mostly(chance, [handover], [], [handover, handover], [handover, newest])
    asks = chance.randrange(2)
    witnesses = [Witness("outside", OUTSIDE, "https://outside.example")] if asks else []
    members = tuple(keys.public(name) for name, keys in old.items())
    pin = _mostly(chance, (PIN, network.root(PIN)), (PIN, bytes(32)), (1, network.root(1)))
    policy = attested_trust("trial", network.chain.id, members, pin, DATE, witnesses)
    tree = Checkpoint(network.origin, len(leaves), merkle.root(leaves))
    notes = [_note(tree, name, keys, network, chance) for name, keys in new.items()] if asks else []
    way = encode([_mostly(chance, 1, *NUMBERS), steps, newest])
    return Way(policy.encode(), way, chance.choice((START, START, DATE, DATE + 1)), notes[chance.randrange(3) :])


def _listed(keys: AttesterKeys, name: str) -> list[Any]:
    own = keys.public(name)
    return [own.organisation, own.suite, own.cosigner, own.sm2, own.log, own.submission]


def _mostly(chance: random.Random, usual: Any, *others: Any) -> Any:
    return usual if chance.randrange(12) else chance.choice(others)


def _step(
    network: AttestedNetwork,
    chance: random.Random,
    leaves: list[bytes],
    attesters: list[Any],
    keys: dict[str, AttesterKeys],
) -> list[Any]:
    """Append a header that names the set to the leaves, and have it attested."""
    before = len(leaves)
    attesters[0] = _mostly(chance, 1, *NUMBERS)
    encoded = encode(attesters)
    genuine = header_codec.decode(network.headers[PIN])
    root = _mostly(chance, tagged_hash(SHA256, "attesters", encoded), bytes(32), b"")
    changed = {"height": before, "attesters_root": root, "format": _mostly(chance, 1, *NUMBERS)}
    changed["chain"] = _mostly(chance, genuine.chain, bytes(32))
    leaf = encode(list((msgspec.structs.asdict(genuine) | changed).values()))
    leaves.append(merkle.leaf_hash(leaf))
    checkpoint = Checkpoint(network.origin, len(leaves), merkle.root(leaves))
    signing = dict(chance.sample(sorted(keys.items()), _mostly(chance, 3, 2)))
    note = cosigned(network, checkpoint, dict(sorted(signing.items())), _mostly(chance, START, 0))
    proof = merkle.consistency_proof(before, len(leaves), merkle.in_memory(leaves))
    path = merkle.inclusion_path(before, leaves)
    return [
        [encoded, leaf, _mostly(chance, path, path[1:]), note],
        _mostly(chance, proof, proof[1:], [*proof, bytes(32)]),
    ]


def _note(tree: Checkpoint, name: str, keys: AttesterKeys, network: AttestedNetwork, chance: random.Random) -> bytes:
    log = verifier_keys(network.origin, keys.public(name)).submission
    text = Checkpoint(log.name, tree.size, _mostly(chance, tree.root, bytes(32))).encode()
    time = _mostly(chance, DATE, START, 0)
    return sign_note(text, [log.sign(text, keys.submission), OUTSIDE.sign(text, WATCHER, time)])
