"""Backup while running, restore, export, replay: the copy is whole, and no second history comes of it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from infoharbor.engine.backup import export, read_export, replay, restore
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.node import NodeEngine

BACKUP = "import sys; from infoharbor.engine.backup import backup; print(backup(sys.argv[1], sys.argv[2]))"


def back_up(data: Path, target: Path) -> int:
    """Beside the running node, as the command does it."""
    ran = subprocess.run(
        [sys.executable, "-c", BACKUP, data, target], capture_output=True, text=True, timeout=60, check=True
    )
    return int(ran.stdout)


def test_a_backup_under_load_restores_to_a_ledger_that_goes_on(
    engine: NodeEngine, world: World, data: Path, tmp_path: Path, start: Callable[..., NodeEngine]
) -> None:
    raws = [world.transfer("bank", "firm-1") for _ in range(600)]
    sender = threading.Thread(target=lambda: [engine.submit(raw).result(30) for raw in raws[:100]])
    sender.start()
    height = back_up(data, tmp_path / "copy")
    sender.join()
    assert not (tmp_path / "copy" / "signed.json").exists()
    assert restore(tmp_path / "copy", tmp_path / "again") == height
    again = start(tmp_path / "again")
    assert [again.header(at) for at in range(height + 1)] == [engine.header(at) for at in range(height + 1)]
    assert again.submit(raws[-1]).result(10).code == ""
    again.close()
    with replay(tmp_path / "again") as replayed:
        assert replayed.height == again.status().height


def test_a_backup_of_the_running_node_from_within(engine: NodeEngine, tmp_path: Path) -> None:
    assert engine.backup(tmp_path / "copy") == engine.status().height


def test_a_restore_below_what_was_signed_is_refused(
    engine: NodeEngine, world: World, data: Path, tmp_path: Path
) -> None:
    back_up(data, tmp_path / "copy")
    engine.submit(world.transfer("bank", "firm-1")).result(10)
    engine.checkpoint()
    target = tmp_path / "again"
    target.mkdir()
    (target / "signed.json").write_bytes((data / "signed.json").read_bytes())
    with pytest.raises(Refused) as caught:
        restore(tmp_path / "copy", target)
    assert caught.value.code == "node.behind_signed"
    assert [path.name for path in target.iterdir()] == ["signed.json"]


def test_nothing_is_restored_or_backed_up_over_something(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.mkdir()
    (target / "file").touch()
    for call in (lambda: restore(data, target), lambda: back_up(data, target)):
        with pytest.raises((Refused, subprocess.CalledProcessError)):
            call()
    assert [path.name for path in target.iterdir()] == ["file"]


def test_an_export_replays_to_the_same_headers(engine: NodeEngine, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "ledger.export"
    assert export(data, file) == engine.status().height
    genesis, records = read_export(file)
    assert genesis == engine.genesis
    assert [record.height for record in records] == list(range(engine.status().height + 1))
    with replay(data, exported=file) as replayed:
        assert replayed.state.root == engine.root()


def test_a_flipped_bit_in_an_export_is_noticed(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "ledger.export"
    export(data, file)
    raw = bytearray(file.read_bytes())
    raw[-100] ^= 1
    file.write_bytes(raw)
    with pytest.raises(Damaged):
        list(read_export(file)[1])
