"""How one object's story is judged: what each mention does to it, and which rule a mention breaks.

Nothing here refuses. A mention that contradicts what is known is a fact too: it is kept, and marked. The
marks depend on what was said and on when it happened, never on the order in which it arrived.
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
"""It is taken out of what it is known not to be in."""
NOT_JUDGED = "not_judged"
"""It came late into a story too long to be judged again, and counts for nothing there."""
RULES = (AFTER_END, CREATED_TWICE, WITHOUT_PARENT, PACKED_TWICE, NOT_PACKED_THERE, NOT_JUDGED)

MOVING = (
    "arriving", "departing", "loading", "receiving", "shipping", "transporting", "unloading",
    "staging_outbound", "entering_exiting_facility",
)  # fmt: skip
"""CBV 2.0 business steps in which an object changes place."""
ENDING = ("destroying", "decommissioning")
WITHHELD = "urn:infoharbor:withheld"
"""Stands in an event for an identifier that only its owner shows: nothing is known of it."""
MICRO_EXPONENT = 6
AMOUNT_MAX = 2**62
STORY_MAX = 2_000
"""How many mentions of one object are judged again when an earlier one arrives."""
AUDIENCE_MAX = 50


class Fact(NamedTuple):
    """What one event says of one object, before it is judged."""

    object: str
    effect: Effect
    parent: str = ""
    amount: int = 0
    uom: str = ""


class State(NamedTuple):
    """An object as its mentions so far leave it."""

    origin_known: bool = False
    ended: bool = False
    parent: str = ""
    made: int = 0
    gone: int = 0
    uom: str = ""
    emptied: bool = False


# Objects and their keys


def object_id(uri: str) -> str:
    """An identifier in normal form as a key: a Digital Link's path, tildes for slashes; other URIs likewise."""
    path = uri.removeprefix(f"{gs1.CANONICAL}/")
    return path.replace("~", "%7E").replace("/", "~")


def uri_of(identifier: str) -> str:
    """The identifier in normal form that `object_id` made this key of."""
    path = identifier.replace("~", "/").replace("%7E", "~")
    return f"{gs1.CANONICAL}/{path}" if gs1.all_digits(path.partition("/")[0]) else path


def is_class(identifier: str) -> bool:
    """Whether the object is a lot or a kind of goods, of which there are many; not one piece or unit."""
    return identifier.startswith("01~") and "~21~" not in identifier and "~235~" not in identifier


def prefix_candidates(identifier: str) -> list[str]:
    """Under which accredited prefix an object's identifier may have been made, the longest first."""
    uri = uri_of(identifier)
    key = gs1.read(uri)
    if key is None:
        host = uri.split("/")[2] if uri.count("/") >= 2 else uri.rpartition(":")[0]
        return [host.lower()[:64]] if host else []
    start = 1 if key.ai in (gs1.GTIN, gs1.SSCC, gs1.ITIP, gs1.GRAI) else 0
    return [key.value[start : start + length] for length in range(12, 5, -1)]


RANKS = {
    Effect.CREATE: 1, Effect.OUTPUT: 1, Effect.UNPACK: 2, Effect.EMPTY: 2, Effect.PACK: 3, Effect.END: 5, Effect.INPUT: 5,
}  # fmt: skip
OTHER_RANK = 4


def order_of(event_time: int, effect: Effect) -> str:
    """Sorts an object's mentions: by event time; at one moment it begins, is unpacked, packed, moved, and
    ends."""
    return f"{event_time:015d}{RANKS.get(effect, OTHER_RANK)}"


# What an event says


def facts(event: CapturedEvent | Event) -> list[Fact]:
    """What an event says of each object that it names, once for each."""
    effect = Effect.MOVE if event.biz_step in MOVING else Effect.SEE
    if event.type == "TransformationEvent":
        said = [
            *_listed(event.input_epcs, event.input_quantities, Effect.INPUT),
            *_listed(event.output_epcs, event.output_quantities, Effect.OUTPUT),
        ]
    elif event.type in ("AggregationEvent", "AssociationEvent"):
        said = _of_family(event, effect)
    else:
        if event.type == "ObjectEvent" and event.action == "ADD":
            effect = Effect.CREATE
        elif event.type == "ObjectEvent" and (event.action == "DELETE" or event.biz_step in ENDING):
            effect = Effect.END
        parent = [Fact(object_id(event.parent_id), effect)] if event.parent_id else []
        said = [*parent, *_listed(event.epcs or (), event.quantities, effect)]
    first: dict[str, Fact] = {}
    for fact in said:
        if fact.object != WITHHELD:
            first.setdefault(fact.object, fact)
    return list(first.values())


