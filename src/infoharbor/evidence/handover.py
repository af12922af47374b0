"""How one attester set hands over to the next, and how an old trust file is carried forward through that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from infoharbor.evidence.attesters import (
    FORMAT,
    AttesterSet,
    are_those_of,
    attested_trust,
    attester_set_codec,
    attesters_in,
    attesters_root,
    of_members,
    operator_trust,
    with_members,
)
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import ED25519, VerifierKey, checkpoint_in
from infoharbor.evidence.policy import evaluate
from infoharbor.evidence.trust import TrustError, TrustPolicy
from infoharbor.kernel import block, merkle
from infoharbor.kernel.block import Header, header_codec
from infoharbor.kernel.encoding import Codec, Malformed, Wire

WAY_BYTES = 16 * 1024 * 1024
NAMINGS_MAX = 1_000
"""How many handovers one way forward may have."""


class Naming(Wire, frozen=True):
    """Shows what attester set a header names: the encoded set, the encoded header, its path in the header log under the
    checkpoint, and the checkpoint as the quorum in force attested it."""

    attesters: bytes
    header: bytes
    path: tuple[bytes, ...]
    checkpoint: str


class Named(NamedTuple):
    """What a naming proves: the set as of the header's block, under the checkpoint; and the time that each witness which
    counts states, as `Verdict.cosigners`."""

    attesters: AttesterSet
    header: Header
    checkpoint: Checkpoint
    cosigners: dict[str, int]


class Step(Wire, frozen=True):
    """A naming, and the consistency proof between its checkpoint and what was pinned before it, the older first."""

    naming: Naming
    consistency: tuple[bytes, ...]


class WayForward(Wire, frozen=True):
    """What carries a trust file forward: each handover since its pin, in order, and a recent checkpoint with the set of
    its last header."""

    format: int
    handovers: tuple[Step, ...]
    newest: Step


way_forward_codec = Codec(WayForward, limit=WAY_BYTES)


def open_naming(
    naming: Naming,
    policy: TrustPolicy,
    members: Sequence[bytes | str] = (),
    earlier: Sequence[TrustPolicy] = (),
) -> Named:
    """What the naming proves under `policy`, whose attesters must be those in force; raises `Malformed` otherwise.

    `members` are notes under members' own origins, by which outside witnesses count, as `evaluate` says; so are `earlier`.
    """
    verdict = evaluate(naming.checkpoint, policy, members=members, earlier=earlier)
    _ensure(verdict.met, "trust.quorum", "checkpoint", "; ".join(verdict.missing) or "a quorum")
    attesters: AttesterSet = attester_set_codec.decode(naming.attesters)
    header: Header = header_codec.decode(naming.header)
    known = (attesters.format, header.format) == (FORMAT, block.FORMAT)
    _ensure(known, "trust.handover_format", "naming", "a format that this version knows")
    _ensure(header.chain == policy.genesis, "trust.other_chain", "header", policy.genesis.hex())
    named = header.attesters_root == attesters_root(attesters)
    _ensure(named, "trust.not_named", "attesters", "the attester set that the header names")
    checkpoint = verdict.checkpoint
    included = merkle.verify_inclusion(
        merkle.leaf_hash(naming.header), header.height, checkpoint.size, naming.path, checkpoint.root
    )
    _ensure(included, "trust.not_included", "path", "a header in the log under the checkpoint")
    # A key counts in its own era only: later headers are for the set that they name.
    _ensure(are_those_of(policy, attesters.members), "trust.other_era", "attesters", "the attesters of the trust file")
    return Named(attesters, header, checkpoint, verdict.cosigners)


def is_handover(naming: Naming, in_force: AttesterSet, operator: bytes = b"") -> bool:
    """Whether a quorum of the set in force attested a header that names it, with the set that comes next: the rule by
    which the ledger itself lets the next one take its place. Before there is one, `operator` is the Ed25519 key of the log,
    which signs alone."""
    try:
        header: Header = header_codec.decode(naming.header)
        checkpoint = checkpoint_in(naming.checkpoint)
        chain, pin = checkpoint.origin.rpartition("/")[0], (checkpoint.size, checkpoint.root)
        if in_force.members:
            policy = attested_trust(chain, header.chain, in_force.members, pin, 0)
        else:
            log = VerifierKey(checkpoint.origin, ED25519, operator)
            policy = operator_trust(chain, header.chain, log, pin, 0)
        named = open_naming(naming, policy)
    except Malformed:
        return False
    return named.attesters == in_force and bool(in_force.next)


def advance(
    policy: TrustPolicy,
    way: WayForward,
    *,
    now: int,
    refresh_by: int,
    witnessed: Sequence[bytes | str] = (),
) -> TrustPolicy:
    """The trust file as it stands at the end of the way, pinned at the newest checkpoint; raises `Malformed`.

    Retired keys could sign another way, dated as they like. So past its refresh date a trust file goes forward only if
    its quorum asks for an outside witness too, which has cosigned since: else an old way would make the file seem fresh that
    ends before a handover. Outside witnesses need to have cosigned the newest checkpoint alone, under members' own
    origins in the notes `witnessed`: its log goes on from that of every handover, so there is no other way to it. Some
    honest member of each set on the way must have shown it to them: else thieves would hand over to few, one of whom lies.
    """
    own, refreshed_by = {witness.name for witness in attesters_in(policy)}, policy.refresh_by
    fresh = now <= refreshed_by or not policy.is_met(own)
    _ensure(fresh, "trust.stale", "refresh-by", "a new trust file, by a way that you trust")
    _ensure(way.format == FORMAT, "trust.handover_format", "format", str(FORMAT))
    _ensure(len(way.handovers) <= NAMINGS_MAX, "trust.too_many", "handovers", f"at most {NAMINGS_MAX}")
    earlier: list[TrustPolicy] = []
    for step in way.handovers:
        named = open_naming(step.naming, of_members(policy))
        _ensure(named.attesters.next, "trust.no_handover", "attesters", "a set that names the next one")
        earlier.append(policy)
        policy = with_members(_pinned(policy, named.checkpoint, step.consistency), named.attesters.next)
    named = open_naming(way.newest.naming, policy, witnessed, earlier)
    beyond = not way.handovers or named.checkpoint.size >= policy.pin_size
    _ensure(beyond, "trust.inconsistent", "newest", "a checkpoint at or beyond those of the handovers")
    own = {witness.name for witness in attesters_in(policy)}
    since = {name for name, time in named.cosigners.items() if name in own or time >= refreshed_by}
    recent = now <= refreshed_by or policy.is_met(since)
    _ensure(recent, "trust.stale", "newest", "a checkpoint that outside witnesses cosigned after the refresh date")
    return replace(_pinned(policy, named.checkpoint, way.newest.consistency), refresh_by=refresh_by)


def _pinned(policy: TrustPolicy, checkpoint: Checkpoint, consistency: tuple[bytes, ...]) -> TrustPolicy:
    """The policy with the larger of its pin and the checkpoint as its pin; refuses unless both are of one history."""
    agrees = policy.agrees_with_pin(checkpoint, list(consistency))
    _ensure(agrees, "trust.inconsistent", "consistency", "a proof that the checkpoint and the pin are of one history")
    if checkpoint.size <= policy.pin_size:
        return policy
    return replace(policy, pin_size=checkpoint.size, pin_root=checkpoint.root)


def _ensure(condition: object, code: str, field: str, expected: str) -> None:
    if not condition:
        raise TrustError(code, field, expected)
