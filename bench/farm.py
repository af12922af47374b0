"""How long a recall takes to find all that it reaches: one leaf lot, made, split and repacked into 100,000 lots; and how
long reports take over a million, each with its event."""

import argparse
import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import fields

from bench.town import ensure_done, milliseconds
from infoharbor.contractkit.types import Code
from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.land import SetProductClass
from infoharbor.contracts.farm.pages.reach import reach_of
from infoharbor.contracts.farm.production import PARTS_MAX, Output, RecordProduction
from infoharbor.contracts.farm.records import Part, ProductionKind
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import NewKey, Registration
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.contracts.trace.records import CapturedEvent, Quantity
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.edgekit.json_form import iso
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.limits import READS_PER_TRANSACTION, WRITTEN_BYTES_PER_TRANSACTION
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.transaction import Ceilings
from infoharbor.readmodel.database import open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.building import build
from infoharbor.sdk.ledger import Ledger

LOTS, REPORTED = 100_000, 1_000_000
WORKS = "works"
SECRET = hashlib.sha256(b"secret of the bench").digest()
CEILINGS = Ceilings(READS_PER_TRANSACTION, 4_000, WRITTEN_BYTES_PER_TRANSACTION)
AT_ONCE = 64
RUNS = 3
SITES = 20
TOLD_AT_ONCE = 500
"""Lots of one event, and events that wait at once to be captured."""
TOLD_WAITING = 8
DAY_MS, DAYS = 86_400_000, 365
"""The events happened on so many days, in turn."""


def lot(number: int) -> str:
    return f"01~09521001001014~10~{number}"


def commissioned(number: int, links: list[str], moment: int) -> CapturedEvent:
    """The event of a site at which these lots were made, a kilogram of each."""
    made = tuple(Quantity(link, 1, 0, "KGM") for link in links)
    blank: dict[str, Any] = {each.name: "" if each.type in (str, Code) else () for each in fields(CapturedEvent)}
    site = f"https://example.com/sites/{number % SITES}"
    about = {"type": "ObjectEvent", "action": "ADD", "biz_step": "commissioning", "biz_location": site}
    name = hashlib.sha256(str(number).encode()).hexdigest()[:40]
    rest = {"error_declaration": None, "has_private": False, "commitment": b"", "epcs": None, "quantities": made}
    times = {"digest": name, "event_time": moment, "event_time_zone_offset": "+08:00"}
    return CapturedEvent(**blank | about | rest | times)


class Works:
    """A tea works that splits one lot on and on, `PARTS_MAX` ways each time."""

    def __init__(self, data: Path) -> None:
        self.signer, self.begin = Cast(b"bench").signer(WORKS), milliseconds() - 1000
        key = NewKey("ed25519", self.signer.key.public_key, self.signer.possession, 0, 0)
        registration = (WORKS, WORKS, WORKS, "CN", Registration.REGISTRY, "EXAMPLE", True, self.signer.user, key)
        founders: list[Any] = [AdmitOrganisation(*registration), GrantRole(WORKS, "certifier", "CN", 0, 0, "")]
        self.registry = installed_registry()
        founding = genesis(
            "bench.example", suite="sha256", time=self.begin, secret=SECRET, registry=self.registry, founders=founders
        )
        self.chain = chain_id(founding)
        create(data, founding, SECRET, SUITES["ed25519"].private_key(hashlib.sha256(b"log").digest()))

    def grow(self, engine: NodeEngine, lots: int) -> None:
        """Lot 0, and as many below it as there are to be."""
        happened = self.begin
        self.send(engine, [[SetProductClass("CN", "tea", "99000001", "茶", "tea", 10_000)]])
        self.send(engine, [[RecordHarvest(lot(0), "tea", 2**50, 0, None, (), None, None, happened)]])
        made, parent, grams = 1, 0, [2**50]
        waiting: list[list[Any]] = []
        while made < lots:
            # A parent is split only once it is on the ledger.
            if parent + len(waiting) >= made or len(waiting) == AT_ONCE:
                self.send(engine, waiting)
                parent, waiting = parent + len(waiting), []
            source = parent + len(waiting)
            ways = min(PARTS_MAX, lots - made)
            each_has = grams[source] // ways
            outputs = tuple(Output(lot(made + each), "tea", each_has, 0, None) for each in range(ways))
            split = RecordProduction(ProductionKind.SPLIT, (Part(lot(source), each_has * ways),), outputs, happened)
            grams += [each_has] * ways
            waiting.append([split])
            made += ways
        self.send(engine, waiting)

    def tell(self, engine: NodeEngine, lots: int) -> None:
        """An event for each lot, which says where it came into being."""
        waiting: list[list[Any]] = []
        for number, first in enumerate(range(0, lots, TOLD_AT_ONCE)):
            links = [uri_of(lot(each)) for each in range(first, min(lots, first + TOLD_AT_ONCE))]
            happened = self.begin - number % DAYS * DAY_MS
            waiting.append([CaptureEvents((commissioned(number, links, happened),))])
            if len(waiting) == TOLD_WAITING:
                self.send(engine, waiting)
                waiting = []
        self.send(engine, waiting)

    def send(self, engine: NodeEngine, bundles: list[list[Any]]) -> None:
        chain = Ledger(engine).chain
        raws = [
            build(chain, [(action, (WORKS,)) for action in actions], [self.signer.key_id], ceilings=CEILINGS).signed_by(
                self.signer
            )
            for actions in bundles
        ]
        ensure_done([engine.submit(raw) for raw in raws])


