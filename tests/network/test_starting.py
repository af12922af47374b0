"""A node whose CometBFT does not start leaves nothing behind: no thread, no socket, no lock."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import SECRET, World

from infoharbor.crypto.suites import TokenPlace
from infoharbor.engine.cometbft import process
from infoharbor.engine.cometbft.engine import ReplicatedEngine
from infoharbor.engine.cometbft.founding import found_network
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.process import STOP_SECONDS, ConsensusProcess, end_left_over
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.lifecycle import open_engine

PLACE = TokenPlace("/no/library.so", "token", "label", "PIN")
PATIENCE = 60
OURS = {"engine", "cometbft", "signer"}


@pytest.fixture
def data(world: World, tmp_path: Path) -> Path:
    found_network({"node": tmp_path / "node"}, world.genesis, SECRET, {"node": new_keys()})
    return tmp_path / "node"


def opens(world: World, data: Path) -> None:
    with open_engine(data, registry=world.registry, workers=0) as engine:
        assert engine.status().condition == "running"


@pytest.fixture(autouse=True)
def others() -> set[threading.Thread]:
    """Threads of nodes that other tests still run in this process."""
    return set(threading.enumerate())


def ours(others: set[threading.Thread]) -> set[str]:
    return OURS & {thread.name for thread in set(threading.enumerate()) - others}


def test_a_node_whose_cometbft_does_not_start_is_closed(
    world: World, data: Path, others: set[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(started: ConsensusProcess) -> None:
        raise PermissionError("another's process")

    with monkeypatch.context() as patch:
        patch.setattr(ConsensusProcess, "start", start)
        with pytest.raises(PermissionError):
            opens(world, data)
    assert ours(others) == set()
    opens(world, data)
    assert ours(others) == set()


def test_a_halted_node_stops_soon_whatever_its_cometbft_waits_for(
    world: World, data: Path, others: set[threading.Thread], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "cometbft"
    deaf.write_text("#!/bin/sh\ntrap '' TERM\necho deaf\nwhile :; do sleep 0.1; done\n")
    deaf.chmod(0o700)
    monkeypatch.setenv("INFOHARBOR_COMETBFT", str(deaf))

    def advance(engine: ReplicatedEngine, now: int) -> bool:
        raise MemoryError

    monkeypatch.setattr(ReplicatedEngine, "_advance", advance)
    with open_engine(data, registry=world.registry, workers=0) as engine:
        until = time.monotonic() + PATIENCE
        while engine.status().condition != "halted" or b"deaf" not in log_of(data):
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < STOP_SECONDS
    assert ours(others) == set()


def log_of(data: Path) -> bytes:
    log = ConsensusHome(data).log
    return log.read_bytes() if log.exists() else b""


@pytest.fixture
def left_over(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """What a node that was killed has left running."""
    home = ConsensusHome(data)
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({PATIENCE})", home.path])
    home.process.write_text(str(child.pid))
    until = time.monotonic() + PATIENCE
    while str(home.path).encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes():
        assert time.monotonic() < until
    yield child
    child.kill()
    child.wait()


def test_what_was_left_over_is_gone_before_the_node_goes_on(data: Path, left_over: subprocess.Popen[bytes]) -> None:
    end_left_over(ConsensusHome(data))
    assert left_over.wait(PATIENCE) == -signal.SIGKILL


def test_what_was_left_over_is_known_by_another_way_to_its_folder(
    data: Path, left_over: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    end_left_over(ConsensusHome(Path(data.name)))
    assert left_over.wait(PATIENCE) == -signal.SIGKILL


def test_a_node_does_not_go_on_beside_what_was_left_over(
    data: Path, left_over: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", lambda process_id, number: None)
        with pytest.raises(Refused, match=r"node\.locked"):
            end_left_over(ConsensusHome(data))
    assert left_over.poll() is None


def test_a_node_that_signs_itself_does_not_start_without_its_memory_of_it(
    world: World, data: Path, others: set[threading.Thread]
) -> None:
    home = ConsensusHome(data)
    home.voting_key.write(new_keys().consensus._replace(held=PLACE))
    votes = home.votes.read_bytes()
    home.votes.unlink()
    with pytest.raises(Damaged, match=home.votes.name):
        opens(world, data)
    assert ours(others) == set()
    home.votes.write_bytes(votes)
    opens(world, data)
    assert ours(others) == set()
