"""The store's own process: it may die or fail at any time, and blocks go on or nothing more is acknowledged."""

import os
import resource
import selectors
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from infoharbor.engine import machine
from infoharbor.engine.backup import replay
from infoharbor.engine.batch import FORMAT, Batch, Meta
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.store_process import StoreProcess


@pytest.fixture
def busy(world: World, data: Path, start: Callable[..., NodeEngine], monkeypatch: pytest.MonkeyPatch) -> NodeEngine:
    """A running ledger that gives its store every block as soon as it may."""
    monkeypatch.setattr(machine, "FLUSH_LAYERS", 1)
    engine = start(data, workers=1)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    return engine


def store_process(engine: NodeEngine) -> int:
    assert engine._store_process is not None
    return engine._store_process.process_id


def test_a_process_that_dies_is_replaced_and_nothing_is_lost(busy: NodeEngine, world: World, data: Path) -> None:
    for _ in range(3):
        futures = [busy.submit(world.transfer("bank", "firm-1")) for _ in range(100)]
        os.kill(store_process(busy), signal.SIGKILL)
        assert {future.result(60).code for future in futures} == {""}
    busy.close()
    assert busy.status().flushed == busy.status().height
    with replay(data) as replayed:
        assert replayed.height == busy.status().height


def test_an_answer_that_was_waited_for_is_not_waited_for_again(tmp_path: Path) -> None:
    """The selector may have told of it before: at a height where the state is kept for new nodes, the engine waits."""
    told: list[OSError | None] = []
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open() as lock, selectors.DefaultSelector() as selector:
        process = StoreProcess(selector, tmp_path / "state", lock.fileno(), told.append)
        meta = Meta(FORMAT, bytes(32), 0, b"header", bytes(32), (), (), (), (0, 0))
        process.write(Batch(meta, {}, {}, {}, {}, {}, {}))
        [(ready, _)] = selector.select(60)
        process.wait()
        again = threading.Thread(target=ready.data, daemon=True)
        again.start()
        again.join(20)
        assert not again.is_alive()
        assert told == [None]
        process.close()


def test_reads_see_every_block_while_the_store_is_written(busy: NodeEngine, world: World) -> None:
    for number in range(30):
        receipt = busy.submit(world.transfer("bank", "firm-1", number + 1)).result(10)
        with busy.snapshot() as snapshot:
            entry = snapshot.entry("asset/balances/bank:cny/firm-1")
            assert entry is not None
            assert entry.transaction == receipt.transaction
        assert busy.receipt(receipt.transaction) == receipt


def test_a_store_that_cannot_be_written_halts_the_node_and_the_log_has_all(
    busy: NodeEngine, world: World, data: Path, start: Callable[..., NodeEngine]
) -> None:
    resource.prlimit(store_process(busy), resource.RLIMIT_FSIZE, (4096, 4096))
    acknowledged, fault = [], None
    while fault is None:
        future = busy.submit(world.transfer("bank", "firm-1"))
        fault = future.exception(10)
        if fault is None:
            acknowledged.append(future.result())
    assert isinstance(fault, Refused)
    assert fault.code == "node.halted"
    busy.close()
    again = start(data)
    assert all(again.receipt(receipt.transaction) == receipt for receipt in acknowledged)


def test_the_next_node_waits_for_what_is_still_being_written(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infoharbor.engine.folder.PATIENCE_S", 0.2)
    with DataFolder(data).writing(), pytest.raises(Refused, match=r"node\.locked"):
        open_engine(data, workers=0)
    open_engine(data, workers=0).close()
