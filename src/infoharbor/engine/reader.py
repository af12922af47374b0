"""Reads a ledger beside the node that runs it, or while none does: the store, and newer blocks over it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from infoharbor.engine.batch import Meta, StoredBlock
from infoharbor.engine.blocklog import BlockLog, LogRecord, Place
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Block, Damaged, Status
from infoharbor.engine.machine import block_codec
from infoharbor.engine.reading import LedgerReading
from infoharbor.engine.snapshot import Layer, State
from infoharbor.engine.state_check import state_differences
from infoharbor.engine.store import Store
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec, receipt_codec
from infoharbor.kernel.registry import Registry

POLL_SECONDS = 0.05


def open_reader(data: Path | str, *, registry: Registry | None = None, quarantined: bool = False) -> "Reader":
    """Read the ledger in this folder; it writes nothing but what it signs. `quarantined`: also where the node knows that
    its ledger is not the network's, to look into that."""
    return Reader(Path(data), registry, quarantined=quarantined)


class Reader(LedgerReading):
    """Follows the block log, since a running node writes the store only now and then. One engine or reader a
    process."""

    def __init__(self, data: Path, registry: Registry | None = None, *, quarantined: bool = False) -> None:
        folder = DataFolder(data)
        founded = folder.founded(registry, quarantined=quarantined)
        if not (folder.state / "data.mdb").exists():
            raise Damaged("state/data.mdb", "a store; start the node once, and it is made again from the log")
        super().__init__(data, founded, Store(folder.state, readonly=True), BlockLog(folder.blocks))
        self._lock = threading.Lock()
        self._state: State | None = None
        self._end = Place(0, 0)
        self._frontier = merkle.Frontier()

    def status(self) -> Status:
        with self.snapshot() as snapshot:
            return Status(
                self.chain.id,
                self.genesis.name,
                snapshot.height,
                snapshot.time,
                snapshot.stored.height,
                0,
                "reader",
                "",
            )

    def state_differences(self) -> Iterator[str]:
        """What in the store does not follow from its own header log: for an audit where blocks are missing."""
        with self._store.read() as stored:
            yield from state_differences(self.chain, stored, self.root(stored.height + 1))

    def wait_beyond(self, height: int, timeout: float | None = None) -> int:
        until = None if timeout is None else time.monotonic() + timeout
        while (newest := self._current().height) <= height and (until is None or time.monotonic() < until):
            time.sleep(POLL_SECONDS)
        return newest

    def close(self) -> None:
        self._store.close()

    def _current(self) -> State:
        with self._lock, self._store.read() as stored:
            meta = stored.meta()
            state = self._state
            if state is None or (meta is not None and meta.height > state.height):
                state = self._restart(meta)
            layers = state.layers if state is not None else ()
            if meta is not None:
                layers = tuple(layer for layer in layers if layer.height > meta.height)
            for record in self._log.scan(self._end, 0 if state is None else state.height + 1):
                state = self._follow(record, layers)
                layers = state.layers
            if state is None:
                raise Damaged("blocks", "the genesis block")
            self._state = state._replace(layers=layers)
            return self._state

    def _restart(self, meta: Meta | None) -> State | None:
        if meta is None:
            return None
        self._end = Place(*meta.end)
        self._frontier = merkle.Frontier(meta.height + 1, meta.peaks)
        return State(header_codec.decode(meta.header_bytes), meta.header_bytes, self._frontier.root(), ())

    def _follow(self, record: LogRecord, layers: tuple[Layer, ...]) -> State:
        block: Block = block_codec.decode(record.payload)
        completed = self._frontier.append(merkle.leaf_hash(block.header_bytes))
        receipts = (receipt_codec.decode(raw) for raw in block.receipts)
        layer = Layer(
            record.height,
            StoredBlock(record.place, block.header_bytes),
            {write.path: write.entry for write in block.writes},
            {receipt.transaction: (record.height, at) for at, receipt in enumerate(receipts)},
            {(level, index): digest for level, index, digest in completed},
            block.calendar,
        )
        self._end = record.end
        return State(block.header, block.header_bytes, self._frontier.root(), (*layers, layer))
