"""The trust file: whose signatures under a checkpoint are enough, and what is known of the chain already.

It is a C2SP tlog-policy (`log`, `witness`, `group`, `quorum`), so that other tools read it, with comment
lines that they pass over and we demand:

    # infoharbor-trust/1
    # chain NAME GENESIS-HASH-IN-HEX
    # engine embedded|replicated
    # pin SIZE ROOT-IN-BASE64
    # refresh-by 2027-01-31T00:00:00+08:00
    # sm2 WITNESS VKEY                        (where a witness signs with SM2 in addition)

Any other comment starts with `##`. Log keys are named by the chain's origin, or `ORIGIN/MEMBER` for the
origins under which members submit to outside witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infoharbor.evidence.checkpoint import Checkpoint, encode_base64, origin_of
from infoharbor.evidence.note import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, SM2_COSIGNATURE, VerifierKey
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.merkle import HASH_BYTES, verify_consistency

FORMAT = "infoharbor-trust/1"
TRUST_BYTES = 256 * 1024
LINES_OF_A_SORT = 64
EMBEDDED, REPLICATED = "embedded", "replicated"
NO_QUORUM = "none"
LOG_KINDS = (ED25519, ML_DSA_44_COSIGNATURE)
WITNESS_KINDS = (ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TrustError(Malformed):
    """A trust file that is refused; `field` names its line, `expected` says what would be right."""


@dataclass(frozen=True)
class Log:
    """A key that signs checkpoints as the log; it carries no trust without the quorum."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Witness:
    """A cosigner under the `name` that groups know it by, with a second key in SM2 where it has one."""

    name: str
    key: VerifierKey
    url: str = ""
    sm2_key: VerifierKey | None = None


@dataclass(frozen=True)
class Group:
    """Counts as a witness once `needed` of its `members`, witnesses or groups, do."""

    name: str
    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class TrustPolicy:
    """What a verifier starts from. `genesis` is the chain's id; `pin_size` and `pin_root` of a checkpoint
    known to be true; `refresh_by` the time (milliseconds since 1970 UTC) after which to fetch newer trust."""

    chain: str
    genesis: bytes
    engine: str
    pin_size: int
    pin_root: bytes
    refresh_by: int
    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    def __post_init__(self) -> None:
        _check(self)

    @property
    def origin(self) -> str:
        """The origin of the chain's own checkpoints."""
        return origin_of(self.chain, self.genesis)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """Every key that may stand under a checkpoint."""
        additional = (witness.sm2_key for witness in self.witnesses if witness.sm2_key)
        return (*(log.key for log in self.logs), *(witness.key for witness in self.witnesses), *additional)

    def satisfied(self, cosigners: Iterable[str]) -> set[str]:
        """The witnesses `cosigners` and all groups that they satisfy."""
        names = set(cosigners)
        for group in self.groups:  # in the order of the file, where members stand before their group
            if sum(member in names for member in group.members) >= group.needed:
                names.add(group.name)
        return names

    def is_met(self, cosigners: Iterable[str]) -> bool:
        """Whether the quorum holds if these witnesses cosigned."""
        return self.quorum == NO_QUORUM or self.quorum in self.satisfied(cosigners)

    def agrees_with_pin(self, checkpoint: Checkpoint, proof: list[bytes]) -> bool:
        """Whether `proof` shows that `checkpoint` and the pin are of one history, whichever is older."""
        ends = sorted([(self.pin_size, self.pin_root), (checkpoint.size, checkpoint.root)], key=lambda end: end[0])
        return verify_consistency(*ends[0], *ends[1], proof)

    def encode(self) -> bytes:
        """The trust file."""
        refresh_by = EPOCH + timedelta(milliseconds=self.refresh_by)
        lines = [
            f"# {FORMAT}",
            f"# chain {self.chain} {self.genesis.hex()}",
            f"# engine {self.engine}",
            f"# pin {self.pin_size} {encode_base64(self.pin_root)}",
            f"# refresh-by {refresh_by.isoformat(timespec='milliseconds')}",
            *(f"log {log.key.encode()} {log.url}".rstrip() for log in self.logs),
        ]
        for witness in self.witnesses:
            lines.append(f"witness {witness.name} {witness.key.encode()} {witness.url}".rstrip())
            if witness.sm2_key:
                lines.append(f"# sm2 {witness.name} {witness.sm2_key.encode()}")
        lines += [f"group {group.name} {group.needed} {' '.join(group.members)}" for group in self.groups]
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"]).encode()


def _check(policy: TrustPolicy) -> None:
    """Refuse a policy that cannot be meant: the rules that no single line shows."""
    ensure_trust(len(policy.genesis) == HASH_BYTES, "trust.genesis", "chain", "64 hex digits")
    ensure_trust(policy.engine in (EMBEDDED, REPLICATED), "trust.engine", "engine", f"{EMBEDDED} or {REPLICATED}")
    ensure_trust(
        policy.pin_size > 0 and len(policy.pin_root) == HASH_BYTES,
        "trust.pin",
        "pin",
        "a size above 0, its root",
    )
    ensure_trust(policy.logs, "trust.no_log", "log", "at least one log line")
    for log in policy.logs:
        ensure_trust(log.key.kind in LOG_KINDS, "trust.key_kind", "log", "a key of type 0x01 or 0x06")
        named = log.key.name == policy.origin or log.key.name.startswith(policy.origin + "/")
        ensure_trust(named, "trust.log_origin", "log", f"a key named {policy.origin}, or {policy.origin}/MEMBER")
    for witness in policy.witnesses:
        ensure_trust(witness.key.kind in WITNESS_KINDS, "trust.key_kind", "witness", "a key of type 0x04 or 0x06")
        sm2 = witness.sm2_key is None or witness.sm2_key.kind is SM2_COSIGNATURE
        ensure_trust(sm2, "trust.key_kind", "sm2", "a key of InfoHarbor's SM2 type")
    for sort in (policy.logs, policy.witnesses, policy.groups):
        ensure_trust(
            len(sort) <= LINES_OF_A_SORT,
            "trust.too_many",
            "trust",
            f"at most {LINES_OF_A_SORT} lines of a sort",
        )
    # One public key has one role: else one signer would be counted twice.
    public_keys = [key.public_key for key in policy.keys]
    ensure_trust(len(set(public_keys)) == len(public_keys), "trust.duplicate_key", "vkey", "each public key once")

    names = {NO_QUORUM}
    for name in (witness.name for witness in policy.witnesses):
        ensure_trust(name not in names, "trust.duplicate_name", name, "a name of its own")
        names.add(name)
    members: set[str] = set()
    for group in policy.groups:
        for member in group.members:
            ensure_trust(member in names - {NO_QUORUM}, "trust.unknown_name", member, "a name of an earlier line")
            ensure_trust(member not in members, "trust.member_twice", member, "a member of one group, once")
            members.add(member)
        ensure_trust(
            1 <= group.needed <= len(group.members),
            "trust.threshold",
            group.name,
            f"1 to {len(group.members)}",
        )
        ensure_trust(group.name not in names, "trust.duplicate_name", group.name, "a name of its own")
        names.add(group.name)
    ensure_trust(policy.quorum in names, "trust.unknown_name", policy.quorum, "a witness or group of an earlier line")
    trusting = policy.quorum != NO_QUORUM or policy.engine == EMBEDDED
    ensure_trust(trusting, "trust.quorum_none", "quorum", "a quorum of witnesses, since the engine is replicated")


def ensure_trust(condition: object, code: str, field: str, expected: str) -> None:
    if not condition:
        raise TrustError(code, field[:64], expected)
