"""How a checkpoint is shown to a witness: the request of C2SP tlog-witness `add-checkpoint`, written and read."""

from __future__ import annotations

from dataclasses import dataclass

from infoharbor.evidence.checkpoint import NoteError, decode_base64, encode_base64, parse_decimal
from infoharbor.evidence.note import NOTE_BYTES
from infoharbor.kernel.merkle import HASH_BYTES

PROOF_MAX = 63
REQUEST_BYTES = NOTE_BYTES + 64 * 64
SIZE_MEDIA_TYPE = "text/x.tlog.size"
"""What a witness answers with that knows another size than the one the request begins from."""


@dataclass(frozen=True)
class Submission:
    """A checkpoint `note`, and the proof that it goes on from the `old` size, the last that the witness has seen."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        lines = [f"old {self.old}", *map(encode_base64, self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note

    @classmethod
    def parse(cls, raw: bytes) -> Submission:
        """Read a request's body; its note is not verified yet."""
        refusal = NoteError("note.submission", "body", "old SIZE, proof lines, an empty line and a signed note")
        if len(raw) > REQUEST_BYTES:
            raise NoteError("note.too_large", "body", f"at most {REQUEST_BYTES} bytes")
        head, blank, note = raw.partition(b"\n\n")
        if not blank or not head.isascii():
            raise refusal
        first, *proof = head.decode().split("\n")
        if not first.startswith("old ") or len(proof) > PROOF_MAX:
            raise refusal
        hashes = tuple(decode_base64(line, "proof") for line in proof)
        if any(len(each) != HASH_BYTES for each in hashes):
            raise NoteError("note.root", "proof", f"{HASH_BYTES} bytes each")
        return cls(parse_decimal(first.removeprefix("old "), "old"), hashes, note)
