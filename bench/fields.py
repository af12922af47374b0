"""The fields' commonest actions, committed a second; a receivable of ten thousand leaves that is settled; reports over
a million leaves, and over a quarter of a million lots, which take longer to record."""

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench import farm
from bench.report import Measure, Report, heading
from bench.town import BANK, Payer, Town, ensure_done, milliseconds
from bench.transfers import throughput
from infoharbor.contractkit.days import DAY_MS, day_at
from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.indications import AllotPlot, GrantLicence, RegisterIndication, SetSeason
from infoharbor.contracts.farm.land import RegisterPlot, SetProductClass
from infoharbor.contracts.receivable.actions import (
    AcceptReceivable,
    ConfirmReceivable,
    DraftReceivable,
    IssueReceivable,
    SetLine,
)
from infoharbor.contracts.receivable.holding import PARTS_MAX, OfferLeaf, SplitLeaf, TakeLeaf
from infoharbor.contracts.receivable.registering import RegisterInvoice
from infoharbor.contracts.receivable.settlement import (
    LEAVES_PER_ACTION,
    CollectLeaves,
    ConfirmPayment,
    InstructPayment,
)
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.limits import WRITES_PER_TRANSACTION, WRITTEN_BYTES_PER_TRANSACTION
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.transaction import Ceilings
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.ledger import Ledger

ORGANISATIONS = 50
ACTIONS, LEAVES, REPORTED, LOTS = 10_000, 10_000, 1_000_000, 250_000
CENTS = 10**6
"""The face of the smallest leaf, in fen."""
TENOR_DAYS = 90
WARMING = 200
LARGE = Ceilings(WRITES_PER_TRANSACTION, WRITES_PER_TRANSACTION, WRITTEN_BYTES_PER_TRANSACTION)
SEAL = bytes(32)


