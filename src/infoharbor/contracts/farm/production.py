"""How lots are made of lots: shares and claims pass on, and what does not add up is kept and marked."""

from collections.abc import Iterable

import msgspec

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contractkit.arithmetic import divide_up, total
from infoharbor.contractkit.types import Amount, Code, Count, Identifier, Moment
from infoharbor.contracts.farm.events import lots_into
from infoharbor.contracts.farm.indications import Indication
from infoharbor.contracts.farm.land import ProductClass
from infoharbor.contracts.farm.lots import New, kept_new
from infoharbor.contracts.farm.records import Lot, Moisture, Part, Production, ProductionKind, Share, Use
from infoharbor.contracts.farm.shares import portion
from infoharbor.contracts.trace.actions import transformations_of
from infoharbor.contracts.trace.speaking import Speaker

PARTS_MAX = 50
WHOLE = 10_000
"""Basis points, of yield and of mass."""
INPUT_OF_ANOTHER = "input_of_another"
"""An input was held by another organisation, from whose lot nothing is counted off."""
MORE_THAN_LEFT = "more_than_left"
"""More went in of a lot than was left of it; nothing is counted off."""
AFTER_DISPOSAL = "after_disposal"
"""An input was disposed of before."""
BEFORE_INPUT = "before_input"
"""It was made before one of its inputs was."""
ABOVE_YIELD = "above_yield"
"""More came out than the counted inputs can give."""
ABOVE_DRY_MATTER = "above_dry_matter"
"""More dry matter came out than went in."""
OTHER_INPUTS = "other_inputs_in_events"
"""The transformation events that an output came out of name other inputs."""
RULES = (INPUT_OF_ANOTHER, MORE_THAN_LEFT, AFTER_DISPOSAL, BEFORE_INPUT, ABOVE_YIELD, ABOVE_DRY_MATTER, OTHER_INPUTS)


