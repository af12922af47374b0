"""How one object's story is judged: what each mention does to it, and which rule a mention breaks.

Nothing here refuses. A mention that contradicts what is known is a fact too: it is kept, and marked.
"""

from collections.abc import Iterator
from typing import NamedTuple

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.records import CapturedEvent, Effect, Event, Mention, Quantity, Standing

AFTER_END = "after_end"
"""The object was destroyed, decommissioned or used up before."""
CREATED_TWICE = "created_twice"
"""A piece or unit came into being before."""
WITHOUT_PARENT = "moved_without_parent"
"""It is packed in something that does not move with it."""
PACKED_TWICE = "packed_twice"
"""It is packed in something else."""
NOT_PACKED_THERE = "not_packed_there"
"""It is taken out of what it was not in."""
RULES = (AFTER_END, CREATED_TWICE, WITHOUT_PARENT, PACKED_TWICE, NOT_PACKED_THERE)

MOVING = (
    "arriving", "departing", "loading", "receiving", "shipping", "transporting", "unloading",
    "staging_outbound", "entering_exiting_facility",
)  # fmt: skip
"""CBV 2.0 business steps in which an object changes place."""
ENDING = ("destroying", "decommissioning")
MICRO_EXPONENT = 6
AMOUNT_MAX = 2**62


class Fact(NamedTuple):
    """What one event says of one object, before it is judged."""

    object: str
    effect: Effect
    parent: str
    parent_present: bool
    amount: int
    uom: str


class State(NamedTuple):
    """An object as its mentions so far leave it."""

    seen: bool = False
    origin_known: bool = False
    ended: bool = False
    parent: str = ""
    made: int = 0
    gone: int = 0
    uom: str = ""


def object_id(uri: str) -> str:
    """An identifier in normal form as a key: a Digital Link's path, tildes for slashes; other URIs likewise."""
    path = uri.removeprefix(f"{gs1.CANONICAL}/")
    return path.replace("~", "%7E").replace("/", "~")


def uri_of(identifier: str) -> str:
    """The identifier in normal form that `object_id` made this key of."""
    path = identifier.replace("~", "/")
    is_gs1 = gs1.all_digits(path.partition("/")[0])
    return f"{gs1.CANONICAL}/{path}" if is_gs1 else path.replace("%7E", "~")


def is_class(identifier: str) -> bool:
    """Whether the object is a lot or a kind of goods, of which there are many; not one piece or unit."""
    if not identifier.startswith("01~"):
        return False
    return "~21~" not in identifier and "~235~" not in identifier


def micro(quantity: Quantity) -> int:
    """The quantity in millionths of its unit, rounded down; 0 where it is not counted or too large to count."""
    shift = quantity.exponent + MICRO_EXPONENT
    if quantity.mantissa is None or quantity.mantissa < 0 or not -30 <= shift <= 30:
        return 0
    scaled = quantity.mantissa * 10**shift if shift >= 0 else quantity.mantissa // 10**-shift
    return scaled if scaled <= AMOUNT_MAX else 0


def facts(event: CapturedEvent | Event, packed: tuple[str, ...] = ()) -> Iterator[Fact]:
    """What an event says of each object in it. `packed` are the objects known to be in its parent, for an unpacking of all."""
    parent = object_id(event.parent_id) if event.parent_id else ""
    if event.type == "TransformationEvent":
        yield from _listed(event.input_epcs, event.input_quantities, Effect.INPUT)
        yield from _listed(event.output_epcs, event.output_quantities, Effect.OUTPUT)
    elif event.type in ("AggregationEvent", "AssociationEvent"):
        moves = Effect.MOVE if event.biz_step in MOVING else Effect.SEE
        inside = moves
        if event.type == "AggregationEvent":
            inside = {"ADD": Effect.PACK, "DELETE": Effect.UNPACK}.get(event.action, moves)
        if parent:
            yield Fact(parent, moves, "", False, 0, "")
        children = list(_listed(event.child_epcs, event.child_quantities, inside, parent))
        yield from children
        if inside is Effect.UNPACK and not children:
            yield from (Fact(each, inside, parent, True, 0, "") for each in packed)
    else:
        yield from _plain(event, parent)


