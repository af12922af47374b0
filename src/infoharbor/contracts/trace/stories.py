"""Objects' stories on the ledger: what an action's events say is judged there, and again what comes after it."""

from typing import NamedTuple

from infoharbor.contractkit import Ledger
from infoharbor.contracts.trace.records import EVERYONE, Break, Effect, Judgement, Mention, Object
from infoharbor.contracts.trace.rules import NOT_JUDGED, STORY_MAX, State, step


class Known(NamedTuple):
    """An object as its story so far leaves it: see `Object` for `last`, `mentions` and `audience`."""

    state: State
    last: str
    mentions: int
    audience: tuple[str, ...]


class Stories:
    """The objects that one action's events speak of: each is read once, and written once, by `write`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, Known | None] = {}
        self._told: dict[str, Known] = {}

    def find(self, identifier: str) -> Known | None:
        """The object as the action so far leaves it; None for one that nothing was said of."""
        if identifier not in self._known:
            found = self._ledger.find(Object, identifier)
            kept = None if found is None else Known(state_of(found), found.last, found.mentions, found.audience)
            self._known[identifier] = kept
        return self._known[identifier]

    def write(self) -> None:
        """Keep the objects that something was said of."""
        for identifier, known in self._told.items():
            self._ledger.put(Object(identifier, *known.state, known.last, known.mentions, known.audience))

    def tell(self, said: Mention) -> None:
        """Judge a mention that has just been put, and again those that come after it in its object's story."""
        known, place = self.find(said.object), place_of(said)
        late = known is not None and place < known.last
        if late and known is not None and known.mentions < STORY_MAX:
            self.tell_again(said.object, known, added=said)
            return
        if late:
            said = said.replace(broken=NOT_JUDGED)
        state = State() if known is None else known.state
        state, broken = step(state, said, moves_along(self._ledger, state, said))
        if broken:
            mark(self._ledger, said, broken)
        readers = readers_of(said)
        if known is None:
            self._keep(said.object, Known(state, place, 1, readers))
        else:
            last = known.last if late else place
            self._keep(said.object, Known(state, last, known.mentions + 1, narrowed(known.audience, readers)))

    def tell_again(self, identifier: str, known: Known, added: Mention | None = None) -> None:
        """Judge an object's whole story anew, since a mention came late (`added`) or was taken back."""
        state, last = State(), ""
        for each in list(self._ledger.scan(Mention, identifier)):
            state, broken = step(state, each, moves_along(self._ledger, state, each))
            last = place_of(each)
            if broken != each.broken:
                mark(self._ledger, each, broken)
        audience = known.audience if added is None else narrowed(known.audience, readers_of(added))
        self._keep(identifier, Known(state, last, known.mentions + (added is not None), audience))

    def _keep(self, identifier: str, known: Known) -> None:
        self._known[identifier] = self._told[identifier] = known


def moves_along(ledger: Ledger, state: State, said: Mention) -> tuple[str, ...]:
    """The object's parent, if the event that moves the object moves the parent too."""
    if said.effect is not Effect.MOVE or not state.parent:
        return ()
    beside = ledger.find(Mention, state.parent, said.order, said.captured_by, said.digest)
    return () if beside is None else (state.parent,)


def place_of(said: Mention) -> str:
    """Where a mention stands in its object's story."""
    return f"{said.order}/{said.captured_by}/{said.digest}"


def mark(ledger: Ledger, said: Mention, broken: str) -> None:
    """Write down that a mention breaks a rule, or no longer does, there and in its event's judgement."""
    ledger.put(said.replace(broken=broken))
    known = ledger.find(Judgement, said.captured_by, said.digest)
    others = [each for each in known.breaks if each.object != said.object] if known is not None else []
    breaks = sorted([*others, *([Break(said.object, broken)] if broken else [])], key=_object_of)
    audience = said.audience if known is None else known.audience
    ledger.put(Judgement(said.captured_by, said.digest, tuple(breaks), ledger.now, audience))


def _object_of(each: Break) -> str:
    return each.object


def state_of(known: Object | None) -> State:
    if known is None:
        return State()
    return State(known.origin_known, known.ended, known.parent, known.made, known.gone, known.uom, known.emptied)


def readers_of(said: Mention) -> tuple[str, ...]:
    return (EVERYONE,) if EVERYONE in said.audience else tuple(sorted({said.captured_by, *said.audience}))


def narrowed(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Who is in both audiences."""
    if one == other:
        return one
    if EVERYONE in one or EVERYONE in other:
        return other if EVERYONE in one else one
    return tuple(each for each in one if each in other)