class Output(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A lot that comes out; its grams are the net mass, of `pieces` too."""

    lot: Identifier
    product: Code
    grams: Amount
    pieces: Count
    moisture: Moisture | None


class RecordProduction(Action):
    """Record that lots were made of lots: made, blended, split, repacked or relabelled. What does not add up is kept,
    marked, and on the work list of who recorded it. An input that the ledger does not know is recorded first, as a
    harvest of unknown origin."""

    kind: ProductionKind
    inputs: tuple[Part, ...]
    outputs: tuple[Output, ...]
    happened_at: Moment

    def apply(self, ledger: Ledger) -> str:
        return self.record(ledger, ())

    def record(self, ledger: Ledger, broken: tuple[str, ...]) -> str:
        """`broken` are the rules that the event breaks which tells of it."""
        for field, count in (("inputs", len(self.inputs)), ("outputs", len(self.outputs))):
            ensure(1 <= count <= PARTS_MAX, "parts_count", field=field, expected=f"1 to {PARTS_MAX}")
        once = len({each.lot for each in self.inputs}) == len(self.inputs)
        ensure(once, "input_twice", field="inputs", expected="each lot once")
        taken = [(ledger.get(Lot, part.lot, field="inputs"), part) for part in self.inputs]
        breaks = sorted({*broken, *(rule for lot, part in taken for rule in self.input_breaks(ledger, lot, part))})
        needed = needed_input(ledger, self)
        counted = [(lot, part) for lot, part in taken if counts(ledger, lot, part)]
        breaks += [ABOVE_YIELD] if needed > sum(part.grams for _, part in counted) else []
        breaks += [ABOVE_DRY_MATTER] if exceeds_dry_matter(self.outputs, counted) else []
        breaks += [OTHER_INPUTS] if has_other_inputs(ledger, self) else []
        production = self.keep(ledger, taken, needed)
        self.keep_outputs(ledger, production, taken, breaks)
        self.take(ledger, taken)
        return production

    def input_breaks(self, ledger: Ledger, lot: Lot, part: Part) -> list[str]:
        found = [INPUT_OF_ANOTHER] if lot.holder != ledger.actor else []
        found += [MORE_THAN_LEFT] if part.grams > lot.left else []
        found += [AFTER_DISPOSAL] if 0 < lot.disposed_at <= self.happened_at else []
        return found + ([BEFORE_INPUT] if self.happened_at < lot.happened_at else [])

    def keep(self, ledger: Ledger, taken: list[tuple[Lot, Part]], needed: int) -> str:
        """Write the production and the way down to it from each input."""
        production = ledger.fresh_id("production")
        outputs = tuple(each.lot for each in self.outputs)
        audience = Speaker(ledger).audience([*(lot.id for lot, _ in taken), *outputs])
        about = (self.kind, ledger.actor, self.inputs, outputs, needed, self.happened_at)
        ledger.create(Production(production, *about, audience))
        for lot, part in taken:
            readers = tuple(sorted({lot.holder, ledger.actor, *audience}))
            counted = counts(ledger, lot, part)
            amount = (part.grams, counted, self.happened_at)
            ledger.create(Use(lot.id, production, ledger.actor, *amount, readers))
        return production

    def keep_outputs(
        self, ledger: Ledger, production: str, taken: list[tuple[Lot, Part]], breaks: Iterable[str]
    ) -> None:
        mass = [share for lot, part in taken for share in portion(lot.shares, part.grams)]
        concerned = [holder for lot, _ in taken for holder in (lot.producer, lot.holder)]
        claim = carried_claim(self, [lot for lot, _ in taken])
        for each in self.outputs:
            shares: tuple[Share, ...] = portion(mass, each.grams)
            about = (each.lot, each.product, each.grams, each.pieces, each.moisture)
            named = claim if claim is not None and may_carry(ledger, claim, each.product) else None
            new = New(*about, (), production, shares, named, self.happened_at)
            kept_new(ledger, new, list(breaks), concerned)

    def take(self, ledger: Ledger, taken: list[tuple[Lot, Part]]) -> None:
        """Count off what was the actor's to take, and was there."""
        for lot, part in taken:
            if counts(ledger, lot, part):
                ledger.put(lot.replace(used=lot.used + part.grams))


def counts(ledger: Ledger, lot: Lot, part: Part) -> bool:
    return lot.holder == ledger.actor and part.grams <= lot.left


def needed_input(ledger: Ledger, production: RecordProduction) -> int:
    """The grams of input that the outputs take together, by the most that each class yields."""
    place = ledger.jurisdiction(ledger.actor)
    needed = []
    for each in production.outputs:
        made = ledger.get(ProductClass, place, each.product, field="outputs")
        most = made.most_yield if production.kind == ProductionKind.MAKE else WHOLE
        needed.append(divide_up(each.grams * WHOLE, most))
    return total(needed)


def exceeds_dry_matter(outputs: tuple[Output, ...], counted: list[tuple[Lot, Part]]) -> bool:
    """Water comes and goes, dry matter does not come; judged where the moisture of all is known."""
    known = [(each.grams, each.moisture) for each in outputs]
    given = [(part.grams, lot.moisture) for lot, part in counted]
    if any(moisture is None for _, moisture in (*known, *given)):
        return False
    return dry_matter(known) > dry_matter(given)


def dry_matter(masses: list[tuple[int, int | None]]) -> int:
    """In ten-thousandths of a gram."""
    return sum(grams * (WHOLE - (moisture or 0)) for grams, moisture in masses)


def has_other_inputs(ledger: Ledger, production: RecordProduction) -> bool:
    """Whether the maker's own events, where any of them tell of an output, say that other lots went in."""
    stated = {each.lot for each in production.inputs}
    for output in production.outputs:
        own = [each for each in transformations_of(ledger, output.lot) if each.captured_by == ledger.actor]
        told = [lots_into(event) for event in own]
        if own and None not in told and stated != {lot for lots in told for lot in lots or ()}:
            return True
    return False


def carried_claim(production: RecordProduction, lots: list[Lot]) -> str | None:
    """The indication that all inputs are sold under, if no more comes out than went in."""
    claims = {lot.claim for lot in lots}
    grew = sum(each.grams for each in production.outputs) > sum(part.grams for part in production.inputs)
    return lots[0].claim if len(claims) == 1 and not grew else None


def may_carry(ledger: Ledger, claim: str, product: str) -> bool:
    indication = ledger.find(Indication, claim)
    return indication is not None and product in indication.classes
