"""Whether a checkpoint is to be believed under a trust file: who signed, and what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import Note, Signature, open_note
from infoharbor.evidence.trust import NO_QUORUM, TrustError, TrustPolicy
from infoharbor.evidence.trust_file import parse_trust

__all__ = ["Shortage", "TrustError", "TrustPolicy", "Verdict", "evaluate", "minimal", "parse_trust"]

MEMBER_NOTES = 64


@dataclass(frozen=True)
class Shortage:
    """A group (or single witness) of the quorum that is not satisfied: `needed` of `signed` and `absent`."""

    group: str
    needed: int
    signed: tuple[str, ...]
    absent: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.group}: {len(self.signed)} of {self.needed}, without {', '.join(self.absent)}"


@dataclass(frozen=True)
class Verdict:
    """`cosigners` maps each witness that counts to the time it states (milliseconds since 1970 UTC);
    `signatures` are all valid ones under the chain's own origin; no `shortages`: the quorum is met."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]
    cosigners: dict[str, int]
    shortages: tuple[Shortage, ...]

    @property
    def met(self) -> bool:
        """Whether the quorum is."""
        return not self.shortages

    @property
    def missing(self) -> list[str]:
        """What the quorum lacks, a phrase for each group."""
        return [str(shortage) for shortage in self.shortages]

    @property
    def signers(self) -> list[str]:
        """The witnesses that count."""
        return list(self.cosigners)


def evaluate(
    raw: bytes | str,
    policy: TrustPolicy,
    *,
    members: Sequence[bytes | str] = (),
    earlier: Sequence[TrustPolicy] = (),
    strict: bool = True,
) -> Verdict:
    """Judge the checkpoint note `raw` of the chain.

    `members` are notes of the same size and root under members' own origins, as outside witnesses cosign
    them. Such a cosignature counts once it stands under f+1 of the n members' origins that the policy lists,
    f = ⌊(n−1)/3⌋: then at least one honest member has shown the witness this history. The same must hold of the members
    of each of the `earlier` trust files, which were carried forward to this one.

    Raises `NoteError` or `TrustError` for a note that is malformed, of another log, not signed by a log key,
    invalidly signed, or at odds with the pin. `strict`, for evidence, also refuses whatever the quorum does
    not need; without it, a note as gateways and witnesses serve it is read.
    """
    checkpoint, signatures = _open(raw, policy, strict)
    _ensure(checkpoint.origin == policy.origin, "trust.other_chain", "origin", policy.origin)
    same_root = checkpoint.size != policy.pin_size or checkpoint.root == policy.pin_root
    _ensure(same_root, "trust.forked", "root", "the pinned root, since the size is the pinned one")
    cosigners = _cosigners(policy, signatures)
    cosigners |= _outside([policy, *earlier], checkpoint, members, strict)
    if strict:
        _refuse_surplus(policy, signatures, cosigners)
    return Verdict(checkpoint, signatures, cosigners, _missing(policy, cosigners))


def minimal(raw: bytes | str, policy: TrustPolicy) -> bytes:
    """The note with one log signature and no more cosignatures than the quorum needs: the form for evidence.

    A witness that stays keeps its SM2 line. Raises `TrustError` if the quorum is not met.
    """
    verdict = evaluate(raw, policy, strict=False)
    _ensure(verdict.met, "trust.quorum", "quorum", f"the quorum {policy.quorum}")
    kept = [] if policy.quorum == NO_QUORUM else list(verdict.cosigners)
    for name in sorted(kept, reverse=True):
        rest = [other for other in kept if other != name]
        kept = rest if policy.is_met(rest) else kept
    log_keys = {log.key for log in policy.logs}
    wanted = {next(signature.key for signature in verdict.signatures if signature.key in log_keys)}
    for witness in policy.witnesses:
        if witness.name in kept:
            wanted |= {key for key in (witness.key, witness.sm2_key) if key}
    orders = {(key.name.encode(), key.id) for key in wanted}
    note = Note.parse(raw)
    first = {line.order: line for line in reversed(note.lines) if line.order in orders}
    return Note(note.text, ()).with_lines(first.values()).encode()


