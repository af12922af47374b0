"""How far a hold or recall reaches: every lot below one, as far as the reader may see; and how well it was rehearsed."""

import bisect
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from infoharbor.contracts.farm.causes import Rehearsal
from infoharbor.contracts.farm.pages.units import LOT, PRODUCT, UNIT_COLUMN, class_of, mass
from infoharbor.contracts.farm.records import Cause, CauseStatus, Lot, Production, Use
from infoharbor.contracts.trace.pages import identify, label_of
from infoharbor.edgekit.reports import Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

REACH_MAX: Final = 100_000
"""A reach of more lots is cut off there, and says so."""
STOPS_MAX: Final = 200


class Reach(NamedTuple):
    """The lots, nearest first, the lot itself among them; `whole` says that there are no more."""

    lots: list[str]
    whole: bool


def reach_of(read: Sight, lot: str, most: int = REACH_MAX) -> Reach:
    """All that a lot went into, one production after another from it on."""
    order, newest = {lot: None}, [lot]
    made: set[str] = set()
    while newest:
        next_made = {use.production for use in uses_of(read, newest)} - made
        made |= next_made
        newest = []
        for production in sorted(next_made):
            found = read.find(Production, production)
            newest += [] if found is None else [each for each in found.outputs if each not in order]
        for each in newest:
            if len(order) == most and each not in order:
                return Reach(list(order), False)
            order[each] = None
    return Reach(list(order), True)


def uses_of(read: Sight, lots: Iterable[str]) -> Iterator[Use]:
    """What became of these lots, in the order of the table: most of a recall's lots went nowhere, and one look into the
    table passes all of those that lie before the next use."""
    wanted, at = sorted(f"{lot}/" for lot in lots), 0
    while at < len(wanted):
        for use in read.scan(Use, after=wanted[at]):
            at = bisect.bisect_left(wanted, f"{use.lot}/", at)
            if at == len(wanted) or wanted[at] != f"{use.lot}/":
                break
            yield use
        else:
            return


@report(
    "reach", "What a recall of a lot reaches", "召回波及的批次",
    about_en="A lot and all that it went into, nearest first: who holds it, and how much of it is left there.",
    about_zh="某批次及由其制成的全部批次，由近及远：现由谁持有，尚余多少。",
    columns=(
        LOT,
        Column("holder", Kind.ORGANISATION, "Holder", "持有方"),
        Column("producer", Kind.ORGANISATION, "Producer", "生产方"),
        PRODUCT,
        Column("made_at", Kind.INSTANT, "Made at", "生产时间"),
        mass("grams", "Mass", "质量"),
        mass("left", "Left", "余量"),
        UNIT_COLUMN,
        Column("pieces", Kind.COUNT, "Pieces", "件数"),
        Column("status", Kind.WORD, "Status", "状态"),
    ),
)  # fmt: skip
def reach(read: Sight, lot: str) -> Iterator[Row]:
    for each in reach_of(read, identify(lot)).lots:
        found = read.find(Lot, each)
        if found is not None:
            amounts = (found.grams, 0 if found.disposed_at else found.left, "kg", found.pieces)
            yield (
                label_of(each),
                found.holder,
                found.producer,
                class_of(read, found.jurisdiction, found.product),
                found.happened_at,
                *amounts,
                found.status,
            )


@report(
    "stops", "Holds and recalls, and how far they reach", "暂停与召回及其波及范围",
    about_en="Open holds and recalls, the newest first, with the lots and holders below as far as you may see.",
    about_zh="未结束的暂停与召回，最新在前；并列出可见范围内波及的批次与持有方。",
    columns=(
        LOT,
        Column("kind", Kind.WORD, "Kind", "种类"),
        Column("number", Kind.TEXT, "Number", "编号"),
        Column("reason", Kind.WORD, "Reason", "原因"),
        Column("opened_by", Kind.ORGANISATION, "Opened by", "发起方"),
        Column("opened_at", Kind.INSTANT, "Opened at", "发起时间"),
        Column("reached", Kind.COUNT, "Lots reached", "波及批次"),
        Column("holders", Kind.ORGANISATION, "Holders", "持有方"),
        Column("whole", Kind.FLAG, "All counted", "已全部统计"),
    ),
)  # fmt: skip
def stops(read: Sight) -> Iterator[Row]:
    causes = read.select(Cause, {"status": CauseStatus.OPEN}, order_by="-opened_at", limit=STOPS_MAX)
    for cause in causes:
        found = reach_of(read, cause.lot)
        lots = [lot for each in found.lots if (lot := read.find(Lot, each)) is not None]
        holders = tuple(sorted({lot.holder for lot in lots if lot.left and not lot.disposed_at}))
        about = (label_of(cause.lot), cause.kind, cause.id, cause.reason, cause.opened_by, cause.opened_at)
        yield (*about, len(found.lots), holders, found.whole)


@report(
    "rehearsals", "Mock recalls and the time they took", "召回演练及用时",
    about_en="How many of the lots that a recall would reach were found, and in how many seconds.",
    about_zh="召回应波及的批次中找到多少，用时多少秒。",
    columns=(
        Column("id", Kind.TEXT, "Number", "编号"),
        LOT,
        Column("started_by", Kind.ORGANISATION, "Started by", "发起方"),
        Column("started_at", Kind.INSTANT, "Started at", "开始时间"),
        Column("seconds", Kind.COUNT, "Seconds taken", "用时（秒）"),
        Column("reached", Kind.COUNT, "Would be reached", "应波及"),
        Column("named", Kind.COUNT, "Found", "找到"),
        Column("share", Kind.SHARE, "Found of them", "找到比例"),
        Column("in_vain", Kind.COUNT, "Named in vain", "误报"),
        Column("status", Kind.WORD, "Status", "状态"),
    ),
)  # fmt: skip
def rehearsals(read: Sight, started_by: str = "") -> Iterator[Row]:
    for each in read.select(Rehearsal, {"started_by": started_by} if started_by else {}, order_by="-started_at"):
        share = each.named * 10_000 // each.reached if each.reached else None
        seconds = -(-each.took_ms // 1_000) if each.finished_at else None
        about = (each.id, label_of(each.lot), each.started_by, each.started_at, seconds)
        yield (*about, each.reached, each.named, share, each.named_in_vain, each.status)
