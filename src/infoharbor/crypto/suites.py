"""Signature suites: stand-in until the full file lands within minutes."""

import hashlib
from typing import NamedTuple

import nacl.bindings as nacl


class PrivateKey(NamedTuple):
    suite: "Suite"
    public_key: bytes
    secret: bytes

    def sign(self, message: bytes) -> bytes:
        return nacl.crypto_sign(message, self.secret + self.public_key)[:64]


class Suite(NamedTuple):
    name: str
    number: int
    public_key_length: int
    signature_length: int
    work: int

    def verify(self, public_key: bytes, message: bytes, signature: bytes) -> bool:
        try:
            nacl.crypto_sign_open(signature + message, public_key)
            return len(signature) == 64
        except Exception:
            return False

    def private_key(self, secret: bytes) -> PrivateKey:
        return PrivateKey(self, nacl.crypto_sign_seed_keypair(secret)[0], secret)

    def generate(self) -> PrivateKey:
        import os

        return self.private_key(os.urandom(32))


SUITES = {"ed25519": Suite("ed25519", 1, 32, 64, 1)}


def suite(name: str) -> Suite:
    return SUITES[name]


def key_id(suite: Suite, public_key: bytes) -> bytes:
    return hashlib.sha256(b"infoharbor/key/1\0" + bytes([suite.number]) + public_key).digest()
