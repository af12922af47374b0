"""What a transparency log says of itself: origin, number of leaves, root (C2SP tlog-checkpoint)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.merkle import HASH_BYTES, SIZE_MAX

ORIGIN_BYTES = 255
"""As long as the ML-DSA-44 cosignature's message can name."""


class NoteError(Malformed):
    """A note, key, checkpoint or tile that is refused: a stable `code`, the `field`, what is `expected`."""


def encode_base64(data: bytes) -> str:
    return b64encode(data).decode()


def decode_base64(text: str, field: str) -> bytes:
    """The bytes that `text` is the one standard encoding of (RFC 4648 §4, padded, no spare bits set)."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise NoteError("note.base64", field, "standard base64 with padding") from None
    if encode_base64(data) != text:
        raise NoteError("note.base64", field, "canonical base64")
    return data


def parse_decimal(text: str, field: str) -> int:
    """An integer from 0 to 2**63 - 1, in ASCII digits without leading zeros."""
    digits = len(text) <= 19 and text.isascii() and text.isdigit()
    if digits and int(text) <= SIZE_MAX and str(int(text)) == text:
        return int(text)
    raise NoteError("note.number", field, "a decimal integer without leading zeros, at most 2^63 - 1")


@dataclass(frozen=True)
class Checkpoint:
    """`root` (32 bytes) over the first `size` leaves of the log `origin`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        one_line = all(character >= " " for character in self.origin)
        if not one_line or not 0 < len(self.origin.encode()) <= ORIGIN_BYTES:
            raise NoteError("note.origin", "origin", f"one line of 1 to {ORIGIN_BYTES} bytes")
        if not 0 <= self.size <= SIZE_MAX:
            raise NoteError("note.number", "size", "0 to 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise NoteError("note.root", "root", f"{HASH_BYTES} bytes")

    def encode(self) -> str:
        """The text that logs and cosigners sign: three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str, *, extensions: bool = False) -> Checkpoint:
        """Read the three lines. Extension lines are refused unless `extensions`, which passes over them:
        the ML-DSA-44 cosignature does not cover them, so no evidence has any."""
        *lines, end = text.split("\n")
        if end or len(lines) < 3 or not all(lines):
            raise NoteError("note.checkpoint", "text", "origin, size and root, one non-empty line each")
        if len(lines) > 3 and not extensions:
            raise NoteError("note.extension", "text", "no extension lines")
        return cls(lines[0], parse_decimal(lines[1], "size"), decode_base64(lines[2], "root"))


def origin_of(chain: str, genesis: bytes) -> str:
    """A chain's origin: its name, and the first 8 bytes of its id so that no two ledgers share one."""
    return f"{chain}/{genesis[:8].hex()}"
