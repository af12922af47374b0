"""How long a recall takes to find all that it reaches: one leaf lot, made, split and repacked into 100,000 lots."""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.town import ensure_done, milliseconds
from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.land import SetProductClass
from infoharbor.contracts.farm.pages.reach import reach_of
from infoharbor.contracts.farm.production import PARTS_MAX, Output, RecordProduction
from infoharbor.contracts.farm.records import Part, ProductionKind
from infoharbor.contracts.identity.actions import AdmitOrganisation, GrantRole
from infoharbor.contracts.identity.records import NewKey, Registration
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.founding import genesis
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.limits import WRITTEN_BYTES_PER_TRANSACTION
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.transaction import Ceilings
from infoharbor.sdk.building import build
from infoharbor.sdk.local import Ledger

LOTS = 100_000
WORKS = "works"
SECRET = hashlib.sha256(b"secret of the bench").digest()
CEILINGS = Ceilings(4_000, 4_000, WRITTEN_BYTES_PER_TRANSACTION)
AT_ONCE = 64
RUNS = 3


def lot(number: int) -> str:
    return f"01~09521001001014~10~{number}"


class Works:
    """A tea works that splits one lot on and on, `PARTS_MAX` ways each time."""

    def __init__(self, data: Path) -> None:
        self.signer, self.begin = Cast(b"bench").signer(WORKS), milliseconds() - 1000
        key = NewKey("ed25519", self.signer.key.public_key, self.signer.possession, 0, 0)
        registration = (WORKS, WORKS, WORKS, "CN", Registration.REGISTRY, "EXAMPLE", True, self.signer.user, key)
        founders: list[Any] = [AdmitOrganisation(*registration), GrantRole(WORKS, "certifier", "CN", 0, 0, "")]
        registry = installed_registry()
        founding = genesis(
            "bench.example", suite="sha256", time=self.begin, secret=SECRET, registry=registry, founders=founders
        )
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.farm", description=__doc__)
    parser.add_argument("--lots", type=int, default=LOTS)
    lots = parser.parse_args().lots
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "ledger"
        works = Works(data)
        with open_engine(data) as engine:
            begin = time.perf_counter()
            works.grow(engine, lots)
            print(f"{lots:,} lots recorded in {time.perf_counter() - begin:.1f} s")
            for seconds in reach_seconds(engine, lots):
                print(f"recall reach over {lots:,} lots: {seconds * 1000:.0f} ms")


if __name__ == "__main__":
    main()
