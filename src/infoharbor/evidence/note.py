"""Signed notes and the keys that verify them (C2SP signed-note; cosignatures of tlog-cosignature).

Two ways to read: `open_note` for notes of others, which passes over unknown keys as C2SP asks; and
`open_note(..., strict=True)` for evidence, where every line is known and valid and stands in the one order,
so that nobody on the way can change a byte of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.suites import SUITES
from infoharbor.evidence.checkpoint import Checkpoint, NoteError, decode_base64, encode_base64
from infoharbor.kernel.encoding import tag

NOTE_BYTES = 64 * 1024
KEY_NAME_BYTES = 255
KEY_ID_BYTES = 4
TIMESTAMP_BYTES = 8
VERIFIER_KEY_CHARACTERS = 4096
DASH = "— "

# Unicode's White_Space, written out: the answer must not change with the tables of a Python version.
SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {*map(chr, range(0x2000, 0x200B))}


class Signing(Protocol):
    """What signs: a private key in memory, or one in a module that never gives it out."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class Kind:
    """A signature type: its `identifier` in keys and key ids, its suite, the length of its public keys and
    signatures, whether a time stands before the signature, and what is signed, from key name, note text and
    seconds since 1970."""

    identifier: bytes
    suite: str
    key_bytes: int
    signature_bytes: int
    timed: bool
    message: Callable[[str, str, int], bytes]


