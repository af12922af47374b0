"""What trace's events say in the terms of lots: which went in, which came out, how many grams of each, and how moist."""

from collections.abc import Iterable

import msgspec

from infoharbor.contractkit import Ledger, ensure, gs1
from infoharbor.contracts.farm.land import Product
from infoharbor.contracts.trace.records import Event, Quantity
from infoharbor.contracts.trace.rules import WITHHELD, is_class, micro, object_id

MICROS_PER_GRAM = {"KGM": 1_000, "GRM": 1_000_000, "TNE": 1}
"""An event's amounts are millionths of its unit."""
MICROS_PER_PIECE = 1_000_000
WATER = "https://identifiers.org/inchikey:XLYOFNOQVPJJNP-UHFFFAOYSA-N"
"""How CBV 2.0 names a chemical substance: by its InChIKey."""
PER_CENT = "P1"
BRACKETS_MAX = 200
"""Of sensor data with more no moisture is read: how deep a reader may go would depend on the machine."""


class SensorReport(msgspec.Struct, frozen=True, rename="camel"):
    """A reading, as far as it may tell the moisture; its number as it is written."""

    chemical_substance: str = ""
    value: msgspec.Raw = msgspec.Raw()
    uom: str = ""


class SensorElement(msgspec.Struct, frozen=True, rename="camel"):
    """Readings that were taken together."""

    sensor_report: tuple[SensorReport, ...] = ()


ELEMENTS = msgspec.json.Decoder(tuple[SensorElement, ...])


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


def moisture_of(event: Event) -> int | None:
    """The moisture of what an event made, in hundredths of a per cent, rounded down: what its sensor reports say of water
    as a share of the whole. None where they say nothing of it, or different things."""
    if not event.sensors or event.sensors.count("[") + event.sensors.count("{") > BRACKETS_MAX:
        return None
    try:
        elements = ELEMENTS.decode(event.sensors)
    except (msgspec.DecodeError, ValueError):
        return None
    told = {
        hundredths(bytes(report.value))
        for element in elements
        for report in element.sensor_report
        if report.chemical_substance == WATER and report.uom == PER_CENT and bytes(report.value)
    }
    return told.pop() if len(told) == 1 else None


def hundredths(number: bytes) -> int | None:
    """A plain decimal of JSON from 0 to less than 100, in hundredths, rounded down; None for any other."""
    whole, _, fraction = number.partition(b".")
    digits = whole + fraction
    if len(digits) > 20 or any(each not in gs1.DIGITS.encode() for each in digits) or not 1 <= len(whole) <= 2:
        return None
    return int(whole) * 100 + int((fraction + b"00")[:2])
