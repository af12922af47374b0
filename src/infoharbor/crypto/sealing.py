"""Sealing content: to a reader's public key, and under a symmetric key."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CONTENT_BYTES = 64 * 1024 * 1024
NONCE_BYTES = 12
KEY_BYTES = 32
_suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class SealBroken(ValueError):
    """The sealed bytes are not what was sealed, or not for this key and context."""


def new_sealing_key() -> tuple[bytes, bytes]:
    """A fresh X25519 key: private and public, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def seal(public_key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """HPKE (RFC 9180, base mode): encapsulated key and ciphertext. `context` must be the same when opened.

    ValueError for more than 64 MiB, and for a key that is none or of small order, which would hide nothing.
    """
    _limit(plaintext)
    try:
        return bytes(_suite.encrypt(plaintext, X25519PublicKey.from_public_bytes(public_key), info=context))
    except ValueError as fault:
        raise ValueError("a sealing key: an X25519 public key of 32 bytes") from fault


def open_sealed(private_key: bytes, sealed: bytes, context: bytes) -> bytes:
    """What `seal` sealed for this key and context; raises `SealBroken`."""
    try:
        return bytes(_suite.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), info=context))
    except (InvalidTag, ValueError):
        raise SealBroken("not sealed for this key and context") from None


def encrypt(key: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """AES-256-GCM under a key of 32 bytes and a fresh random nonce, which stands before the ciphertext; at most 64 MiB."""
    _limit(plaintext)
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, plaintext, associated)


def decrypt(key: bytes, encrypted: bytes, associated: bytes) -> bytes:
    """What `encrypt` encrypted; raises `SealBroken`."""
    try:
        return _cipher(key).decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError):
        raise SealBroken("not encrypted under this key for this place") from None


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:  # the library would take a shorter one for AES-128 or AES-192
        raise ValueError(f"a key of {KEY_BYTES} bytes")
    return AESGCM(key)


def _limit(plaintext: bytes) -> None:
    if len(plaintext) > CONTENT_BYTES:
        raise ValueError(f"at most {CONTENT_BYTES} bytes")
