"""A full disk stops the node cleanly: nobody is told that something was kept that was not, and it resumes."""

import errno
import os
import time
from typing import Any

import pytest
from world import World

from infoharbor.engine.backup import replay
from infoharbor.engine.interface import Refused
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.transaction import open_transaction


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "no space left")


def refused(engine: NodeEngine, raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        engine.submit(raw).result(10)
    return caught.value.code


def test_an_append_that_does_not_fit_is_undone_and_the_node_resumes(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = world.transfer("bank", "firm-1")
    height = engine.status().height
    with monkeypatch.context() as disk:
        write = engine._log._write
        disk.setattr(engine._log, "_write", lambda file, data: (write(file, data[: len(data) // 2]), full()))
        assert refused(engine, raw) == "node.disk_full"
        assert engine.status().condition == "disk_full"
        assert engine.receipt(open_transaction(world.suite, raw).id) is None
        assert engine.block(height).header.height == height
    assert engine.submit(raw).result(10).height == height + 1
    assert engine.status().condition == "running"
    engine.close()
    with replay(engine._data.path) as replayed:
        assert replayed.height == height + 1


def test_a_store_that_cannot_be_written_loses_nothing(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.wait_beyond(engine.status().height, timeout=0.5)
    with monkeypatch.context() as disk:
        disk.setattr(engine._store, "write", full)
        kept = engine.submit(world.transfer("bank", "firm-1")).result(10)
        engine.wait_beyond(kept.height, timeout=0.5)
        assert engine.status().condition == "disk_full"
        assert refused(engine, world.transfer("bank", "firm-1")) == "node.disk_full"
        assert engine.receipt(kept.transaction) == kept
    assert engine.submit(world.transfer("bank", "firm-1")).result(10).height == kept.height + 1
    assert engine.status().condition == "running"


def test_too_little_room_refuses_before_anything_is_written(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as disk:
        disk.setattr("infoharbor.engine.storing.FREE_BYTES_LEAST", 2**60)
        assert refused(engine, world.transfer("bank", "firm-1")) == "node.disk_full"
    assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""


def test_what_is_due_while_there_is_no_room_is_looked_at_now_and_then(
    engine: NodeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []
    look = os.statvfs
    monkeypatch.setattr("infoharbor.engine.storing.FREE_BYTES_LEAST", 2**60)
    monkeypatch.setattr(os, "statvfs", lambda path: looks.append(path) or look(path))
    monkeypatch.setattr(engine, "_next_due", 0)
    engine._wake()
    time.sleep(0.5)
    assert 1 <= len(looks) <= 2


def test_what_is_due_and_does_not_fit_is_tried_now_and_then(
    engine: NodeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk says that there is room, but not for this user: each try runs the block and reads the log again."""
    tries: list[Any] = []
    with monkeypatch.context() as disk:
        disk.setattr(Snapshot, "due", lambda *_: [(1, "no/such/record")])
        disk.setattr(engine._log, "_write", lambda *_: tries.append(1) or full())
        disk.setattr(engine, "_next_due", 0)
        engine._wake()
        time.sleep(0.5)
        assert 1 <= len(tries) <= 2
        assert engine.status().condition == "disk_full"


def test_any_other_fault_of_the_disk_halts_the_node_and_reads_go_on(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(engine._log, "_sync", broken)
    height = engine.status().height
    assert refused(engine, world.transfer("bank", "firm-1")) == "node.halted"
    assert engine.status().condition == "halted"
    assert engine.block(height).header.height == height
    assert refused(engine, world.transfer("bank", "firm-1")) == "node.halted"
