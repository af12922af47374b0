"""A ledger's beginning and opening."""

import contextlib
import gc
import os
from collections.abc import Callable
from pathlib import Path

from infoharbor.crypto.suites import PrivateKey
from infoharbor.engine.blocklog import BlockLog, Place
from infoharbor.engine.clock import milliseconds
from infoharbor.engine.embedded import EmbeddedEngine
from infoharbor.engine.folder import DataFolder, Founded, sync_folder
from infoharbor.engine.machine import Machine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.state_export import view_of
from infoharbor.engine.store import Store
from infoharbor.engine.storing import Running
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.skips import NO_SKIPS

COLLECTIONS = (200_000, 20, 200)
"""New objects before the youngest of Python's three generations is looked through, and how often that is before the
next older one is."""


def create(
    data: Path | str,
    genesis: Genesis,
    secret: bytes,
    log_key: PrivateKey,
    *,
    registry: Registry | None = None,
) -> None:
    """Found a ledger in an empty folder: block 0 is durable when this returns.

    `secret` is the 32 bytes that the genesis commits to; `log_key` the operator's dedicated Ed25519 key.
    """
    folder = DataFolder(Path(data))
    folder.create(genesis, secret, log_key)
    with folder.locked():
        make_first_block(folder, folder.founded(registry))


def make_first_block(folder: DataFolder, founded: Founded) -> None:
    """Run the genesis in a folder that is laid out and has no block; hold its lock."""
    with contextlib.closing(BlockLog(folder.blocks)) as log, contextlib.closing(Store(folder.state)) as store:
        machine = Machine(founded.chain, founded.genesis, store, log)
        log.append_from(Place(0, 0))
        executed = machine.found()
        machine.accept(executed, *log.append(0, executed.payload))
        machine.flush()
    sync_folder(folder.path)


def open_engine(
    data: Path | str,
    *,
    registry: Registry | None = None,
    workers: int | None = None,
    keep_blocks: int = 0,
    clock: Callable[[], int] | None = None,
) -> NodeEngine:
    """Start the ledger in this folder. Raises `Refused` if another process runs it or it lies behind what it
    has signed, `Damaged` if what is stored is not what was written. `workers` check signatures, by default
    one a spare core; with none, the engine's thread does that and writes the store too. Of the block log at least the newest
    `keep_blocks` stay, with 0 all of them. A network's node that has yet to begin with others' state waits for that here.
    `clock` gives milliseconds
    since 1970 UTC in place of the machine's: a demo tells what happened before today."""
    folder = DataFolder(Path(data))
    founded = folder.founded(registry)
    with contextlib.ExitStack() as held:
        held.enter_context(folder.locked())
        folder.make_folders()
        if (folder.path / "consensus" / "sync.json").exists():
            _synchronise(folder, founded)
        log = held.enter_context(contextlib.closing(BlockLog(folder.blocks)))
        writing = held.enter_context(folder.writing())
        store = held.enter_context(contextlib.closing(Store(folder.state)))
        if founded.chain.skips is not NO_SKIPS:
            _ensure_skips(folder, store, log)
        spare = max(1, len(os.sched_getaffinity(0)) - 1)
        workers = spare if workers is None else workers
        how = Running(workers, writing, keep_blocks, clock or milliseconds)
        engine = _engine(folder.path, founded, store, log, how)
        engine.take_over(held.pop_all())
        collect_less_often()
        return engine


def _engine(data: Path, founded: Founded, store: Store, log: BlockLog, how: Running) -> NodeEngine:
    """The one that the folder says: with `consensus/`, CometBFT orders the blocks."""
    if not (data / "consensus").exists():
        return EmbeddedEngine(data, founded, store, log, how)
    # Only a network's node needs these.
    from infoharbor.engine.cometbft.binary import cometbft
    from infoharbor.engine.cometbft.engine import ReplicatedEngine

    return ReplicatedEngine(data, founded, store, log, how, cometbft())


def _synchronise(folder: DataFolder, founded: Founded) -> None:
    from infoharbor.engine.cometbft.binary import cometbft
    from infoharbor.engine.cometbft.state_sync import synchronise

    synchronise(folder, founded.chain, cometbft())


def _ensure_skips(folder: DataFolder, store: Store, log: BlockLog) -> None:
    """Those of blocks that the store holds: what the log has beyond it runs again, and asks for itself."""
    from infoharbor.engine.past_skips import ensure_past_skips

    with store.read() as stored:
        if stored.meta() is not None:
            ensure_past_skips(folder.path, view_of(stored), log)


def collect_less_often() -> None:
    """Let Python look for reference cycles less often: a block makes thousands of objects and hardly a cycle, and what
    waits for its block is gone through each time."""
    gc.set_threshold(*map(max, gc.get_threshold(), COLLECTIONS))
