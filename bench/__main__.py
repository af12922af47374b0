"""`python -m bench`: measures everything, shows it, and writes bench/latest.json."""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench import aims, farm, fields, limits, network, node, postgres, proofs, transfers
from bench.exchange import exchange
from bench.postgres_server import Unavailable
from bench.report import LATEST, Measure, Report, heading, percentile
from bench.state_sync import state_sync
from bench.town import BANK, Town
from infoharbor.contracts.asset.records import Balance
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.readers import Reader
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.ledger import Ledger

PEER = "PostgreSQL 18"
ACTIONS = 5
REFUSED = 0.1
WARMING = 1_000


class Sizes(NamedTuple):
    """How much is measured: seconds for limits and peers, bundles for each kind of transfer, records, events, lots; of the
    fields, actions of a kind, leaves of one receivable, leaves and lots that reports go over; of networks, None for not at
    all."""

    seconds: int
    bundles: int
    few: int
    customers: int
    records: int
    many_records: int
    most_records: int
    events: int
    graph: int
    proofs: int
    lots: int
    actions: int
    leaves: int
    reported: int
    reported_lots: int
    networks: network.Sizes | None


WHOLE = Sizes(
    4, 40_000, 2_000, 2_000, 100_000, 1_000_000, 2_000_000, 2_000, 1_000, 200, 100_000, 10_000, 10_000, 1_000_000,
    250_000, network.WHOLE,
)  # fmt: skip
QUICK = Sizes(1, 500, 100, 20, 200, 400, 600, 100, 50, 10, 300, 100, 300, 2_000, 2_000, None)


