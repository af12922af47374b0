"""Where things grow and are handled, and what they are: plots, sites, product classes, and products with their numbers."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import PUBLIC, Action, Ledger, Record, ensure, gs1
from infoharbor.contractkit.types import Amount, Code, Count, CountryCode, Hash, Identifier, OrganisationId, ShortText
from infoharbor.contracts.farm.cells import ensure_cell
from infoharbor.contracts.farm.records import CERTIFIER
from infoharbor.contracts.trace.records import Standing
from infoharbor.contracts.trace.rules import object_id, uri_of
from infoharbor.contracts.trace.speaking import Speaker, is_normal

Number = Annotated[str, Meta(min_length=1, max_length=63)]
"""An organisation's own number for a thing; the id is `ORGANISATION:NUMBER`."""
Yield = Annotated[int, Meta(ge=1, le=1_000_000)]
"""Output per input in hundredths of a per cent of the mass: 2,500 is a quarter."""


class Plot(Record, table="plots", visible=PUBLIC):
    """A piece of land that `owner` tends or captures for. The outline stays with the owner, behind a salted commitment
    to this record's field `outline`; anyone sees the grid cell. `farm` is the owner's number for the farm, and names
    no person."""

    id: Identifier
    owner: OrganisationId
    farm: Code
    cell: Code
    square_metres: Amount
    outline: Hash
    jurisdiction: CountryCode


class ProductClass(Record, table="classes", key=("jurisdiction", "code"), visible=PUBLIC):
    """A kind of goods. `brick` is its GPC brick, `most_yield` the most of it that is made of a mass of input."""

    jurisdiction: CountryCode
    code: Code
    brick: Code
    name: ShortText
    name_en: ShortText
    most_yield: Yield
    set_by: OrganisationId


class Site(Record, table="sites", visible=PUBLIC):
    """A place that events name, as people call it; the id is the key of its GLN, or of a URI of the owner's own where
    it has none. It names no person."""

    id: Identifier
    owner: OrganisationId
    name: ShortText
    name_en: ShortText
    cell: Code


class Product(Record, table="products", key="gtin", visible=PUBLIC):
    """What the goods of a GTIN are. `net_grams` is the mass of one piece; 0 where they are counted by mass alone."""

    gtin: Code
    organisation: OrganisationId
    product: Code
    net_grams: Count


class RegisterPlot(Action):
    """Record a plot of the acting organisation; a cooperative does it for its farmers."""

    number: Number
    farm: Code
    cell: Code
    square_metres: Amount
    outline: Hash

    def apply(self, ledger: Ledger) -> str:
        ensure_cell(self.cell)
        place = ledger.jurisdiction(ledger.actor)
        about = (self.farm, self.cell, self.square_metres, self.outline, place)
        plot = Plot(own_id(ledger.actor, self.number), ledger.actor, *about)
        ledger.create(plot)
        return plot.id


class SetProductClass(Action):
    """An accredited certifier describes a kind of goods, and the most that may be made of input. Holds from now on."""

    jurisdiction: CountryCode
    code: Code
    brick: Code
    name: ShortText
    name_en: ShortText
    most_yield: Yield

    def apply(self, ledger: Ledger) -> None:
        ledger.require(CERTIFIER, jurisdiction=self.jurisdiction)
        is_brick = len(self.brick) == 8 and gs1.all_digits(self.brick)
        ensure(is_brick, "brick", field="brick", expected="8 digits of the GPC")
        about = (self.brick, self.name, self.name_en, self.most_yield, ledger.actor)
        ledger.put(ProductClass(self.jurisdiction, self.code, *about))


class RegisterSite(Action):
    """Say what a place is called, and in which grid cell it lies. A cooperative does it for its farmers, who often have
    no GLN: a URI of its own serves as well."""

    place: Identifier
    name: ShortText
    name_en: ShortText
    cell: Code

    def apply(self, ledger: Ledger) -> None:
        ensure(is_normal(self.place), "place", field="place", expected="a GLN's Digital Link, or another URI")
        ensure_cell(self.cell)
        key = object_id(self.place)
        own = Speaker(ledger).standing(key) is not Standing.CLAIM
        known = ledger.find(Site, key)
        own = own and (known is None or known.owner == ledger.actor)
        ensure(own, "place_of_another", field="place", expected="a place of your own")
        ledger.put(Site(key, ledger.actor, self.name, self.name_en, self.cell))


class DescribeProduct(Action):
    """Say which class the goods of a GTIN belong to, and what a piece of them weighs. Holds from now on."""

    gtin: Code
    product: Code
    net_grams: Count

    def apply(self, ledger: Ledger) -> None:
        key = f"{gs1.GTIN}~{self.gtin}"
        right = len(self.gtin) == 14 and is_normal(uri_of(key))
        ensure(right, "gtin", field="gtin", expected="14 digits, the last of which checks the others")
        own = Speaker(ledger).standing(key) is not Standing.CLAIM
        known = ledger.find(Product, self.gtin)
        own = own and (known is None or known.organisation == ledger.actor)
        ensure(own, "prefix_of_another", field="gtin", expected="a GTIN under a prefix of your own")
        ledger.get(ProductClass, ledger.jurisdiction(ledger.actor), self.product, field="product")
        ledger.put(Product(self.gtin, ledger.actor, self.product, self.net_grams))


def own_id(organisation: str, number: str) -> str:
    """An id with its organisation before it, so that nobody takes another's numbers."""
    ensure("/" not in number and ":" not in number, "number", field="number", expected="no slash, no colon")
    return f"{organisation}:{number}"
