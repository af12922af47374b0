"""What trace's events say in the terms of lots: which went in, which came out, how many grams of each, and how moist."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

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
IMPOSSIBLE_MOISTURE = "impossible_moisture"
"""The event says of water in per cent what is no share of the whole."""
HUNDREDTHS = 10_000
"""Of a per cent, in the whole."""
NUMBER_MAX = 50
"""Of a number that is written with more characters no moisture is read."""
BRACKETS_MAX = 200
"""Of data with more no moisture is read: how deep a reader may go would depend on the machine."""


class SensorReport(msgspec.Struct, frozen=True, rename="camel"):
    """A reading, as far as it may tell the moisture; its number as it is written."""

    chemical_substance: str = ""
    value: msgspec.Raw = msgspec.Raw()
    uom: str = ""


class SensorElement(msgspec.Struct, frozen=True, rename="camel"):
    """Readings that were taken together."""

    sensor_report: tuple[SensorReport, ...] = ()


ELEMENTS = msgspec.json.Decoder(tuple[SensorElement, ...])
MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
REPORT = msgspec.json.Decoder(SensorReport)


class Told(NamedTuple):
    """The moisture of what an event made, in hundredths of a per cent, rounded down: None where it says nothing of it, or
    different things. `breaks` are the rules that it breaks by what it says."""

    moisture: int | None
    breaks: tuple[str, ...]


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


def moisture_of(event: Event) -> Told:
    """What an event's sensor reports, and members of its master data that are written as one, say of water as a share of
    the whole."""
    readings = [hundredths(text) for text in (*in_sensors(event.sensors), *in_master_data(event.ilmd))]
    told = set(readings) - {None}
    breaks = (IMPOSSIBLE_MOISTURE,) if None in readings else ()
    return Told(told.pop() if len(told) == 1 and not breaks else None, breaks)


def in_sensors(text: str) -> Iterator[bytes]:
    if is_shallow(text):
        try:
            elements = ELEMENTS.decode(text)
        except (msgspec.DecodeError, ValueError):
            return
        for element in elements:
            for report in element.sensor_report:
                yield from of_water(report)


def in_master_data(text: str) -> Iterator[bytes]:
    """Master data is whatever its namespaces say: what is no such report is something else. XML has its numbers as
    texts."""
    if is_shallow(text):
        try:
            members = MEMBERS.decode(text)
        except (msgspec.DecodeError, ValueError):
            return
        for value in members.values():
            try:
                report = REPORT.decode(value)
            except (msgspec.DecodeError, ValueError):
                continue
            yield from (number.strip(b'"') for number in of_water(report))


def is_shallow(text: str) -> bool:
    return text.count("[") + text.count("{") <= BRACKETS_MAX


def of_water(report: SensorReport) -> Iterator[bytes]:
    """The report's number as it is written, where it has one of water in per cent."""
    number = bytes(report.value)
    if report.chemical_substance == WATER and report.uom == PER_CENT and number:
        yield number


def hundredths(number: bytes) -> int | None:
    """A number of JSON whose value is from 0 to less than 100, however it is written, in hundredths, rounded down; None for
    any other."""
    mantissa, marked, exponent = number.lower().partition(b"e")
    whole, _, fraction = mantissa.removeprefix(b"-").partition(b".")
    power = exponent[1:] if exponent[:1] in (b"+", b"-") else exponent
    parts = (whole, *((power,) if marked else ()))
    if len(number) > NUMBER_MAX or not all(parts) or not are_digits(b"".join((*parts, fraction))):
        return None
    digits, places = int(whole + fraction), int(exponent or b"0") - len(fraction) + 2
    ten = 10 ** min(abs(places), NUMBER_MAX)
    found = digits * ten if places >= 0 else digits // ten
    is_share = found < HUNDREDTHS and (digits == 0 or not mantissa.startswith(b"-"))
    return found if is_share else None


def are_digits(text: bytes) -> bool:
    return all(each in gs1.DIGITS.encode() for each in text)
