"""Sheets that an authority asks for: critical tracking events (FSMA 204), and what a recall reaches."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import groupby, takewhile
from typing import Any, Final, NamedTuple

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import times
from infoharbor.contracts.trace.pages import MADE_INTO, identify, label_of, node, standing
from infoharbor.contracts.trace.pages.way import Walk
from infoharbor.contracts.trace.records import Effect, Event, Mention
from infoharbor.contracts.trace.rules import MICRO_EXPONENT, is_class, uri_of
from infoharbor.edgekit.indexes import Index
from infoharbor.edgekit.json_form import from_iso
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import Column, Kind, Row, report
from infoharbor.edgekit.selecting import Span
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

HARVESTING, COOLING, PACKING = "harvesting", "cooling", "initial_packing"
SHIPPING, RECEIVING, TRANSFORMATION = "shipping", "receiving", "transformation"
LANDING: Final = "first_land_based_receiving"
STEPS: Final = {
    "commissioning": HARVESTING,
    "cooling": COOLING,
    "packing": PACKING,
    "landing": LANDING,
    "shipping": SHIPPING,
    "departing": SHIPPING,
    "receiving": RECEIVING,
    "accepting": RECEIVING,
    "arriving": RECEIVING,
}
"""The critical tracking event that a business step is. The vocabulary has no word for cooling and landing, so that a
member's own URI counts which ends in it."""
CODED: Final = (PACKING, LANDING, TRANSFORMATION)
"""Where a traceability lot code is given; a lot as it was harvested has none yet."""
PIECES: Final = "H87"
"""What is counted without a unit, in UN/CEFACT Recommendation 20."""
DAY_MS: Final = 86_400_000
EVENTS_AT_HAND: Final = 32
"""One event often speaks of many lots, which lie next to each other."""
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
spoken_of_by_time = Index(Mention, ("order",))


class Tracked(NamedTuple):
    """A critical tracking event of one lot."""

    event: Event
    said: Mention
    kind: str


@report(
    "fsma", "Critical tracking events (FSMA 204)", "关键追踪事件（FSMA 204）",
    about_en="One row for each critical tracking event of a lot, with its key data elements as far as you may read them, "
    "to be sorted and filtered. The previous and the next place are those of the shipment's other side. Documents stay "
    "with their owners, who find them by the event.",
    about_zh="每个批次的每个关键追踪事件一行，含您可读取的关键数据要素，可排序与筛选。前、后地点取自收发另一方的事件。"
    "单据由其所有者保存，可凭事件查找。",
    columns=(
        Column("kind", Kind.WORD, "Critical tracking event", "关键追踪事件"),
        Column("lot_code", Kind.TEXT, "Traceability lot code", "追溯批次代码"),
        Column("product", Kind.TEXT, "Product (GTIN)", "产品（GTIN）"),
        Column("object", Kind.TEXT, "Lot or unit", "批次或单元"),
        Column("quantity", Kind.QUANTITY, "Quantity", "数量", of="unit", digits=MICRO_EXPONENT),
        Column("unit", Kind.WORD, "Unit", "单位"),
        Column("time", Kind.INSTANT, "Time", "时间"),
        Column("local_date", Kind.TEXT, "Local date", "当地日期"),
        Column("offset", Kind.TEXT, "Offset from UTC", "时区偏移"),
        Column("place", Kind.PLACE, "Place", "地点"),
        Column("previous_place", Kind.PLACE, "Previous place", "前一地点"),
        Column("next_place", Kind.PLACE, "Next place", "后一地点"),
        Column("source", Kind.PLACE, "Where the lot code was given", "批次代码赋予地点"),
        Column("captured_by", Kind.ORGANISATION, "Recorded by", "登记方"),
        Column("conforms", Kind.FLAG, "Conforms", "合规"),
        Column("event", Kind.TEXT, "Event", "事件"),
    ),
    labels={"since": Sentence("From the day", "起始日"), "until": Sentence("To the day", "截止日")},
)  # fmt: skip
def fsma(read: Sight, product: str = "", captured_by: str = "", since: str = "", until: str = "") -> Iterator[Row]:
    """`since` and `until` are days, such as 2026-04-08, both included, by UTC."""
    first, last = _day(since, "since", 0), _day(until, "until", DAY_MS)
    find = lru_cache(EVENTS_AT_HAND)(partial(read.find, Event))
    for identifier, said in _stories(read, product, captured_by, first, last):
        # What would give no row is left before its events are looked at.
        if not any(_is_asked(each.captured_by, _moment(each), captured_by, first, last) for each in said):
            continue
        about, story = node(identifier), _tracked(find, said)
        source = next((_place(each.event) for each in story if each.kind in CODED), "")
        for at, each in enumerate(story):
            event = each.event
            if not _is_asked(event.captured_by, event.event_time, captured_by, first, last):
                continue
            has_code = bool(source) and each.kind not in (HARVESTING, COOLING)
            yield (
                each.kind,
                (about["lot"] or about["serial"] or about["value"]) if has_code else "",
                about["value"] if about["key"] == "01" else "",
                label_of(identifier),
                each.said.amount if is_class(identifier) else None,
                each.said.uom or (PIECES if is_class(identifier) else ""),
                event.event_time,
                _local_date(event),
                event.event_time_zone_offset,
                _place(event),
                _other_place(story[:at][::-1]) if each.kind == RECEIVING else "",
                _other_place(story[at + 1 :]) if each.kind == SHIPPING else "",
                source if has_code else "",
                event.captured_by,
                not each.said.broken,
                f"{event.captured_by}/{event.digest}",
            )