class Trade:
    """A debtor, its bank, and suppliers who each hold a promise of the debtor and buy from one another."""

    def __init__(self, data: Path) -> None:
        self.town = Town(ORGANISATIONS, roles=[(BANK, "bank")])
        self.debtor, *self.suppliers = self.town.customers
        self.later = 0
        self.town.clock = self.clock
        self.town.found(data)

    def clock(self) -> int:
        return milliseconds() + self.later

    def today(self) -> int:
        return day_at(self.clock(), "CN")

    def send(self, engine: NodeEngine, payer: Payer, *bundles: list[Any]) -> None:
        ensure_done([engine.submit(self.town.signed(each, payer, ceilings=LARGE)) for each in bundles])

    def invoice(self, number: int, seller: str, buyer: str, total: int) -> tuple[str, RegisterInvoice]:
        """Its identity, and what registers it."""
        text = f"{number:020}"
        about = (seller, buyer, "CNY", total, self.today(), SEAL)
        return f"CN:{text}", RegisterInvoice("CN", seller, "", text, 2026, *about)

    def promise(self, engine: NodeEngine, supplier: Payer, number: int, face: int) -> str:
        """A receivable that its supplier has accepted."""
        debtor, bank = self.debtor, self.town.bank
        identity, register = self.invoice(number, supplier.id, debtor.id, face)
        claim = f"{debtor.id}:{number}"
        due = self.today() + TENOR_DAYS
        self.send(engine, supplier, [register])
        draft = DraftReceivable(str(number), supplier.id, True, BANK, face, identity, due, "")
        self.send(engine, debtor, [draft, IssueReceivable(claim)])
        self.send(engine, bank, [ConfirmReceivable(claim)])
        self.send(engine, supplier, [AcceptReceivable(claim, self.today(), True)])
        return claim

    def cut(self, engine: NodeEngine, supplier: Payer, claim: str, leaves: int) -> range:
        """Cut a receivable's one leaf into equal ones; the numbers of these."""
        ways = -(-leaves // PARTS_MAX)
        sizes = [len(range(at, leaves, ways)) for at in range(ways)]
        first = 2
        if ways > 1:
            self.send(engine, supplier, [SplitLeaf(claim, 1, tuple(size * CENTS for size in sizes))])
            bundles = [[SplitLeaf(claim, 2 + at, (CENTS,) * size)] for at, size in enumerate(sizes)]
            self.send(engine, supplier, *bundles)
            first += ways
        else:
            self.send(engine, supplier, [SplitLeaf(claim, 1, (CENTS,) * leaves)])
        return range(first, first + leaves)

    def open_line(self, engine: NodeEngine, limit: int) -> None:
        until = self.clock() + 10 * TENOR_DAYS * DAY_MS
        self.send(engine, self.town.bank, [SetLine(self.debtor.id, "CNY", limit, until)])


def passed_on(engine: NodeEngine, trade: Trade, actions: int) -> Iterator[tuple[str, list[bytes]]]:
    """Rounds of signed bundles, to be committed one round after the other: so many leaves cut in two, one half of each
    offered to a supplier of its holder, and taken."""
    town, suppliers = trade.town, trade.suppliers
    each = max(2, -(-actions // len(suppliers)))
    trade.open_line(engine, len(suppliers) * each * CENTS)
    held: list[tuple[Payer, Payer, str, int, str]] = []
    newest: dict[str, int] = {}
    for at, supplier in enumerate(suppliers):
        claim = trade.promise(engine, supplier, at + 1, each * CENTS)
        other = suppliers[(at + 1) % len(suppliers)]
        identity, register = trade.invoice(10_000 + at, other.id, supplier.id, each * CENTS)
        trade.send(engine, other, [register])
        leaves = trade.cut(engine, supplier, claim, each)
        newest[claim] = leaves[-1]
        held += [(supplier, other, claim, leaf, identity) for leaf in leaves]
    held = sorted(held, key=lambda one: one[3])[:actions]
    halves = (CENTS // 2, CENTS // 2)
    yield (
        "receivable: a leaf is cut in two",
        [town.signed([SplitLeaf(claim, leaf, halves)], holder) for holder, _, claim, leaf, _ in held],
    )
    until = trade.clock() + 30 * DAY_MS
    offered = []
    for holder, to, claim, _, identity in held:
        newest[claim] += 1
        offered.append((holder, to, claim, newest[claim], identity))
    yield (
        "receivable: a leaf is offered on, for an invoice",
        [
            town.signed([OfferLeaf(claim, leaf, to.id, identity, False, until)], holder)
            for holder, to, claim, leaf, identity in offered
        ],
    )
    yield (
        "receivable: a leaf that was offered is taken",
        [town.signed([TakeLeaf(claim, leaf)], to) for _, to, claim, leaf, _ in offered],
    )


class Settled(NamedTuple):
    """Seconds from the debtor's instruction to the bank's confirmation being final, which pays every leaf; and until
    every leaf has also been collected."""

    paid: float
    collected: float


def settle(engine: NodeEngine, trade: Trade, leaves: int) -> Settled:
    """Wait until a receivable of so many leaves is due, and pay it."""
    supplier = trade.suppliers[0]
    trade.open_line(engine, leaves * CENTS)
    claim = trade.promise(engine, supplier, 1, leaves * CENTS)
    numbers = trade.cut(engine, supplier, claim, leaves)
    trade.later += (TENOR_DAYS + 7) * DAY_MS
    engine.wait_beyond(engine.status().height, 1)
    begin = time.perf_counter()
    trade.send(engine, trade.debtor, [InstructPayment(claim, leaves * CENTS)])
    trade.send(engine, trade.town.bank, [ConfirmPayment(claim, 1, "EXAMPLE-1")])
    paid = time.perf_counter() - begin
    some = [numbers[at : at + LEAVES_PER_ACTION] for at in range(0, leaves, LEAVES_PER_ACTION)]
    trade.send(engine, supplier, *([CollectLeaves(claim, tuple(each))] for each in some))
    return Settled(paid, time.perf_counter() - begin)


def report_times(engine: NodeEngine, trade: Trade, database: str, leaves: int) -> dict[str, float]:
    """Seconds that each of the field's reports takes over so many leaves, as the bank that confirmed all of them asks;
    they come from the read model."""
    each = min(leaves, PARTS_MAX * PARTS_MAX)
    claims = -(-leaves // each)
    trade.open_line(engine, claims * each * CENTS)
    for at in range(claims):
        supplier = trade.suppliers[at % len(trade.suppliers)]
        claim = trade.promise(engine, supplier, at + 1, each * CENTS)
        trade.cut(engine, supplier, claim, each)
    with contextlib.closing(Ledgers(engine, trade.town, database)) as ledgers:
        taken = {}
        for (contract, name), report in sorted(ledgers.ledger.reports.items()):
            parameters = report.question.parameters.values()
            if contract == "receivable" and all(one.default is not one.empty for one in parameters):
                with ledgers.ledger.sight(Reader(BANK)) as sight:
                    begin = time.perf_counter()
                    report.ask(sight, {})
                    taken[name] = time.perf_counter() - begin
    return taken


class Ledgers:
    """A ledger whose questions an SQL mirror answers that has caught up."""

    def __init__(self, engine: NodeEngine, town: Town, database: str) -> None:
        self._database = open_database(database)
        follower = Follower(engine, town.registry, town.chain, self._database)
        follower.catch_up()
        self.ledger = Ledger(engine, follower=follower)

    def close(self) -> None:
        self._database.dispose()


class Growers:
    """A cooperative movement: growers with plots in the area of an indication, and a season that runs."""

    def __init__(self, data: Path) -> None:
        self.town = Town(ORGANISATIONS, roles=[(BANK, "certifier"), (BANK, "market-supervisor")])
        self.town.found(data)

    def settle_in(self, engine: NodeEngine) -> None:
        town, begin = self.town, self.town.begin
        season = SetSeason("tea", "spring", begin - 30 * DAY_MS, begin + DAY_MS, begin + DAY_MS, 10**9)
        founding = [
            SetProductClass("CN", "leaf", "99000001", "茶鲜叶", "Fresh tea leaf", 10_000),
            RegisterIndication("tea", "茶", "Tea", "CN", BANK, ("leaf",), begin),
            season,
        ]
        ensure_done([engine.submit(town.signed(founding, town.bank))])
        plots = [town.signed([RegisterPlot("1", "F1", "7PMHV722", 10_000, SEAL)], each) for each in town.customers]
        ensure_done([engine.submit(raw) for raw in plots])
        for each in town.customers:
            allot = [GrantLicence("tea", each.id, each.id, 0, 0), AllotPlot("tea", "spring", f"{each.id}:1", each.id)]
            ensure_done([engine.submit(town.signed(allot, town.bank))])

    def harvests(self, count: int) -> Iterator[bytes]:
        """Deliveries of the day, each a lot from an allotted plot in its season."""
        growers = self.town.customers
        for number in range(count):
            grower = growers[number % len(growers)]
            about = (f"01~09521001001014~10~{number}", "leaf", 50_000, 0, None, (f"{grower.id}:1",), "tea", "spring")
            yield self.town.signed([RecordHarvest(*about, self.town.begin - 1000)], grower)


def measure(
    folder: Path,
    report: Report,
    *,
    actions: int = ACTIONS,
    leaves: int = LEAVES,
    reported: int = REPORTED,
    lots: int = LOTS,
) -> None:
    """Measure both fields, each on ledgers of its own in this folder; the slowest reports over `reported` leaves, and over
    `lots`."""
    trade = Trade(folder / "trade")
    with open_engine(folder / "trade", clock=trade.clock) as engine:
        for name, raws in passed_on(engine, trade, actions):
            _committed(engine, report, name, raws)
    growers = Growers(folder / "growers")
    with open_engine(folder / "growers") as engine:
        growers.settle_in(engine)
        _committed(engine, report, "farm: a harvest is recorded, in its season", list(growers.harvests(actions)))
    settling = Trade(folder / "settling")
    with open_engine(folder / "settling", clock=settling.clock) as engine:
        found = settle(engine, settling, leaves)
    report.add(Measure(f"receivable: {leaves:,} leaves are paid", found.paid * 1000, "ms"))
    report.add(Measure(f"receivable: {leaves:,} leaves are paid and collected", found.collected * 1000, "ms"))
    large = Trade(folder / "large")
    with open_engine(folder / "large", clock=large.clock) as engine:
        taken = report_times(engine, large, f"sqlite:///{folder / 'large.sqlite'}", reported)
    slowest = max(taken, key=lambda name: taken[name])
    report.add(Measure(f"receivable: slowest report over {reported:,} leaves: {slowest}", taken[slowest] * 1000, "ms"))
    taken = farm.reported(folder, lots)
    slowest = max(taken, key=lambda name: taken[name])
    report.add(Measure(f"farm: mass balance over {lots:,} lots with their events", taken["balance"] * 1000, "ms"))
    report.add(Measure(f"farm: slowest report over {lots:,} lots: {slowest}", taken[slowest] * 1000, "ms"))


def _committed(engine: NodeEngine, report: Report, name: str, raws: list[bytes]) -> None:
    throughput(engine, raws[: min(WARMING, len(raws) // 4)])
    found = throughput(engine, raws[min(WARMING, len(raws) // 4) :])
    if found.refused:
        raise RuntimeError(f"{name}: {found.refused} were refused")
    report.add(Measure(name, found.per_second, "bundles/s"))
    report.add(Measure(f"{name}: processor time of engine and client", found.work, "µs/bundle"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fields", description=__doc__)
    parser.add_argument("--actions", type=int, default=ACTIONS)
    parser.add_argument("--leaves", type=int, default=LEAVES)
    parser.add_argument("--reported", type=int, default=REPORTED)
    parser.add_argument("--lots", type=int, default=LOTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        heading()
        measure(Path(folder), Report(), **vars(options))


if __name__ == "__main__":
    main()
