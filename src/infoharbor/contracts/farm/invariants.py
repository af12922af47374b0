"""What always holds of farm products, whatever was recorded and refused."""

from collections.abc import Iterator

from infoharbor.contractkit import Ledger, invariant
from infoharbor.contracts.farm.causes import Rehearsal, RehearsalStatus
from infoharbor.contracts.farm.claims import Claim
from infoharbor.contracts.farm.indications import Allotment, Cellar, Indication, Quota, Season, allowance
from infoharbor.contracts.farm.lineage import ANCESTORS_MAX, DESCENDANTS_MAX, ancestors, descendants
from infoharbor.contracts.farm.pledges import Pledge, Pledged
from infoharbor.contracts.farm.production import ABOVE_YIELD, AFTER_DISPOSAL
from infoharbor.contracts.farm.records import Alert, AlertStatus, Lot, Production, ProductionKind, Use


def path(lot: Lot) -> str:
    return f"farm/lots/{lot.id}"


def marks(lot: Lot) -> tuple[str, ...]:
    return (*lot.breaks, *lot.cleared)


@invariant
def shares_of_a_lot_add_up(ledger: Ledger) -> Iterator[str]:
    """A lot's shares are its grams, each share named once."""
    for lot in ledger.scan(Lot):
        names = [(share.indication, share.season) for share in lot.shares]
        if sum(share.grams for share in lot.shares) != lot.grams or len(set(names)) != len(names):
            yield path(lot)


@invariant
def no_more_goes_out_of_a_lot_than_it_has(ledger: Ledger) -> Iterator[str]:
    """What was counted off a lot is what its counted uses took, and never more than it had."""
    for lot in ledger.scan(Lot):
        taken = sum(use.grams for use in ledger.scan(Use, lot.id) if use.counted)
        if taken != lot.used or lot.used > lot.grams:
            yield path(lot)


@invariant
def more_than_the_yield_never_counts_as_conforming(ledger: Ledger) -> Iterator[str]:
    """Where more came out than the inputs that count could give by the yields of that day, the outputs are marked."""
    for production in ledger.scan(Production):
        uses = [ledger.find(Use, part.lot, production.id) for part in production.inputs]
        given = sum(use.grams for use in uses if use is not None and use.counted)
        outputs = [lot for each in production.outputs if (lot := ledger.find(Lot, each)) is not None]
        same = production.kind == ProductionKind.MAKE or production.needed == sum(lot.grams for lot in outputs)
        if production.needed > given or not same:
            yield from (path(lot) for lot in outputs if not same or ABOVE_YIELD not in marks(lot))


@invariant
def nothing_after_disposal_counts_as_conforming(ledger: Ledger) -> Iterator[str]:
    """What was made of a lot after it was disposed of is marked, whichever was told first."""
    for lot in ledger.scan(Lot):
        for use in ledger.scan(Use, lot.id) if lot.disposed_at else ():
            production = ledger.find(Production, use.production)
            if production is not None and use.happened_at >= lot.disposed_at:
                made = [found for each in production.outputs if (found := ledger.find(Lot, each)) is not None]
                yield from (path(each) for each in made if AFTER_DISPOSAL not in marks(each))


@invariant
def claims_stay_within_area_cap_opening_and_carry_over(ledger: Ledger) -> Iterator[str]:
    """No quota and no cellar is overdrawn; areas are those allotted; and all claims of an indication together are at
    most area × cap of its seasons and the stock declared at the start."""
    for indication in ledger.scan(Indication):
        most = drawn = carried = 0
        for season in ledger.scan(Season, indication.id):
            allotted = list(ledger.scan(Allotment, indication.id, season.code))
            for quota in ledger.scan(Quota, indication.id, season.code):
                area = sum(each.square_metres for each in allotted if each.licensee == quota.licensee)
                carried += quota.carried
                most += allowance(area, season)
                if area != quota.square_metres or quota.remaining(season) < 0:
                    yield f"farm/quotas/{indication.id}/{season.code}/{quota.licensee}"
        for cellar in ledger.scan(Cellar, indication.id):
            most, carried = most + cellar.opening, carried - cellar.carried
            if cellar.remaining < 0:
                yield f"farm/cellars/{indication.id}/{cellar.licensee}"
        for claim in ledger.scan(Claim):
            if claim.indication == indication.id:
                drawn += sum(draw.grams for draw in claim.draws)
        if drawn > most or carried != 0:
            yield f"farm/indications/{indication.id}"