@report(
    "recall", "Recall report", "召回报告",
    about_en="An object and all that it became or was packed in, as far as you may read: where each was last seen, by "
    "whom and when, and whether it still exists. The codes are those of the vocabulary, or a member's own.",
    about_zh="某对象及由其制成或装入的全部对象（在您可读取的范围内）：最后在何处、由谁、何时登记，是否仍然存在。代码为标准词汇或成员自有词汇的原始代码。",
    columns=(
        Column("object", Kind.TEXT, "Lot or unit", "批次或单元"),
        Column("uri", Kind.TEXT, "Identifier", "标识"),
        Column("step", Kind.WORD, "Reached by", "波及方式"),
        Column("last_seen", Kind.INSTANT, "Last seen", "最后登记时间"),
        Column("place", Kind.PLACE, "Last place", "最后地点"),
        Column("captured_by", Kind.ORGANISATION, "Recorded by", "登记方"),
        Column("business_step", Kind.WORD, "Business step", "业务步骤"),
        Column("disposition", Kind.WORD, "Disposition", "状态"),
        Column("parent", Kind.TEXT, "Packed in", "所装入的单元"),
        Column("ended", Kind.FLAG, "No longer exists", "已不存在"),
        Column("whole", Kind.FLAG, "All reached", "已全部追溯"),
        Column("business_step_code", Kind.TEXT, "Business step (code)", "业务步骤（代码）"),
        Column("disposition_code", Kind.TEXT, "Disposition (code)", "状态（代码）"),
    ),
)  # fmt: skip
def recall(read: Sight, object: str) -> Iterator[Row]:
    start, walk = identify(object), Walk(read)
    walk.forth(start)
    steps = {start: ""}
    for edge in walk.edges:
        steps.setdefault(edge.target, TRANSFORMATION if edge.kind == MADE_INTO else PACKING)
    for identifier, step in steps.items():
        story = walk.story(identifier)
        events = [event for said in story if (event := walk.event((said.captured_by, said.digest))) is not None]
        state = standing(read, identifier, story)
        last = events[-1] if events else None
        business_step, disposition = (last.biz_step, last.disposition) if last is not None else ("", "")
        yield (
            label_of(identifier),
            uri_of(identifier),
            step or None,
            None if last is None else last.event_time,
            "" if last is None else _place(last),
            None if last is None else last.captured_by,
            business_step,
            disposition,
            label_of(state["parent"]) if state["parent"] else "",
            state["ended"],
            walk.complete,
            business_step,
            disposition,
        )


