"""The signature suites of a chain, each with the one rule by which its signatures are verified."""

import hashlib
import os
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import nacl.bindings
import nacl.exceptions
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infoharbor.crypto import sm2

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Suite(NamedTuple):
    """One signature algorithm with fixed lengths in bytes. `number` stands in key ids; `work` says how many Ed25519 checks
    one check costs, for quotas. `verify(public_key, message, signature)` is true or false for any bytes at all."""

    name: str
    number: int
    public_key_length: int
    signature_length: int
    work: int
    verify: Callable[[bytes, bytes, bytes], bool]
    opens: Callable[[bytes], tuple[bytes, Callable[[bytes], bytes]]]

    def private_key(self, secret: bytes) -> "PrivateKey":
        """The key of this 32-byte seed (Ed25519, ML-DSA-44) or scalar (P-256, SM2); ValueError if it is none."""
        if len(secret) != 32:
            raise ValueError("a secret of 32 bytes")
        return PrivateKey(self, *self.opens(secret), secret)

    def generate(self) -> "PrivateKey":
        """A fresh key from the system's randomness."""
        while True:
            try:
                return self.private_key(os.urandom(32))
            except ValueError:  # a scalar beyond the curve's order, about once in 2³²
                continue


class TokenPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a key lies that no file holds: in a PKCS#11 token, under a label. `module` is the path of the library that
    reaches the token; its PIN stands in the environment variable `pin_variable`, or in `pin_file`."""

    module: str
    token: str
    label: str
    pin_variable: str = ""
    pin_file: str = ""


class PrivateKey(NamedTuple):
    """A key in memory or in a token; `sign` gives the signature of a message in the suite's fixed form."""

    suite: Suite
    public_key: bytes
    sign: Callable[[bytes], bytes]
    held: bytes | TokenPlace

    @property
    def secret(self) -> bytes:
        """The 32 bytes of a key in memory; TypeError for one in a token, which does not give them out."""
        if isinstance(self.held, TokenPlace):
            raise TypeError("the secret of this key never leaves its token")
        return self.held

    def __repr__(self) -> str:
        return f"PrivateKey({self.suite.name}, {self.public_key.hex()[:16]}…)"


def _verify_ed25519(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 without cofactor: S below the order, canonical points, none of small order. libsodium does just that;
    its edges are held by `tests/vectors/crypto`, since one that differs would split a chain."""
    if len(signature) != 64 or len(public_key) != 32:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + message, public_key)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def _open_ed25519(seed: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    public_key, secret_key = nacl.bindings.crypto_sign_seed_keypair(seed)
    return public_key, lambda message: nacl.bindings.crypto_sign(message, secret_key)[:64]


def _verify_p256(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """ECDSA over SHA-256 (FIPS 186-5): compressed point of 33 bytes, r ‖ s of 64, s at most half the order."""
    if len(signature) != 64 or len(public_key) != 33:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not 0 < r < P256_ORDER or not 0 < s <= P256_ORDER // 2:
        return False
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _open_p256(scalar: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint), sign


def _verify_ml_dsa_44(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """FIPS 204, pure, with an empty context."""
    if len(signature) != 2420 or len(public_key) != 1312:
        return False
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _open_ml_dsa_44(seed: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    key = mldsa.MLDSA44PrivateKey.from_seed_bytes(seed)
    return key.public_key().public_bytes_raw(), key.sign


ED25519 = Suite("ed25519", 1, 32, 64, 1, _verify_ed25519, _open_ed25519)
P256 = Suite("p256", 2, 33, 64, 1, _verify_p256, _open_p256)
SM2 = Suite("sm2", 3, 65, 64, 10, sm2.verify, sm2.open_scalar)
ML_DSA_44 = Suite("ml-dsa-44", 4, 1312, 2420, 2, _verify_ml_dsa_44, _open_ml_dsa_44)
SUITES = {suite.name: suite for suite in (ED25519, P256, SM2, ML_DSA_44)}

KEY_TAG = b"infoharbor/key/1\0"


def suite(name: str) -> Suite:
    """The suite of this name; ValueError if there is none."""
    if name not in SUITES:
        raise ValueError(f"{name!r} is no signature suite: {', '.join(SUITES)}")
    return SUITES[name]


def key_id(suite: Suite, public_key: bytes) -> bytes:
    """A key's id on every chain: 32 bytes, over the suite's number and the public key."""
    return hashlib.sha256(KEY_TAG + bytes([suite.number]) + public_key).digest()
