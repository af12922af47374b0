"""Which lots may be sold under an indication: claims bound at production, and the quota that they draw on."""

import msgspec

from infoharbor.contractkit import Action, Ledger, Record, ensure
from infoharbor.contractkit.types import Amount, Code, Identifier, Instant, Moment, OrganisationId
from infoharbor.contracts.farm.indications import Cellar, Indication, Licence, Quota, Season, ensure_manager
from infoharbor.contracts.farm.lineage import ensure_conforming
from infoharbor.contracts.farm.lots import New, kept_new
from infoharbor.contracts.farm.records import SUPERVISOR, Lot, Moisture, Share
from infoharbor.contracts.farm.shares import grams_of

OPENING = "opening"
"""Stands for the season of goods that were there before the ledger."""


class Draw(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Grams drawn on a season's quota, or with an empty season on the cellar."""

    season: str
    grams: Amount


class Claim(Record, table="claims", key="lot"):
    """That a licensee bound a lot to an indication when it was produced. What is made of the lot carries it on."""

    lot: Identifier
    indication: Code
    licensee: OrganisationId
    manager: OrganisationId
    draws: tuple[Draw, ...]
    bound_at: Instant
    audience: tuple[str, ...]

    readers = ("audience", "licensee", "manager", SUPERVISOR.of("licensee"))


class ClaimIndication(Action):
    """Bind a whole lot to an indication, before any of it goes on. Draws on the quota of its harvest seasons while they
    are open, else on the cellar. By the licensee that produced it and holds it."""

    lot: Identifier
    indication: Code

    def apply(self, ledger: Ledger) -> None:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.ensure_actor(lot.producer)
        ensure(lot.holder == lot.producer, "not_holder", field="lot", expected="a lot that its producer still holds")
        indication = ledger.get(Indication, self.indication, field="indication")
        ensure_licensed(ledger, indication.id, lot.producer)
        ensure(lot.claim is None, "claimed", field="lot", expected="a lot that carries no indication yet")
        ensure(lot.used == 0, "bound_late", field="lot", expected="a lot of which nothing went on yet")
        ensure_named(indication, lot)
        carried = grams_of(lot.shares, indication.id)
        ensure(carried == lot.grams, "mixed", field="lot", expected=f"all of it, not {kilograms(carried)}")
        ensure_conforming(ledger, lot)
        draws = tuple(draw(ledger, indication, lot.producer, season) for season in seasons(ledger, indication.id, lot))
        parties = (indication.id, lot.producer, indication.manager)
        ledger.create(Claim(lot.id, *parties, draws, ledger.now, lot.audience))
        ledger.put(lot.replace(claim=indication.id))


class DeclareOpeningStock(Action):
    """Declare goods that were there before the ledger. The licensee acts, and the indication's manager with it."""

    lot: Identifier
    indication: Code
    product: Code
    grams: Amount
    moisture: Moisture | None
    made_at: Moment

    def apply(self, ledger: Ledger) -> None:
        indication = ensure_manager(ledger, self.indication)
        ensure_licensed(ledger, indication.id, ledger.actor)
        in_time = ledger.now < indication.opening_until
        ensure(in_time, "opening_closed", field="indication", expected="a declaration before its opening ended")
        shares = (Share(indication.id, OPENING, self.grams),)
        new = New(self.lot, self.product, self.grams, 0, self.moisture, (), None, shares, None, self.made_at)
        ensure_named(indication, kept_new(ledger, new, [], []))
        cellar = cellar_of(ledger, indication, ledger.actor)
        ledger.put(cellar.replace(opening=cellar.opening + self.grams))


class CarryOver(Action):
    """Carry unclaimed quota of a season into the cellar, for goods that age. The licensee acts, the manager with it."""

    indication: Code
    season: Code
    grams: Amount

    def apply(self, ledger: Ledger) -> None:
        indication = ensure_manager(ledger, self.indication)
        quota = ledger.get(Quota, self.indication, self.season, ledger.actor, field="season")
        remaining = quota.remaining(ledger.get(Season, self.indication, self.season, field="season"))
        ensure_within(self.grams, remaining, "grams")
        ledger.put(quota.replace(carried=quota.carried + self.grams))
        cellar = cellar_of(ledger, indication, ledger.actor)
        ledger.put(cellar.replace(carried=cellar.carried + self.grams))


def seasons(ledger: Ledger, indication: str, lot: Lot) -> list[Draw]:
    """What a lot has to draw, from which season's quota; from the cellar all that is of closed seasons or older."""
    drawn: dict[str, int] = {}
    for each in lot.shares:
        season = None if each.season == OPENING else ledger.get(Season, indication, each.season, field="lot")
        name = season.code if season is not None and ledger.now < season.closes_at else ""
        drawn[name] = drawn.get(name, 0) + each.grams
    return [Draw(name, drawn[name]) for name in sorted(drawn)]


def draw(ledger: Ledger, indication: Indication, licensee: str, wanted: Draw) -> Draw:
    """Take the grams from the quota or the cellar; refused beyond it, naming what remains."""
    if not wanted.season:
        cellar = cellar_of(ledger, indication, licensee)
        ensure_within(wanted.grams, cellar.remaining, "lot")
        ledger.put(cellar.replace(claimed=cellar.claimed + wanted.grams))
        return wanted
    quota = ledger.find(Quota, indication.id, wanted.season, licensee)
    season = ledger.get(Season, indication.id, wanted.season)
    ensure_within(wanted.grams, quota.remaining(season) if quota is not None else 0, "lot")
    if quota is not None:
        ledger.put(quota.replace(claimed=quota.claimed + wanted.grams))
    return wanted


def cellar_of(ledger: Ledger, indication: Indication, licensee: str) -> Cellar:
    found = ledger.find(Cellar, indication.id, licensee)
    return found or Cellar(indication.id, licensee, indication.manager, 0, 0, 0)


def ensure_licensed(ledger: Ledger, indication: str, licensee: str) -> None:
    licence = ledger.find(Licence, indication, licensee)
    in_force = licence is not None and licence.is_in_force(ledger.now)
    ensure(in_force, "not_licensed", field="indication", expected="a licence in force")


def ensure_named(indication: Indication, lot: Lot) -> None:
    same = lot.product in indication.classes and lot.jurisdiction == indication.jurisdiction
    ensure(same, "class_outside", field="lot", expected=f"one of {', '.join(indication.classes[:10])}")


def ensure_within(wanted: int, remaining: int, field: str) -> None:
    ensure(wanted <= remaining, "quota_exceeded", field=field, expected=f"at most {kilograms(remaining)}")


def kilograms(grams: int) -> str:
    return f"{grams // 1000}.{grams % 1000:03d} kg"
