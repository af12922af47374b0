"""Whether the skips of due moves that lie in a node's folder were decided, where their blocks do not run here any more.

A skip is checked against the state before its block when that block runs. One of a due move holds in later blocks too: at
a node that began with others' state, or was given the file since, nothing else asks who decided it.
"""

from collections.abc import Iterator
from pathlib import Path

from infoharbor.contracts.governance.actions import VALIDATORS
from infoharbor.contracts.governance.records import CodeEntry, Misbehaviour
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.skips import Skip, decided_in, ensure_of, founding_in, name_of, skips_in
from infoharbor.engine.interface import Block, Damaged
from infoharbor.engine.machine import block_codec
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.block import Header, header_codec, receipt_codec
from infoharbor.kernel.records import Entry, record_type
from infoharbor.kernel.skips import POISON

DECIDING = (f"{record_type(CodeEntry).prefix}{VALIDATORS}/", record_type(Misbehaviour).prefix)
"""The records that say who validates."""


class _Before:
    """The state before a block, of those records that nothing has written since."""

    def __init__(self, view: Snapshot, height: int) -> None:
        self._view, self._height = view, height

    @property
    def time(self) -> int:
        found = self._view.block(self._height - 1)
        assert found is not None
        header: Header = header_codec.decode(found.header_bytes)
        return header.time

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        return self._view.scan(prefix, after)

    @property
    def is_known(self) -> bool:
        """Whether the newest state still says who validated then."""
        return all(entry.height < self._height for prefix in DECIDING for _, entry in self.scan(prefix))


def ensure_past_skips(data: Path, view: Snapshot, log: BlockLog) -> None:
    """`Damaged` for a skip of a due move, of a block that the ledger `view` has behind it, which that block did not make; or
    where the block is not kept, which others signed than validated then. Where the validators have changed since, and the
    block is gone, the skip's own word stands: a node that goes by a false one parts from the network at the next try."""
    for skip in skips_in(data):
        if not skip.record or skip.height > view.height:
            continue
        before = _Before(view, skip.height)
        if skip.height >= log.first:
            _ensure_made(skip, view, log)
        elif before.is_known:
            with decided_in(skip):
                ensure_of(skip, before, founding_in(data))


def _ensure_made(skip: Skip, view: Snapshot, log: BlockLog) -> None:
    found = view.block(skip.height)
    assert found is not None
    block: Block = block_codec.decode(log.read(found.place, skip.height))
    receipts = (receipt_codec.decode(raw) for raw in block.receipts)
    if not any((receipt.transaction.hex(), receipt.code) == (skip.transaction, POISON) for receipt in receipts):
        raise Damaged(f"skips/{name_of(skip)}", f"a skip that block {skip.height} made")
