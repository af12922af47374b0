"""The Merkle tree against RFC 9162's own recursive definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.kernel import merkle
from infoharbor.kernel.encoding import Malformed

LEAVES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(300)]
SUBTREES = {
    (level, at): value
    for frontier in [merkle.Frontier()]
    for leaf in LEAVES
    for level, at, value in frontier.append(leaf)
}


def subtree(level: int, index: int) -> bytes:
    return SUBTREES[level, index]


def split(size: int) -> int:
    middle = 1
    while middle * 2 < size:
        middle *= 2
    return middle


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return merkle.sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return merkle.node_hash(naive_root(leaves[:middle]), naive_root(leaves[middle:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*naive_path(index, leaves[:middle]), naive_root(leaves[middle:])]
    return [*naive_path(index - middle, leaves[middle:]), naive_root(leaves[:middle])]


def naive_subproof(old: int, leaves: list[bytes], known: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if known else [naive_root(leaves)]
    middle = split(len(leaves))
    if old <= middle:
        return [*naive_subproof(old, leaves[:middle], known), naive_root(leaves[middle:])]
    return [*naive_subproof(old - middle, leaves[middle:], False), naive_root(leaves[:middle])]


ROOTS = [naive_root(LEAVES[:size]) for size in range(len(LEAVES) + 1)]
sizes = st.integers(1, len(LEAVES))


def test_every_size_has_the_root_of_the_recursive_definition() -> None:
    frontier = merkle.Frontier()
    for size, expected in enumerate(ROOTS):
        assert merkle.root(LEAVES[:size]) == expected
        assert frontier.root() == expected
        if size < len(LEAVES):
            assert frontier.root_after(LEAVES[size]) == ROOTS[size + 1]
            frontier.append(LEAVES[size])


def test_every_size_proves_its_first_middle_and_last_leaf() -> None:
    for size in range(1, len(LEAVES) + 1):
        for index in {0, size // 2, size - 1}:
            proof = merkle.inclusion_proof(index, size, subtree)
            assert merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_size_proves_that_it_grew_from_every_smaller_one() -> None:
    for new in range(1, len(LEAVES) + 1):
        for old in {0, 1, split(new), new // 2, new // 3, new - 1, new}:
            proof = merkle.consistency_proof(old, new, subtree)
            assert merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@given(sizes, st.data())
def test_an_inclusion_proof_is_that_of_the_recursive_definition(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, subtree)
    assert proof == naive_path(index, LEAVES[:size]) == merkle.inclusion_path(index, LEAVES[:size])
    assert merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@given(sizes, st.data())
def test_a_consistency_proof_is_that_of_the_recursive_definition(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency_proof(old, new, subtree)
    assert proof == naive_subproof(old, LEAVES[:new], True)
    assert merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


def alter(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """The proof with one bit, one hash or one boundary between hashes changed."""
    kinds = ["longer"] + (["bit", "shorter", "boundary"] if proof else [])
    kind, altered = data.draw(st.sampled_from(kinds)), list(proof)
    at = data.draw(st.integers(0, max(0, len(proof) - 1)))
    if kind == "longer":
        altered.insert(data.draw(st.integers(0, len(proof))), bytes(32))
    elif kind == "shorter":
        del altered[at]
    elif kind == "bit":
        bit = data.draw(st.integers(0, 255))
        altered[at] = (int.from_bytes(altered[at], "big") ^ 1 << bit).to_bytes(32, "big")
    else:
        altered[at] = altered[at][:-1]
    return altered


@given(sizes, st.data())
def test_an_altered_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = alter(merkle.inclusion_proof(index, size, subtree), data)
    assert not merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@given(sizes, st.data())
def test_a_leaf_is_proved_at_its_own_place_only(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(-1, size))
    proof = merkle.inclusion_proof(index, size, subtree)
    assert merkle.verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size]) == (index == other)


@given(sizes, st.data())
def test_an_altered_consistency_proof_is_refused(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = alter(merkle.consistency_proof(old, new, subtree), data)
    assert not merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@given(sizes, st.data())
def test_a_rewritten_history_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    forged = [*LEAVES[:changed], merkle.leaf_hash(b"forged"), *LEAVES[changed + 1 : new]]
    proof = merkle.consistency_proof(old, new, merkle.in_memory(forged))
    assert not merkle.verify_consistency(old, ROOTS[old], new, merkle.root(forged), proof)


def test_nothing_is_consistent_with_a_false_empty_root() -> None:
    assert merkle.verify_consistency(0, ROOTS[0], 7, ROOTS[7], [])
    assert not merkle.verify_consistency(0, ROOTS[1], 7, ROOTS[7], [])
    assert not merkle.verify_consistency(7, ROOTS[7], 6, ROOTS[6], [])


@given(st.integers(0, len(LEAVES) - 1))
def test_a_frontier_goes_on_from_what_was_stored(size: int) -> None:
    frontier = merkle.Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    restored = merkle.Frontier(frontier.size, frontier.peaks)
    assert restored.append(LEAVES[size]) == frontier.append(LEAVES[size])
    assert restored.root() == ROOTS[size + 1]


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(Malformed, match=r"ledger\.frontier"):
        merkle.Frontier(3, (bytes(32),))


def test_each_complete_subtree_is_named_once() -> None:
    frontier = merkle.Frontier()
    named = [(level, at) for leaf in LEAVES for level, at, _ in frontier.append(leaf)]
    assert len(named) == len(set(named)) == sum(len(LEAVES) >> level for level in range(9))
    assert all(SUBTREES[level, at] == naive_root(LEAVES[at << level : at + 1 << level]) for level, at in named)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_proof_of_no_leaf_is_refused(index: int, size: int) -> None:
    with pytest.raises(Malformed, match=r"ledger\.proof_range"):
        merkle.inclusion_proof(index, size, subtree)


def test_another_hash_makes_another_tree() -> None:
    from infoharbor.crypto.hashes import SM3

    leaves = [merkle.leaf_hash(bytes([number]), SM3.digest) for number in range(11)]
    root = merkle.root(leaves, SM3.digest)
    proof = merkle.inclusion_path(4, leaves, SM3.digest)
    assert merkle.verify_inclusion(leaves[4], 4, 11, proof, root, SM3.digest)
    assert not merkle.verify_inclusion(leaves[4], 4, 11, proof, root)
