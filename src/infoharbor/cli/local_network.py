"""A trial network on this machine: its folder, and the process that keeps its nodes running."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import msgspec
from cyclopts import Parameter

from infoharbor.cli.output import Failure
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import is_locked, write_private

NetworkDir = Annotated[
    Path, Parameter(name="--dir", env_var="INFOHARBOR_NETWORK", help="The network's folder. 网络目录。")
]
DEFAULT_DIR = Path("network")
NODE_COMMAND = "from infoharbor.cli.main import main; main()"
STOP_SECONDS = 30
LOOKS_EVERY_SECONDS = 0.2
PAUSES_SECONDS = (0.5, 1, 2, 5, 10)
"""Before a node that has ended is started again, longer each time that it ended soon."""
LONG_ENOUGH_SECONDS = 60


class Node(msgspec.Struct, frozen=True):
    """One node of the trial, and the port of its gateway and portal."""

    name: str
    port: int


class Layout(msgspec.Struct, frozen=True):
    """`network.json`."""

    nodes: tuple[Node, ...]


class Running(msgspec.Struct, frozen=True):
    """`processes.json`, as the keeper last wrote it."""

    keeper: int = 0
    nodes: dict[str, int] = {}


class NetworkFolder:
    """`network.json`, `processes.json`, `lock`, and a data folder and a log for each node."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._layout, self._processes = path / "network.json", path / "processes.json"

    @property
    def exists(self) -> bool:
        return self._layout.exists() or any(self.nodes.glob("*"))

    @property
    def nodes(self) -> Path:
        return self.path / "nodes"

    def data(self, name: str) -> Path:
        return self.nodes / name

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def layout(self) -> Layout:
        try:
            return msgspec.json.decode(self._layout.read_bytes(), type=Layout)
        except FileNotFoundError:
            raise Failure("network.none_here", "--dir", "a folder that `network init` made") from None

    def write_layout(self, layout: Layout) -> None:
        """Also tells each node where the others' gateways are."""
        for node in layout.nodes:
            home = ConsensusHome(self.data(node.name))
            others = tuple(f"http://127.0.0.1:{other.port}" for other in layout.nodes if other != node)
            home.write_config(msgspec.structs.replace(home.config(), gateways=others))
        write_private(self._layout, msgspec.json.format(msgspec.json.encode(layout)))

    def running(self) -> Running:
        """What runs now: processes that are gone are left out."""
        if not self._is_kept():
            return Running()
        try:
            return msgspec.json.decode(self._processes.read_bytes(), type=Running)
        except (FileNotFoundError, msgspec.DecodeError):
            return Running()

    def keeper(self) -> int:
        """The process that keeps the nodes running; refused as `network.not_running` if none does."""
        self.layout()
        keeper = self.running().keeper
        if not keeper:
            raise Failure("network.not_running", "--dir", "a network that runs")
        return keeper

    def write_running(self, running: Running) -> None:
        write_private(self._processes, msgspec.json.encode(running))

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Held by the one process that keeps the nodes running."""
        held = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not is_locked(held):
                raise Failure("network.running", "--dir", "a network that does not run")
            yield
        finally:
            os.close(held)

    def _is_kept(self) -> bool:
        try:
            held = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not is_locked(held)
        finally:
            os.close(held)


class Keeper:
    """Starts every node that `network.json` names, also one that is added later, with its `options` of `infoharbor run`;
    starts one again that ends; and ends them all on SIGINT or SIGTERM."""

    def __init__(self, folder: NetworkFolder, options: Callable[[Node], Sequence[str]]) -> None:
        self._folder, self._options = folder, options
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._quick: dict[str, int] = {}
        self._stop = threading.Event()

    def keep(self, report: Callable[[str], None]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_stop)
        try:
            while True:
                for node in self._folder.layout().nodes:
                    self._keep_one(node, report)
                if self._stop.wait(LOOKS_EVERY_SECONDS):
                    return
        finally:
            self._end_all()
            self._folder.write_running(Running())

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _keep_one(self, node: Node, report: Callable[[str], None]) -> None:
        child = self._children.get(node.name)
        if child is None:
            self._start(node)
        elif child.poll() is not None and self._may_start(node.name):
            report(f"{node.name} has ended 已退出 ({child.returncode}), again 重新启动")
            self._start(node)

    def _may_start(self, name: str) -> bool:
        lived = time.monotonic() - self._started[name]
        if lived > LONG_ENOUGH_SECONDS:
            self._quick[name] = 0
        return lived > PAUSES_SECONDS[min(self._quick[name], len(PAUSES_SECONDS) - 1)]

    def _start(self, node: Node) -> None:
        self._quick[node.name] = self._quick.get(node.name, -1) + 1
        self._started[node.name] = time.monotonic()
        arguments = ["run", "--data", str(self._folder.data(node.name)), "--port", str(node.port), *self._options(node)]
        with self._folder.log(node.name).open("ab") as log:
            self._children[node.name] = subprocess.Popen(
                [sys.executable, "-P", "-c", NODE_COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # An interrupt from the keyboard is for the keeper.
            )
        self._folder.write_running(Running(os.getpid(), {name: child.pid for name, child in self._children.items()}))

    def _end_all(self) -> None:
        for child in self._children.values():
            child.terminate()
        until = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
