"""Units of measure (UN/ECE Recommendation 20) that a query converts, so that a reading is found in whatever unit it has.

Each quantity has one measure in which all of its units are compared; factors and offsets are exact decimals, which is
why temperatures are compared in degrees Rankine and speeds in kilometres an hour.
"""

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Final, NamedTuple

Number = int | Decimal
DIGITS: Final = 120
"""More than a number of an event, times a factor, can have: nothing is rounded."""
_EXACT: Final = Context(prec=DIGITS)


class Unit(NamedTuple):
    """`(number + offset) × factor` is the number in the common measure of the quantity."""

    quantity: str
    factor: Decimal
    offset: Decimal = Decimal(0)

    def common(self, number: Number) -> Decimal:
        return _EXACT.multiply(_EXACT.add(Decimal(number), self.offset), self.factor)


def _units(quantity: str, **factors: str) -> dict[str, Unit]:
    return {code: Unit(quantity, Decimal(factor)) for code, factor in factors.items()}


UNITS: Final = {
    "CEL": Unit("temperature", Decimal("1.8"), Decimal("273.15")),
    "KEL": Unit("temperature", Decimal("1.8")),
    "FAH": Unit("temperature", Decimal(1), Decimal("459.67")),
    "A48": Unit("temperature", Decimal(1)),
    **_units("mass", MC="0.000001", MGM="0.001", GRM="1", DJ="10", HGM="100", KGM="1000", TNE="1000000",
             ONZ="28.349523125", LBR="453.59237", STN="907184.74", LTN="1016046.9088"),
    **_units("length", MMT="0.001", CMT="0.01", DMT="0.1", MTR="1", KMT="1000", INH="0.0254", FOT="0.3048",
             YRD="0.9144", SMI="1609.344", NMI="1852"),
    **_units("area", MMK="0.000001", CMK="0.0001", MTK="1", HAR="10000", KMK="1000000", INK="0.00064516",
             FTK="0.09290304", ACR="4046.8564224"),
    **_units("volume", MLT="0.001", CLT="0.01", DLT="0.1", LTR="1", HLT="100", MTQ="1000", CMQ="0.001", DMQ="1",
             INQ="0.016387064", FTQ="28.316846592", GLL="3.785411784", GLI="4.54609"),
    **_units("time", C26="0.001", SEC="1", MIN="60", HUR="3600", DAY="86400", WEE="604800"),
    **_units("pressure", PAL="1", A97="100", MBR="100", KPA="1000", MPA="1000000", BAR="100000", ATM="101325"),
    **_units("energy", JOU="1", KJO="1000", D30="1000000000000", WHR="3600", KWH="3600000", MWH="3600000000"),
    **_units("power", WTT="1", KWT="1000", MAW="1000000"),
    **_units("speed", KMH="1", MTS="3.6", HM="1.609344", KNT="1.852"),
    **_units("share", P1="1", NX="0.1", C62="100"),
}  # fmt: skip


def comparable(field: str, unit: str) -> str:
    """What a field in this unit is called where it is compared with others of its quantity; empty if it is not."""
    found = UNITS.get(unit)
    return "" if found is None else f"{field}~{found.quantity}"


def in_common(field: str) -> tuple[str, Callable[[Number], Number]]:
    """The fact in which a measure such as `value_CEL` is compared with others of its quantity, and how a bound becomes one
    of it; a unit that is not known here is compared with itself."""
    name, _, unit = field.partition("_")
    common = comparable(name, unit)
    return (common, UNITS[unit].common) if common else (field, lambda number: number)
