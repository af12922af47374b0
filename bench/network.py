"""`python -m bench.network`: a network's speed, with one validator and with four on this machine's cores, beside CometBFT's
own kvstore."""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, cast

from bench import kvstore_peer
from bench.report import Measure, Report, heading, percentile
from bench.town import BANK, SECRET, Town
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.blocklog import BEGINNING, BlockLog
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.founding import found_network
from infoharbor.engine.cometbft.home import new_keys
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Engine
from infoharbor.engine.machine import block_codec
from infoharbor.engine.store import Store
from infoharbor.kernel.block import Receipt

MEMBERS = ("bank", "customer-0", "customer-1", "customer-2")
PEER = "CometBFT's own kvstore in Go, unsigned, unproved"
PART_NAMES = {
    "verify": "verify (open, check signatures, judge proposals)", "prepare": "choose a proposal", "execute": "execute",
    "tree": "tree", "commit": "commit",
}  # fmt: skip


class Sizes(NamedTuple):
    """How much is measured: bundles with one validator and with four, seconds at half the load, customers, balances."""

    bundles: int
    shared_bundles: int
    seconds: int
    customers: int
    records: int


WHOLE = Sizes(40_000, 20_000, 8, 2_000, 10_000)
QUICK = Sizes(400, 400, 1, 20, 40)


class Node:
    """A node's process."""

    def __init__(self, data: Path, workers: int) -> None:
        command = [sys.executable, "-m", "bench.network_node", str(data), str(workers)]
        self._log = data.parent / f"{data.name}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def ask(self, **asked: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a node of the network has ended: {self._log.read_text()[-2_000:]}")
        return dict(json.loads(line))

    def submit(self, raw: bytes) -> "Future[Receipt]":
        """As an engine's: for bundles before the load."""
        self.ask(submit=raw.hex())
        future: Future[Receipt] = Future()
        future.set_result(cast(Receipt, Submitted(self.answer()["code"])))
        return future

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


class Submitted(NamedTuple):
    """What is needed of a receipt."""

    code: str


class Loaded(NamedTuple):
    """What came of a load: bundles a second in all, milliseconds to final, to evidence after it; and for each block of the
    first node milliseconds by part, the time from block to block, and CometBFT's processor time."""

    per_second: float
    latencies: list[float]
    evidence: list[float]
    parts: dict[str, float]
    block: float
    consensus: float


class Network:
    """Validators that run, one process each with its CometBFT."""

    def __init__(self, nodes: Sequence[Node], folder: Path) -> None:
        self.nodes, self._folder = nodes, folder

    def load(self, raws: list[bytes], rate: float = 0) -> Loaded:
        """Give each node its part of these bundles, as fast as they go or evenly at `rate` a second in all."""
        count = len(self.nodes)
        for number, node in enumerate(self.nodes):
            file = self._folder / f"bundles-{number}"
            file.write_bytes(b"".join(len(raw).to_bytes(4, "big") + raw for raw in raws[number::count]))
            node.ask(load=str(file), rate=rate / count, path=f"identity/organisations/{BANK}")
        told = [node.answer() for node in self.nodes]
        taken = max(one["end"] for one in told) - min(one["begin"] for one in told)
        first = told[0]
        blocks = max(1, first["blocks"])
        each = {part: seconds / blocks * 1000 for part, seconds in first["parts"].items()}
        whole = (first["end"] - first["begin"]) / blocks * 1000
        latencies, evidence = ([value for one in told for value in one[name]] for name in ("latencies", "evidence"))
        return Loaded(len(raws) / taken, latencies, evidence, each, whole, first["consensus"] / blocks * 1000)

    def ensure_equal(self) -> None:
        """All nodes have the same root, at the newest height of the one that is furthest behind."""
        size = 1 + min(self._at(node, 1)["height"] for node in self.nodes)
        if len({self._at(node, size)["root"] for node in self.nodes}) != 1:
            raise RuntimeError("the validators differ")

    def _at(self, node: Node, size: int) -> dict[str, Any]:
        node.ask(size=size)
        return node.answer()


