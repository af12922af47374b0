"""Proofs of possession: a key shows, when it is registered, that whoever names it holds it."""

from infoharbor.crypto.suites import SUITES, key_id
from infoharbor.kernel.encoding import encode, tag

POSSESSION_TAG = tag("possession")


def possession_message(user: str, suite: str, public_key: bytes) -> bytes:
    """What a new key signs: whose it will be, and itself."""
    return POSSESSION_TAG + encode([user, suite, public_key])


def is_possessed(user: str, suite: str, public_key: bytes, proof: bytes) -> bool:
    """Whether `proof` is the key's own signature over `possession_message`."""
    known = SUITES.get(suite)
    return known is not None and known.verify(public_key, possession_message(user, suite, public_key), proof)


def key_identifier(suite: str, public_key: bytes) -> str:
    """A key's id on the ledger: 64 hex digits."""
    return key_id(SUITES[suite], public_key).hex()
