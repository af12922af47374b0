"""A node that does not keep all blocks: what is gone is refused by name, and everything else goes on."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from world import TOKEN, World

from infoharbor.engine import backup
from infoharbor.engine.blocklog import BlockLog, Place
from infoharbor.engine.interface import HeightGone, Refused
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.reader import open_reader
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.verify import verify
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.transaction import open_transaction
from infoharbor.readmodel.comparison import differences
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.trusting import ledger_trust

KEPT = 4
OLD, MOVED = f"asset/balances/{TOKEN}/firm-2", f"asset/balances/{TOKEN}/firm-1"


@pytest.fixture
def block_a_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few blocks are enough to drop some."""
    monkeypatch.setitem(BlockLog.__init__.__kwdefaults__, "segment_bytes", 1)


@pytest.fixture
def cut(world: World, data: Path, block_a_segment: None) -> bytes:
    """A ledger of which the newest blocks alone are kept; one of the transactions that are gone."""
    with open_engine(data, workers=0, keep_blocks=KEPT) as engine:
        opening = world.opening()
        opened = engine.submit(opening[0]).result(10)
        for raw in [*opening[1:], *(world.transfer("bank", "firm-1") for _ in range(10))]:
            assert engine.submit(raw).result(10).code == ""
    with open_engine(data, workers=0, keep_blocks=KEPT) as engine:
        assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
        while engine.first_block <= opened.height:
            assert engine.submit(world.transfer("bank", "firm-1")).result(10).code == ""
    assert opened.code == ""
    return opening[0]


def gone(read: Callable[[], Any]) -> bool:
    with pytest.raises(HeightGone) as refused:
        read()
    return refused.value.code == "ledger.height_gone"


def test_at_least_so_many_blocks_stay_and_the_store_never_lacks_one(tmp_path: Path) -> None:
    log = BlockLog(tmp_path, segment_bytes=1)
    log.append_from(Place(0, 0))
    for height in range(6):
        log.append(height, b"block")
    log.trim(0)
    assert log.first == 0
    log.trim(3)
    assert log.first == 3
    assert [record.height for record in log.scan()] == [3, 4, 5]
    log.trim(100)
    assert log.first == 5  # The newest segment stays, whatever is asked.
    log.close()


def test_what_is_dropped_is_dropped_in_order_whenever_the_power_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an earlier segment could be there again without a later one."""
    log = BlockLog(tmp_path, segment_bytes=1)
    log.append_from(Place(0, 0))
    for height in range(4):
        log.append(height, b"block")
    done: list[str] = []
    unlink, sync = Path.unlink, os.fsync

    def noted(path: Path, *options: bool) -> None:
        done.append(path.stem)
        unlink(path, *options)

    def synced(file: int) -> None:
        done.append("synced")
        sync(file)

    monkeypatch.setattr(Path, "unlink", noted)
    monkeypatch.setattr(os, "fsync", synced)
    log.trim(2)
    log.close()
    assert done == ["000000000000", "synced", "000000000001", "synced"]


def test_what_is_gone_is_refused_and_what_is_kept_is_read(world: World, data: Path, cut: bytes) -> None:
    with open_engine(data, workers=0, keep_blocks=KEPT) as engine:
        first, newest = engine.first_block, engine.status().height
        assert 0 < first <= newest + 1 - KEPT
        assert gone(lambda: engine.block(first - 1))
        assert gone(lambda: engine.receipt(open_transaction(world.suite, cut).id))
        assert gone(lambda: list(engine.blocks(-1)))
        assert [block.header.height for block in engine.blocks(first - 1)] == list(range(first, newest + 1))
        assert header_codec.decode(engine.header(0)).height == 0
        versions = engine.history(MOVED)
        assert next(versions).version > KEPT
        assert gone(lambda: list(versions))


def test_a_transaction_of_a_block_that_is_gone_does_not_run_again(data: Path, cut: bytes) -> None:
    with open_engine(data, workers=0) as engine:
        with pytest.raises(Refused, match="height_gone"):
            engine.submit(cut).result(10)
        assert engine.status().condition == "running"


def test_proofs_reach_back_to_the_first_block(data: Path, cut: bytes) -> None:
    with open_engine(data, workers=0) as engine:
        size = engine.status().height + 1
        assert engine.inclusion(0, size)
        assert engine.consistency(1, size)
        for path in (MOVED, OLD):
            proven = verify(
                make_evidence(engine.chain, engine, [path], history=False, receipts=False), ledger_trust(engine)
            )
            assert [record.path for record in proven.records] == [path]


def test_the_mirror_begins_with_the_state(data: Path, cut: bytes, tmp_path: Path) -> None:
    with open_engine(data, workers=0) as engine:
        database = open_database(f"sqlite:///{tmp_path / 'mirror'}")
        follower = Follower(engine, engine.chain.registry, engine.chain.id, database)
        assert follower.catch_up() == engine.status().height
        assert list(differences(follower)) == []
        assert follower.rebuild() == engine.status().height
        database.dispose()


def test_it_is_backed_up_but_not_exported(data: Path, cut: bytes, tmp_path: Path) -> None:
    height = backup.backup(data, tmp_path / "copy")
    with contextlib.closing(open_reader(tmp_path / "copy")) as reader:
        assert reader.status().height == height
        assert reader.first_block > 0
    with pytest.raises(HeightGone):
        backup.export(data, tmp_path / "export")
    with pytest.raises(HeightGone), backup.replay(data):
        pass


def test_an_audit_says_what_it_could_not_check(data: Path, cut: bytes) -> None:
    command = [sys.executable, "-P", "-c", "from infoharbor.cli.main import main; main()", "audit"]
    done = subprocess.run([*command, "--data", data, "--json"], capture_output=True, check=True, timeout=120)
    told = json.loads(done.stdout)
    assert told["clean"]
    assert told["first_block"] > 0
    assert told["replayed_from"] is None


def test_all_blocks_stay_unless_told(world: World, data: Path, block_a_segment: None, engine: NodeEngine) -> None:
    assert engine.first_block == 0
