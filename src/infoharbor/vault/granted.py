"""What a vault hands to a reader: the encrypted content, and its key sealed to the reader alone."""

from typing import NamedTuple

from infoharbor.contractkit.commitment import SALT_BYTES, Place, commitment
from infoharbor.crypto.sealing import CONTENT_BYTES, SealBroken, decrypt, open_sealed, seal
from infoharbor.engine.interface import Refused
from infoharbor.kernel.encoding import Codec, Wire, encode, tag

KEY_BYTES = 32
SEALED_BYTES = 2048
GRANTED_BYTES = CONTENT_BYTES + 8192
GRANTED_TAG = tag("granted")


class Held(NamedTuple):
    """Content with what opens its commitment: place and salt."""

    place: Place
    salt: bytes
    content: bytes

    @property
    def commitment(self) -> bytes:
        return commitment(self.place, self.salt, self.content)


class Granted(Wire, frozen=True):
    """Content for one reader, in MessagePack. `sealed` is HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) of the
    content's key and salt, 32 bytes each; `encrypted` is nonce and ciphertext as they lie in the vault."""

    place: Place
    commitment: bytes
    sealed: bytes
    encrypted: bytes


granted_codec = Codec(Granted, limit=GRANTED_BYTES)
"""Decodes what a reader was sent; raises `Malformed` for anything but the one encoding of it."""


def seal_for(reader: bytes, place: Place, committed: bytes, secret: bytes, encrypted: bytes) -> Granted:
    """`secret` is the content's key and salt; `reader` an X25519 public key. Refused as `vault.sealing_key`."""
    try:
        sealed = seal(reader, secret, GRANTED_TAG + committed)
    except ValueError:
        raise Refused("vault.sealing_key", "sealing_key", "an X25519 public key of 32 bytes") from None
    return Granted(place, committed, sealed, encrypted)


def open_granted(private_key: bytes, granted: Granted) -> Held:
    """The content, checked against its commitment; refused as `vault.not_for_you` or `vault.not_committed`.

    That the commitment is the one on the ledger, for the issuer that the reader means, the reader compares there.
    """
    if len(granted.sealed) > SEALED_BYTES:
        raise Refused("vault.not_for_you", "sealed", f"at most {SEALED_BYTES} bytes")
    try:
        secret = open_sealed(private_key, granted.sealed, GRANTED_TAG + granted.commitment)
        content = decrypt(secret[:KEY_BYTES], granted.encrypted, encode(granted.place))
    except (SealBroken, ValueError):
        raise Refused("vault.not_for_you", "sealed", "a grant sealed to this sealing key, unaltered") from None
    held = Held(granted.place, secret[KEY_BYTES:], content)
    if len(secret) != KEY_BYTES + SALT_BYTES or held.commitment != granted.commitment:
        raise Refused("vault.not_committed", "encrypted", "the content that the commitment binds")
    return held
