"""The hash suites a chain may be founded on: SHA-256 and SM3, each also keyed."""

import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple

from gmssl_pyx import sm3_hash, sm3_hmac


class HashSuite(NamedTuple):
    """`digest` gives 32 bytes of any data; `keyed` is HMAC under the same hash, given key and data."""

    name: str
    digest: Callable[[bytes], bytes]
    keyed: Callable[[bytes, bytes], bytes]


def _sha256(data: bytes, _new: Callable[..., "hashlib._Hash"] = hashlib.sha256) -> bytes:
    return _new(data).digest()


def _sha256_keyed(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


SHA256 = HashSuite("sha256", _sha256, _sha256_keyed)
SM3 = HashSuite("sm3", sm3_hash, sm3_hmac)


def hash_suite(name: str) -> HashSuite:
    """The suite of this name; ValueError if there is none."""
    for suite in (SHA256, SM3):
        if suite.name == name:
            return suite
    raise ValueError(f"{name!r} is no hash suite: sha256 or sm3")