def _plain(event: CapturedEvent | Event, parent: str) -> Iterator[Fact]:
    """An object or transaction event: the action and the business step say what it does."""
    effect = Effect.MOVE if event.biz_step in MOVING else Effect.SEE
    if event.type == "ObjectEvent" and event.action == "ADD":
        effect = Effect.CREATE
    elif event.type == "ObjectEvent" and (event.action == "DELETE" or event.biz_step in ENDING):
        effect = Effect.END
    if parent:
        yield Fact(parent, effect, "", False, 0, "")
    named = {object_id(each) for each in event.epcs or ()}
    for fact in _listed(event.epcs or (), event.quantities, effect):
        yield fact._replace(parent_present=bool(named - {fact.object}), parent="")


def _listed(
    epcs: tuple[str, ...], quantities: tuple[Quantity, ...], effect: Effect, parent: str = ""
) -> Iterator[Fact]:
    for epc in epcs:
        yield Fact(object_id(epc), effect, parent, bool(parent), 0, "")
    for quantity in quantities:
        yield Fact(object_id(quantity.epc_class), effect, parent, bool(parent), micro(quantity), quantity.uom)


def step(state: State, mention: Mention) -> tuple[State, str]:
    """The object after this mention, and the rule that the mention breaks, or nothing.

    Another's claim is judged but changes nothing: a stranger cannot declare a member's goods destroyed.
    """
    kind = is_class(mention.object)
    broken = _broken(state, mention, kind)
    if mention.standing is Standing.CLAIM and mention.effect in (Effect.CREATE, Effect.END, Effect.OUTPUT):
        return state._replace(seen=True), broken
    if broken in (AFTER_END, CREATED_TWICE):
        return state._replace(seen=True), broken
    return _changed(state._replace(seen=True), mention, kind), broken


def _broken(state: State, mention: Mention, kind: bool) -> str:
    effect = mention.effect
    if state.ended:
        return AFTER_END
    if kind:
        return ""
    if effect in (Effect.CREATE, Effect.OUTPUT) and state.origin_known:
        return CREATED_TWICE
    if effect is Effect.MOVE and state.parent and not mention.parent_present:
        return WITHOUT_PARENT
    if effect is Effect.PACK and state.parent and state.parent != mention.parent:
        return PACKED_TWICE
    if effect is Effect.UNPACK and state.seen and state.parent != mention.parent:
        return NOT_PACKED_THERE
    return ""


def _changed(state: State, mention: Mention, kind: bool) -> State:
    effect = mention.effect
    if effect in (Effect.CREATE, Effect.OUTPUT):
        counted = state.uom in ("", mention.uom) or not state.made
        made = state.made + mention.amount if counted else state.made
        return state._replace(origin_known=True, made=min(made, AMOUNT_MAX), uom=mention.uom if counted else state.uom)
    if effect is Effect.END and kind:
        return _used(state, mention, everything=not mention.amount)
    if effect is Effect.INPUT and kind:
        return _used(state, mention, everything=False)
    if effect in (Effect.END, Effect.INPUT):
        return state._replace(ended=True, parent="")
    if effect is Effect.PACK and not kind:
        return state._replace(parent=mention.parent)
    if effect is Effect.UNPACK:
        return state._replace(parent="")
    return state


def _used(state: State, mention: Mention, *, everything: bool) -> State:
    """A class after a part of it went: it has ended once as much went as was made, in one unit."""
    comparable = state.made > 0 and state.uom == mention.uom
    gone = min(state.gone + (mention.amount if comparable else 0), AMOUNT_MAX)
    return state._replace(gone=gone, ended=everything or (comparable and gone >= state.made))


def prefix_candidates(uri: str) -> list[str]:
    """Under which accredited prefix an identifier may have been made, the longest first."""
    key = gs1.read(uri)
    if key is None:
        host = uri.split("/")[2] if uri.count("/") >= 2 else uri.rpartition(":")[0]
        return [host.lower()[:64]] if host else []
    start = 1 if key.ai in (gs1.GTIN, gs1.SSCC, gs1.ITIP, gs1.GRAI) else 0
    return [key.value[start : start + length] for length in range(12, 5, -1)]


RANKS = {Effect.CREATE: "1", Effect.OUTPUT: "1", Effect.END: "3", Effect.INPUT: "3"}


def order_of(event_time: int, effect: Effect) -> str:
    """Sorts an object's mentions: by event time; at one moment, beginnings first and ends last."""
    return f"{event_time:015d}{RANKS.get(effect, '2')}"
