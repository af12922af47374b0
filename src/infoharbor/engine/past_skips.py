"""Whether the skips of due moves that lie in a node's folder were decided, where their blocks do not run here any more.

A skip is checked against the state before its block when that block runs. One of a due move holds in later blocks too: at
a node that began with others' state, or was given the file since, nothing else asks who decided it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from infoharbor.contracts.governance.actions import VALIDATORS
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.skips import Skip, decided_in, ensure_of, founding_in, name_of, named, skips_in
from infoharbor.engine.cometbft.validators import address_of, misbehaved, validators
from infoharbor.engine.interface import Block, Damaged, Refused
from infoharbor.engine.machine import block_codec
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.block import Header, header_codec, receipt_codec
from infoharbor.kernel.records import Entry, record_type
from infoharbor.kernel.skips import POISON

VALIDATING = f"{record_type(CodeEntry).prefix}{VALIDATORS}/"
"""The records that say who validates, but for those of misbehaviour."""


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
        return ((path, entry) for path, entry in self._view.scan(prefix, after) if entry.height < self._height)

    @property
    def unknown(self) -> int:
        """How many validators of then the newest state may not tell: an entry that was written over since may have named one,
        and who has misbehaved may have been in or out."""
        noted = misbehaved(self._view)
        over = [entry for _, entry in self._view.scan(VALIDATING) if entry.height >= self._height and entry.version > 1]
        is_known = not over and all(height < self._height for height in noted.values())
        return 0 if is_known else len(over) + len(noted)

    def surely(self, founding: Mapping[bytes, int]) -> set[str]:
        """Who validated then, whatever the unknown ones did."""
        noted = misbehaved(self._view)
        return {key.hex() for key in validators(self, self.time, founding) if address_of(key) not in noted}


def ensure_past_skips(data: Path, view: Snapshot, log: BlockLog) -> None:
    """`Damaged` for a skip of a due move, of a block that the ledger `view` has behind it, which that block did not make; or
    where the block is not kept, which others decided than can have validated then.

    Who validated is read from the newest state, where an entry that was changed since no longer says whose key it held: so
    many of those who decided are taken at the skip's word, and no more. Where they alone are a quorum, a false skip passes: a
    node that goes by it parts from the network at the next try."""
    for skip in skips_in(data):
        if not skip.record or skip.height > view.height:
            continue
        before = _Before(view, skip.height)
        if skip.height >= log.first:
            _ensure_made(skip, view, log)
            continue
        with decided_in(skip):
            if before.unknown:
                _ensure_possible(skip, before, founding_in(data) or {})
            else:
                ensure_of(skip, before, founding_in(data))


def _ensure_possible(skip: Skip, before: _Before, founding: Mapping[bytes, int]) -> None:
    deciding, surely = set(skip.validators), before.surely({})
    if not surely and before.surely(founding) <= deciding <= set(named(founding)):
        return  # The ledger may have named nobody yet.
    if not surely <= deciding or len(deciding - surely) > before.unknown:
        known = ", ".join(key[:16] for key in sorted(surely))
        raise Refused("skip.validators", "validators", f"{known}, and at most {before.unknown} more")


def _ensure_made(skip: Skip, view: Snapshot, log: BlockLog) -> None:
    found = view.block(skip.height)
    assert found is not None
    block: Block = block_codec.decode(log.read(found.place, skip.height))
    receipts = (receipt_codec.decode(raw) for raw in block.receipts)
    if not any((receipt.transaction.hex(), receipt.code) == (skip.transaction, POISON) for receipt in receipts):
        raise Damaged(f"skips/{name_of(skip)}", f"a skip that block {skip.height} made")
