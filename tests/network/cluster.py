"""Real validators, each a process with its CometBFT, that can be killed, paused, and started again."""

import contextlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from world import SECRET, World

from infoharbor.crypto.suites import PrivateKey
from infoharbor.engine.cometbft.founding import found_network, free_ports, is_free
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.kernel.transaction import open_transaction

PROGRAM = Path(__file__).parent / "node.py"
PATIENCE = 90


def id_of(world: World, raw: bytes) -> bytes:
    return open_transaction(world.suite, raw).id


class NodeDied(Exception):
    """The process has ended before it answered."""


class NodeProcess:
    """One validator. Every answer comes as a future; those that are open when it dies fail with `NodeDied`."""

    def __init__(self, data: Path, *moment: str) -> None:
        self.data = data
        self._numbers = itertools.count()
        self._open: dict[int, Future[dict[str, Any]]] = {}
        self._gate = threading.Lock()
        self._dead = False
        self._log = (data.parent / f"{data.name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, data, *moment], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        self._ready: queue.Queue[bool] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        if not self._ready.get(timeout=PATIENCE):
            raise NodeDied((self.data.parent / f"{self.data.name}.log").read_text()[-2000:])

    def ask(self, **asked: Any) -> "Future[dict[str, Any]]":
        future: Future[dict[str, Any]] = Future()
        with self._gate:
            if self._dead:
                future.set_exception(NodeDied())
                return future
            number = next(self._numbers)
            self._open[number] = future
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps({"number": number, **asked}).encode() + b"\n")
            self.process.stdin.flush()
        return future

    def submit(self, raw: bytes) -> "Future[dict[str, Any]]":
        return self.ask(submit=raw.hex())

    def status(self) -> dict[str, Any]:
        return self.ask(status=True).result(PATIENCE)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.join()

    def join(self) -> None:
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # type: ignore[union-attr]
        self.process.stdout.close()  # type: ignore[union-attr]
        self._log.close()

    def pause(self) -> None:
        """Neither the node nor its CometBFT does anything any more."""
        for process in (self.process.pid, self.consensus):
            os.kill(process, signal.SIGSTOP)

    def go_on(self) -> None:
        for process in (self.consensus, self.process.pid):
            os.kill(process, signal.SIGCONT)

    @property
    def consensus(self) -> int:
        return int(ConsensusHome(self.data).process.read_text())

    def stop(self) -> None:
        """In order."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # type: ignore[union-attr]
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            if "ready" in answer:
                self._ready.put(True)
                continue
            with self._gate:
                future = self._open.pop(answer.pop("number"))
            future.set_result(answer)
        self._ready.put(False)
        with self._gate:
            self._dead, left = True, list(self._open.values())
            self._open.clear()
        for future in left:
            future.set_exception(NodeDied())


class Cluster:
    """Validators of one network, by name."""

    def __init__(
        self,
        world: World,
        folder: Path,
        validators: int = 4,
        *,
        names: Sequence[str] = (),
        make: Mapping[str, Callable[[], PrivateKey]] = MappingProxyType({}),
    ) -> None:
        """`make` makes the keys by which some of them vote where they are to be."""
        self.world = world
        self.folders = {name: folder / name for name in names or [f"node-{number}" for number in range(validators)]}
        self.nodes: dict[str, NodeProcess] = {}
        self.acknowledged: list[bytes] = []
        keys = {name: new_keys(make[name]) if name in make else new_keys() for name in self.folders}
        found_network(self.folders, world.genesis, SECRET, keys)

    def start(self, *names: str, moment: str = "") -> None:
        for name in names or self.folders:
            self.nodes[name] = NodeProcess(self.folders[name], *([moment] if moment else []))
        for name in names or self.folders:
            self.nodes[name].wait_ready()

    def kill(self, name: str) -> None:
        self.nodes.pop(name).kill()

    def stop(self) -> None:
        for node in self.nodes.values():
            node.process.send_signal(signal.SIGCONT)
            with contextlib.suppress(BrokenPipeError):
                node.process.stdin.close()  # type: ignore[union-attr]
        for node in self.nodes.values():
            node.stop()
        self.nodes.clear()

    def serve(self, *names: str) -> dict[str, str]:
        """Open these nodes' gateways, and tell every node of them; their addresses."""
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        gateways = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        for name, data in self.folders.items():
            others = tuple(address for other, address in gateways.items() if other != name)
            home = ConsensusHome(data)
            home.write_config(msgspec.structs.replace(home.config(), gateways=others))
        for name, port in ports.items():
            self.nodes[name].ask(serve=port).result(PATIENCE)
            self.wait_for(lambda port=port: not is_free(port), "the gateway listens")  # type: ignore[misc]
        return gateways

    def commit(self, name: str, *raws: bytes) -> list[dict[str, Any]]:
        """Send to one node and wait for the receipts."""
        answers = [future.result(PATIENCE) for future in [self.nodes[name].submit(raw) for raw in raws]]
        assert [answer.get("code") for answer in answers] == [""] * len(raws), answers
        self.acknowledged += raws
        return answers

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"{what}: {self.statuses()}")
            time.sleep(0.05)

    def statuses(self) -> dict[str, dict[str, Any]]:
        return {name: node.status() for name, node in self.nodes.items()}

    def agree(self) -> int:
        """Wait until every running node has the newest block; all of them must have the same root. Its height."""
        newest = max(status["height"] for status in self.statuses().values())
        self.wait_for(
            lambda: all(status["height"] >= newest for status in self.statuses().values()), f"block {newest} everywhere"
        )
        roots = {node.ask(root=newest + 1).result(PATIENCE)["root"] for node in self.nodes.values()}
        assert len(roots) == 1, roots
        return newest

    def lost(self) -> list[tuple[str, str]]:
        """Acknowledged transactions that a running node does not have, or has elsewhere than the others."""
        missing = []
        for raw in self.acknowledged:
            identifier = id_of(self.world, raw).hex()
            heights = {
                name: node.ask(receipt=identifier).result(PATIENCE)["height"] for name, node in self.nodes.items()
            }
            if None in heights.values() or len(set(heights.values())) != 1:
                missing.append((identifier, str(heights)))
        return missing
