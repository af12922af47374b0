"""The authenticated tree: one root for one content, and proofs that nothing else satisfies."""

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.crypto.hashes import SHA256, SM3, HashSuite
from infoharbor.kernel.tree import (
    EMPTY_ROOT,
    Neighbour,
    ProofNode,
    Tree,
    TreeProof,
    node_hash,
    pack,
    prove,
    unpack,
    verify,
)

suites = st.sampled_from([SHA256, SM3])
# Few distinct first bytes and a long common middle, so that deep nodes and lone neighbours both occur.
paths = st.builds(
    lambda head, last: bytes([head]) + bytes(29) + last, st.integers(0, 3), st.binary(min_size=2, max_size=2)
)
hashes = st.binary(min_size=32, max_size=32)
contents = st.dictionaries(paths, hashes, max_size=20)


class Grown(NamedTuple):
    root: bytes
    nodes: dict[bytes, bytes]


def grow(suite: HashSuite, *batches: dict[bytes, bytes], cached: int = 40_000) -> Grown:
    nodes: dict[bytes, bytes] = {}
    tree = Tree(suite, nodes.get, cached=cached)
    for batch in batches:
        tree.update(batch)
        nodes.update(tree.take_changed())
    return Grown(tree.root, nodes)


@given(suites, contents, st.data())
def test_the_root_depends_on_the_content_alone(
    suite: HashSuite, content: dict[bytes, bytes], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(content)))
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=len(order), max_size=len(order)))
    batches, start = [], 0
    for size in sizes:
        batches.append({path: content[path] for path in order[start : start + size]})
        start += size
    whole = grow(suite, content)
    assert grow(suite, *batches) == whole
    assert grow(suite, *batches, cached=0) == whole


@given(suites, contents, hashes)
def test_a_leaf_that_changes_and_changes_back_leaves_no_trace(
    suite: HashSuite, content: dict[bytes, bytes], other: bytes
) -> None:
    changed = dict.fromkeys(content, other)
    assert grow(suite, content, changed, content) == grow(suite, content)


@given(suites, contents, paths, hashes)
def test_each_leaf_is_proved_and_so_is_each_absence(
    suite: HashSuite, content: dict[bytes, bytes], absent: bytes, other: bytes
) -> None:
    grown = grow(suite, content)
    for path in [*content, absent]:
        proof, leaf = prove(grown.nodes.get, path), content.get(path)
        assert verify(suite, grown.root, path, leaf, proof)
        assert (leaf == other) or not verify(suite, grown.root, path, other, proof)
        assert (leaf is None) or not verify(suite, grown.root, path, None, proof)


def changes(proof: TreeProof) -> list[TreeProof]:
    """The proof with one thing changed, in every place."""
    made = [TreeProof((), proof.neighbour)] if proof.nodes else []
    for index, node in enumerate(proof.nodes):
        others: list[tuple[ProofNode, ...]] = [(), (node, node)]
        others += [(ProofNode(node.mask ^ 1 << bit, node.slots),) for bit in range(16)]
        for place, slot in enumerate(node.slots):
            flipped = bytes([slot[0] ^ 1]) + slot[1:]
            for slots in ((flipped,), (), (slot, slot), (slot[:31],)):
                others.append((ProofNode(node.mask, (*node.slots[:place], *slots, *node.slots[place + 1 :])),))
        for other in others:
            nodes = (*proof.nodes[:index], *other, *proof.nodes[index + 1 :])
            made.append(TreeProof(nodes, proof.neighbour))
    if proof.neighbour is None:
        made.append(TreeProof(proof.nodes, Neighbour(bytes(32), bytes(32))))
    else:
        place, leaf = proof.neighbour.path_hash, proof.neighbour.leaf_hash
        for neighbour in (
            None,
            Neighbour(place[:31] + bytes([place[31] ^ 1]), leaf),
            Neighbour(place, leaf[::-1] + b"x"),
        ):
            made.append(TreeProof(proof.nodes, neighbour))
    return made


@settings(max_examples=40)
@given(suites, contents, paths)
def test_a_proof_with_any_change_is_refused(suite: HashSuite, content: dict[bytes, bytes], absent: bytes) -> None:
    grown = grow(suite, content)
    for path in [*sorted(content)[:3], absent]:
        proof, leaf = prove(grown.nodes.get, path), content.get(path)
        for changed in changes(proof):
            assert changed == proof or not verify(suite, grown.root, path, leaf, changed)


@given(suites, contents.filter(len), paths)
def test_a_proof_holds_under_its_own_root_only(suite: HashSuite, content: dict[bytes, bytes], path: bytes) -> None:
    grown = grow(suite, content)
    proof = prove(grown.nodes.get, path)
    for root in (EMPTY_ROOT, bytes([grown.root[0] ^ 1]) + grown.root[1:]):
        assert not verify(suite, root, path, content.get(path), proof)


@given(contents.filter(len))
def test_the_suites_give_different_roots(content: dict[bytes, bytes]) -> None:
    assert grow(SHA256, content).root != grow(SM3, content).root


@given(suites, contents)
def test_stored_nodes_unpack_to_what_was_packed_and_hash_to_the_root(
    suite: HashSuite, content: dict[bytes, bytes]
) -> None:
    grown = grow(suite, content)
    for stored in grown.nodes.values():
        assert pack(unpack(stored)) == stored
    assert grown.root == (node_hash(suite, grown.nodes[b""]) if content else EMPTY_ROOT)


@given(suites, contents, st.lists(contents, max_size=3))
def test_a_tree_goes_on_from_its_stored_nodes(
    suite: HashSuite, first: dict[bytes, bytes], rest: list[dict[bytes, bytes]]
) -> None:
    grown = grow(suite, first)
    nodes = dict(grown.nodes)
    resumed = Tree(suite, nodes.get, grown.root)
    for batch in rest:
        resumed.update(batch)
        nodes.update(resumed.take_changed())
    assert (resumed.root, nodes) == grow(suite, first, *rest)


def test_the_empty_tree_has_a_root_of_zeros_and_proves_absence() -> None:
    proof = prove(lambda prefix: None, bytes(32))
    assert verify(SHA256, EMPTY_ROOT, bytes(32), None, proof)
    assert not verify(SHA256, EMPTY_ROOT, bytes(32), bytes(32), proof)


@pytest.mark.parametrize("suite", [SHA256, SM3], ids=lambda suite: suite.name)
def test_paths_that_differ_in_the_last_nibble_stand_apart(suite: HashSuite) -> None:
    content = {bytes(31) + bytes([last]): bytes([last]) * 32 for last in range(3)}
    grown = grow(suite, content)
    for path, leaf in content.items():
        assert verify(suite, grown.root, path, leaf, prove(grown.nodes.get, path))
    absent = bytes(31) + b"\x03"
    assert verify(suite, grown.root, absent, None, prove(grown.nodes.get, absent))


def test_a_proof_survives_its_encoding() -> None:
    grown = grow(SHA256, {bytes(32): bytes(32), b"\x01" + bytes(31): bytes(32)})
    proof = prove(grown.nodes.get, bytes(32))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(proof), type=TreeProof) == proof
