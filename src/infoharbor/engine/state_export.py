"""Writes a ledger's state as a snapshot, in a process of its own: blocks go on while it reads the store as it stood.

Run as a process it says on standard output what it has come to: `opened` once it sees the store at the height that was
asked for, which may be written again from then on; then `done`, or why not. It ends with the node that started it, which
holds its standard input open.
"""

import contextlib
import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.snapshot import Snapshot, State
from infoharbor.engine.state_format import (
    CHUNKS_MOST,
    FORMAT,
    CalendarRule,
    Deviation,
    Manifest,
    RecordState,
    Section,
    encode_chunks,
)
from infoharbor.engine.state_shelf import Shelf
from infoharbor.engine.store import Store, Stored
from infoharbor.kernel import limits
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.chain import Chain

OPENED, DONE = "opened", "done"
BUCKET_BYTES = 4
NICENESS = 10
"""The machine's time goes to the blocks first."""


def export_state(chain: Chain, stored: Stored, order: int, shelf: Shelf) -> Manifest:
    """Put the state of the store, which is CometBFT's height `order`, onto the shelf."""
    view = view_of(stored)
    hashes: list[bytes] = []
    size = 0
    with shelf.making(order) as making:
        for chunk in _chunks(chain, view):
            if len(hashes) == CHUNKS_MOST:
                raise Refused("network.state_too_large", "state", f"at most {CHUNKS_MOST} chunks")
            making.put(len(hashes), chunk)
            hashes.append(hashlib.sha256(chunk).digest())
            size += len(chunk)
        manifest = Manifest(FORMAT, chain.id, order, view.height, size, tuple(hashes))
        making.finish(manifest)
    return manifest


def view_of(stored: Stored) -> Snapshot:
    """The ledger at the store's own height."""
    meta = stored.meta()
    if meta is None or meta.height < 0:
        raise Damaged("state/data.mdb", "a store that holds a ledger")
    return Snapshot(State(header_codec.decode(meta.header_bytes), meta.header_bytes, b"", ()), stored)


def _chunks(chain: Chain, view: Snapshot) -> Iterator[bytes]:
    yield from encode_chunks(Section.HEADERS, _headers(view))
    yield from encode_chunks(Section.RECORDS, _records(view))
    yield from encode_chunks(Section.EXECUTED, executed(view))
    yield from encode_chunks(Section.CALENDAR, deviations(chain, view))


def _headers(view: Snapshot) -> Iterator[bytes]:
    for height in range(view.height + 1):
        block = view.block(height)
        if block is None:
            raise Damaged("state/data.mdb", f"the header of block {height}")
        yield block.header_bytes


def _records(view: Snapshot) -> Iterator[RecordState]:
    for path, entry in view.scan(""):
        yield RecordState(
            path, entry.version, entry.height, entry.transaction, entry.previous, entry.schema, entry.value
        )


def bucket_of(time: int) -> bytes:
    """With what the ids begin that lapse at this time."""
    return (time // limits.REPLAY_BUCKET_MS).to_bytes(BUCKET_BYTES, "big")


def executed(view: Snapshot) -> Iterator[tuple[bytes, ...]]:
    """The ids in buckets that have not lapsed, those of one bucket and block together, in the order in which they ran."""
    for _, members in groupby(view.stored.transactions(bucket_of(view.time)), lambda each: each[0][:BUCKET_BYTES]):
        ran = sorted(members, key=lambda each: each[1])
        for _, together in groupby(ran, lambda each: each[1][0]):
            yield tuple(identifier for identifier, _ in together)


def deviations(chain: Chain, view: Snapshot) -> list[Deviation]:
    """Where the calendar is not what the records say: a move that was refused stands there for another try, and one that a
    later contract version brought is not there until its record is written again."""
    rule = CalendarRule(chain, view)
    found: list[Deviation] = []
    for time, path in view.stored.due(limits.INTEGER_MAX):
        entry = view.entry(path)
        if entry is None or time not in rule.times(path, entry.value):
            found.append(Deviation(time, path, True))
    for kind in rule.tables:
        for path, entry in view.scan(kind.prefix):
            missing = (time for time in rule.times(path, entry.value) if not view.stored.is_due(time, path))
            found += [Deviation(time, path, False) for time in missing]
    return sorted(found, key=_place)


def _place(deviation: Deviation) -> Any:
    return deviation.time, deviation.path


def main(data: Path, order: int, height: int) -> None:
    """The process: `order` and `height` are where the store stands."""
    os.nice(NICENESS)
    folder = DataFolder(data)
    chain = folder.founded().chain
    with contextlib.closing(Store(folder.state, readonly=True)) as store, store.read() as stored:
        if stored.height != height:
            raise Damaged("state/data.mdb", f"block {height}, not {stored.height}")
        tell(OPENED)
        export_state(chain, stored, order, Shelf(folder.snapshots))
    tell(DONE)


def end_with_the_node() -> None:
    """End this process once its standard input does. What it has begun, the node's next start throws away."""

    def wait() -> None:
        # Not by `sys.stdin`, whose lock would be waited for when this process ends.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def tell(line: str) -> None:
    sys.stdout.write(line.replace("\n", " ") + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    end_with_the_node()
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    except (Refused, OSError) as fault:
        tell(str(fault))
        sys.exit(1)
