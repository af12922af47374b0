"""Where things grow and what they are: plots with their farms, and product classes with the most that is made of input."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import PUBLIC, Action, Ledger, Record, ensure, gs1
from infoharbor.contractkit.types import Amount, Code, CountryCode, Hash, Identifier, OrganisationId, ShortText
from infoharbor.contracts.farm.records import CERTIFIER

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


class RegisterPlot(Action):
    """Record a plot of the acting organisation; a cooperative does it for its farmers."""

    number: Number
    farm: Code
    cell: Code
    square_metres: Amount
    outline: Hash

    def apply(self, ledger: Ledger) -> str:
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


def own_id(organisation: str, number: str) -> str:
    """An id with its organisation before it, so that nobody takes another's numbers."""
    ensure("/" not in number and ":" not in number, "number", field="number", expected="no slash, no colon")
    return f"{organisation}:{number}"
