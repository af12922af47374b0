"""The authenticated tree over all records: one root, proofs of presence and of absence.

A 16-ary trie by the nibbles of a leaf's path hash. A node's hash covers a 16-bit mask of its taken slots and the
slots' hashes in order; a slot holds a lone leaf or a deeper node. Records are never removed (a deletion leaves a
tombstone), so the shape depends on the set of paths alone and not on the order in which they came.
"""

from collections.abc import Callable

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel.encoding import Wire, tag

NODE_TAG = tag("node")
SLOT_TAG = tag("slot")
EMPTY_ROOT = bytes(32)
UPPER = 4
"""Nodes to this depth are few, and most blocks change many of them."""
NIBBLES = [bytes((nibble,)) for nibble in range(16)]

Leaf = tuple[bytes, bytes, bytes]
"""A lone leaf for a slot: path hash, leaf hash, slot hash."""
Load = Callable[[bytes], bytes | None]
"""Reads a stored node by its prefix, one byte a nibble."""


class Node:
    """Sixteen slots. `mask` has a bit for each taken one, `lone` for each that holds a lone leaf; `hashes` are the taken
    slots' hashes, `leaves` the lone leaves' path hashes and leaf hashes, both in order and in one piece, since thousands
    of nodes are gone through for each block."""

    __slots__ = ("hashes", "leaves", "lone", "mask")

    def __init__(self, mask: int = 0, lone: int = 0, hashes: bytes = b"", leaves: bytes = b"") -> None:
        self.mask, self.lone = mask, lone
        self.hashes, self.leaves = bytearray(hashes), bytearray(leaves)

    def hash(self, suite: HashSuite) -> bytes:
        return suite.digest(NODE_TAG + self.mask.to_bytes(2, "big") + self.hashes)

    def lone_leaf(self, nibble: int) -> tuple[bytes, bytes] | None:
        """Path hash and leaf hash, if a lone leaf stands in this slot."""
        bit = 1 << nibble
        if not self.lone & bit:
            return None
        at = (self.lone & bit - 1).bit_count() * 64
        return bytes(self.leaves[at : at + 32]), bytes(self.leaves[at + 32 : at + 64])


class ProofNode(Wire, frozen=True):
    """One node on the way down: its mask and the hashes of its taken slots, in order."""

    mask: int
    slots: tuple[bytes, ...]


class Neighbour(Wire, frozen=True):
    """The leaf that stands where an absent one would: it shares the walked nibbles and is another."""

    path_hash: bytes
    leaf_hash: bytes


class TreeProof(Wire, frozen=True):
    """The nodes from the root to where the path ends; `neighbour` only in a proof of absence that ends at a leaf."""

    nodes: tuple[ProofNode, ...]
    neighbour: Neighbour | None


class Tree:
    """Applies a block's changed leaves and gives the new root. Nodes are loaded on need. The upper ones stay at hand, at most
    70,000; of those below, as many as `cached`, once they are stored."""

    def __init__(self, suite: HashSuite, load: Load, root: bytes = EMPTY_ROOT, *, cached: int = 20_000) -> None:
        self._suite, self._load, self._cached = suite, load, cached
        self._upper: dict[bytes, Node] = {}
        self._lower: dict[bytes, Node] = {}
        self._dirty: dict[bytes, Node] = {}
        self.root = root

    def update(self, changes: dict[bytes, bytes]) -> bytes:
        """Set leaf hashes by path hash; returns the root."""
        if changes:
            digest = self._suite.digest
            leaves = [(path, leaf, digest(SLOT_TAG + path + leaf)) for path, leaf in sorted(changes.items())]
            self.root = self._descend(b"", leaves)
        return self.root

    def _descend(self, prefix: bytes, changed: list[Leaf], *, is_new: bool = False) -> bytes:
        """Put leaves that share `prefix`, ascending, under its node; returns the node's hash. A new node, where there was
        nothing or a lone leaf, cannot be stored yet: nodes are never removed."""
        depth = len(prefix)
        nodes = self._upper if depth <= UPPER else self._lower
        node = nodes.get(prefix)
        if node is None:
            node = nodes[prefix] = Node() if is_new else self._loaded(prefix)
        mask, lone, hashes, leaves = node.mask, node.lone, node.hashes, node.leaves
        byte, shift = depth >> 1, 0 if depth & 1 else 4
        start, count = 0, len(changed)
        while start < count:
            path, leaf, slot = changed[start]
            nibble = path[byte] >> shift & 15
            end = start + 1
            while end < count and changed[end][0][byte] >> shift & 15 == nibble:
                end += 1
            bit = 1 << nibble
            at, beside = (mask & bit - 1).bit_count() * 32, (lone & bit - 1).bit_count() * 64
            if lone & bit:
                there = leaves[beside : beside + 32]
                if end - start == 1 and there == path:
                    leaves[beside + 32 : beside + 64] = leaf
                else:
                    group = changed[start:end]
                    if all(each[0] != there for each in group):
                        resident = bytes(there), bytes(leaves[beside + 32 : beside + 64]), bytes(hashes[at : at + 32])
                        group = sorted([*group, resident])
                    del leaves[beside : beside + 64]
                    lone ^= bit
                    slot = self._descend(prefix + NIBBLES[nibble], group, is_new=True)
            elif mask & bit or end - start > 1:
                slot = self._descend(prefix + NIBBLES[nibble], changed[start:end], is_new=not mask & bit)
            else:
                leaves[beside:beside] = path + leaf
                lone |= bit
            hashes[at : at + 32 if mask & bit else at] = slot
            mask |= bit
            start = end
        node.mask, node.lone = mask, lone
        self._dirty[prefix] = node
        return node.hash(self._suite)

    def _loaded(self, prefix: bytes) -> Node:
        stored = self._load(prefix)
        return unpack(stored) if stored else Node()

    def take_changed(self) -> dict[bytes, bytes]:
        """The nodes changed since the last call, packed for the store, by prefix; afterwards the cache may shrink."""
        changed = {prefix: pack(node) for prefix, node in self._dirty.items()}
        self._dirty = {}
        if len(self._lower) > self._cached:
            self._lower = {}
        return changed


