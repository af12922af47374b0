"""`kill -9` at any moment: nothing that was acknowledged is lost, nothing needs repair."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from infoharbor.engine.backup import replay
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.transaction import open_transaction

NODE = Path(__file__).parent / "crashing_node.py"


def crash(data: Path, raws: list[bytes], moment: str, seconds: float = 60) -> list[bytes]:
    """Run a node on these transactions until it dies, or kill it after so many seconds; the acknowledged
    ids."""
    sent = data.parent / "transactions"
    sent.write_text("\n".join(raw.hex() for raw in raws))
    node = subprocess.Popen([sys.executable, NODE, data, sent, moment], stdout=subprocess.PIPE)
    assert node.stdout is not None
    assert node.stdout.readline() == b"ready\n"
    if moment == "at random":
        time.sleep(seconds)
        node.kill()
    lines = node.stdout.read().split(b"\n")
    assert node.wait(60) == -9
    return [bytes.fromhex(line.decode()) for line in lines[:-1]]


def check(
    world: World,
    data: Path,
    raws: list[bytes],
    acknowledged: list[bytes],
    start: Callable[..., NodeEngine],
) -> None:
    """The ledger opens by itself, knows what it acknowledged, takes the rest, and is what its log says."""
    engine = start(data)
    for identifier in acknowledged:
        receipt = engine.receipt(identifier)
        assert receipt is not None
        assert receipt.code == ""
    futures = [engine.submit(raw) for raw in raws]
    assert {future.result(30).code for future in futures} == {""}
    assert all(engine.receipt(open_transaction(world.suite, raw).id) for raw in raws)
    engine.close()
    with replay(data) as replayed:
        assert replayed.height == engine.status().height


@pytest.fixture
def raws(world: World, data: Path, start: Callable[..., NodeEngine]) -> list[bytes]:
    engine = start(data)
    for raw in world.opening():
        engine.submit(raw).result(10)
    engine.close()
    return [world.transfer("bank", "firm-1", expiry=world.begin + 3_000_000) for _ in range(400)]


@pytest.mark.parametrize("moment", ["half of the append", "after the append", "before the store", "inside the store"])
def test_killed_at_a_named_moment(
    world: World, data: Path, raws: list[bytes], start: Callable[..., NodeEngine], moment: str
) -> None:
    acknowledged = crash(data, raws, moment)
    assert acknowledged
    check(world, data, raws[: len(acknowledged) + 20], acknowledged, start)


def test_killed_at_random_moments_under_load(
    world: World, data: Path, raws: list[bytes], start: Callable[..., NodeEngine]
) -> None:
    chance = random.Random()
    acknowledged: list[bytes] = []
    for round_ in range(6):
        acknowledged += crash(data, raws[round_ * 60 :], "at random", chance.uniform(0.0, 0.25))
    check(world, data, raws, acknowledged, start)
