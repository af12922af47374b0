"""Columns that several reports have: lots, product classes, and masses in kilograms."""

from typing import Final

from infoharbor.contracts.farm.indications import Indication
from infoharbor.contracts.farm.land import ProductClass, Site
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import Column, Kind, Named
from infoharbor.edgekit.sight import Sight

KILOGRAMS: Final = 3
"""Decimals: what is kept in grams is shown in kilograms."""
UNIT: Final = "unit"
UNIT_COLUMN: Final = Column(UNIT, Kind.TEXT, "Unit", "单位")
LOT: Final = Column("lot", Kind.TEXT, "Lot", "批次")


PRODUCT: Final = Column("product", Kind.NAMED, "Product class", "产品类别")


def class_of(read: Sight, jurisdiction: str, code: str) -> Named:
    """A product class by its code, with the name that its country's certifier gave it."""
    return named(code, read.find(ProductClass, jurisdiction, code))


def named(code: str, found: Indication | ProductClass | Site | None) -> Named:
    """A code with the names in its record; by itself where there is none."""
    return Named(code, Sentence(found.name_en, found.name) if found is not None else Sentence(code, code))


def mass(name: str, title_en: str, title_zh: str) -> Column:
    """A column of grams, shown in kilograms."""
    return Column(name, Kind.QUANTITY, title_en, title_zh, of=UNIT, digits=KILOGRAMS)
