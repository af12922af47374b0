"""Tiles of a log as C2SP tlog-tiles names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.evidence.checkpoint import NoteError
from infoharbor.evidence.tiles import Tile, entry_bundle, subtrees_in, tiles_of
from infoharbor.kernel import merkle


def test_paths_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).path() == "tile/0/x001/x234/067"
    assert Tile(2, 0, 1).path() == "tile/2/000.p/1"
    assert Tile(-1, 273, 112).path() == "tile/entries/273.p/112"


@given(st.integers(-1, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_reads_as_it_was_written(level: int, index: int, width: int) -> None:
    assert Tile.parse(Tile(level, index, width).path()) == Tile(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/0/001/",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/٠٠١",
        "tile/entries/../001",
        "tile/0/" + "x001/" * 20 + "001",
    ],
)
def test_another_spelling_is_refused(path: str) -> None:
    with pytest.raises(NoteError, match=r"tile\.path"):
        Tile.parse(path)


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))
    partial = [tile for tile in tiles if tile.width < 256]
    assert len(tiles) == 273 + 1 + 1 + 1 + 1
    assert partial == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert all(tile.is_within(70_000) for tile in tiles)
    assert not Tile(0, 273, 113).is_within(70_000)
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]


def test_a_tile_of_a_level_hashes_to_one_hash_of_the_next() -> None:
    leaves = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(600)]
    subtree = merkle.in_memory(leaves)
    above = subtrees_in(Tile(1, 0, 2).hashes(subtree))
    assert above == [merkle.root(subtrees_in(Tile(0, index).hashes(subtree))) for index in range(2)]
    assert subtrees_in(Tile(0, 2, 88).hashes(subtree)) == leaves[512:]


def test_entries_stand_behind_their_lengths() -> None:
    assert entry_bundle([b"", b"abc"]) == b"\0\0\0\3abc"
    with pytest.raises(NoteError, match=r"tile\.entry"):
        entry_bundle([bytes(65536)])
