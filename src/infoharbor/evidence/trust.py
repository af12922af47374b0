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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infoharbor.evidence.checkpoint import Checkpoint, decode_base64, encode_base64, origin_of, parse_decimal
from infoharbor.evidence.note import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    SM2_COSIGNATURE,
    Kind,
    VerifierKey,
)
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
    _ensure(len(policy.genesis) == HASH_BYTES, "trust.genesis", "chain", "64 hex digits")
    _ensure(policy.engine in (EMBEDDED, REPLICATED), "trust.engine", "engine", f"{EMBEDDED} or {REPLICATED}")
    _ensure(
        policy.pin_size > 0 and len(policy.pin_root) == HASH_BYTES,
        "trust.pin",
        "pin",
        "a size above 0, its root",
    )
    _ensure(policy.logs, "trust.no_log", "log", "at least one log line")
    for log in policy.logs:
        _ensure(log.key.kind in LOG_KINDS, "trust.key_kind", "log", "a key of type 0x01 or 0x06")
        named = log.key.name == policy.origin or log.key.name.startswith(policy.origin + "/")
        _ensure(named, "trust.log_origin", "log", f"a key named {policy.origin}, or {policy.origin}/MEMBER")
    for witness in policy.witnesses:
        _ensure(witness.key.kind in WITNESS_KINDS, "trust.key_kind", "witness", "a key of type 0x04 or 0x06")
        sm2 = witness.sm2_key is None or witness.sm2_key.kind is SM2_COSIGNATURE
        _ensure(sm2, "trust.key_kind", "sm2", "a key of InfoHarbor's SM2 type")
    for sort in (policy.logs, policy.witnesses, policy.groups):
        _ensure(
            len(sort) <= LINES_OF_A_SORT,
            "trust.too_many",
            "trust",
            f"at most {LINES_OF_A_SORT} lines of a sort",
        )
    # One public key has one role: else one signer would be counted twice.
    public_keys = [key.public_key for key in policy.keys]
    _ensure(len(set(public_keys)) == len(public_keys), "trust.duplicate_key", "vkey", "each public key once")

    names = {NO_QUORUM}
    for name in (witness.name for witness in policy.witnesses):
        _ensure(name not in names, "trust.duplicate_name", name, "a name of its own")
        names.add(name)
    members: set[str] = set()
    for group in policy.groups:
        for member in group.members:
            _ensure(member in names - {NO_QUORUM}, "trust.unknown_name", member, "a name of an earlier line")
            _ensure(member not in members, "trust.member_twice", member, "a member of one group, once")
            members.add(member)
        _ensure(
            1 <= group.needed <= len(group.members),
            "trust.threshold",
            group.name,
            f"1 to {len(group.members)}",
        )
        _ensure(group.name not in names, "trust.duplicate_name", group.name, "a name of its own")
        names.add(group.name)
    _ensure(policy.quorum in names, "trust.unknown_name", policy.quorum, "a witness or group of an earlier line")
    trusting = policy.quorum != NO_QUORUM or policy.engine == EMBEDDED
    _ensure(trusting, "trust.quorum_none", "quorum", "a quorum of witnesses, since the engine is replicated")


