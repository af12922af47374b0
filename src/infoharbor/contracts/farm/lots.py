"""How a new lot is put on the ledger: its number, its audience, the marks of the rules that it breaks."""

from collections.abc import Iterable
from typing import NamedTuple

from infoharbor.contractkit import Ledger, ensure
from infoharbor.contracts.farm.alerts import raise_alert
from infoharbor.contracts.farm.events import MICROS_PER_GRAM, MICROS_PER_PIECE, is_lot
from infoharbor.contracts.farm.land import ProductClass
from infoharbor.contracts.farm.records import Lot, LotStatus, Share
from infoharbor.contracts.trace.actions import SKEW
from infoharbor.contracts.trace.records import Object, Standing
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.contracts.trace.speaking import Speaker, is_normal

DIFFERS_FROM_EVENTS = "differs_from_events"
"""The events that trace knows of this lot made another amount of it."""


class New(NamedTuple):
    """A lot as its recorder describes it."""

    id: str
    product: str
    grams: int
    pieces: int
    moisture: int | None
    plots: tuple[str, ...]
    production: str | None
    shares: tuple[Share, ...]
    claim: str | None
    happened_at: int


def kept_new(ledger: Ledger, new: New, breaks: list[str], concerned: Iterable[str]) -> Lot:
    """Keep a new lot of the acting organisation whatever rules it breaks, with an alert for each. Refused is only what
    is no new lot of its own: a malformed number, one under another's prefix or of another lot, an unknown class, a time
    to come."""
    producer = ledger.actor
    ensure_number(ledger, new.id)
    ensure(ledger.find(Lot, new.id) is None, "lot_known", field="lot", expected="the number of a lot not yet recorded")
    place = ledger.jurisdiction(producer)
    ledger.get(ProductClass, place, new.product, field="product")
    ensure_past(ledger, new.happened_at)
    differing = [DIFFERS_FROM_EVENTS] if differs_from_events(ledger, new) else []
    found = tuple(sorted({*breaks, *differing}))
    about = (new.product, producer, producer, place, new.grams, new.pieces, new.moisture, 0, new.plots)
    came = (new.production, new.shares, new.claim if not found else None, found, ())
    times = (new.happened_at, ledger.now, 0, Speaker(ledger).audience([new.id]))
    lot = Lot(new.id, *about, *came, *times, LotStatus.MADE)
    ledger.create(lot)
    for rule in found:
        raise_alert(ledger, lot, rule, concerned)
    return lot


def ensure_number(ledger: Ledger, lot: str) -> None:
    """A lot's number names one batch, and only who is accredited for its prefix gives it."""
    right = is_lot(lot) and is_normal(uri_of(lot))
    ensure(right, "lot_number", field="lot", expected="01~GTIN~10~LOT with a right check digit")
    own = Speaker(ledger).standing(lot) is not Standing.CLAIM
    ensure(own, "prefix_of_another", field="lot", expected="a GTIN under a prefix of your own")


def ensure_past(ledger: Ledger, happened_at: int) -> None:
    latest = ledger.now + ledger.parameter(SKEW)
    ensure(happened_at <= latest, "from_future", field="happened_at", expected=f"at most {latest}")


def differs_from_events(ledger: Ledger, new: New) -> bool:
    """Whether trace's events, where they count in a unit that compares, made another amount of this lot."""
    seen = ledger.find(Object, new.id)
    if seen is None or seen.made == 0:
        return False
    if seen.uom in MICROS_PER_GRAM:
        return seen.made != new.grams * MICROS_PER_GRAM[seen.uom]
    return not seen.uom and new.pieces > 0 and seen.made != new.pieces * MICROS_PER_PIECE