def pack(node: Node) -> bytes:
    """A node as it is stored: two masks (taken, lone leaf), 32 bytes for each taken slot, 64 for each lone leaf."""
    return node.mask.to_bytes(2, "big") + node.lone.to_bytes(2, "big") + node.hashes + node.leaves


def unpack(stored: bytes) -> Node:
    mask, lone = int.from_bytes(stored[:2], "big"), int.from_bytes(stored[2:4], "big")
    end = 4 + 32 * mask.bit_count()
    return Node(mask, lone, stored[4:end], stored[end:])


def node_hash(suite: HashSuite, stored: bytes) -> bytes:
    """The hash of a packed node, for audits that read the store."""
    return unpack(stored).hash(suite)


def nibble_of(path: bytes, depth: int) -> int:
    octet = path[depth >> 1]
    return octet & 15 if depth & 1 else octet >> 4


def prove(load: Load, path: bytes) -> TreeProof:
    """The proof that the leaf at this path hash is there, or is not."""
    nodes: list[ProofNode] = []
    prefix = b""
    while True:
        stored = load(prefix)
        if not stored:
            return TreeProof(tuple(nodes), None)
        node = unpack(stored)
        slots = tuple(bytes(node.hashes[at : at + 32]) for at in range(0, len(node.hashes), 32))
        nodes.append(ProofNode(node.mask, slots))
        nibble = nibble_of(path, len(prefix))
        resident = node.lone_leaf(nibble)
        if resident is not None or not node.mask >> nibble & 1:
            other = Neighbour(*resident) if resident is not None and resident[0] != path else None
            return TreeProof(tuple(nodes), other)
        prefix += NIBBLES[nibble]


def verify(suite: HashSuite, root: bytes, path: bytes, leaf: bytes | None, proof: TreeProof) -> bool:
    """True if under `root` the leaf hash at this path hash is `leaf`, or if `leaf` is None, that there is none."""
    if not proof.nodes:
        return root == EMPTY_ROOT and leaf is None and proof.neighbour is None
    wanted = root
    for depth, node in enumerate(proof.nodes):
        mask = node.mask
        if depth >= 64 or not 0 < mask < 65536 or len(node.slots) != mask.bit_count():
            return False
        if any(len(slot) != 32 for slot in node.slots):
            return False
        if suite.digest(NODE_TAG + mask.to_bytes(2, "big") + b"".join(node.slots)) != wanted:
            return False
        nibble = nibble_of(path, depth)
        taken = mask >> nibble & 1
        before = (mask & ((1 << nibble) - 1)).bit_count()
        wanted = node.slots[before] if taken else b""
        if not taken and depth + 1 != len(proof.nodes):
            return False
    return _ends_right(suite, wanted, path, leaf, proof)


def _ends_right(suite: HashSuite, slot: bytes, path: bytes, leaf: bytes | None, proof: TreeProof) -> bool:
    neighbour = proof.neighbour
    if leaf is not None:
        return neighbour is None and slot == suite.digest(SLOT_TAG + path + leaf)
    if neighbour is None:
        return slot == b""
    if len(neighbour.path_hash) != 32 or len(neighbour.leaf_hash) != 32 or neighbour.path_hash == path:
        return False
    walked = len(proof.nodes)
    shares = all(nibble_of(path, depth) == nibble_of(neighbour.path_hash, depth) for depth in range(walked))
    return shares and slot == suite.digest(SLOT_TAG + neighbour.path_hash + neighbour.leaf_hash)