def _cosignature_message(_name: str, text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _subtree_message(name: str, text: str, seconds: int) -> bytes:
    checkpoint = Checkpoint.parse(text, extensions=True)
    return b"".join(
        (
            b"subtree/v1\n\0",
            _prefixed(name),
            seconds.to_bytes(TIMESTAMP_BYTES, "big"),
            _prefixed(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _sm2_message(name: str, text: str, seconds: int) -> bytes:
    return tag("note-sm2") + _prefixed(name) + seconds.to_bytes(TIMESTAMP_BYTES, "big") + text.encode()


def _prefixed(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(1, "big") + data


ED25519 = Kind(b"\x01", "ed25519", 32, 64, False, lambda _name, text, _seconds: text.encode())
"""A log's plain signature over the text."""
ED25519_COSIGNATURE = Kind(b"\x04", "ed25519", 32, 64, True, _cosignature_message)
ML_DSA_44_COSIGNATURE = Kind(b"\x06", "ml-dsa-44", 1312, 2420, True, _subtree_message)
"""Over the checkpoint's three lines; it names the cosigner too."""
SM2_COSIGNATURE = Kind(b"\xff" + tag("note-sm2"), "sm2", 65, 64, True, _sm2_message)
"""Ours, in the private range: over the whole text, naming cosigner and time. Beside another kind."""

KINDS = (ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, SM2_COSIGNATURE)


def is_key_name(name: str) -> bool:
    """Whether `name` may stand in a key: not empty, no spaces, no plus, no control characters."""
    return 0 < len(name.encode()) <= KEY_NAME_BYTES and not any(
        character in SPACES or character == "+" or character < " " for character in name
    )


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs under and the kind of its signatures: a *vkey*."""

    name: str
    kind: Kind
    public_key: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise NoteError("note.key_name", "name", f"1 to {KEY_NAME_BYTES} bytes, no space, no plus")
        if len(self.public_key) != self.kind.key_bytes:
            raise NoteError("note.key_length", "public_key", f"{self.kind.key_bytes} bytes")

    @property
    def id(self) -> bytes:
        """The 4 bytes that, with the name, tell which key a signature line is of."""
        material = self.kind.identifier + self.public_key
        return SHA256.digest(self.name.encode() + b"\n" + material)[:KEY_ID_BYTES]

    def encode(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(self.kind.identifier + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `NAME+ID+KEY`; the id must be the one computed from name and key."""
        parts = text.split("+", 2)
        if len(text) > VERIFIER_KEY_CHARACTERS or len(parts) != 3:
            raise NoteError("note.key", "vkey", "NAME+ID+KEY")
        name, key_id, encoded = parts
        material = decode_base64(encoded, "vkey")
        for kind in KINDS:
            if material.startswith(kind.identifier):
                key = cls(name, kind, material.removeprefix(kind.identifier))
                if key.id.hex() != key_id:
                    raise NoteError("note.key_id", "vkey", key.id.hex())
                return key
        raise NoteError("note.key_kind", "vkey", "a key of type 0x01, 0x04, 0x06 or InfoHarbor's SM2")

    def sign(self, text: str, private_key: Signing, time: int = 0) -> SignatureLine:
        """Sign the note's `text`; a cosignature states `time`, milliseconds since 1970 UTC, in seconds."""
        if private_key.public_key != self.public_key:
            raise NoteError("note.key_mismatch", "private_key", f"the private key of {self.name}")
        seconds = time // 1000
        signature = private_key.sign(self.kind.message(self.name, text, seconds))
        stamp = seconds.to_bytes(TIMESTAMP_BYTES, "big") if self.kind.timed else b""
        return SignatureLine(self.name, self.id, stamp + signature)

    def verify(self, text: str, line: SignatureLine) -> Signature | None:
        """The signature that `line` is, by this key over `text`; nothing if it is none."""
        stamp_bytes = TIMESTAMP_BYTES if self.kind.timed else 0
        stamp, signature = line.signature[:stamp_bytes], line.signature[stamp_bytes:]
        seconds = int.from_bytes(stamp, "big")
        if len(signature) != self.kind.signature_bytes or seconds >= 2**63:
            return None
        try:
            message = self.kind.message(self.name, text, seconds)
        except NoteError:
            return None
        valid = SUITES[self.kind.suite].verify(self.public_key, message, signature)
        return Signature(self, seconds * 1000) if valid else None


@dataclass(frozen=True)
class Signature:
    """A valid signature: by which key and, of a cosignature, its `time` (milliseconds since 1970 UTC)."""

    key: VerifierKey
    time: int


@dataclass(frozen=True)
class SignatureLine:
    """A signature that was read and not yet verified."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def order(self) -> tuple[bytes, bytes]:
        """Where the line stands in a note of ours."""
        return self.name.encode(), self.key_id

    def encode(self) -> str:
        return f"{DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """Read one line, without its newline."""
        name, space, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not space or not is_key_name(name):
            raise NoteError("note.signature_line", "signatures", "a dash, a name, base64, one space between")
        material = decode_base64(encoded, "signatures")
        if len(material) <= KEY_ID_BYTES:
            raise NoteError("note.signature_line", "signatures", "a key id and a signature")
        return cls(name, material[:KEY_ID_BYTES], material[KEY_ID_BYTES:])


@dataclass(frozen=True)
class Note:
    """A `text`, which ends in a newline, and the signature lines under it."""

    text: str
    lines: tuple[SignatureLine, ...]

    @classmethod
    def parse(cls, raw: bytes | str) -> Note:
        """Read a note of at most 64 KiB without verifying it: neither text nor names are to be believed."""
        try:
            raw = raw if isinstance(raw, bytes) else raw.encode()
            if len(raw) > NOTE_BYTES:
                raise NoteError("note.too_large", "note", f"at most {NOTE_BYTES} bytes")
            whole = raw.decode()
        except UnicodeError:
            raise NoteError("note.encoding", "note", "UTF-8") from None
        if any(character < " " and character != "\n" for character in whole):
            raise NoteError("note.encoding", "note", "no control characters but newlines")
        text, blank, signatures = whole.rpartition("\n\n")
        if not blank:
            raise NoteError("note.unsigned", "note", "a text, an empty line and signature lines")
        return cls(text + "\n", parse_lines(signatures))

    def encode(self) -> bytes:
        raw = (self.text + "\n" + "".join(line.encode() for line in self.lines)).encode()
        if len(raw) > NOTE_BYTES:
            raise NoteError("note.too_large", "note", f"at most {NOTE_BYTES} bytes")
        return raw

    def with_lines(self, lines: Iterable[SignatureLine]) -> Note:
        """The note with `lines` too, in order; a key's new line takes the place of its old one."""
        newest = {line.order: line for line in (*self.lines, *lines)}
        return replace(self, lines=tuple(newest[order] for order in sorted(newest)))


def parse_lines(text: str) -> tuple[SignatureLine, ...]:
    """Read signature lines alone, as a witness answers with them."""
    *lines, end = text.split("\n")
    if end or not lines or len(text) > NOTE_BYTES:
        raise NoteError("note.signature_line", "signatures", "at least one line, each ended by a newline")
    return tuple(SignatureLine.parse(line) for line in lines)


def sign_note(text: str, lines: Iterable[SignatureLine]) -> bytes:
    """The note of `text` under `lines`, in the one order that evidence has."""
    return Note(text, ()).with_lines(lines).encode()


def checkpoint_in(note: bytes | str, *, extensions: bool = False) -> Checkpoint:
    """What a note says of a log, whoever has signed it: not to be believed. `extensions` as `Checkpoint.parse` has it."""
    return Checkpoint.parse(Note.parse(note).text, extensions=extensions)


def open_note(
    raw: bytes | str, keys: Sequence[VerifierKey], *, strict: bool = False
) -> tuple[str, tuple[Signature, ...]]:
    """The text of a note that at least one of `keys` signed, and who did.

    An invalid signature of a known key refuses the whole note. Lines of unknown keys are passed over and a
    key's second line does not count; if `strict`, either is refused, and so are lines out of order.
    """
    note = Note.parse(raw)
    known = {(key.name.encode(), key.id): key for key in keys}
    if len(known) < len(keys):
        raise NoteError("note.key_ambiguous", "keys", "one key for each name and id")
    orders = [line.order for line in note.lines]
    if strict and any(order not in known for order in orders):
        raise NoteError("note.unknown_signature", "signatures", "only lines of known keys")
    if strict and any(later <= earlier for earlier, later in pairwise(orders)):
        raise NoteError("note.signature_order", "signatures", "each key once, by name and key id")
    found: dict[tuple[bytes, bytes], Signature] = {}
    for line in note.lines:
        if line.order not in known or line.order in found:
            continue
        signature = known[line.order].verify(note.text, line)
        if signature is None:
            raise NoteError("note.signature_invalid", "signatures", f"a valid signature of {line.name}")
        found[line.order] = signature
    if not found:
        raise NoteError("note.unsigned", "signatures", "a signature of a known key")
    return note.text, tuple(found.values())
