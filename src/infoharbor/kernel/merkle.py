"""The Merkle tree of RFC 9162 §2.1: roots, proofs that a leaf is in it, proofs that it only grew.

Leaves are given as 32-byte leaf hashes. Proofs are made from the hashes of *complete* subtrees:
`subtree(level, index)` is the root over the leaves from `index * 2**level` on, `2**level` of them, so level 0
holds the leaf hashes. `Frontier.append` names each of them once, when its last leaf arrives, so a store can
keep them all (under two hashes a leaf) and proofs need neither the leaves nor the tree in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256 as _sha256
from typing import NamedTuple

from infoharbor.kernel.encoding import Malformed

Digest = Callable[[bytes], bytes]
SubtreeAt = Callable[[int, int], bytes]

HASH_BYTES = 32
SIZE_MAX = 2**63 - 1
"""No tree has more leaves; so no proof has more than 64 hashes."""


def sha256(data: bytes) -> bytes:
    return _sha256(data).digest()


def leaf_hash(data: bytes, digest: Digest = sha256) -> bytes:
    """The hash of one leaf, set apart from inner nodes by its first byte."""
    return digest(b"\x00" + data)


def node_hash(left: bytes, right: bytes, digest: Digest = sha256) -> bytes:
    """The hash of an inner node."""
    return digest(b"\x01" + left + right)


def root(leaf_hashes: Sequence[bytes], digest: Digest = sha256) -> bytes:
    """The root over all `leaf_hashes`; over none, the hash of the empty string."""
    if not leaf_hashes:
        return digest(b"")
    level = leaf_hashes
    while len(level) > 1:
        level = _next_level(level, digest)
    return level[0]


def in_memory(leaf_hashes: Sequence[bytes], digest: Digest = sha256) -> SubtreeAt:
    """The subtrees of a tree that is small enough to hold: hash it once, prove many leaves."""
    levels = [leaf_hashes]
    while len(levels[-1]) > 1:
        levels.append(_next_level(levels[-1], digest))
    return lambda level, index: levels[level][index]


def _next_level(level: Sequence[bytes], digest: Digest) -> list[bytes]:
    # A last node without a sibling moves up as it is: the same tree as RFC 9162's split at a power of two.
    parents = [digest(b"\x01" + left + right) for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        parents.append(level[-1])
    return parents


def inclusion_proof(index: int, size: int, subtree: SubtreeAt, digest: Digest = sha256) -> list[bytes]:
    """The siblings, leaf to root, of leaf `index` among the first `size` leaves (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size <= SIZE_MAX:
        raise Malformed("ledger.proof_range", "index", f"0 to {size - 1}")
    start, end = 0, size
    proof = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(middle, end, subtree, digest))
            end = middle
        else:
            proof.append(_range_root(start, middle, subtree, digest))
            start = middle
    return proof[::-1]


def inclusion_path(index: int, leaf_hashes: Sequence[bytes], digest: Digest = sha256) -> list[bytes]:
    """The inclusion proof of one leaf of a tree whose leaves are at hand, such as a block's receipts."""
    return inclusion_proof(index, len(leaf_hashes), in_memory(leaf_hashes, digest), digest)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, digest: Digest = sha256
) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` is number `index` of the `size` leaves under `root`
    (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size <= SIZE_MAX or not _are_hashes((leaf, root, *proof)):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found, digest)
            node, last = _climb_to_right_child(node, last)
        else:
            found = node_hash(found, sibling, digest)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(old: int, new: int, subtree: SubtreeAt, digest: Digest = sha256) -> list[bytes]:
    """The hashes that show that the tree of `new` leaves begins with the `old` leaves (RFC 9162 §2.1.4.1);
    none are needed from nothing or to the same size."""
    if not 0 <= old <= new <= SIZE_MAX:
        raise Malformed("ledger.proof_range", "old", f"0 to {new}")
    if old in (0, new):
        return []
    start, end, known = 0, new, True
    proof = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_range_root(middle, end, subtree, digest))
            end = middle
        else:
            proof.append(_range_root(start, middle, subtree, digest))
            start, known = middle, False
    if not known:
        proof.append(_range_root(start, end, subtree, digest))
    return proof[::-1]


def verify_consistency(
    old_size: int,
    old_root: bytes,
    new_size: int,
    new_root: bytes,
    proof: Sequence[bytes],
    digest: Digest = sha256,
) -> bool:
    """Whether `proof` shows that the tree under `new_root` only appended to the one under `old_root`
    (RFC 9162 §2.1.4.2)."""
    if not 0 <= old_size <= new_size <= SIZE_MAX or not _are_hashes((old_root, new_root, *proof)):
        return False
    if new_size == 0 or old_size == 0:
        ends = ((old_size, old_root), (new_size, new_root))
        return not proof and all(value == digest(b"") for size, value in ends if size == 0)
    if old_size == new_size:
        return not proof and old_root == new_root
    # A complete old tree is itself a node of the new one, and the proof leaves it out.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_found = node_hash(sibling, old_found, digest)
            new_found = node_hash(sibling, new_found, digest)
            node, last = _climb_to_right_child(node, last)
        else:
            new_found = node_hash(new_found, sibling, digest)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def _climb_to_right_child(node: int, last: int) -> tuple[int, int]:
    """Pass the levels on which the right-most node has no sibling."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _are_hashes(values: Sequence[bytes]) -> bool:
    # Without this, bytes could move from one hash to its neighbour and leave the node's preimage the same.
    return all(len(value) == HASH_BYTES for value in values)


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(start: int, end: int, subtree: SubtreeAt, digest: Digest) -> bytes:
    """The root over the leaves `start` up to `end`, a node of some tree: complete, or on its right edge."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(subtree(level, start >> level))
        start += 1 << level
    return _join(peaks, digest)


def _join(peaks: Sequence[bytes], digest: Digest) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first."""
    joined = peaks[-1]
    for peak in reversed(peaks[:-1]):
        joined = digest(b"\x01" + peak + joined)
    return joined


class Subtree(NamedTuple):
    """The root `hash` of the complete subtree number `position` of `2**level` leaves."""

    level: int
    position: int
    hash: bytes


class Frontier:
    """The right edge of a growing tree: what it takes to append leaves and to know the root.

    `peaks` are the roots of the complete subtrees that make up the tree, the largest first: one for each bit
    of `size`.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = (), digest: Digest = sha256) -> None:
        if not 0 <= size <= SIZE_MAX or len(peaks) != size.bit_count() or not _are_hashes(peaks):
            raise Malformed("ledger.frontier", "peaks", "one 32-byte hash for each bit of size")
        self.size = size
        self._peaks = list(peaks)
        self._digest = digest

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """With `size`, all that has to be stored: `Frontier(size, peaks)` goes on from there."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> list[Subtree]:
        """Add one leaf hash; the subtrees that it completes, the leaf itself first."""
        completed = [Subtree(0, self.size, leaf)]
        level, index = 0, self.size
        while index & 1:
            leaf = self._digest(b"\x01" + self._peaks.pop() + leaf)
            level, index = level + 1, index >> 1
            completed.append(Subtree(level, index, leaf))
        self._peaks.append(leaf)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _join(self._peaks, self._digest) if self._peaks else self._digest(b"")

    def root_after(self, leaf: bytes) -> bytes:
        """The root if `leaf` were appended: what a block proposes before it is decided."""
        peaks, index = self._peaks.copy(), self.size
        while index & 1:
            leaf, index = self._digest(b"\x01" + peaks.pop() + leaf), index >> 1
        return _join([*peaks, leaf], self._digest)