def reach_seconds(engine: NodeEngine, lots: int) -> Iterator[float]:
    """The time of each run, as the works itself asks."""
    ledger = Ledger(engine)
    for _ in range(RUNS):
        begin = time.perf_counter()
        with ledger.sight(Reader(WORKS)) as sight:
            found = reach_of(sight, lot(0))
        if len(found.lots) != lots or not found.whole:
            raise RuntimeError(f"the recall reached {len(found.lots)} of {lots} lots")
        yield time.perf_counter() - begin


def report_times(engine: NodeEngine, works: Works, database: str) -> dict[str, float]:
    """Seconds that each of the field's reports takes over all lots, and the tracking sheet of one day, as the works asks;
    they come from the read model."""
    with contextlib.ExitStack() as held:
        mirrored = open_database(database)
        held.callback(mirrored.dispose)
        follower = Follower(engine, works.registry, works.chain, mirrored)
        follower.catch_up()
        ledger, taken = Ledger(engine, follower=follower), {}
        day = iso(works.begin)[:10]
        for (contract, name), report in sorted(ledger.reports.items()):
            parameters = report.question.parameters.values()
            if contract == "farm" and all(one.default is not one.empty for one in parameters):
                given = {}
            elif (contract, name) == ("trace", "fsma"):
                given = {"since": day, "until": day}
            else:
                continue
            with ledger.sight(Reader(WORKS)) as sight:
                begin = time.perf_counter()
                report.ask(sight, given)
                taken[name] = time.perf_counter() - begin
    return taken


def reported(folder: Path, lots: int) -> dict[str, float]:
    """The same on a ledger of its own, in this folder, with so many lots."""
    works = Works(folder / "reported")
    with open_engine(folder / "reported") as engine:
        works.grow(engine, lots)
        works.tell(engine, lots)
        return report_times(engine, works, f"sqlite:///{folder / 'reported.sqlite'}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.farm", description=__doc__)
    parser.add_argument("--lots", type=int, default=LOTS)
    parser.add_argument("--reported", type=int, default=REPORTED)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        works = Works(Path(folder) / "recalled")
        with open_engine(Path(folder) / "recalled") as engine:
            begin = time.perf_counter()
            works.grow(engine, options.lots)
            print(f"{options.lots:,} lots recorded in {time.perf_counter() - begin:.1f} s")
            for seconds in reach_seconds(engine, options.lots):
                print(f"recall reach over {options.lots:,} lots: {seconds * 1000:.0f} ms")
        for name, seconds in reported(Path(folder), options.reported).items():
            print(f"{name} over {options.reported:,} lots: {seconds * 1000:.0f} ms")


if __name__ == "__main__":
    main()
