"""The state store: growth, truncation, flipped bits, readers beside the writer."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from infoharbor.engine.batch import FORMAT, Batch, Meta, StoredBlock
from infoharbor.engine.blocklog import Place
from infoharbor.engine.interface import Damaged
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.store import Store
from infoharbor.engine.store_file import used_bytes
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import Entry


def entry(value: bytes) -> Entry:
    return Entry(1, 0, bytes(32), bytes(32), 0, bytes(32), value, bytes(32))


def batch(height: int, records: dict[str, bytes]) -> Batch:
    meta = Meta(FORMAT, bytes(32), height, b"", bytes(32), (), (), (), (0, 0))
    packed = {path: encode(entry(value)) for path, value in records.items()}
    return Batch(meta, packed, {}, {}, {}, {height: StoredBlock(Place(0, 0), b"")}, {})


def test_the_map_grows_when_it_is_full(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path, map_bytes=64 * 1024)) as store:
        for height in range(20):
            store.write(batch(height, {f"a/b/{height}-{number}": bytes(1000) for number in range(100)}))
        with store.read() as stored:
            assert stored.height == 19
            assert len(list(stored.scan("a/b/"))) == 2000


def test_a_read_sees_one_commit_until_it_is_closed(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path)) as store:
        store.write(batch(0, {"a/b/1": b"old"}))
        with store.read() as before:
            store.write(batch(1, {"a/b/1": b"new"}))
            with store.read() as after:
                assert (before.entry("a/b/1"), after.entry("a/b/1")) == (entry(b"old"), entry(b"new"))


def test_a_scan_is_ascending_from_beyond_its_start(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path)) as store:
        store.write(batch(0, {f"a/b/{number}": b"x" for number in range(5)} | {"a/c/0": b"x", "a/a/0": b"x"}))
        with store.read() as stored:
            assert [path for path, _ in stored.scan("a/b/")] == [f"a/b/{number}" for number in range(5)]
            assert [path for path, _ in stored.scan("a/b/", "a/b/2")] == ["a/b/3", "a/b/4"]


@pytest.mark.parametrize("kept", [0, 100, 4096, 8192, 0.5, 0.99])
def test_a_truncated_store_is_a_clear_error(tmp_path: Path, kept: float) -> None:
    with contextlib.closing(Store(tmp_path)) as store:
        store.write(batch(0, {f"a/b/{number}": bytes(1000) for number in range(1000)}))
    file = tmp_path / "data.mdb"
    os.truncate(file, int(kept if kept > 1 else kept * used_bytes(file)))
    with pytest.raises(Damaged):
        Store(tmp_path)


def test_a_hole_at_the_end_is_no_truncation(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path)) as store:
        store.write(batch(0, {"a/b/1": b"x"}))
    os.truncate(tmp_path / "data.mdb", used_bytes(tmp_path / "data.mdb"))
    with contextlib.closing(Store(tmp_path)) as store, store.read() as stored:
        assert stored.entry("a/b/1") == entry(b"x")


def test_a_flipped_bit_in_a_record_is_noticed_before_it_is_used(tmp_path: Path) -> None:
    with contextlib.closing(Store(tmp_path)) as store:
        store.write(batch(0, {"a/b/1": b"the value of this record"}))
    file = tmp_path / "data.mdb"
    raw = bytearray(file.read_bytes())
    at = raw.index(b"the value of this record")
    raw[at] ^= 1
    file.write_bytes(raw)
    with contextlib.closing(Store(tmp_path)) as store, store.read() as stored:
        with pytest.raises(Damaged):
            stored.entry("a/b/1")
        with pytest.raises(Damaged):
            list(stored.scan("a/b/"))


def test_a_flipped_bit_halts_the_engine_and_no_contract_is_blamed(
    world: World, data: Path, start: Callable[..., NodeEngine]
) -> None:
    engine = start(data)
    for raw in world.opening():
        engine.submit(raw).result(10)
    engine.close()
    file = data / "state" / "data.mdb"
    raw = bytearray(file.read_bytes())
    key = b"asset/balances/bank:cny/firm-1"
    at = raw.find(key)
    while at >= 0:
        raw[at + len(key) + 20] ^= 1
        at = raw.find(key, at + 1)
    file.write_bytes(raw)
    engine = start(data)
    with pytest.raises(Exception, match=r"node\.halted"):
        engine.submit(world.transfer("firm-1", "bank")).result(10)
    assert engine.status().condition == "halted"
    assert "data.mdb" in engine.status().reason
    with pytest.raises(Damaged), engine.snapshot() as snapshot:
        snapshot.entry(key.decode())
    assert engine.block(1).header.height == 1


def test_a_store_that_was_removed_is_made_again_from_the_log(
    world: World, data: Path, start: Callable[..., NodeEngine]
) -> None:
    engine = start(data)
    for raw in world.opening():
        engine.submit(raw).result(10)
    before = engine.status().height, engine.header(3), engine.root()
    engine.close()
    for file in (data / "state").iterdir():
        file.unlink()
    engine = start(data)
    assert (engine.status().height, engine.header(3), engine.root()) == before


def test_a_truncated_store_is_not_served(world: World, data: Path) -> None:
    os.truncate(data / "state" / "data.mdb", used_bytes(data / "state" / "data.mdb") - 1)
    with pytest.raises(Damaged):
        open_engine(data)
