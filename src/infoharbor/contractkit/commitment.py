"""Salted commitments: 32 bytes on the ledger that bind content which stays with its owner."""

from typing import NamedTuple

from infoharbor.crypto.hashes import SHA256
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.refusal import ensure

HASH_BYTES = 32
SALT_BYTES = 32
"""256 bits, fresh for each commitment: equal contents look unlike, and short ones cannot be guessed."""


class Place(NamedTuple):
    """What a commitment stands for: `field` in version `version` of the record at the path `record`, on one chain,
    for one owner. A commitment copied to any other place opens nothing there."""

    chain: bytes
    owner: str
    record: str
    field: str
    version: int = 1


def commitment(place: Place, salt: bytes, content: bytes) -> bytes:
    """The SHA-256 commitment (32 bytes) to `content` at `place`, whatever the chain's own hash suite is.

    Refused as `ledger.malformed` unless chain and salt have 32 bytes. The content enters as its digest, so that
    whoever checks a large file reads it once and keeps none of it.
    """
    for name, value in (("chain", place.chain), ("salt", salt)):
        ensure(len(value) == HASH_BYTES, "ledger.malformed", field=name, expected=f"{HASH_BYTES} bytes")
    return tagged_hash(SHA256, "commitment", encode([*place, salt, SHA256.digest(content)]))
