"""An example of every format around attesters: the set, its keys' names, and a way forward through one handover."""

from typing import Any

from infoharbor.contractkit.signatures import possession_message
from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.evidence.attesters import (
    Attester,
    AttesterSet,
    attested_trust,
    attesters_root,
    encode_set,
    verifier_keys,
)
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.handover import Naming, Step, WayForward, advance
from infoharbor.evidence.note import sign_note
from infoharbor.kernel import merkle
from infoharbor.kernel.block import Header
from infoharbor.kernel.encoding import encode

CHAIN, NAME = bytes(range(32)), "example"
ORIGIN = origin_of(NAME, CHAIN)
TIME = 1_767_225_600_000
REFRESH_BY = TIME + 90 * 86_400_000
MEMBERS = ("bank", "customs", "harbour", "trader")
ROLES = {"cosigner": "ed25519", "sm2": "sm2", "log": "ed25519", "submission": "ed25519"}


def private_key(member: str, role: str) -> PrivateKey:
    """A private key for examples: anybody can know it."""
    return SUITES[ROLES[role]].private_key(SHA256.digest(f"infoharbor attester example: {member} {role}".encode()))


def attester(member: str, keys_of: str = "") -> Attester:
    """The member's entry, with keys of its own or of this name; the bank alone has an SM2 key."""
    keys = {role: private_key(keys_of or member, role).public_key for role in ROLES}
    sm2 = keys["sm2"] if member == "bank" else b""
    return Attester(member, "ed25519", keys["cosigner"], sm2, keys["log"], keys["submission"])


FIRST = tuple(map(attester, MEMBERS))
SECOND = (attester("bank", "bank, renewed"), *FIRST[1:])
SETS = (AttesterSet(1, 1, FIRST, ()), AttesterSet(1, 1, FIRST, SECOND), AttesterSet(1, 2, SECOND, ()))
HEADERS = [
    encode(Header(1, CHAIN, height, TIME + height, 0, bytes(32), 0, bytes(32), bytes(32), bytes(32), root, b""))
    for height, root in enumerate(attesters_root(SETS[which]) for which in (0, 0, 1, 2, 2))
]
LEAVES = [merkle.leaf_hash(header) for header in HEADERS]


def note(size: int, bank: str) -> str:
    """The checkpoint of this size, attested by the bank (with these keys), customs and harbour."""
    text = Checkpoint(ORIGIN, size, merkle.root(LEAVES[:size])).encode()
    lines = []
    for member, keys in (("bank", bank), ("customs", "customs"), ("harbour", "harbour")):
        named = verifier_keys(ORIGIN, attester(member, keys))
        lines.append(named.cosigner.sign(text, private_key(keys, "cosigner"), TIME))
        if member == "bank":
            lines.append(named.log.sign(text, private_key(keys, "log")))
    return sign_note(text, lines).decode()


def naming(which: int, height: int, size: int, bank: str) -> Naming:
    path = tuple(merkle.inclusion_path(height, LEAVES[:size]))
    return Naming(encode_set(SETS[which]), HEADERS[height], path, note(size, bank))


def consistency(old: int, new: int) -> tuple[bytes, ...]:
    return tuple(merkle.consistency_proof(old, new, merkle.in_memory(LEAVES)))


TRUST = attested_trust(NAME, CHAIN, FIRST, (1, LEAVES[0]), REFRESH_BY)
WAY = WayForward(
    1,
    (Step(naming(1, 2, 3, "bank"), consistency(1, 3)),),
    Step(naming(2, 4, 5, "bank, renewed"), consistency(3, 5)),
)


def examples() -> dict[str, Any]:
    advanced = advance(TRUST, WAY, now=TIME, refresh_by=REFRESH_BY)
    return {
        "sets": [{"encoded": encode_set(each).hex(), "root": attesters_root(each).hex()} for each in SETS],
        "possession_messages": {
            role: possession_message(f"{role}:bank", suite, private_key("bank", role).public_key).hex()
            for role, suite in ROLES.items()
        },
        "verifier_keys": [key.encode() for key in verifier_keys(ORIGIN, FIRST[0]) if key is not None],
        "way_forward": encode(WAY).hex(),
        "trust": TRUST.encode().decode(),
        "advanced": advanced.encode().decode(),
    }
