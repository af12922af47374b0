"""Finds refused transactions in the blocks, and shows each with the records as they stood when it ran."""

import functools
from collections.abc import Callable, Collection, Iterator
from typing import Final

from infoharbor.edgekit.refusals import NotKept, Refused
from infoharbor.engine.interface import Block, HeightGone, Reading
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.kernel.records import Entry
from infoharbor.readmodel.rows import SqlRows

FOUND_MAX: Final = 100_000
"""The newest so many; a report shows no more."""
VERSIONS_MOST: Final = 1_000
"""Each older version of a record is in another block: further back nobody looks for how it stood."""

StoodBefore = Callable[[str], Entry | None]
"""The record at a path as it stood before a block; raises `NotKept`."""


def stood_before(reading: Reading, height: int) -> StoodBefore:
    """For all refusals of the block at `height`: thousands of them may be about one record."""

    @functools.cache
    def before(path: str) -> Entry | None:
        try:
            for newer, entry in enumerate(reading.history(path)):
                if newer == VERSIONS_MOST:
                    raise NotKept
                if entry.height < height:
                    return entry
        except HeightGone:
            raise NotKept from None
        return None

    return before


def refused_in(block: Block, receipt: Receipt, stood: StoodBefore) -> Refused:
    """A refused transaction of this block, of which `stood` is `stood_before`."""

    def before(path: str) -> Entry | None:
        here = [write.entry for write in block.writes_of(path) if write.position < receipt.position]
        return here[-1] if here else stood(path)

    return Refused(receipt, block.header.time, transaction_at(block, receipt.position), before)


def find_refused(reading: Reading, rows: SqlRows | None, height: int, codes: Collection[str]) -> Iterator[Refused]:
    """Those with one of these codes up to `height` in blocks that are kept, the newest first; by the SQL mirror where it
    can, else every block is looked through."""
    places = None if rows is None else rows.refusals(codes, height, FOUND_MAX)
    if places is None:
        places = sorted(_looked_for(reading, height, codes), reverse=True)[:FOUND_MAX]
    block: Block | None = None
    for at, position in places:
        if block is None or block.header.height != at:
            try:
                block = reading.block(at)
            except HeightGone:
                return
            stood = stood_before(reading, at)
        yield refused_in(block, receipt_codec.decode(block.receipts[position]), stood)


def _looked_for(reading: Reading, height: int, codes: Collection[str]) -> Iterator[tuple[int, int]]:
    after = reading.first_block - 1
    while after < height:
        for block in reading.blocks(after, min(100, height - after)):
            receipts: list[Receipt] = [receipt_codec.decode(raw) for raw in block.receipts]
            yield from ((each.height, each.position) for each in receipts if each.code in codes)
            after = block.header.height


def transaction_at(block: Block, position: int) -> bytes | None:
    """The transaction that the receipt at this position is of; None for a due move or the genesis."""
    place = position - (len(block.receipts) - len(block.transactions))
    return block.transactions[place] if place >= 0 else None