@invariant
def what_carries_an_indication_was_claimed(ledger: Ledger) -> Iterator[str]:
    """All lots that carry an indication hold together at most what was bound to it, and each of them comes from claims
    alone: it was bound itself, or every lot that went into it carries the same."""
    bound: dict[str, int] = {}
    for claim in ledger.scan(Claim):
        bound[claim.indication] = bound.get(claim.indication, 0) + sum(draw.grams for draw in claim.draws)
    for lot in ledger.scan(Lot):
        if lot.claim is None:
            continue
        bound[lot.claim] = bound.get(lot.claim, 0) - lot.left
        production = ledger.find(Production, lot.production) if lot.production else None
        sources = [ledger.find(Lot, part.lot) for part in production.inputs] if production else []
        carried = bool(sources) and all(each is not None and each.claim == lot.claim for each in sources)
        if not carried and ledger.find(Claim, lot.id) is None:
            yield path(lot)
    yield from (f"farm/indications/{name}" for name in sorted(bound) if bound[name] < 0)


@invariant
def a_recall_reaches_every_descendant(ledger: Ledger) -> Iterator[str]:
    """The way back and the way down agree: a lot comes from another exactly if that one went into it."""
    for lot in ledger.scan(Lot):
        down = descendants(ledger, lot.id)
        for each in down.lots if len(down.lots) < DESCENDANTS_MAX else ():
            back = ancestors(ledger, each)
            if lot.id not in back.lots and len(back.lots) < ANCESTORS_MAX:
                yield path(lot)
        production = ledger.find(Production, lot.production) if lot.production else None
        for part in production.inputs if production is not None else ():
            if ledger.find(Use, part.lot, lot.production) is None:
                yield path(lot)


@invariant
def every_mark_has_its_alert(ledger: Ledger) -> Iterator[str]:
    """A rule that a lot broke was put on a work list; only what the supervisor cleared there is cleared."""
    for lot in ledger.scan(Lot):
        for rule in marks(lot):
            alert = ledger.find(Alert, lot.id, rule)
            if alert is None or (alert.status == AlertStatus.CLEARED) != (rule in lot.cleared):
                yield path(lot)


@invariant
def pledges_stay_within_their_lot(ledger: Ledger) -> Iterator[str]:
    """Pledges at first hand are for at most the lot's grams, and reissues for at most the pledge they come from."""
    first: dict[str, int] = {}
    again: dict[str, int] = {}
    for pledge in ledger.scan(Pledge):
        sums, name = (first, pledge.lot) if pledge.reissued_from is None else (again, pledge.reissued_from)
        sums[name] = sums.get(name, 0) + pledge.grams
    for pledge in ledger.scan(Pledge):
        if pledge.reissued != again.get(pledge.id, 0) or pledge.reissued > pledge.grams:
            yield f"farm/pledges/{pledge.id}"
    for pledged in ledger.scan(Pledged):
        lot = ledger.find(Lot, pledged.lot)
        if lot is None or pledged.grams != first.get(lot.id, 0) or pledged.grams > lot.grams:
            yield f"farm/pledged/{pledged.lot}"


@invariant
def rehearsals_count_what_they_say(ledger: Ledger) -> Iterator[str]:
    """A finished rehearsal took from its start to its end, and named no more of what it reached than there was."""
    for each in ledger.scan(Rehearsal):
        done = each.status == RehearsalStatus.FINISHED
        if done and (each.took_ms != each.finished_at - each.started_at or each.named > each.reached):
            yield f"farm/rehearsals/{each.id}"