def _stories(read: Sight, product: str, captured_by: str, first: int, last: int) -> Iterator[tuple[str, list[Mention]]]:
    """Objects, by key, with all that was said of them; maybe of more than is asked for."""
    key = f"{gs1.GTIN}~{product.zfill(14)}" if product else ""
    found = _objects_of_days(read, key, captured_by, first, last) if first or last else None
    if found is not None:
        yield from ((each, list(read.scan(Mention, each))) for each in found)
        return
    mentions = read.scan(Mention, after=key)
    of_product = takewhile(lambda said: _is_of(said.object, key), mentions) if key else mentions
    yield from ((each, list(said)) for each, said in groupby(of_product, key=_object_of))


def _objects_of_days(read: Sight, key: str, captured_by: str, first: int, last: int) -> list[str] | None:
    """What events of these days speak of, by key; None where it is so much that to go through all is as fast."""
    # An order begins with the moment; no digit comes behind a colon.
    where: dict[str, Any] = {"order": Span(f"{first:015d}", f"{last:015d}" if last else ":")}
    where |= {"object": Span(key, f"{key}~~")} if key else {}
    where |= {"captured_by": captured_by} if captured_by else {}
    try:
        found = [str(total.by[0]) for total in read.totals(Mention, where, by=("object",))]
    except Malformed:
        return None
    return sorted((each for each in found if _is_of(each, key)), key="{}/".format)


def _is_of(identifier: str, key: str) -> bool:
    """Whether it is a lot or a piece of this product, or the product itself; all are of none."""
    return not key or f"{identifier}~".startswith(f"{key}~")


def _moment(said: Mention) -> int:
    """The event's time, as `order_of` put it into the mention's key."""
    return int(said.order[:15])


def _is_asked(who: str, moment: int, captured_by: str, first: int, last: int) -> bool:
    return captured_by in ("", who) and first <= moment and (not last or moment < last)


def _tracked(find: Callable[[str, str], Event | None], story: Sequence[Mention]) -> list[Tracked]:
    """An object's critical tracking events, by time."""
    found = []
    for said in story:
        event = find(said.captured_by, said.digest)
        kind = "" if event is None else _kind(event, said)
        if event is not None and kind:
            found.append(Tracked(event, said, kind))
    return found


def _kind(event: Event, said: Mention) -> str:
    """Which critical tracking event it is for this object, or an empty text."""
    if event.type == "TransformationEvent":
        return TRANSFORMATION if said.effect in (Effect.INPUT, Effect.OUTPUT) else ""
    kind = STEPS.get(event.biz_step.rstrip("/").rpartition("/")[2], "")
    # A lot comes into being at harvest; a piece or a unit when its label is made.
    if kind == HARVESTING and not (said.effect is Effect.CREATE and is_class(said.object)):
        return ""
    return kind


def _other_place(story: Sequence[Tracked]) -> str:
    """The place of the nearest shipment or receipt."""
    return next((_place(each.event) for each in story if each.kind in (SHIPPING, RECEIVING)), "")


def _place(event: Event) -> str:
    return event.read_point or event.biz_location


def _object_of(said: Mention) -> str:
    return said.object


def _local_date(event: Event) -> str:
    """The day at the place of the event; empty where a member wrote an offset past every gateway that is none."""
    match = _OFFSET.fullmatch(event.event_time_zone_offset)
    if match is None:
        return ""
    minutes = int(match[1] + match[2]) * 60 + int(match[1] + match[3])
    return times.utc(event.event_time + minutes * 60_000)[:10]


def _day(text: str, name: str, after: int) -> int:
    return from_iso(f"{text}T00:00:00Z", name) + after if text else 0