def parse_trust(raw: bytes) -> TrustPolicy:
    """Read a trust file of at most 256 KiB. Raises `TrustError`, or `NoteError` for a malformed key."""
    _ensure(len(raw) <= TRUST_BYTES, "trust.too_large", "trust", f"at most {TRUST_BYTES} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise TrustError("trust.encoding", "trust", "UTF-8") from None
    plain = all(character >= " " or character in "\t\n" for character in text) and "\x7f" not in text
    _ensure(plain, "trust.encoding", "trust", "no control characters but tab and newline")
    _ensure(text.endswith("\n"), "trust.line", "trust", "every line ended by a newline")
    reader = _Reader()
    for line in text[:-1].split("\n"):
        reader.read(line.strip(" \t"))
    return reader.policy()


class _Reader:
    """Takes the lines of a trust file one by one."""

    def __init__(self) -> None:
        self._once: dict[str, list[str]] = {}
        self._logs: list[Log] = []
        self._witnesses: dict[str, Witness] = {}
        self._groups: list[Group] = []
        self._readers: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "# sm2": self._sm2,
        }

    def read(self, line: str) -> None:
        if not line or line.startswith("##"):
            return
        ours = line.startswith("#")
        word, *items = [item for item in line.lstrip("#").replace("\t", " ").split(" ") if item] or [""]
        word = f"# {word}" if ours else word
        if not self._once:
            _ensure(word == f"# {FORMAT}" and not items, "trust.format", "trust", f"a first line # {FORMAT}")
        if word in self._readers:
            self._readers[word](items)
            return
        counts = {f"# {FORMAT}": 0, "# chain": 2, "# engine": 1, "# pin": 2, "# refresh-by": 1, "quorum": 1}
        _ensure(word in counts, "trust.line", word, "a line of a trust file; comments start with ##")
        _ensure(len(items) == counts[word], "trust.line", word, f"{counts[word]} items")
        _ensure(word not in self._once, "trust.line_twice", word, "one such line")
        if word == "quorum":
            known = {NO_QUORUM, *self._witnesses, *(group.name for group in self._groups)}
            _ensure(items[0] in known, "trust.unknown_name", items[0], "a witness or group of an earlier line")
        self._once[word] = items

    def policy(self) -> TrustPolicy:
        for word in ("# chain", "# engine", "# pin", "# refresh-by", "quorum"):
            _ensure(word in self._once, "trust.line_missing", word, f"a line {word}")
        chain, genesis = self._once["# chain"]
        hexadecimal = len(genesis) == 2 * HASH_BYTES and set(genesis) <= set("0123456789abcdef")
        _ensure(hexadecimal, "trust.genesis", "chain", "64 lower-case hex digits")
        size, root = self._once["# pin"]
        return TrustPolicy(
            chain=chain,
            genesis=bytes.fromhex(genesis),
            engine=self._once["# engine"][0],
            pin_size=parse_decimal(size, "pin"),
            pin_root=decode_base64(root, "pin"),
            refresh_by=_milliseconds(self._once["# refresh-by"][0]),
            logs=tuple(self._logs),
            witnesses=tuple(self._witnesses.values()),
            groups=tuple(self._groups),
            quorum=self._once["quorum"][0],
        )

    def _log(self, items: list[str]) -> None:
        _ensure(1 <= len(items) <= 2, "trust.line", "log", "VKEY [URL]")
        self._logs.append(Log(_key(items[0], "log", LOG_KINDS), *items[1:]))

    def _witness(self, items: list[str]) -> None:
        _ensure(2 <= len(items) <= 3, "trust.line", "witness", "NAME VKEY [URL]")
        _ensure(items[0] not in self._witnesses, "trust.duplicate_name", items[0], "a name of its own")
        key = _key(items[1], "witness", WITNESS_KINDS)
        self._witnesses[items[0]] = Witness(items[0], key, "".join(items[2:]))

    def _sm2(self, items: list[str]) -> None:
        _ensure(len(items) == 2, "trust.line", "sm2", "WITNESS VKEY")
        witness = self._witnesses.get(items[0])
        if witness is None or witness.sm2_key:
            raise TrustError("trust.unknown_name", items[0], "a witness of an earlier line, once")
        key = _key(items[1], "sm2", (SM2_COSIGNATURE,))
        self._witnesses[witness.name] = Witness(witness.name, witness.key, witness.url, key)

    def _group(self, items: list[str]) -> None:
        _ensure(len(items) >= 3, "trust.line", "group", "NAME all|any|NUMBER MEMBER...")
        name, threshold, *members = items
        known = {*self._witnesses, *(group.name for group in self._groups)}
        for member in members:
            _ensure(member in known, "trust.unknown_name", member, "a witness or group of an earlier line")
        words = {"all": len(members), "any": 1}
        needed = words[threshold] if threshold in words else parse_decimal(threshold, f"group {name}")
        self._groups.append(Group(name, needed, tuple(members)))


def _key(text: str, field: str, kinds: tuple[Kind, ...]) -> VerifierKey:
    key = VerifierKey.parse(text)
    _ensure(key.kind in kinds, "trust.key_kind", field, "a key of a type for this line")
    return key


def _milliseconds(text: str) -> int:
    refusal = TrustError("trust.time", "refresh-by", "an ISO 8601 date and time with an offset")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusal from None
    if moment.tzinfo is None or moment < EPOCH:
        raise refusal
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _ensure(condition: object, code: str, field: str, expected: str) -> None:
    if not condition:
        raise TrustError(code, field[:64], expected)