class Bench:
    """One run: what is measured first is what later measures stand beside."""

    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self.sizes, self.folder, self.report = sizes, folder, Report()
        self.checks: dict[str, float] = {}
        self.peers: dict[str, float] = {}
        self.rate = 0.0

    def run(self) -> None:
        self.limits()
        self.peer()
        town = Town(self.sizes.customers)
        data = self.folder / "ledger"
        town.found(data)
        with open_engine(data) as engine:
            town.grow(engine, self.sizes.records)
            self.transfers(engine, town)
            self.proofs(engine, town)
            self.exchange(engine, data, town)
        for suite in ("sm2", "ml-dsa-44"):
            self.suite(suite)
        if self.sizes.many_records > self.sizes.records:
            with open_engine(data) as engine:
                town.grow(engine, self.sizes.many_records)
                self.committed(engine, town, f"transfers, {town.records:,} records")
                self.report_of(engine, town)
        self.node(data, town)
        self.begun_with_state(data, town)
        if self.sizes.most_records > self.sizes.many_records:
            with open_engine(data) as engine:
                town.grow(engine, self.sizes.most_records)
                self.committed(engine, town, f"transfers, {town.records:,} records")
        self.recall()
        some = self.sizes
        fields.measure(
            self.folder,
            self.report,
            actions=some.actions,
            leaves=some.leaves,
            reported=some.reported,
            lots=some.reported_lots,
        )
        if some.networks is not None:
            (self.folder / "networks").mkdir()
            network.measure(self.report, some.networks, self.folder / "networks", self.checks["ed25519"])

    def limits(self) -> None:
        for suite in ("ed25519", "sm2", "ml-dsa-44"):
            self.checks[suite] = limits.checks_per_second(suite, self.sizes.seconds)
            self.report.add(Measure(f"limit: {suite} checks in two processes", self.checks[suite], "checks/s"))
        appends = limits.appends_per_second(self.folder, self.sizes.seconds)
        self.report.add(Measure("limit: synced appends of 64 KiB", appends, "appends/s"))

    def peer(self) -> None:
        try:
            with postgres.running(self.sizes.records) as server:
                for clients in (8, 32):
                    plain = server.transfers_per_second(clients, self.sizes.seconds)
                    checked = server.checked_transfers_per_second(clients, self.sizes.seconds)
                    self.peers[f"{PEER}, {clients} clients"] = plain
                    self.peers[f"{PEER}, {clients} clients, Ed25519 check in Python before"] = checked
        except Unavailable as reason:
            self.report.note(f"without the peer: {reason}")
        for name, value in self.peers.items():
            self.report.add(Measure(f"peer: transfers, {name}", value, "/s"))

    def transfers(self, engine: NodeEngine, town: Town) -> None:
        self.rate = self.committed(engine, town, f"transfers, {town.records:,} records")
        half = self.rate / 2
        paced = list(town.transfers(min(self.sizes.bundles, int(half * self.sizes.seconds * 2) + 1)))
        taken = transfers.latencies(engine, paced, half)
        for name, part in (("median", 0.5), ("p99", 0.99)):
            value = percentile(taken, part)
            self.report.add(Measure(f"submit to final at half that load, {name}", value, "ms"))
        self.committed(engine, town, f"bundles of {ACTIONS} transfers", actions=ACTIONS)
        self.committed(engine, town, f"transfers, {REFUSED:.0%} refused", refused=REFUSED)
        database = open_database(f"sqlite:///{self.folder / 'readmodel.sqlite'}")
        follower = Follower(engine, town.registry, town.chain, database)
        follower.catch_up()
        follower.start()
        try:
            self.committed(engine, town, "transfers, read model on")
        finally:
            follower.stop()
            database.dispose()

    def committed(self, engine: NodeEngine, town: Town, name: str, *, actions: int = 1, refused: float = 0) -> float:
        """Measure one kind of bundle; returns how many a second."""
        few = town.suite != "ed25519"
        count = self.sizes.few if few else self.sizes.bundles // actions
        warming = list(town.transfers(min(WARMING, count // 4)))
        raws = list(town.transfers(count, actions=actions, refused=refused))
        transfers.throughput(engine, warming)
        found = transfers.throughput(engine, raws)
        if refused and not found.refused:
            raise RuntimeError("nothing was refused")
        peer = None if few else max(self.peers, key=lambda name: self.peers[name], default=None)
        value = None if peer is None else self.peers[peer] / actions
        self.report.add(Measure(name, found.per_second, "bundles/s", self.checks[town.suite], peer, value))
        self.report.add(Measure(f"{name}: processor time of engine and client", found.work, "µs/bundle"))
        return found.per_second

    def proofs(self, engine: NodeEngine, town: Town) -> None:
        made = proofs.proof_times(engine, [town.balance_path() for _ in range(self.sizes.proofs)])
        self.report.add(Measure("proof made", made.proof_made, "ms"))
        self.report.add(Measure("proof checked, without the signatures", made.proof_checked, "ms"))
        self.report.add(Measure("evidence file made, with history and receipts", made.evidence_made, "ms"))

    def exchange(self, engine: NodeEngine, data: Path, town: Town) -> None:
        found = exchange(engine, data, town, events=self.sizes.events, graph=self.sizes.graph)
        self.report.add(Measure("EPCIS events over HTTP, 50 a document", found.events_per_second, "events/s"))
        self.report.add(
            Measure("EPCIS events over HTTP, each judged by its objects' stories", found.judged_per_second, "events/s")
        )
        self.report.add(Measure(f"trace of a graph of {found.traced_events:,} events", found.trace, "ms"))

    def report_of(self, engine: NodeEngine, town: Town) -> None:
        """What a supervisor's report asks: all balances, summed by token."""
        with contextlib.ExitStack() as held:
            database = open_database(f"sqlite:///{self.folder / 'report.sqlite'}")
            held.callback(database.dispose)
            follower = Follower(engine, town.registry, town.chain, database)
            follower.catch_up()
            with Ledger(engine, follower=follower).sight(Reader(BANK)) as sight:
                begin = time.perf_counter()
                found = sight.totals(Balance, by=("token",), sums=("free",))
                taken = (time.perf_counter() - begin) * 1000
        if sum(total.records for total in found) != town.records:
            raise RuntimeError("the report has not counted every balance")
        self.report.add(Measure(f"report: sums over {town.records:,} records, from the read model", taken, "ms"))

    def begun_with_state(self, data: Path, town: Town) -> None:
        """A new node's way: others' state as a snapshot, checked and turned into a store."""
        (self.folder / "begun").mkdir()
        found = state_sync(data, self.folder / "begun")
        records = f"{town.records:,} records"
        self.report.add(Measure(f"snapshot made, {records}", found.exported * 1000, "ms"))
        self.report.add(Measure(f"snapshot checked and taken over, {records}", found.restored * 1000, "ms"))

    def recall(self) -> None:
        works = farm.Works(self.folder / "works")
        with open_engine(self.folder / "works") as engine:
            works.grow(engine, self.sizes.lots)
            seconds = min(farm.reach_seconds(engine, self.sizes.lots))
        self.report.add(Measure(f"reach of a recall over {self.sizes.lots:,} lots", seconds * 1000, "ms"))

    def suite(self, suite: str) -> None:
        town = Town(20, suite=suite)
        data = self.folder / suite
        town.found(data)
        with open_engine(data) as engine:
            town.grow(engine, 100)
            self.committed(engine, town, f"transfers signed with {suite}")

    def node(self, data: Path, town: Town) -> None:
        size = node.node_size(data, list(town.transfers(self.sizes.bundles)))
        records = f"{town.records:,} records"
        self.report.add(Measure(f"start of a node, {records}", size.start, "ms"))
        self.report.add(Measure(f"of that, opening the ledger, {records}", size.open, "ms"))
        self.report.add(Measure(f"anonymous memory once open, {records}", size.memory_open, "MB"))
        self.report.add(Measure(f"anonymous memory under load, {records}", size.memory_loaded, "MB"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it runs, not how fast")
    parser.add_argument("--records", type=int, help="how many records the largest ledger has; by default 2,000,000")
    parser.add_argument("--bundles", type=int, help="how many bundles each kind of transfer is measured with")
    parser.add_argument("--output", type=Path, default=LATEST, help="where the measures are written")
    parser.add_argument("--folder", type=Path, help="on which disk; by default where temporary files lie")
    options = parser.parse_args()
    sizes = QUICK if options.quick else WHOLE
    sizes = sizes._replace(
        most_records=options.records if options.records is not None else sizes.most_records,
        bundles=options.bundles or sizes.bundles,
    )
    begin = time.perf_counter()
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder))
        bench = Bench(sizes, Path(folder))
        heading()
        try:
            bench.run()
        finally:  # Where a part fails, what was measured before it is kept.
            bench.report.write(options.output)
            aims.show(bench.report.measures)
    print(f"  {time.perf_counter() - begin:.0f} seconds; written to {options.output}")


if __name__ == "__main__":
    main()
