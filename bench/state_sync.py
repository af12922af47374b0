"""How long a new node takes to begin with others' state: the snapshot made, checked, and turned into a ledger again."""

import contextlib
import time
from pathlib import Path
from typing import NamedTuple

from infoharbor.engine.folder import DataFolder
from infoharbor.engine.state_check import restore
from infoharbor.engine.state_export import export_state
from infoharbor.engine.state_shelf import Shelf
from infoharbor.engine.store import Store
from infoharbor.kernel import merkle

ORDER = 1


class StateSync(NamedTuple):
    """Seconds for each half, and the snapshot's size in bytes. Between the two lies only the network."""

    exported: float
    restored: float
    size: int


def state_sync(data: Path, folder: Path) -> StateSync:
    """Take the ledger in `data`, which no node runs, through a snapshot in `folder` into a store there."""
    source, shelf = DataFolder(data), Shelf(folder / "snapshots")
    chain = source.founded().chain
    with contextlib.closing(Store(source.state, readonly=True)) as store, store.read() as stored:
        meta = stored.meta()
        if meta is None:
            raise RuntimeError("there is no ledger")
        root = merkle.Frontier(meta.height + 1, meta.peaks).root()
        begin = time.perf_counter()
        manifest = export_state(chain, stored, ORDER, shelf)
        exported = time.perf_counter() - begin
    begin = time.perf_counter()
    restore(chain, shelf, manifest, root, folder / "state")
    return StateSync(exported, time.perf_counter() - begin, manifest.size)