def _open(raw: bytes | str, policy: TrustPolicy, strict: bool) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """The checkpoint in `raw`, signed by a log key of its origin."""
    text, signatures = open_note(raw, policy.keys, strict=strict)
    checkpoint = Checkpoint.parse(text)
    log_keys = {log.key for log in policy.logs if log.key.name == checkpoint.origin}
    signed = sum(signature.key in log_keys for signature in signatures)
    _ensure(signed, "trust.log_unsigned", "signatures", f"a signature of a log key of {checkpoint.origin}")
    _ensure(signed == 1 or not strict, "note.surplus_signature", "signatures", "one signature of a log key")
    return checkpoint, signatures


def _cosigners(policy: TrustPolicy, signatures: Sequence[Signature]) -> dict[str, int]:
    times = {signature.key: signature.time for signature in signatures}
    # Without a time, a cosigner does not say that it has seen no larger tree: that witnesses nothing.
    return {witness.name: time for witness in policy.witnesses if (time := times.get(witness.key, 0)) > 0}


def _outside(
    policies: Sequence[TrustPolicy], checkpoint: Checkpoint, notes: Sequence[bytes | str], strict: bool
) -> dict[str, int]:
    """The witnesses that cosigned the same tree under enough members' origins of each policy, the first of which holds now;
    with the earliest time."""
    _ensure(len(notes) <= MEMBER_NOTES, "trust.too_many", "members", f"at most {MEMBER_NOTES} notes")
    policy = policies[0]
    origins = [{log.key.name for log in each.logs} - {each.origin} for each in policies]
    seen, under, times = set[str](), defaultdict[str, set[str]](set), dict[str, int]()
    for raw in notes:
        theirs, signatures = _open(raw, policy, strict)
        new = theirs.origin in origins[0] - seen
        same = (theirs.size, theirs.root) == (checkpoint.size, checkpoint.root)
        _ensure(new and same, "trust.member_note", "members", "this size and root, once an origin")
        seen.add(theirs.origin)
        for name, time in _cosigners(policy, signatures).items():
            under[name].add(theirs.origin)
            times[name] = min(time, times.get(name, time))
    return {
        name: time
        for name, time in times.items()
        if all(len(under[name] & own) > (len(own) - 1) // 3 for own in origins)
    }


def _refuse_surplus(policy: TrustPolicy, signatures: Sequence[Signature], cosigners: dict[str, int]) -> None:
    needless = [name for name in cosigners if policy.is_met(set(cosigners) - {name})]
    _ensure(not needless, "note.surplus_signature", "signatures", "only cosignatures that the quorum needs")
    counted = [witness for witness in policy.witnesses if witness.name in cosigners]
    named = {key for witness in counted for key in (witness.key, witness.sm2_key)}
    log_keys = {log.key for log in policy.logs if log.key.name == policy.origin}
    stray = [signature for signature in signatures if signature.key not in named | log_keys]
    _ensure(not stray, "note.surplus_signature", "signatures", "the log, and SM2 only beside its witness's own")


def _missing(policy: TrustPolicy, cosigners: dict[str, int]) -> tuple[Shortage, ...]:
    """What keeps the quorum from being met, the quorum first."""
    if policy.is_met(cosigners):
        return ()
    satisfied = policy.satisfied(cosigners)
    groups = {group.name: group for group in policy.groups}
    if policy.quorum not in groups:
        return (Shortage(policy.quorum, 1, (), (policy.quorum,)),)
    open_names, shortages = [policy.quorum], []
    for name in open_names:
        group = groups[name]
        signed = tuple(member for member in group.members if member in satisfied)
        absent = tuple(member for member in group.members if member not in satisfied)
        shortages.append(Shortage(name, group.needed, signed, absent))
        open_names += [member for member in absent if member in groups]
    return tuple(shortages)


def _ensure(condition: object, code: str, field: str, expected: str) -> None:
    if not condition:
        error = NoteError if code.startswith("note.") else TrustError
        raise error(code, field, expected)
