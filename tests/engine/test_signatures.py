"""Signature workers: right verdicts, no orphan, no transaction lost with a worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from world import World

from infoharbor.engine.interface import Refused
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import transaction_codec


def test_workers_tell_good_signatures_from_bad(world: World, data: Path, start: Callable[..., NodeEngine]) -> None:
    engine = start(data, workers=2)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    good = [world.transfer("bank", "firm-1") for _ in range(300)]
    bad = []
    for raw in good:
        sent = transaction_codec.decode(raw)
        bad.append(encode([sent.body, sent.actions, (bytes(64),)]))
    futures = [engine.submit(raw) for pair in zip(bad, good, strict=True) for raw in pair]
    for crippled, honest in zip(futures[::2], futures[1::2], strict=True):
        fault = crippled.exception(30)
        assert isinstance(fault, Refused)
        assert fault.code == "ledger.signature_invalid"
        assert honest.result(30).code == ""


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(
    world: World, data: Path, start: Callable[..., NodeEngine]
) -> None:
    engine = start(data, workers=1)
    for raw in world.opening():
        engine.submit(raw).result(10)
    for _ in range(3):
        futures = [engine.submit(world.transfer("bank", "firm-1")) for _ in range(200)]
        os.kill(engine._signatures.process_ids[0], signal.SIGKILL)
        assert {future.result(60).code for future in futures} == {""}


OPEN = """
import sys
from infoharbor.engine.lifecycle import open_engine
engine = open_engine(sys.argv[1], workers=2)
print(*engine._signatures.process_ids, flush=True)
sys.stdin.read()
"""


def test_workers_end_with_their_parent(data: Path) -> None:
    node = subprocess.Popen([sys.executable, "-c", OPEN, data], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert node.stdout is not None
    workers = [int(number) for number in node.stdout.readline().split()]
    assert len(workers) == 2
    node.kill()
    node.wait()
    deadline = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, workers))


def is_running(process: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
