"""What a leaf of the state commits to, and where in the tree it hangs."""

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel.encoding import Wire, encode, tag

LEAF_TAG = tag("leaf")
PATH_TAG = tag("path")
BLIND_TAG = tag("blind")
NO_LEAF = bytes(32)
"""The previous leaf of a first version."""


class Leaf(Wire, frozen=True):
    """The preimage of a leaf hash. `previous` is the leaf hash of the version before, so that one leaf commits to the
    whole history; `blind` is a keyed hash of path and version, without which a neighbour in a proof cannot be guessed;
    `value` is the encoded record, empty for a tombstone."""

    path: str
    version: int
    height: int
    transaction: bytes
    previous: bytes
    schema: bytes
    blind: bytes
    value: bytes


def leaf_hash(suite: HashSuite, leaf: Leaf) -> bytes:
    return suite.digest(LEAF_TAG + encode(leaf))


def blind(suite: HashSuite, secret: bytes, path: str, version: int) -> bytes:
    """32 bytes that only the consortium can compute; evidence discloses it for the proved leaf alone."""
    return suite.keyed(secret, BLIND_TAG + b"%d:%s" % (version, path.encode()))


def path_hash(suite: HashSuite, path: str) -> bytes:
    """The leaf's place: the tree is walked by the nibbles of this hash."""
    return suite.digest(PATH_TAG + path.encode())
