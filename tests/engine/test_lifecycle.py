"""Founding, opening, locking, closing; the same blocks under any hash seed and at every replay."""

import errno
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from world import LOG_KEY, TOKEN, World, milliseconds

from infoharbor.contracts.asset.holds import PlaceHold
from infoharbor.engine.backup import replay
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.folder import DataFolder, write_private
from infoharbor.engine.interface import Block, Damaged, Refused
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.machine import block_codec
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.registry import Registry


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises((Refused, Damaged)) as caught:
        call()
    return str(caught.value.code)


def test_everything_in_the_folder_is_the_owners_alone(data: Path) -> None:
    for path in (data, *data.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_a_file_is_written_whole_or_not_at_all(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system takes a part of what it is given, as on a disk that is nearly full."""
    file, write, room = tmp_path / "kept", os.write, [10_000]

    def takes_a_part(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "no space left")
        taken = write(descriptor, bytes(data)[: min(most, room[0])])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", takes_a_part)
    write_private(file, b"before")
    assert file.read_bytes() == b"before"
    room[0] = 4
    with pytest.raises(OSError, match="no space"):
        write_private(file, b"after that")
    assert file.read_bytes() == b"before"


def test_a_second_writer_is_refused(engine: NodeEngine, data: Path) -> None:
    assert code_of(lambda: open_engine(data, workers=0)) == "node.locked"


def test_a_folder_holds_one_ledger(world: World, data: Path) -> None:
    assert code_of(lambda: world.create(data)) == "node.folder_taken"


def test_an_empty_folder_is_no_ledger(tmp_path: Path) -> None:
    assert code_of(lambda: open_engine(tmp_path)) == "node.no_ledger"


def test_the_secret_is_the_one_that_the_genesis_commits_to(world: World, tmp_path: Path) -> None:
    assert code_of(lambda: create(tmp_path / "data", world.genesis, bytes(32), LOG_KEY)) == "node.secret"


def test_python_without_assertions_is_refused(data: Path) -> None:
    script = f"from infoharbor.engine.lifecycle import open_engine; open_engine({str(data)!r})"
    ran = subprocess.run([sys.executable, "-O", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode != 0
    assert "node.optimised" in ran.stderr


@pytest.mark.parametrize("suite", ["sha256", "sm3"])
def test_a_closed_ledger_opens_as_it_was(tmp_path: Path, start: Callable[..., NodeEngine], suite: str) -> None:
    world = World(suite=suite)
    data = world.create(tmp_path / "data")
    engine = start(data)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    before = engine.status().height, engine.root(), engine.checkpoint()
    engine.close()
    engine = start(data)
    assert (engine.status().height, engine.root(), engine.checkpoint()) == before
    engine.close()
    with replay(data) as replayed:
        assert replayed.height == before[0]


def test_a_ledger_behind_what_it_signed_is_refused(engine: NodeEngine, data: Path) -> None:
    engine.checkpoint()
    engine.close()
    signed = DataFolder(data).last_signed()
    assert signed is not None
    write_private(data / "signed.json", b'{"size":%d,"root":"%s"}' % (signed.size + 1, signed.root.encode()))
    assert code_of(lambda: open_engine(data, workers=0)) == "node.behind_signed"
    write_private(data / "signed.json", b'{"size":%d,"root":"%s"}' % (signed.size, bytes(32).hex().encode()))
    assert code_of(lambda: open_engine(data, workers=0)) == "node.beside_signed"


def test_a_changed_genesis_is_noticed(data: Path) -> None:
    raw = bytearray((data / "genesis").read_bytes())
    raw[-40] ^= 1
    (data / "genesis").write_bytes(raw)
    with pytest.raises((Damaged, Refused)):
        open_engine(data, workers=0)


@pytest.mark.parametrize("part", ["transactions", "receipts", "written"])
def test_a_changed_block_is_named_by_replay(engine: NodeEngine, data: Path, part: str) -> None:
    """Even when whoever changed the log gave it right checksums, as an operator could."""
    engine.close()
    log = BlockLog(data / "blocks")
    records = list(log.scan())
    changed: Block = block_codec.decode(records[-1].payload)
    values = list(getattr(changed, part))
    if part == "written":
        path, entry, position = values[0]
        values[0] = (path, entry[:-1] + bytes([entry[-1] ^ 1]), position)
    else:
        values[0] = values[0][:-1] + bytes([values[0][-1] ^ 1])
    changed = msgspec.structs.replace(changed, **{part: tuple(values)})
    log.append_from(records[-1].place)
    log.append(records[-1].height, encode(changed))
    log.close()
    with pytest.raises(Damaged, match=f"block {records[-1].height}"), replay(data):
        pass


BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from world import World
from infoharbor.engine.lifecycle import open_engine
clock = [1_800_000_000_000]
def milliseconds():
    clock[0] += 7
    return clock[0]
world = World(begin=1_800_000_000_000)
engine = open_engine(world.create(Path(sys.argv[2])), workers=0, clock=milliseconds)
options = {"expiry": 1_800_001_000_000}
import world as module
module.milliseconds = lambda: 1_800_000_000_000
for raw in world.opening():
    engine.submit(raw).result(10)
for number in range(20):
    engine.submit(world.transfer("bank", "firm-1", number + 1, **options)).result(10)
    engine.submit(world.transfer("firm-2", "firm-1", 10**15, **options)).result(10)
with engine.snapshot() as snapshot:
    print(snapshot.header.state_root.hex())
for block in engine.blocks(0, 1000):
    print(*[raw.hex() for raw in block.receipts])
engine.close()
"""


def test_hash_seeds_change_nothing(tmp_path: Path) -> None:
    outputs = []
    for seed in ("0", "4242"):
        ran = subprocess.run(
            [sys.executable, "-c", BUILD, Path(__file__).parent, tmp_path / seed],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        outputs.append(hashlib.sha256(ran.stdout.encode()).hexdigest())
        assert ran.stdout
    assert outputs[0] == outputs[1]


def test_a_due_move_makes_a_block_when_nobody_sends(engine: NodeEngine, world: World) -> None:
    until = milliseconds() + 400
    place = PlaceHold("hold-1", TOKEN, "firm-1", None, 10, until, "example")
    receipt = engine.submit(world.signed(place, by="bank")).result(10)
    assert receipt.code == ""
    with engine.snapshot() as snapshot:
        (path, before), *_ = snapshot.scan("asset/holds/")
    assert engine.wait_beyond(receipt.height, timeout=20) == receipt.height + 1
    with engine.snapshot() as snapshot:
        after = snapshot.entry(path)
        assert snapshot.time >= until
    assert after is not None
    assert (before.version, after.version) == (1, 2)
    assert engine.wait_beyond(receipt.height + 1, timeout=0.5) == receipt.height + 1


def test_a_due_move_runs_after_a_restart(
    engine: NodeEngine, world: World, data: Path, start: Callable[..., NodeEngine]
) -> None:
    place = PlaceHold("hold-1", TOKEN, "firm-1", None, 10, milliseconds() + 400, "example")
    height = engine.submit(world.signed(place, by="bank")).result(10).height
    engine.close()
    assert start(data).wait_beyond(height, timeout=20) == height + 1


def test_an_idle_ledger_makes_no_blocks(engine: NodeEngine) -> None:
    height = engine.status().height
    assert engine.wait_beyond(height, timeout=0.5) == height


def test_other_rules_than_the_voted_ones_are_refused_at_the_start(world: World, data: Path) -> None:
    contracts = [contract._replace(rules_hash=bytes(32)) for contract in world.registry.contracts.values()]
    assert code_of(lambda: open_engine(data, registry=Registry(contracts), workers=0)) == "node.rules_differ"
