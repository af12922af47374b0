"""Reads a trust file, line by line, into the policy that it states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from infoharbor.evidence.checkpoint import decode_base64, parse_decimal
from infoharbor.evidence.note import SM2_COSIGNATURE, Kind, VerifierKey
from infoharbor.evidence.trust import (
    EPOCH,
    FORMAT,
    LOG_KINDS,
    NO_QUORUM,
    TRUST_BYTES,
    WITNESS_KINDS,
    Group,
    Log,
    TrustError,
    TrustPolicy,
    Witness,
    ensure_trust,
)
from infoharbor.kernel.merkle import HASH_BYTES


def parse_trust(raw: bytes) -> TrustPolicy:
    """Read a trust file of at most 256 KiB. Raises `TrustError`, or `NoteError` for a malformed key."""
    ensure_trust(len(raw) <= TRUST_BYTES, "trust.too_large", "trust", f"at most {TRUST_BYTES} bytes")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise TrustError("trust.encoding", "trust", "UTF-8") from None
    plain = all(character >= " " or character in "\t\n" for character in text) and "\x7f" not in text
    ensure_trust(plain, "trust.encoding", "trust", "no control characters but tab and newline")
    ensure_trust(text.endswith("\n"), "trust.line", "trust", "every line ended by a newline")
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
        self._names: set[str] = set()
        """Of the witnesses and groups so far."""
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
            ensure_trust(word == f"# {FORMAT}" and not items, "trust.format", "trust", f"a first line # {FORMAT}")
        if word in self._readers:
            self._readers[word](items)
            return
        counts = {f"# {FORMAT}": 0, "# chain": 2, "# engine": 1, "# pin": 2, "# refresh-by": 1, "quorum": 1}
        ensure_trust(word in counts, "trust.line", word, "a line of a trust file; comments start with ##")
        ensure_trust(len(items) == counts[word], "trust.line", word, f"{counts[word]} items")
        ensure_trust(word not in self._once, "trust.line_twice", word, "one such line")
        if word == "quorum":
            known = items[0] == NO_QUORUM or items[0] in self._names
            ensure_trust(known, "trust.unknown_name", items[0], "a witness or group of an earlier line")
        self._once[word] = items

    def policy(self) -> TrustPolicy:
        for word in ("# chain", "# engine", "# pin", "# refresh-by", "quorum"):
            ensure_trust(word in self._once, "trust.line_missing", word, f"a line {word}")
        chain, genesis = self._once["# chain"]
        hexadecimal = len(genesis) == 2 * HASH_BYTES and set(genesis) <= set("0123456789abcdef")
        ensure_trust(hexadecimal, "trust.genesis", "chain", "64 lower-case hex digits")
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
        ensure_trust(1 <= len(items) <= 2, "trust.line", "log", "VKEY [URL]")
        self._logs.append(Log(_key(items[0], "log", LOG_KINDS), *items[1:]))

    def _witness(self, items: list[str]) -> None:
        ensure_trust(2 <= len(items) <= 3, "trust.line", "witness", "NAME VKEY [URL]")
        ensure_trust(items[0] not in self._witnesses, "trust.duplicate_name", items[0], "a name of its own")
        key = _key(items[1], "witness", WITNESS_KINDS)
        self._witnesses[items[0]] = Witness(items[0], key, "".join(items[2:]))
        self._names.add(items[0])

    def _sm2(self, items: list[str]) -> None:
        ensure_trust(len(items) == 2, "trust.line", "sm2", "WITNESS VKEY")
        witness = self._witnesses.get(items[0])
        if witness is None or witness.sm2_key:
            raise TrustError("trust.unknown_name", items[0], "a witness of an earlier line, once")
        key = _key(items[1], "sm2", (SM2_COSIGNATURE,))
        self._witnesses[witness.name] = Witness(witness.name, witness.key, witness.url, key)

    def _group(self, items: list[str]) -> None:
        ensure_trust(len(items) >= 3, "trust.line", "group", "NAME all|any|NUMBER MEMBER...")
        name, threshold, *members = items
        for member in members:
            ensure_trust(member in self._names, "trust.unknown_name", member, "a witness or group of an earlier line")
        words = {"all": len(members), "any": 1}
        needed = words[threshold] if threshold in words else parse_decimal(threshold, f"group {name}")
        self._groups.append(Group(name, needed, tuple(members)))
        self._names.add(name)


def _key(text: str, field: str, kinds: tuple[Kind, ...]) -> VerifierKey:
    key = VerifierKey.parse(text)
    ensure_trust(key.kind in kinds, "trust.key_kind", field, "a key of a type for this line")
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
