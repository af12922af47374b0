"""What trace's events say in the terms of lots: which went in, which came out, and how many grams of each."""

from collections.abc import Iterable

from infoharbor.contractkit import Ledger, ensure
from infoharbor.contracts.farm.land import Product
from infoharbor.contracts.trace.records import Event, Quantity
from infoharbor.contracts.trace.rules import WITHHELD, is_class, micro, object_id

MICROS_PER_GRAM = {"KGM": 1_000, "GRM": 1_000_000, "TNE": 1}
"""An event's amounts are millionths of its unit."""
MICROS_PER_PIECE = 1_000_000


def is_lot(identifier: str) -> bool:
    """Whether the key names one batch of a GTIN."""
    return is_class(identifier) and "~10~" in identifier


def lots_into(event: Event) -> set[str] | None:
    """The lots that an event says went in; None where it keeps some of them to itself."""
    named = [*event.input_epcs, *(each.epc_class for each in event.input_quantities)]
    return None if WITHHELD in named else {lot for uri in named if is_lot(lot := object_id(uri))}


def product_of(ledger: Ledger, lot: str) -> Product:
    """What the goods of a lot are, as the owner of its GTIN describes them."""
    gtin = lot.split("~")[1]
    product = ledger.find(Product, gtin)
    ensure(product is not None, "product_unknown", field="event", expected=f"a description of {gtin}")
    return ledger.get(Product, gtin)


def pieces_of(quantity: Quantity) -> int:
    return 0 if quantity.uom else micro(quantity) // MICROS_PER_PIECE


def grams_of(ledger: Ledger, quantity: Quantity) -> int:
    """The mass of an event's quantity, rounded down; pieces weigh what their product says. Refused where it is not
    told."""
    lot = object_id(quantity.epc_class)
    if quantity.uom:
        per_gram = MICROS_PER_GRAM.get(quantity.uom, 0)
        grams = micro(quantity) // per_gram if per_gram else 0
    else:
        grams = pieces_of(quantity) * product_of(ledger, lot).net_grams
    ensure(grams > 0, "event_amount", field="event", expected=f"KGM, GRM, TNE or pieces of a known mass for {lot}")
    return grams


def of_lots(quantities: Iterable[Quantity]) -> list[Quantity]:
    """Those that name a batch; a kind of goods or packaging is none."""
    return [each for each in quantities if is_lot(object_id(each.epc_class))]
