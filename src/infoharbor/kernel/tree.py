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

Leaf = tuple[bytes, bytes, bytes]
"""A lone leaf in a slot: path hash, leaf hash, slot hash."""
Node = list[bytes | Leaf | None]
"""Sixteen slots: nothing, a deeper node's hash, or a leaf."""
Load = Callable[[bytes], bytes | None]
"""Reads a stored node by its prefix, one byte a nibble."""


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
    """Applies a block's changed leaves and gives the new root. Nodes are loaded on need; `cached` bounds memory."""

    def __init__(self, suite: HashSuite, load: Load, root: bytes = EMPTY_ROOT, *, cached: int = 40_000) -> None:
        self._suite, self._load, self._cached = suite, load, cached
        self._nodes: dict[bytes, Node] = {}
        self._dirty: set[bytes] = set()
        self.root = root

    def update(self, changes: dict[bytes, bytes]) -> bytes:
        """Set leaf hashes by path hash; returns the root."""
        if changes:
            digest = self._suite.digest
            leaves = [(path, leaf, digest(SLOT_TAG + path + leaf)) for path, leaf in sorted(changes.items())]
            self.root = self._descend(b"", 0, leaves)
        return self.root

    def _descend(self, prefix: bytes, depth: int, leaves: list[Leaf]) -> bytes:
        node = self._node(prefix)
        index, count = 0, len(leaves)
        byte, high = depth >> 1, not depth & 1
        while index < count:
            octet = leaves[index][0][byte]
            nibble = octet >> 4 if high else octet & 15
            end = index + 1
            while end < count:
                octet = leaves[end][0][byte]
                if (octet >> 4 if high else octet & 15) != nibble:
                    break
                end += 1
            slot = node[nibble]
            if type(slot) is bytes:
                node[nibble] = self._descend(prefix + bytes((nibble,)), depth + 1, leaves[index:end])
            elif end - index == 1 and (slot is None or slot[0] == leaves[index][0]):
                node[nibble] = leaves[index]
            else:
                group = leaves[index:end]
                if slot is not None and all(leaf[0] != slot[0] for leaf in group):
                    group = sorted([*group, slot])  # type: ignore[list-item]
                node[nibble] = self._descend(prefix + bytes((nibble,)), depth + 1, group)
            index = end
        self._dirty.add(prefix)
        return self._suite.digest(NODE_TAG + preimage(node))

    def _node(self, prefix: bytes) -> Node:
        node = self._nodes.get(prefix)
        if node is None:
            stored = self._load(prefix)
            node = unpack(stored) if stored else [None] * 16
            self._nodes[prefix] = node
        return node

    def take_changed(self) -> dict[bytes, bytes]:
        """The nodes changed since the last call, packed for the store, by prefix; afterwards the cache may shrink."""
        changed = {prefix: pack(self._nodes[prefix]) for prefix in self._dirty}
        self._dirty.clear()
        if len(self._nodes) > self._cached:
            self._nodes = {prefix: node for prefix, node in self._nodes.items() if len(prefix) <= 3}
        return changed


def preimage(node: Node) -> bytes:
    mask, parts = 0, [b""]
    for nibble, slot in enumerate(node):
        if slot is not None:
            mask |= 1 << nibble
            parts.append(slot if type(slot) is bytes else slot[2])  # type: ignore[arg-type]
    parts[0] = mask.to_bytes(2, "big")
    return b"".join(parts)


def pack(node: Node) -> bytes:
    """A node as it is stored: two masks (taken, leaf), then 32 bytes a deeper node and 96 a leaf."""
    taken = leaf = 0
    parts = [b""]
    for nibble, slot in enumerate(node):
        if slot is None:
            continue
        taken |= 1 << nibble
        if type(slot) is bytes:
            parts.append(slot)
        else:
            leaf |= 1 << nibble
            parts.extend(slot)  # type: ignore[arg-type]
    parts[0] = taken.to_bytes(2, "big") + leaf.to_bytes(2, "big")
    return b"".join(parts)


def unpack(stored: bytes) -> Node:
    taken, leaf = int.from_bytes(stored[:2], "big"), int.from_bytes(stored[2:4], "big")
    node: Node = [None] * 16
    at = 4
    for nibble in range(16):
        if leaf >> nibble & 1:
            node[nibble] = (stored[at : at + 32], stored[at + 32 : at + 64], stored[at + 64 : at + 96])
            at += 96
        elif taken >> nibble & 1:
            node[nibble] = stored[at : at + 32]
            at += 32
    return node


def node_hash(suite: HashSuite, stored: bytes) -> bytes:
    """The hash of a packed node, for audits that read the store."""
    return suite.digest(NODE_TAG + preimage(unpack(stored)))


def nibble_of(path: bytes, depth: int) -> int:
    octet = path[depth >> 1]
    return octet & 15 if depth & 1 else octet >> 4


def prove(load: Load, path: bytes) -> TreeProof:
    """The proof that the leaf at this path hash is there, or is not."""
    nodes: list[ProofNode] = []
    prefix = b""
    while True:
        stored = load(prefix)
        node = unpack(stored) if stored else [None] * 16
        slots = tuple(slot if type(slot) is bytes else slot[2] for slot in node if slot is not None)
        if not slots:
            return TreeProof(tuple(nodes), None)
        nodes.append(ProofNode(int.from_bytes(preimage(node)[:2], "big"), slots))  # type: ignore[arg-type]
        slot = node[nibble_of(path, len(prefix))]
        if type(slot) is not bytes:
            neighbour = Neighbour(slot[0], slot[1]) if slot is not None and slot[0] != path else None  # type: ignore[arg-type]
            return TreeProof(tuple(nodes), neighbour)
        prefix += bytes((nibble_of(path, len(prefix)),))


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
