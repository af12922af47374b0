"""What may be done with a lot: harvest it, dispose of it, pass its title, release it."""

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contractkit.types import Amount, Code, Count, Identifier, Moment, OrganisationId
from infoharbor.contracts.farm.alerts import mark
from infoharbor.contracts.farm.indications import Allotment, Season
from infoharbor.contracts.farm.land import Plot
from infoharbor.contracts.farm.lineage import ensure_conforming
from infoharbor.contracts.farm.lots import New, ensure_past, kept_new
from infoharbor.contracts.farm.production import AFTER_DISPOSAL
from infoharbor.contracts.farm.records import Lot, LotStatus, Moisture, Production, Share, Use
from infoharbor.contracts.identity.records import Organisation

PLOTS_MAX = 50
PLOT_OF_ANOTHER = "plot_of_another"
"""The harvest names a plot that another organisation registered."""
OUT_OF_SEASON = "out_of_season"
"""The harvest names a season in which its time does not lie."""
PLOT_NOT_ALLOTTED = "plot_not_allotted"
"""The harvest names an indication, and a plot that does not count for it in that season."""


class RecordHarvest(Action):
    """Record a lot as it was harvested, from plots and in a season of an indication. No plots: its origin is unknown.
    What does not fit is kept and marked, and carries no indication."""

    lot: Identifier
    product: Code
    grams: Amount
    pieces: Count
    moisture: Moisture | None
    plots: tuple[Identifier, ...]
    indication: Code | None
    season: Code | None
    happened_at: Moment

    def apply(self, ledger: Ledger) -> None:
        self.record(ledger, ())

    def record(self, ledger: Ledger, broken: tuple[str, ...]) -> None:
        """`broken` are the rules that the event breaks which tells of it."""
        ensure(len(self.plots) <= PLOTS_MAX, "plots_count", field="plots", expected=f"at most {PLOTS_MAX}")
        plots = [ledger.get(Plot, each, field="plots") for each in self.plots]
        breaks = [*broken, *([PLOT_OF_ANOTHER] if any(plot.owner != ledger.actor for plot in plots) else [])]
        named: tuple[str, str] = ("", "")
        if self.indication is not None:
            season = ledger.get(Season, self.indication, self.season or "", field="season")
            breaks += self.misfits(ledger, season)
            named = (season.indication, season.code) if plots and not breaks else named
        shares = (Share(*named, self.grams),)
        about = (self.product, self.grams, self.pieces, self.moisture, tuple(sorted(set(self.plots))))
        new = New(self.lot, *about, None, shares, None, self.happened_at)
        kept_new(ledger, new, breaks, [plot.owner for plot in plots])

    def misfits(self, ledger: Ledger, season: Season) -> list[str]:
        """The rules of the season that the harvest breaks."""
        inside = season.starts_at <= self.happened_at < season.ends_at
        key = (season.indication, season.code)
        allotted = all(ledger.find(Allotment, *key, plot) is not None for plot in self.plots)
        return [OUT_OF_SEASON] * (not inside) + [PLOT_NOT_ALLOTTED] * (not allotted)


class DisposeLot(Action):
    """Record that what is left of a lot was destroyed. What was made of it afterwards is marked, told late or not."""

    lot: Identifier
    happened_at: Moment

    def apply(self, ledger: Ledger) -> None:
        ensure_past(ledger, self.happened_at)
        lot = ledger.move(Lot, self.lot, LotStatus.DISPOSED, disposed_at=self.happened_at)
        for use in list(ledger.scan(Use, lot.id)):
            if use.happened_at >= lot.disposed_at:
                for output in ledger.get(Production, use.production).outputs:
                    mark(ledger, ledger.get(Lot, output), AFTER_DISPOSAL, [lot.holder])


class PassTitle(Action):
    """Make another organisation the holder of a whole lot. Refused while a hold or recall reaches it, and where it or
    what it comes from broke a rule."""

    lot: Identifier
    to: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.ensure_actor(lot.holder)
        ledger.get(Organisation, self.to, field="to")
        ensure(lot.left > 0, "nothing_left", field="lot", expected="a lot of which something is left")
        ensure_conforming(ledger, lot)
        ledger.put(lot.replace(holder=self.to))


class ReleaseLot(Action):
    """Say that a lot may go to market. Refused while a hold or recall reaches it, and where it or what it comes from
    broke a rule."""

    lot: Identifier

    def apply(self, ledger: Ledger) -> None:
        lot = ledger.move(Lot, self.lot, LotStatus.RELEASED)
        ensure_conforming(ledger, lot)
