"""Columns that several reports have: lots, and masses in kilograms."""

from typing import Final

from infoharbor.edgekit.reports import Column, Kind

KILOGRAMS: Final = 3
"""Decimals: what is kept in grams is shown in kilograms."""
UNIT: Final = "unit"
UNIT_COLUMN: Final = Column(UNIT, Kind.TEXT, "Unit", "单位")
LOT: Final = Column("lot", Kind.TEXT, "Lot", "批次")


def mass(name: str, title_en: str, title_zh: str) -> Column:
    """A column of grams, shown in kilograms."""
    return Column(name, Kind.QUANTITY, title_en, title_zh, of=UNIT, digits=KILOGRAMS)
