"""What a lot comes from and what it went into, and so whether anything stops it: walked when asked, never written.

A recall of one lot may reach a hundred thousand. Writing a mark on each would pass the ceilings of a transaction, and
in several transactions there would be a time at which half of them could still be released. So a recall is one record
on its own lot, and whoever asks of a lot looks back through its ancestors, which are few: every lot that comes from it
is stopped at once, those recorded later too. A lot with more ancestors than can be looked through counts as stopped.
"""

from collections.abc import Callable
from typing import NamedTuple

from infoharbor.contractkit import Ledger, ensure
from infoharbor.contracts.farm.records import Cause, CauseStatus, Lot, Production, Use

ANCESTORS_MAX = 1_000
DESCENDANTS_MAX = 4_000


class Walk(NamedTuple):
    """The lots met, the first among them; `whole` says that there are no more."""

    lots: tuple[str, ...]
    whole: bool


class Past(NamedTuple):
    """What a lot's own record and those of its ancestors say against it: causes still open, and rules broken."""

    causes: tuple[Cause, ...]
    breaks: tuple[tuple[str, str], ...]
    whole: bool


def parents(ledger: Ledger, lot: str) -> list[str]:
    found = ledger.find(Lot, lot)
    production = ledger.find(Production, found.production) if found is not None and found.production else None
    return [] if production is None else [each.lot for each in production.inputs]


def children(ledger: Ledger, lot: str) -> list[str]:
    made = [ledger.find(Production, use.production) for use in ledger.scan(Use, lot)]
    return [output for production in made if production is not None for output in production.outputs]


def walk(ledger: Ledger, lot: str, onward: Callable[[Ledger, str], list[str]], most: int) -> Walk:
    """From a lot onward, nearest first, until no more are found or there are `most`."""
    order, met = [lot], {lot}
    for place in range(most):
        if place == len(order):
            break
        for following in onward(ledger, order[place]):
            if following in met:
                continue
            if len(order) == most:
                return Walk(tuple(order), False)
            order.append(following)
            met.add(following)
    return Walk(tuple(order), True)


def ancestors(ledger: Ledger, lot: str) -> Walk:
    """The lot and all that it comes from."""
    return walk(ledger, lot, parents, ANCESTORS_MAX)


def descendants(ledger: Ledger, lot: str) -> Walk:
    """The lot and all that it went into: how far a recall of it reaches."""
    return walk(ledger, lot, children, DESCENDANTS_MAX)


def look_back(ledger: Ledger, lot: str) -> Past:
    """What stands against a lot now."""
    causes: list[Cause] = []
    breaks: list[tuple[str, str]] = []
    past = ancestors(ledger, lot)
    for each in past.lots:
        causes += [cause for cause in ledger.scan(Cause, each) if cause.status == CauseStatus.OPEN]
        found = ledger.find(Lot, each)
        breaks += [(each, rule) for rule in (found.breaks if found is not None else ())]
    return Past(tuple(causes), tuple(breaks), past.whole)


def ensure_free(ledger: Ledger, lot: Lot) -> Past:
    """Refuse what would follow from a lot that was disposed of, or that a hold or recall reaches."""
    ensure(lot.disposed_at == 0, "disposed", field="lot", expected="a lot that was not disposed of")
    past = look_back(ledger, lot.id)
    ensure(past.whole, "past_too_long", field="lot", expected=f"at most {ANCESTORS_MAX} lots that it comes from")
    named = ", ".join(f"{cause.kind} {cause.id} ({cause.lot})" for cause in past.causes[:3])
    ensure(not past.causes, "cause_open", field="lot", expected=f"closed first: {named}")
    return past


def ensure_conforming(ledger: Ledger, lot: Lot) -> None:
    """Refuse also what would follow from a lot that broke a rule, or that comes from one."""
    past = ensure_free(ledger, lot)
    named = ", ".join(f"{rule} ({each})" for each, rule in past.breaks[:3])
    ensure(not past.breaks, "not_conforming", field="lot", expected=f"cleared first: {named}")