def _of_family(event: CapturedEvent | Event, effect: Effect) -> list[Fact]:
    """A parent and its children. An association, such as of a sensor with a pallet, packs nothing."""
    parent = "" if event.parent_id == WITHHELD else object_id(event.parent_id)
    inside = effect
    if event.type == "AggregationEvent" and parent:
        inside = {"ADD": Effect.PACK, "DELETE": Effect.UNPACK}.get(event.action, effect)
    children = list(_listed(event.child_epcs, event.child_quantities, inside, parent))
    if inside is Effect.UNPACK and not children:
        return [Fact(parent, Effect.EMPTY)]
    return [Fact(parent, effect), *children] if parent else children


def _listed(
    epcs: tuple[str, ...], quantities: tuple[Quantity, ...], effect: Effect, parent: str = ""
) -> Iterator[Fact]:
    for epc in epcs:
        yield Fact(object_id(epc), effect, parent)
    for quantity in quantities:
        yield Fact(object_id(quantity.epc_class), effect, parent, micro(quantity), quantity.uom)


def micro(quantity: Quantity) -> int:
    """The quantity in millionths of its unit, rounded down; 0 where it is not counted or too large to count."""
    shift = quantity.exponent + MICRO_EXPONENT
    if quantity.mantissa is None or quantity.mantissa < 0 or not -30 <= shift <= 30:
        return 0
    scaled = quantity.mantissa * 10**shift if shift >= 0 else quantity.mantissa // 10**-shift
    return scaled if scaled <= AMOUNT_MAX else 0


# One step of a story


def step(state: State, said: Mention, moves_with: tuple[str, ...] = ()) -> tuple[State, str]:
    """The object after this mention, and the rule that the mention breaks, or an empty text.

    `moves_with` are the other objects that the event moves too; only those that it might be packed in matter.
    Another's claim is judged but neither begins nor ends anything: a stranger cannot declare a member's goods
    destroyed.
    """
    if said.broken == NOT_JUDGED:
        return state, NOT_JUDGED
    broken = _broken(state, said, moves_with)
    if said.effect is Effect.EMPTY and not said.parent:
        return state._replace(emptied=True), broken
    claimed = said.standing is Standing.CLAIM and said.effect in (Effect.CREATE, Effect.OUTPUT, Effect.END)
    if claimed or broken in (AFTER_END, CREATED_TWICE):
        return state, broken
    return _changed(state, said), broken


def _broken(state: State, said: Mention, moves_with: tuple[str, ...]) -> str:
    effect = said.effect
    if effect is Effect.EMPTY:
        return AFTER_END if state.ended and not said.parent else ""
    if state.ended:
        return AFTER_END
    if is_class(said.object):
        return ""
    if effect in (Effect.CREATE, Effect.OUTPUT) and state.origin_known:
        return CREATED_TWICE
    elsewhere = bool(state.parent) and state.parent != said.parent
    if effect is Effect.MOVE and elsewhere and state.parent not in moves_with:
        return WITHOUT_PARENT
    if effect is Effect.PACK and elsewhere:
        return PACKED_TWICE
    never_packed = state.origin_known and not state.parent
    if effect is Effect.UNPACK and (elsewhere or never_packed):
        return NOT_PACKED_THERE
    return ""


def _changed(state: State, said: Mention) -> State:
    effect, kind = said.effect, is_class(said.object)
    if effect in (Effect.CREATE, Effect.OUTPUT):
        if state.made and state.uom != said.uom:
            return state._replace(origin_known=True)
        return state._replace(origin_known=True, made=min(state.made + said.amount, AMOUNT_MAX), uom=said.uom)
    if effect in (Effect.END, Effect.INPUT) and kind:
        return _used(state, said)
    if effect is Effect.END or (effect is Effect.INPUT and said.standing is not Standing.CLAIM):
        return state._replace(ended=True, parent="")
    if effect is Effect.PACK and not kind:
        return state._replace(parent=said.parent)
    if effect is Effect.UNPACK or (effect is Effect.EMPTY and state.parent == said.parent):
        return state._replace(parent="")
    return state


def _used(state: State, said: Mention) -> State:
    """A class after a part of it went: it has ended once as much went as was made, in one unit."""
    everything = said.effect is Effect.END and not said.amount
    comparable = state.made > 0 and state.uom == said.uom
    gone = min(state.gone + said.amount, AMOUNT_MAX) if comparable else state.gone
    used_up = comparable and gone >= state.made
    return state._replace(gone=gone, ended=said.standing is not Standing.CLAIM and (everything or used_up))
