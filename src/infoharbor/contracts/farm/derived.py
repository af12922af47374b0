"""How lots follow from events that were captured: what was said once need not be said again."""

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contractkit.types import Code, Identifier
from infoharbor.contracts.farm.actions import RecordHarvest
from infoharbor.contracts.farm.events import grams_of, moisture_of, of_lots, pieces_of, product_of
from infoharbor.contracts.farm.production import Output, RecordProduction
from infoharbor.contracts.farm.records import Lot, Part, ProductionKind
from infoharbor.contracts.trace.records import Event, EventStatus, Quantity
from infoharbor.contracts.trace.rules import object_id


class DeriveLots(Action):
    """Record the lots that an event of the acting organisation made: a harvest of what it commissioned, a production of
    what it transformed, as moist as its sensors or its master data say. `event` is the digest of the event's key; plots,
    indication and season are a harvest's. It is judged as if it were recorded by hand, and may stand in one bundle with
    the capture."""

    event: Code
    plots: tuple[Identifier, ...]
    indication: Code | None
    season: Code | None

    def apply(self, ledger: Ledger) -> None:
        event = ledger.get(Event, ledger.actor, self.event, field="event")
        stands = event.status == EventStatus.RECORDED
        ensure(stands, "event_in_error", field="event", expected="an event that was not taken back")
        told = moisture_of(event)
        if event.type == "TransformationEvent":
            produced(ledger, event, told.moisture).record(ledger, told.breaks)
            return
        made = of_lots(event.quantities)
        begins = event.type == "ObjectEvent" and event.action == "ADD" and bool(made)
        ensure(begins, "event_makes_nothing", field="event", expected="a commissioning or transformation of lots")
        for each in made:
            lot = object_id(each.epc_class)
            about = (lot, product_of(ledger, lot).product, grams_of(ledger, each), pieces_of(each), told.moisture)
            harvest = RecordHarvest(*about, self.plots, self.indication, self.season, event.event_time)
            harvest.record(ledger, told.breaks)


def produced(ledger: Ledger, event: Event, moisture: int | None) -> RecordProduction:
    """The production that a transformation tells of."""
    inputs = tuple(Part(object_id(each.epc_class), grams_of(ledger, each)) for each in of_lots(event.input_quantities))
    outputs = tuple(output_of(ledger, each, moisture) for each in of_lots(event.output_quantities))
    return RecordProduction(kind_of(ledger, inputs, outputs), inputs, outputs, event.event_time)


def output_of(ledger: Ledger, quantity: Quantity, moisture: int | None) -> Output:
    lot = object_id(quantity.epc_class)
    return Output(lot, product_of(ledger, lot).product, grams_of(ledger, quantity), pieces_of(quantity), moisture)


def kind_of(ledger: Ledger, inputs: tuple[Part, ...], outputs: tuple[Output, ...]) -> ProductionKind:
    """Another class of goods is made of them; the same class is blended of several lots, split into several, or
    repacked."""
    classes = {ledger.get(Lot, each.lot, field="inputs").product for each in inputs}
    if any(each.product not in classes for each in outputs):
        return ProductionKind.MAKE
    if len(inputs) > 1:
        return ProductionKind.BLEND
    return ProductionKind.SPLIT if len(outputs) > 1 else ProductionKind.REPACK
