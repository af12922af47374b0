"""Checks a ledger's state by itself, where its blocks do not reach back to the genesis."""

import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from infoharbor.engine.state_export import export_state, view_of
from infoharbor.engine.state_format import BadSnapshot, Manifest
from infoharbor.engine.state_restore import Restoring
from infoharbor.engine.state_shelf import Shelf
from infoharbor.engine.store import Store, Stored
from infoharbor.kernel.chain import Chain

MADE_FROM_OTHERS = ("nodes", "subtrees", "calendar")
ORDER = 0


def state_differences(chain: Chain, stored: Stored, root: bytes) -> Iterator[str]:
    """What in the store does not follow from the header log's `root`: the headers' chain, the records under the last one's
    state root, the executed ids, and what is made from them."""
    with tempfile.TemporaryDirectory(prefix="check-") as working:
        shelf, again = Shelf(Path(working) / "snapshots"), Path(working) / "state"
        manifest = export_state(chain, stored, ORDER, shelf)
        try:
            restore(chain, shelf, manifest, root, again)
        except BadSnapshot as bad:
            yield f"state at block {view_of(stored).height}: {bad.field}: not {bad.expected}"
            return
        store = Store(again)
        with store.read() as made:
            for table in MADE_FROM_OTHERS:
                for here, there in zip_longest(stored.values(table), made.values(table)):
                    if here != there:
                        yield f"state/{table} {(here or there)[0].hex()}"
                        return
        store.close()


def restore(chain: Chain, shelf: Shelf, manifest: Manifest, root: bytes, folder: Path) -> None:
    """Make a store in `folder` from a snapshot on the shelf; raises `BadSnapshot` if it is not of this header log's root."""
    restoring = Restoring(chain, manifest, root, folder)
    try:
        for index in range(len(manifest.chunks)):
            chunk = shelf.chunk(manifest.order, index)
            if not restoring.is_of(index, chunk):
                raise BadSnapshot("chunk", f"chunk {index} as the manifest names it")
            restoring.put(chunk)
    finally:
        restoring.close()
