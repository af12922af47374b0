"""The events' sequence numbers, by which subscriptions know what they have been told: the block's height, and the place in
it."""

import itertools
import operator
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from infoharbor.contracts.trace.records import Event
from infoharbor.engine.interface import Block, Snapshot, decode_entry
from infoharbor.kernel.records import Entry, record_type

PLACES: Final = 1 << 20
"""How many events one block may hold; an event's sequence number is its block's height times this, and its place."""


class Numbered(NamedTuple):
    """An event as it was written, or as it stands."""

    seq: int
    path: str
    entry: Entry | None


def newest_in(height: int) -> int:
    """The highest sequence number that an event of a block up to this height may have."""
    return (height + 1) * PLACES - 1


def events_in(blocks: Iterable[Block]) -> Iterator[Numbered]:
    prefix = record_type(Event).prefix
    for block in blocks:
        first = block.header.height * PLACES
        written = {path: entry for path, entry, _ in block.written if path.startswith(prefix)}
        for place, (path, entry) in enumerate(written.items()):
            yield Numbered(first + place, path, decode_entry(entry))


def events_of(snapshot: Snapshot) -> Iterator[Numbered]:
    """The events as they stand, by the heights of their blocks: where the blocks are not kept."""
    ordered = sorted((entry.height, path) for path, entry in snapshot.scan(record_type(Event).prefix))
    for height, paths in itertools.groupby(ordered, operator.itemgetter(0)):
        for place, (_, path) in enumerate(paths):
            yield Numbered(height * PLACES + place, path, snapshot.entry(path))
