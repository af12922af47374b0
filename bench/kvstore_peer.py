"""The peer of the network: CometBFT with its own application kvstore, in Go, on the same machine and settings.

Its transactions are as long as ours; they carry no signature and are not checked, and there is no tree over its state, no
evidence, no disk under the application. CometBFT keeps its mempool (`flood`), since kvstore has none."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infoharbor.engine.cometbft.binary import SOURCE
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome, NodeConfig, consensus_genesis, new_keys, peers_of
from infoharbor.engine.cometbft.settings import settings, toml

PROGRAM = Path(__file__).parent / "kvstore" / "main.go"
BUILD_SECONDS = 1_200
MEMPOOL_TRANSACTIONS, MEMPOOL_BYTES = 100_000, 1024**3


class Told(NamedTuple):
    """Transactions a second of all nodes together, and milliseconds from sent to committed."""

    per_second: float
    latencies: list[float]


def build(folder: Path) -> Path:
    """The program, from the modules that CometBFT itself is pinned to."""
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.prefix) / "bin"))
    if go is None:
        raise RuntimeError("no Go to build the peer with")
    source, program = folder / "source", folder / "kvstore"
    source.mkdir()
    for file in (SOURCE / "go.mod", SOURCE / "go.sum", PROGRAM):
        shutil.copy(file, source)
    environment = os.environ | {
        "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local",
    }  # fmt: skip
    command = [go, "build", "-ldflags", "-s -w", "-o", str(program), "."]
    subprocess.run(command, cwd=source, env=environment, check=True, timeout=BUILD_SECONDS)
    return program


@contextlib.contextmanager
def running(program: Path, folder: Path, validators: int) -> Iterator["Peer"]:
    names = [f"kvstore-{number}" for number in range(validators)]
    keys = {name: new_keys() for name in names}
    genesis = consensus_genesis(bytes(32), 0, keys)
    addresses = {name: f"127.0.0.1:{port}" for name, port in zip(names, free_ports(validators), strict=True)}
    ids = {name: each.node_id for name, each in keys.items()}
    with contextlib.ExitStack() as held:
        processes = []
        for name in names:
            home = ConsensusHome(folder / name)
            home.path.mkdir(parents=True)
            home.write_keys(keys[name])
            home.write_genesis(genesis)
            sections = settings(NodeConfig(name, addresses[name], peers_of(addresses, ids, name)))
            sections[""]["filter_peers"] = False
            sections["mempool"] |= {
                "type": "flood", "size": MEMPOOL_TRANSACTIONS, "max_txs_bytes": MEMPOOL_BYTES, "recheck": False,
            }  # fmt: skip
            (home.path / "config" / "config.toml").write_text(toml(sections))
            with (folder / f"{name}.log").open("wb") as log:
                process = subprocess.Popen(
                    [program, home.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
                )
            held.enter_context(process)
            held.callback(process.kill)
            processes.append(process)
        for process in processes:
            if _line(process).strip() != b"ready":
                raise RuntimeError("the peer does not start")
        yield Peer(processes)


class Peer:
    """Nodes that run."""

    def __init__(self, processes: "Sequence[subprocess.Popen[bytes]]") -> None:
        self._processes = processes

    def load(self, count: int, size: int, rate: float = 0) -> Told:
        """So many transactions of so many bytes, through all nodes alike; `rate` a second in all, 0: as fast as they go."""
        each = count // len(self._processes)
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{each} {size} {int(rate / len(self._processes))}\n".encode())
            process.stdin.flush()
        told: list[dict[str, Any]] = [json.loads(_line(process)) for process in self._processes]
        taken = max(one["end"] for one in told) - min(one["begin"] for one in told)
        return Told(each * len(told) / taken, [value for one in told for value in one["latencies"]])


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("a node of the peer has ended")
    return line
