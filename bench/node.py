"""A node alone in its process: how long it takes to start, and how much memory is its own."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from bench.transfers import throughput
from infoharbor.engine.lifecycle import open_engine

PATIENCE_S = 180


class NodeSize(NamedTuple):
    """Start, with and without the interpreter, in milliseconds; anonymous memory in MB once it is open, and after load."""

    start: float
    open: float
    memory_open: float
    memory_loaded: float


def node_size(data: Path, bundles: list[bytes]) -> NodeSize:
    """Open the ledger in a process of its own, and let it commit these bundles."""
    begin = time.time()
    command = [sys.executable, "-m", "bench.node", str(data), repr(begin)]
    lines = b"".join(raw.hex().encode() + b"\n" for raw in bundles)
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True)
    return NodeSize(**json.loads(done.stdout))


def anonymous_mb() -> float:
    """The memory of this process that no file stands behind."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system tells no Anonymous memory")


def main() -> None:
    data, begin = Path(sys.argv[1]), float(sys.argv[2])
    before = time.time()
    with open_engine(data) as engine:
        engine.status()
        ready = time.time()
        at_open = anonymous_mb()
        bundles = [bytes.fromhex(line) for line in sys.stdin.read().split()]
        own = sum(map(len, bundles)) / 1024**2
        throughput(engine, bundles)
        loaded = anonymous_mb() - own
    size = NodeSize((ready - begin) * 1000, (ready - before) * 1000, at_open, loaded)
    print(json.dumps(size._asdict()))


if __name__ == "__main__":
    main()
