"""What readers see: one height at a time, the same from beside the node, and proofs that verify."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import LOG_KEY, TOKEN, World

from infoharbor.contracts.asset.records import Balance
from infoharbor.engine.interface import ProofMaterial, Refused
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.reader import open_reader
from infoharbor.engine.reading import LedgerReading
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import ED25519, VerifierKey, open_note
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.leaf import path_hash

BALANCE = f"asset/balances/{TOKEN}/firm-1"


def verify(reading: LedgerReading, material: ProofMaterial) -> None:
    """Every step from the records to the log's key, as a stranger would."""
    key = VerifierKey(reading.origin, ED25519, LOG_KEY.public_key)
    checkpoint = Checkpoint.parse(open_note(material.checkpoint, [key], strict=True)[0])
    assert checkpoint.size == material.size
    leaf = merkle.leaf_hash(material.header_bytes)
    assert merkle.verify_inclusion(leaf, material.height, material.size, material.inclusion, checkpoint.root)
    header = header_codec.decode(material.header_bytes)
    suite = reading.chain.suite
    for path, entry, proof in material.records:
        hashed = None if entry is None else entry.leaf_hash
        assert tree.verify(suite, header.state_root, path_hash(suite, path), hashed, proof)


def test_a_snapshot_stays_while_blocks_come(engine: NodeEngine, world: World) -> None:
    """The sum of all balances is the same in every snapshot, however fast money moves."""
    stop = threading.Event()
    wrong: list[int] = []

    def watch() -> None:
        while not stop.is_set():
            with engine.snapshot() as snapshot:
                balances = [snapshot.find(Balance, TOKEN, name) for name in world.names]
                scanned = {path.rpartition("/")[2] for path, _ in snapshot.scan(f"asset/balances/{TOKEN}/")}
                total = sum(balance.free for balance in balances if balance is not None)
                if total != 3 * 10**12 or scanned != set(world.names):
                    wrong.append(total)

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    futures = [
        engine.submit(world.transfer(world.names[number % 3], world.names[(number + 1) % 3], number + 1))
        for number in range(900)
    ]
    assert {future.result(60).code for future in futures} == {""}
    stop.set()
    for watcher in watchers:
        watcher.join()
    assert not wrong


def test_proofs_verify_of_fresh_and_of_stored_states(engine: NodeEngine, world: World) -> None:
    absent = "asset/balances/bank:cny/nobody"
    engine.submit(world.transfer("bank", "firm-1")).result(10)
    fresh = engine.proof([BALANCE, absent])
    verify(engine, fresh)
    assert fresh.height == engine.status().height
    engine.wait_beyond(engine.status().height, timeout=1)
    assert engine.status().flushed == engine.status().height
    verify(engine, engine.proof([BALANCE, absent, "identity/organisations/bank"]))


def test_history_goes_back_to_the_first_version(engine: NodeEngine, world: World) -> None:
    for number in range(5):
        engine.submit(world.transfer("bank", "firm-1", number + 1)).result(10)
    futures = [engine.submit(world.transfer("bank", "firm-1")) for _ in range(50)]
    for future in futures:
        future.result(10)
    versions = list(engine.history(BALANCE))
    assert [entry.version for entry in versions] == list(range(56, 0, -1))
    for newer, older in itertools.pairwise(versions):
        assert newer.previous == older.leaf_hash
    assert list(engine.history("asset/balances/bank:cny/nobody")) == []


def test_followers_get_every_block_once_and_in_order(engine: NodeEngine, world: World) -> None:
    seen: list[int] = []
    futures = [engine.submit(world.transfer("bank", "firm-1")) for _ in range(300)]
    cursor = -1
    while not all(future.done() for future in futures) or cursor < engine.status().height:
        engine.wait_beyond(cursor, timeout=1)
        for block in engine.blocks(cursor, limit=3):
            cursor = block.header.height
            seen.append(cursor)
    assert seen == list(range(engine.status().height + 1))


def test_the_write_sets_of_all_blocks_give_the_state(engine: NodeEngine, world: World) -> None:
    for future in [engine.submit(world.transfer("bank", "firm-2")) for _ in range(30)]:
        future.result(10)
    state = {write.path: write.entry for block in engine.blocks(-1) for write in block.writes}
    with engine.snapshot() as snapshot:
        assert dict(snapshot.scan("")) == state


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted))
def test_the_header_log_proves_inclusion_and_growth(engine: NodeEngine, ends: list[int]) -> None:
    old, new = ends
    assert merkle.verify_consistency(old, engine.root(old), new, engine.root(new), engine.consistency(old, new))
    if old < new:
        leaf = merkle.leaf_hash(engine.header(old))
        assert merkle.verify_inclusion(leaf, old, new, engine.inclusion(old, new), engine.root(new))


def test_what_is_not_there_is_refused(engine: NodeEngine) -> None:
    beyond = engine.status().height + 1
    for ask in (engine.header, engine.block, engine.inclusion):
        for height in (beyond, -1):
            with pytest.raises(Refused) as caught:
                ask(height)
            assert caught.value.code == "ledger.height_unknown"
    with pytest.raises(Refused):
        engine.consistency(2, beyond + 1)
    with pytest.raises(Refused):
        engine.subtree(0, beyond)
    assert engine.receipt(bytes(32)) is None


READ = """
import sys
from infoharbor.engine.reader import open_reader
with_path = sys.argv[2]
reader = open_reader(sys.argv[1])
with reader.snapshot() as snapshot:
    entry = snapshot.entry(with_path)
material = reader.proof([with_path])
versions = list(reader.history(with_path))
print(snapshot.height, entry.version, material.height, reader.root().hex(), len(versions))
"""


def test_a_reader_beside_the_node_sees_what_the_node_has_acknowledged(
    engine: NodeEngine, world: World, data: Path
) -> None:
    """The store lags behind; the reader takes the rest from the log."""
    for _ in range(3):
        engine.submit(world.transfer("bank", "firm-1")).result(10)
        shown = subprocess.run(
            [sys.executable, "-c", READ, data, BALANCE],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        height, version, proved, root, versions = shown.stdout.split()
        with engine.snapshot() as snapshot:
            entry = snapshot.entry(BALANCE)
        assert entry is not None
        assert int(height) == engine.status().height
        assert int(proved) <= int(height)
        assert int(version) == entry.version == int(versions)
        assert root == engine.root().hex()


def test_a_reader_alone_follows_the_log_of_a_node_that_died(
    world: World, data: Path, start: Callable[..., NodeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start(data)
    monkeypatch.setattr(engine._machine, "flush", lambda: None)
    for raw in world.opening():
        engine.submit(raw).result(10)
    height, root = engine.status().height, engine.root()
    engine.close()
    reader = open_reader(data)
    assert (reader.status().height, reader.root()) == (height, root)
    assert reader.status().flushed == 0
    verify(reader, reader.proof([BALANCE, "asset/tokens/nothing"]))
    reader.close()