@contextlib.contextmanager
def running(folder: Path, town: Town, attesters: dict[str, AttesterKeys], workers: int) -> Iterator[Network]:
    folders = {name: folder / name for name in attesters}
    found_network(folders, town.genesis, SECRET, {name: new_keys() for name in folders})
    for name, keys in attesters.items():
        keys.write(folders[name] / "keys")
    nodes = []
    try:
        for data in folders.values():
            nodes.append(Node(data, workers))
        for node in nodes:
            node.answer()
        yield Network(nodes, folder)
    finally:
        for node in nodes:
            node.stop()


def replayed_per_second(town: Town, data: Path, folder: Path) -> float:
    """Bundles a second at which a node whose store is lost runs its blocks again."""
    chain = DataFolder(data).founded(town.registry).chain
    with contextlib.closing(BlockLog(data / "blocks")) as log, contextlib.closing(Store(folder)) as store:
        blocks = (block_codec.decode(record.payload) for record in log.scan(BEGINNING, 0))
        bundles = sum(len(block.transactions) for block in blocks)
        machine = OrderedMachine(chain, town.genesis, store, log)
        moments: list[float] = []
        machine.recover(lambda height: moments.append(time.perf_counter()))
        # Without the genesis, which founds the customers: the store of any node has it.
        return bundles / (moments[-1] - moments[0])


def measure(report: Report, sizes: Sizes, folder: Path, checks: float | None = None) -> None:
    """Everything of a network; `checks` are the signature checks a second that this machine allows."""
    report.note(f"a network: each bundle is checked by every validator; {PEER}: the same load without checks")
    program = kvstore_peer.build(folder)
    cometbft(report.note)
    for validators, bundles in ((1, sizes.bundles), (4, sizes.shared_bundles)):
        one_validator(report, sizes, folder / str(validators), validators, bundles, program, checks)


def one_validator(
    report: Report, sizes: Sizes, folder: Path, validators: int, bundles: int, program: Path, checks: float | None
) -> None:
    """One size of network, and its peer."""
    name = "1 validator" if validators == 1 else f"{validators} validators"
    attesters = {member: AttesterKeys.generate() for member in MEMBERS[:validators]}
    town = Town(sizes.customers, attesters=attesters)
    with running(folder, town, attesters, workers=1 if validators == 1 else 0) as network:
        town.grow(cast(Engine, network.nodes[0]), sizes.records)
        raws = list(town.transfers(bundles))
        network.load(list(town.transfers(min(4_000, bundles // 4))))
        fast = network.load(raws)
        half = fast.per_second / 2
        even = network.load(list(town.transfers(int(half * sizes.seconds))), half)
        network.ensure_equal()
    size = len(raws[0])
    with kvstore_peer.running(program, folder, validators) as peer:
        peer.load(min(4_000, bundles // 4), size)
        theirs = peer.load(bundles, size)
        theirs_even = peer.load(int(half * sizes.seconds), size, half)
    limit = None if checks is None else checks / validators
    report.add(Measure(f"network, {name}: transfers", fast.per_second, "bundles/s", limit, PEER, theirs.per_second))
    for label, part in (("median", 0.5), ("p99", 0.99)):
        ours, other = percentile(even.latencies, part), percentile(theirs_even.latencies, part)
        report.add(
            Measure(f"network, {name}: submit to final at half that load, {label}", ours, "ms", None, PEER, other)
        )
    report.add(
        Measure(f"network, {name}: commit to evidence with a quorum, p99", percentile(even.evidence, 0.99), "ms")
    )
    for step, label in PART_NAMES.items():
        report.add(Measure(f"network, {name}: of a block's time, {label}", fast.parts[step], "ms"))
    rest = fast.block - sum(fast.parts.values())
    report.add(Measure(f"network, {name}: of a block's time, CometBFT and the rest", rest, "ms"))
    report.add(Measure(f"network, {name}: CometBFT's processor time for a block", fast.consensus, "ms"))
    again = replayed_per_second(town, folder / MEMBERS[0], folder / "replayed")
    report.add(Measure(f"network, {name}: blocks run again at a start", again, "bundles/s"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.network", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it runs, not how fast")
    parser.add_argument("--folder", type=Path, help="on which disk; by default where temporary files lie")
    options = parser.parse_args()
    heading()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as folder:
        measure(Report(), QUICK if options.quick else WHOLE, Path(folder))


if __name__ == "__main__":
    main()
