"""How the events of one action come onto the ledger: checked, kept, and judged by what else is known of their objects."""

from collections.abc import Iterator

import msgspec

from infoharbor.contractkit import Ledger, ensure, gs1
from infoharbor.contracts.trace.records import CapturedEvent, Effect, Event, EventStatus, Mention, Packed, Standing
from infoharbor.contracts.trace.rules import STORY_MAX, Fact, facts, object_id, order_of
from infoharbor.contracts.trace.speaking import Speaker
from infoharbor.contracts.trace.stories import Stories, mark

OBJECTS_PER_EVENT = 1_000
TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
ONE_OF_TYPES = f"one of {', '.join(TYPES)}"


class Capture:
    """Puts the events of one action on the ledger, and looks up once what several of them need."""

    def __init__(self, ledger: Ledger, latest: int) -> None:
        """`latest` is the last moment, in ms, that does not count as the future."""
        self._ledger, self._latest = ledger, latest
        self._speaker, self._stories = Speaker(ledger), Stories(ledger)

    def take(self, event: CapturedEvent, place: str) -> None:
        """Check one event and keep it with what it says of each object; judge it, and judge again what it changes. `place`
        is what a refusal calls it."""
        self._check(event, place)
        known = self._ledger.find(Event, self._ledger.actor, event.digest)
        if known is None:
            self._keep(event)
            return
        takes_back = event.error_declaration is not None and known.error_declaration is None
        ensure(takes_back, "event_known", field=f"{place}.event_id", expected="an event that was not captured before")
        self._declare_error(known, event)

    def finish(self) -> None:
        """Write down how the objects are left."""
        self._stories.write()

    def _check(self, event: CapturedEvent, place: str) -> None:
        """Refuse what no fact can be: malformed, or from the future."""
        latest = self._latest
        hexadecimal = len(event.digest) == 40 and gs1.only(event.digest, "0123456789abcdef")
        ensure(hexadecimal, "digest", field=f"{place}.digest", expected="40 hexadecimal digits")
        ensure(event.type in TYPES, "event_type", field=f"{place}.type", expected=ONE_OF_TYPES)
        allowed = ("",) if event.type == "TransformationEvent" else ("ADD", "OBSERVE", "DELETE")
        ensure(
            event.action in allowed,
            "event_action",
            field=f"{place}.action",
            expected="ADD, OBSERVE, DELETE; none to transform",
        )
        ensure(
            event.event_time <= latest, "event_from_future", field=f"{place}.event_time", expected=f"at most {latest}"
        )
        declared = event.error_declaration
        in_time = declared is None or declared.declared_at <= latest
        ensure(in_time, "event_from_future", field=f"{place}.error_declaration", expected=f"at most {latest}")
        length = len(event.commitment)
        committed = length == 32 or (length == 0 and not event.has_private)
        ensure(
            committed, "commitment", field=f"{place}.commitment", expected="32 bytes, or none where nothing is withheld"
        )
        counted = (*event.quantities, *event.child_quantities, *event.input_quantities, *event.output_quantities)
        named = [*(event.epcs or ()), *event.child_epcs, *event.input_epcs, *event.output_epcs]
        named += [each.epc_class for each in counted] + [event.parent_id] * bool(event.parent_id)
        ensure(len(named) <= OBJECTS_PER_EVENT, "objects_count", field=place, expected=f"at most {OBJECTS_PER_EVENT}")
        for uri in named:
            right = self._speaker.names_rightly(uri)
            ensure(right, "identifier", field=place, expected="identifiers in normal form, with right check digits")

    def _keep(self, event: CapturedEvent) -> None:
        ledger = self._ledger
        stated = facts(event)
        audience = self._speaker.audience([fact.object for fact in stated])
        status = EventStatus.RECORDED if event.error_declaration is None else EventStatus.IN_ERROR
        kept = (*msgspec.structs.astuple(event), ledger.now, audience, status)
        ledger.put(Event(ledger.actor, *kept))
        if status is EventStatus.IN_ERROR:
            return
        said, place = [], object_id(event.biz_location or event.read_point)
        for fact in [*stated, *self._emptied(stated)]:
            standing = self._speaker.standing(fact.object)
            order = order_of(event.event_time, fact.effect)
            about = (fact.effect, standing, fact.parent, fact.amount, fact.uom, place)
            said.append(Mention(fact.object, order, ledger.actor, event.digest, *about, "", audience))
        # An object is judged by what else its event names, so that all is put before any is judged.
        for mention in said:
            ledger.put(mention)
        for mention in said:
            self._stories.tell(mention)
            if mention.effect is Effect.PACK:
                self._remember_packing(mention)

    def _emptied(self, stated: list[Fact]) -> Iterator[Fact]:
        """What an unpacking of everything says of each object that was ever packed there."""
        for fact in stated:
            if fact.effect is Effect.EMPTY:
                for index, each in enumerate(self._ledger.scan(Packed, fact.object)):
                    few = index < OBJECTS_PER_EVENT
                    ensure(
                        few,
                        "objects_count",
                        field="parent_id",
                        expected=f"named children, since over {OBJECTS_PER_EVENT} were in it",
                    )
                    yield Fact(each.child, Effect.EMPTY, fact.object)

    def _remember_packing(self, said: Mention) -> None:
        """Keep that a child was packed here; the first time, it also gets the unpackings of everything that are
        known."""
        ledger = self._ledger
        if ledger.find(Packed, said.parent, said.object) is not None:
            return
        ledger.put(Packed(said.parent, said.object, said.captured_by, said.audience))
        parent = self._stories.find(said.parent)
        if parent is None or not parent.state.emptied:
            return
        for each in list(ledger.scan(Mention, said.parent)):
            if each.effect is Effect.EMPTY and not each.parent:
                implied = each.replace(object=said.object, parent=said.parent, standing=Standing.OPEN, broken="")
                ledger.put(implied)
                self._stories.tell(implied)

    def _declare_error(self, known: Event, event: CapturedEvent) -> None:
        """The owner takes an event back: it stays, marked, and what it said no longer counts, save in stories too
        long."""
        ledger = self._ledger
        key = (known.captured_by, known.digest)
        ledger.move(Event, key, EventStatus.IN_ERROR, error_declaration=event.error_declaration)
        stated = facts(known)
        for fact in [*stated, *self._emptied(stated)]:
            said = ledger.find(Mention, fact.object, order_of(known.event_time, fact.effect), *key)
            found = self._stories.find(fact.object)
            if said is not None and found is not None and found.mentions <= STORY_MAX:
                if said.broken:
                    mark(ledger, said, "")
                ledger.delete(said)
                self._stories.tell_again(fact.object, found)
