"""How people read the whole numbers that a contract keeps: as money, masses or shares, in the unit of each.

A contract's pages declare it for its fields, by their names:

    measures = Measures({"face": MONEY, "grams": GRAMS})
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Measure(NamedTuple):
    """So many of `kept`, which people read in `unit`, with the last `digits` after the point; None: as the currency has
    them. Units are codes of UN/ECE Recommendation 20, or others that the portal's words name.

    `of` names the field that says the unit or currency in place of `unit`: one beside it, or in the record that one beside
    it points to. `decimals` names likewise what says the digits, `exponent` a field beside that says the power of ten."""

    kept: str
    unit: str = ""
    digits: int | None = 0
    of: str = ""
    decimals: str = ""
    exponent: str = ""


class Measures(NamedTuple):
    """How the fields called so are read, in every table and action of the contract."""

    fields: Mapping[str, Measure]


MONEY: Final = Measure("minor", digits=None, of="currency")
GRAMS: Final = Measure("GRM", "KGM", 3)
BASIS_POINTS: Final = Measure("basis", "P1", 2)
SQUARE_METRES: Final = Measure("MTK", "MTK")
MILLISECONDS: Final = Measure("C26", "SEC", 3)
BYTES: Final = Measure("AD", "AD")
