"""What stands behind a lot: where it grew, what it may call itself, who tested it, what stops it; with the proof's paths."""

from collections.abc import Iterator
from typing import Any, Final

from infoharbor.contractkit import Record
from infoharbor.contracts.farm.certificates import Certificate, Certified, LabReport
from infoharbor.contracts.farm.claims import Claim
from infoharbor.contracts.farm.indications import Indication, Licence, Season
from infoharbor.contracts.farm.land import Plot, ProductClass
from infoharbor.contracts.farm.records import Cause, CauseStatus, Lot, Production
from infoharbor.contracts.trace.pages import identify
from infoharbor.edgekit.json_form import iso
from infoharbor.edgekit.queries import query
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.records import record_type

ANCESTORS_MAX: Final = 500
"""A page that would tell of more lots is cut off there, and says so."""


@query("origin", "What stands behind a lot", "批次的来源与依据")
def origin(read: Sight, lot: str) -> Any:
    """Where a lot grew, the indication it is sold under, certificates and tests, holds and recalls that reach it, and
    rules that it or what it comes from broke; `records` are the paths behind it. `whole` is false where a part of its
    past is not for the reader."""
    found = read.find(Lot, identify(lot))
    if found is None:
        raise Malformed("ledger.record_unknown", "lot", "a lot that you may read")
    return Origin(read, found).answer()


class Origin:
    """One lot and all that it comes from, as far as the reader may see."""

    def __init__(self, read: Sight, lot: Lot) -> None:
        self.read, self.lot, self.whole = read, lot, True
        self.used: dict[str, Any] = {}
        self.lots = list(self._lots())

    def find(self, of: type[Record], *key: Any) -> Any:
        """A record, which the proof then has to hold."""
        found = self.read.find(of, *key)
        if found is not None:
            self.used[record_type(of).path(key)] = found
        return found

    def scan(self, of: type[Record], *prefix: Any) -> Iterator[Any]:
        for found in self.read.scan(of, *prefix):
            self.used[record_type(of).path_of(found)] = found
            yield found

    def _lots(self) -> Iterator[Lot]:
        waiting, met = [self.lot.id], {self.lot.id}
        for each in waiting:
            lot = self.find(Lot, each)
            if lot is None or len(waiting) > ANCESTORS_MAX:
                self.whole = False
                continue
            yield lot
            production = self.find(Production, lot.production) if lot.production is not None else None
            self.whole = self.whole and (lot.production is None or production is not None)
            for part in production.inputs if production is not None else ():
                if part.lot not in met:
                    met.add(part.lot)
                    waiting.append(part.lot)

    def answer(self) -> dict[str, Any]:
        lot = self.lot
        return {
            "lot": lot,
            "whole": self.whole,
            "class": self.find(ProductClass, lot.jurisdiction, lot.product),
            "claim": self.claim(),
            "shares": [self.share(each.indication, each.season, each.grams) for each in lot.shares],
            "harvests": [self.harvest(each) for each in self.lots if each.production is None],
            "certificates": [found for each in self.lots for found in self.certificates(each)],
            "tests": [test for each in self.lots for test in self.scan(LabReport, each.id)],
            "stops": [cause for cause in self.causes() if cause.status == CauseStatus.OPEN],
            "ended": [cause for cause in self.causes() if cause.status == CauseStatus.CLOSED],
            "breaks": [{"lot": each.id, "rule": rule} for each in self.lots for rule in each.breaks],
            "records": sorted(self.used),
        }

    def causes(self) -> Iterator[Cause]:
        return (cause for each in self.lots for cause in self.scan(Cause, each.id))

    def claim(self) -> dict[str, Any] | None:
        """The indication, and the licence and claim by which a lot or its ancestor was bound to it."""
        if self.lot.claim is None:
            return None
        bound = next((found for each in self.lots if (found := self.find(Claim, each.id)) is not None), None)
        licence = self.find(Licence, bound.indication, bound.licensee) if bound is not None else None
        return {"indication": self.find(Indication, self.lot.claim), "licence": licence, "bound": bound}

    def share(self, indication: str, season: str, grams: int) -> dict[str, Any]:
        named = self.find(Indication, indication) if indication else None
        known = self.find(Season, indication, season) if indication and season else None
        return {
            "indication": named,
            "season": season,
            "starts_at": iso(known.starts_at) if known else "",
            "grams": grams,
        }

    def harvest(self, lot: Lot) -> dict[str, Any]:
        plots = [plot for each in lot.plots if (plot := self.find(Plot, each)) is not None]
        return {"lot": lot.id, "producer": lot.producer, "grams": lot.grams, "at": iso(lot.happened_at), "plots": plots}

    def certificates(self, lot: Lot) -> Iterator[dict[str, Any]]:
        for certified in self.scan(Certified, lot.id):
            found = self.find(Certificate, certified.certificate)
            if found is not None:
                in_force = found.is_in_force(self.read.now)
                yield {"certificate": found, "lot": lot.id, "at": iso(certified.at), "in_force": in_force}
