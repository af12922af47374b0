"""Proves records under one header: by the stored tree, or by that tree with newer blocks' leaves put in."""

from collections.abc import Sequence
from typing import NamedTuple

from infoharbor.crypto.hashes import HashSuite
from infoharbor.engine.interface import ProvedRecord
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel import tree
from infoharbor.kernel.leaf import path_hash
from infoharbor.kernel.tree import Load, Tree


class Proved(NamedTuple):
    """Records proved under the header at `height`."""

    height: int
    header_bytes: bytes
    records: tuple[ProvedRecord, ...]


def prove(suite: HashSuite, snapshot: Snapshot, paths: Sequence[str]) -> Proved:
    """The newest versions of these records, or their absence.

    The stored tree belongs to an earlier header than the newest; it will do if none of the records has
    changed since."""
    if any(path in layer.entries for layer in snapshot.state.layers for path in paths):
        height, load = snapshot.height, _load_newest(suite, snapshot)
    else:
        height, load = snapshot.stored.height, snapshot.stored.node
    block = snapshot.block(height)
    assert block is not None
    records = tuple(
        ProvedRecord(path, snapshot.entry(path), tree.prove(load, path_hash(suite, path))) for path in paths
    )
    return Proved(height, block.header_bytes, records)


def newest_tree(suite: HashSuite, snapshot: Snapshot) -> Tree:
    """The tree as of the snapshot's header."""
    meta = snapshot.stored.meta()
    assert meta is not None
    newest = Tree(suite, snapshot.stored.node, meta.root)
    newest.update(
        {
            path_hash(suite, path): entry.leaf_hash
            for layer in snapshot.state.layers
            for path, entry in layer.entries.items()
        }
    )
    return newest


def root_with(suite: HashSuite, snapshot: Snapshot, leaves: dict[str, bytes]) -> bytes:
    """The state root at the snapshot's header, if these leaves stood at their paths."""
    return newest_tree(suite, snapshot).update({path_hash(suite, path): leaf for path, leaf in leaves.items()})


def _load_newest(suite: HashSuite, snapshot: Snapshot) -> Load:
    changed = newest_tree(suite, snapshot).take_changed()
    return lambda prefix: changed.get(prefix) or snapshot.stored.node(prefix)
