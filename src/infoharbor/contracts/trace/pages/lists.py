"""Lists to page through: what events speak of, and the events that do not fit."""

from collections.abc import Iterator
from typing import Any, Final

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import times
from infoharbor.contracts.trace.pages import brief, identify, node, state_fields
from infoharbor.contracts.trace.records import Event, Judgement, Object
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.contracts.trace.stories import state_of
from infoharbor.edgekit.queries import query
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

PAGE_MAX: Final = 500
PRODUCTS_MAX: Final = 1_000
"""Among so many products a number is looked for."""


@query("nonconforming", "Events that contradict what is known", "与已知事实不符的事件")
def nonconforming(read: Sight, organisation: str = "", after: str = "", limit: int = 100) -> Any:
    """Events that break a rule now, with the rule and the object, by organisation; `after` takes the `next`
    before."""
    wanted = (organisation,) if organisation else ()
    items: list[Any] = []
    for judgement in read.scan(Judgement, *wanted, after=after):
        event = read.find(Event, judgement.captured_by, judgement.digest) if judgement.breaks else None
        if event is not None:
            breaks = [
                {"object": each.object, "uri": uri_of(each.object), "rule": each.rule} for each in judgement.breaks
            ]
            items.append(brief(event) | {"breaks": breaks, "judged_at": times.utc(judgement.judged_at)})
        if len(items) == _bounded(limit):
            return {"items": items, "next": f"{judgement.captured_by}/{judgement.digest}"}
    return {"items": items, "next": None}


@query("objects", "Lots, pieces and units", "批次、单品与物流单元")
def objects(read: Sight, gtin: str = "", number: str = "", after: str = "", limit: int = 100) -> Any:
    """What events speak of, by identifier, all or of one GTIN; `after` takes the `next` of the answer before. With
    `number`, the lots and pieces that have it, of any product."""
    if number:
        return {"items": [_described(each) for each in _numbered(read, number)], "next": None}
    prefix = "trace/objects/"
    if gtin:
        prefix = f"trace/objects/{identify(f'/{gs1.GTIN}/{gtin}')}"
    items: list[Any] = []
    for seen in read.living(prefix, after and f"trace/objects/{after}"):
        known: Object = seen.record
        items.append(_described(known))
        if len(items) == _bounded(limit):
            return {"items": items, "next": known.id}
    return {"items": items, "next": None}


def _described(known: Object) -> dict[str, Any]:
    return node(known.id) | {"state": state_fields(state_of(known)), "mentions": known.mentions}


def _numbered(read: Sight, number: str) -> Iterator[Object]:
    """A lot or a serial number stands last in its key: it is looked up below each product, which are few."""
    prefix, after = f"trace/objects/{gs1.GTIN}~", ""
    for _ in range(PRODUCTS_MAX):
        first = next(read.living(prefix, after), None)
        if first is None:
            return
        gtin = first.record.id.split("~")[1]
        for part in (gs1.LOT, gs1.SERIAL):
            found = read.find(Object, identify(f"/{gs1.GTIN}/{gtin}/{part}/{gs1.encode(number)}"))
            if found is not None:
                yield found
        after = f"{prefix}{gtin}~~"  # beyond all of the product's keys, which have a digit there


def _bounded(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise Malformed("input.range", "limit", f"an integer from 1 to {PAGE_MAX}")
    return limit
