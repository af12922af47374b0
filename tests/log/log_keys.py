"""Keys and checkpoints that the log's tests sign with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infoharbor.crypto.suites import SUITES
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import (
    ED25519,
    ED25519_COSIGNATURE,
    Kind,
    SignatureLine,
    Signing,
    VerifierKey,
    sign_note,
)
from infoharbor.evidence.trust import Group, Log, TrustPolicy, Witness
from infoharbor.kernel import merkle

GENESIS = bytes(range(32))
ORIGIN = "harbor.example/0001020304050607"
NOW = 1_767_225_600_000
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(20)]


@dataclass(frozen=True)
class Signer:
    key: VerifierKey
    private_key: Signing

    def sign(self, checkpoint: Checkpoint, time: int = NOW) -> SignatureLine:
        return self.key.sign(checkpoint.encode(), self.private_key, time)


def signer(name: str, kind: Kind = ED25519_COSIGNATURE) -> Signer:
    private_key = SUITES[kind.suite].generate()
    return Signer(VerifierKey(name, kind, private_key.public_key), private_key)


def checkpoint(size: int, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, merkle.root(LEAVES[:size]))


LOG = signer(ORIGIN, ED25519)
ATTESTERS = {name: signer(f"{name}.example") for name in ("beihai", "haiphong", "bangkok", "penang")}
OUTSIDE = signer("witness.example")
MEMBERS = [signer(f"{ORIGIN}/{name}", ED25519) for name in ATTESTERS]

POLICY = TrustPolicy(
    chain="harbor.example",
    genesis=GENESIS,
    engine="replicated",
    pin_size=7,
    pin_root=merkle.root(LEAVES[:7]),
    refresh_by=NOW + 86_400_000,
    logs=(Log(LOG.key, "https://log.example"), *(Log(member.key) for member in MEMBERS)),
    witnesses=(
        *(Witness(name, attester.key) for name, attester in ATTESTERS.items()),
        Witness("outside", OUTSIDE.key, "https://witness.example"),
    ),
    groups=(Group("attesters", 3, tuple(ATTESTERS)),),
    quorum="attesters",
)
WITNESSED = replace(POLICY, groups=(*POLICY.groups, Group("all", 2, ("attesters", "outside"))), quorum="all")


def cosigned(size: int, *names: str) -> bytes:
    """The chain's checkpoint of `size`, signed by the log and cosigned by these attesters."""
    body = checkpoint(size)
    return sign_note(body.encode(), [LOG.sign(body), *(ATTESTERS[name].sign(body) for name in names)])


def member_note(size: int, member: Signer, *witnesses: Signer) -> bytes:
    """A checkpoint of `size` under a member's own origin."""
    body = checkpoint(size, member.key.name)
    return sign_note(body.encode(), [member.sign(body), *(witness.sign(body) for witness in witnesses)])
