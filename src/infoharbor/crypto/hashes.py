"""The hash suites a chain may be founded on: SHA-256 and SM3, each also keyed."""

import functools
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from gmssl_pyx import sm3_hash, sm3_hmac

BLOCK_BYTES = 64
"""SHA-256's block, to which an HMAC key is padded."""


class HashSuite(NamedTuple):
    """`digest` gives 32 bytes of any data; `keyed` is HMAC under the same hash, given a key that is not empty, and data."""

    name: str
    digest: Callable[[bytes], bytes]
    keyed: Callable[[bytes, bytes], bytes]


_EMPTY = hashlib.sha256()


def _sha256(data: bytes, _empty: "hashlib._Hash" = _EMPTY) -> bytes:
    """From a copy of the empty state, which costs less than a new one: a bundle takes some thirty hashes."""
    state = _empty.copy()
    state.update(data)
    return state.digest()


def _sha256_keyed(key: bytes, data: bytes) -> bytes:
    """HMAC (RFC 2104) from the key's two prepared states: `hmac.digest` gives up the interpreter's lock on every call,
    and a busy thread takes milliseconds to give it back."""
    inner, outer = _pads(key)
    inner, outer = inner.copy(), outer.copy()
    inner.update(data)
    outer.update(inner.digest())
    return outer.digest()


@functools.lru_cache(maxsize=8)
def _pads(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK_BYTES else key).ljust(BLOCK_BYTES, b"\0")
    return hashlib.sha256(bytes(each ^ 0x36 for each in padded)), hashlib.sha256(bytes(each ^ 0x5C for each in padded))


SHA256 = HashSuite("sha256", _sha256, _sha256_keyed)
SM3 = HashSuite("sm3", sm3_hash, sm3_hmac)


def hash_suite(name: str) -> HashSuite:
    """The suite of this name; ValueError if there is none."""
    for suite in (SHA256, SM3):
        if suite.name == name:
            return suite
    raise ValueError(f"{name!r} is no hash suite: sha256 or sm3")
