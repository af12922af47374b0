"""Who attests a ledger's checkpoints: the set that its headers name, the quorum of it, and the trust that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from infoharbor.crypto.hashes import SHA256
from infoharbor.evidence.checkpoint import origin_of
from infoharbor.evidence.note import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    SM2_COSIGNATURE,
    VerifierKey,
)
from infoharbor.evidence.trust import EMBEDDED, NO_QUORUM, REPLICATED, Group, Log, TrustError, TrustPolicy, Witness
from infoharbor.kernel.block import NO_ATTESTERS
from infoharbor.kernel.encoding import Codec, Wire, encode, tagged_hash

FORMAT = 1
ATTESTERS_MAX = 21
"""A quorum's ML-DSA-44 lines for as many fit into one note, and the set before and after into one record."""
GROUP = "attesters"
"""What a trust file calls the quorum of members."""
QUORUM = "attesters-and-witnesses"
"""What it calls that quorum joined with all outside witnesses."""
COSIGNING = {kind.suite: kind for kind in (ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)}
"""What an attester may cosign with, by suite; SM2 only stands beside one of these."""


class Attester(Wire, frozen=True):
    """One member's public keys: `cosigner` of `suite`, `sm2` beside it (empty: none), `log` that signs checkpoints as the
    log, `submission` that signs them under the member's own origin for outside witnesses."""

    organisation: str
    suite: str
    cosigner: bytes
    sm2: bytes
    log: bytes
    submission: bytes


class AttesterSet(Wire, frozen=True):
    """The `members` in force, and those that take their place once they have attested it (`next`; empty: no change is under
    way). Each ascending by organisation. `era` counts the changes, from 1; in era 0 one operator still signs alone, there are
    no members, and `next` are those who gather to attest in its place."""

    format: int
    era: int
    members: tuple[Attester, ...]
    next: tuple[Attester, ...]


attester_set_codec = Codec(AttesterSet, limit=256 * 1024)


def encode_set(attesters: AttesterSet) -> bytes:
    return encode(attesters)


def attesters_root(attesters: AttesterSet | None) -> bytes:
    """What a header says of the set; where one operator signs, there is none."""
    return NO_ATTESTERS if attesters is None else tagged_hash(SHA256, "attesters", encode_set(attesters))


def quorum_of(count: int) -> int:
    """How many of `count` attesters are enough: of any two quorums, one honest member at least is in both."""
    return count - (count - 1) // 3


class VerifierKeys(NamedTuple):
    """A member's keys under the names that follow from the chain's origin."""

    cosigner: VerifierKey
    sm2: VerifierKey | None
    log: VerifierKey
    submission: VerifierKey


def verifier_keys(origin: str, attester: Attester) -> VerifierKeys:
    """The log key is named by the chain's origin, the submission key by the member's own, the cosigners by a name of
    their own below it."""
    own = f"{origin}/{attester.organisation}"
    cosigner = f"{own}/{GROUP}"
    if attester.suite not in COSIGNING:
        raise TrustError("trust.key_kind", "suite", " or ".join(COSIGNING))
    return VerifierKeys(
        VerifierKey(cosigner, COSIGNING[attester.suite], attester.cosigner),
        VerifierKey(cosigner, SM2_COSIGNATURE, attester.sm2) if attester.sm2 else None,
        VerifierKey(origin, ED25519, attester.log),
        VerifierKey(own, ED25519, attester.submission),
    )


def attested_trust(
    chain: str,
    genesis: bytes,
    members: Sequence[Attester],
    pin: tuple[int, bytes],
    refresh_by: int,
    outside: Sequence[Witness] = (),
) -> TrustPolicy:
    """The trust file of a ledger that these members attest, pinned at a checkpoint's size and root. Outside witnesses are
    joined by `all`: none of them ever stands for a member."""
    logs, witnesses, quorum = _lines(origin_of(chain, genesis), members)
    joined = Group(QUORUM, 1 + len(outside), (GROUP, *(witness.name for witness in outside)))
    groups = (quorum, joined) if outside else (quorum,)
    everyone = (*witnesses, *outside)
    return TrustPolicy(chain, genesis, REPLICATED, *pin, refresh_by, logs, everyone, groups, groups[-1].name)


def operator_trust(
    chain: str, genesis: bytes, log: VerifierKey, pin: tuple[int, bytes], refresh_by: int
) -> TrustPolicy:
    """The trust file of a ledger that one operator signs alone, pinned at a checkpoint's size and root."""
    return TrustPolicy(chain, genesis, EMBEDDED, *pin, refresh_by, (Log(log),), (), (), NO_QUORUM)


def attesters_in(policy: TrustPolicy) -> tuple[Witness, ...]:
    """The members' attesters that a trust file names: none where one operator is enough."""
    if policy.quorum == NO_QUORUM:
        return ()
    group = next((group for group in policy.groups if group.name == GROUP), None)
    if group is None:
        raise TrustError("trust.no_attesters", "group", f"a group named {GROUP}")
    return tuple(witness for witness in policy.witnesses if witness.name in group.members)


def of_members(policy: TrustPolicy) -> TrustPolicy:
    """The trust file as if it asked for the members' quorum alone."""
    attesters_in(policy)
    return policy if policy.quorum == NO_QUORUM else replace(policy, quorum=GROUP)


def are_those_of(policy: TrustPolicy, members: Sequence[Attester]) -> bool:
    """Whether the trust file names just these members' attesters, and their quorum."""
    if policy.quorum == NO_QUORUM:
        return not members
    _, witnesses, quorum = _lines(policy.origin, members)
    known = {(witness.name, witness.key, witness.sm2_key) for witness in attesters_in(policy)}
    return known == {(each.name, each.key, each.sm2_key) for each in witnesses} and quorum.needed == next(
        group.needed for group in policy.groups if group.name == GROUP
    )


def with_members(policy: TrustPolicy, members: Sequence[Attester]) -> TrustPolicy:
    """The trust file with these members' attesters in the place of those it names, or of the one operator; outside witnesses
    stay."""
    if policy.quorum == NO_QUORUM:
        pin = (policy.pin_size, policy.pin_root)
        return attested_trust(policy.chain, policy.genesis, members, pin, policy.refresh_by)
    before = attesters_in(policy)
    urls = {log.key: log.url for log in policy.logs} | {witness.key: witness.url for witness in policy.witnesses}
    logs, witnesses, quorum = _lines(policy.origin, members)
    return replace(
        policy,
        logs=tuple(replace(log, url=urls.get(log.key, "")) for log in logs),
        witnesses=(
            *(replace(witness, url=urls.get(witness.key, "")) for witness in witnesses),
            *(witness for witness in policy.witnesses if witness not in before),
        ),
        groups=tuple(quorum if group.name == GROUP else group for group in policy.groups),
    )


def _lines(origin: str, members: Sequence[Attester]) -> tuple[tuple[Log, ...], tuple[Witness, ...], Group]:
    keys = [verifier_keys(origin, member) for member in members]
    names = tuple(member.organisation for member in members)
    return (
        tuple(Log(key) for each in keys for key in (each.log, each.submission)),
        tuple(Witness(name, each.cosigner, sm2_key=each.sm2) for name, each in zip(names, keys, strict=True)),
        Group(GROUP, quorum_of(len(names)), names),
    )
