"""What may be done with events: capture them, and say who may speak for an object and who may read."""

from collections.abc import Iterator

import msgspec

from infoharbor.contractkit import Action, Ledger, Parameter, ensure, gs1, invariant
from infoharbor.contractkit.identifiers import is_country
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.records import (
    EVERYONE,
    REGISTRAR,
    Audience,
    Break,
    CapturedEvent,
    Effect,
    Event,
    EventStatus,
    Judgement,
    Mention,
    Object,
    Packed,
    Prefix,
    Standing,
)
from infoharbor.contracts.trace.rules import Fact, State, facts, object_id, order_of, prefix_candidates, step, uri_of

SKEW = Parameter("trace.clock_skew_ms", 300_000, "ms", 0, 86_400_000)
EVENTS_PER_ACTION = 500
OBJECTS_PER_EVENT = 1_000
TIMELINE_MAX = 2_000
"""How many later mentions of one object are judged again when an earlier one arrives."""
AUDIENCE_MAX = 50


class CaptureEvents(Action):
    """Put EPCIS events on the ledger as the acting organisation captured them; all of them, or none."""

    events: tuple[CapturedEvent, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(1 <= len(self.events) <= EVENTS_PER_ACTION, "events_count", field="events", expected=f"1 to {EVENTS_PER_ACTION}")
        latest = ledger.now + ledger.parameter(SKEW)
        standings: dict[str, Standing] = {}
        for index, event in enumerate(self.events):
            check(event, index, latest)
            capture(ledger, event, index, standings)


class SetAudience(Action):
    """Say who may read the acting organisation's events of a product, from now on: organisations, or `public`."""

    product: Code
    audience: tuple[str, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.audience) <= AUDIENCE_MAX, "audience_size", field="audience", expected=f"at most {AUDIENCE_MAX}")
        right = self.product == "*" or (len(self.product) == 14 and gs1.gtin14(self.product) == self.product)
        ensure(right, "product", field="product", expected="a GTIN of 14 digits, or *")
        for each in self.audience:
            if each != EVERYONE:
                ledger.get(Organisation, each, field="audience")
        ledger.put(Audience(ledger.actor, self.product, tuple(sorted(set(self.audience)))))


class AccreditPrefix(Action):
    """Record that a GS1 company prefix, or the host of other identifiers, is a member's. By the registrar of a country."""

    prefix: Code
    organisation: OrganisationId
    jurisdiction: CountryCode
    valid_from: Instant
    until: Instant

    def apply(self, ledger: Ledger) -> None:
        ensure(is_country(self.jurisdiction), "jurisdiction", field="jurisdiction", expected="ISO 3166-1 alpha-2")
        ledger.require(REGISTRAR, jurisdiction=self.jurisdiction)
        digits = gs1.all_digits(self.prefix)
        ensure(not digits or 6 <= len(self.prefix) <= 12, "prefix", field="prefix", expected="6 to 12 digits, or a host")
        ledger.get(Organisation, self.organisation, field="organisation")
        known = ledger.find(Prefix, self.prefix)
        ensure(known is None or known.jurisdiction == self.jurisdiction, "prefix_elsewhere", field="prefix")
        ledger.put(
            Prefix(self.prefix, self.organisation, ledger.actor, self.jurisdiction, self.valid_from, self.until)
        )


def check(event: CapturedEvent, index: int, latest: int) -> None:
    """What no fact can be: malformed, without a time, or from the future."""
    place = f"events[{index}]"
    hexadecimal = len(event.digest) == 40 and gs1.only(event.digest, "0123456789abcdef")
    ensure(hexadecimal, "digest", field=f"{place}.digest", expected="40 hexadecimal digits")
    ensure(event.event_time <= latest, "event_from_future", field=f"{place}.event_time", expected=f"at most {latest}")
    ensure(len(event.commitment) in (0, 32), "commitment", field=f"{place}.commitment", expected="32 bytes or none")
    ensure(bool(event.commitment) or not event.has_private, "commitment", field=f"{place}.commitment", expected="32 bytes")
    declared = event.error_declaration
    ensure(declared is None or declared.declared_at <= latest, "event_from_future", field=f"{place}.error_declaration")


def capture(ledger: Ledger, event: CapturedEvent, index: int, standings: dict[str, Standing]) -> None:
    """Keep one event and what it says of each object; judge it, and judge again what it changes."""
    known = ledger.find(Event, ledger.actor, event.digest)
    if known is not None:
        ensure(
            event.error_declaration is not None and known.error_declaration is None,
            "event_known", field=f"events[{index}].event_id", expected="an event that was not captured before",
        )  # fmt: skip
        declare_error(ledger, known, event)
        return
    stated = stated_facts(ledger, event, index)
    audience = audience_of(ledger, [fact.object for fact in stated])
    status = EventStatus.RECORDED if event.error_declaration is None else EventStatus.IN_ERROR
    ledger.put(Event(ledger.actor, *msgspec.structs.astuple(event), ledger.now, audience, status))
    if status is EventStatus.IN_ERROR:
        return
    breaks = []
    for fact in stated:
        if fact.object not in standings:
            standings[fact.object] = standing_of(ledger, fact.object)
        broken = mention(ledger, event, fact, standings[fact.object], audience)
        if broken:
            breaks.append(Break(fact.object, broken))
    if breaks:
        ledger.put(Judgement(ledger.actor, event.digest, tuple(breaks), ledger.now, audience))


def stated_facts(ledger: Ledger, event: CapturedEvent, index: int) -> list[Fact]:
    """The event's facts, the first that it states of each object."""
    counted = (*event.quantities, *event.child_quantities, *event.input_quantities, *event.output_quantities)
    uris = [*(event.epcs or ()), *event.child_epcs, *event.input_epcs, *event.output_epcs]
    uris += [each.epc_class for each in counted] + [event.parent_id] * bool(event.parent_id)
    place = f"events[{index}]"
    ensure(len(uris) <= OBJECTS_PER_EVENT, "objects_count", field=place, expected=f"at most {OBJECTS_PER_EVENT}")
    for uri in uris:
        ensure(is_normal(uri), "identifier", field=place, expected="identifiers in normal form, with right check digits")
    unpacks = event.type == "AggregationEvent" and event.action == "DELETE" and event.parent_id
    packed = contents(ledger, object_id(event.parent_id)) if unpacks else ()
    stated: dict[str, Fact] = {}
    for fact in facts(event, packed):
        if uri_of(fact.object) != WITHHELD:
            stated.setdefault(fact.object, fact)
    return list(stated.values())


WITHHELD = "urn:infoharbor:withheld"
"""Stands in an event for an identifier that only its owner shows."""


def is_normal(uri: str) -> bool:
    try:
        return gs1.normal(uri) == uri
    except gs1.Gs1Fault:
        return False


def contents(ledger: Ledger, parent: str) -> tuple[str, ...]:
    """The objects that are packed in `parent` now, as its own mentions of packing tell."""
    inside = []
    for each in ledger.scan(Packed, parent):
        found = ledger.find(Object, each.child)
        if found is not None and found.parent == parent:
            inside.append(each.child)
        ensure(len(inside) <= OBJECTS_PER_EVENT, "objects_count", field="parent_id", expected=f"at most {OBJECTS_PER_EVENT}")
    return tuple(inside)


def mention(ledger: Ledger, event: CapturedEvent, fact: Fact, standing: Standing, audience: tuple[str, ...]) -> str:
    """Add what the event says of one object to that object's story; returns the rule it breaks, or nothing."""
    order = order_of(event.event_time, fact.effect)
    known = ledger.find(Object, fact.object)
    said = Mention(
        fact.object, order, ledger.actor, event.digest, fact.effect, standing, fact.parent, fact.parent_present,
        fact.amount, fact.uom, "", audience,
    )  # fmt: skip
    if fact.effect is Effect.PACK:
        ledger.put(Packed(fact.parent, fact.object, audience))
    if known is not None and order < known.last and known.mentions < TIMELINE_MAX:
        ledger.put(said)
        return judge_again(ledger, known, said)
    state, broken = step(state_of(known), said)
    ledger.put(said.replace(broken=broken))
    keep(ledger, known, said, state, count=1)
    return broken


def judge_again(ledger: Ledger, known: Object, said: Mention | None) -> str:
    """Judge an object's whole story anew, since something in it came late or was declared an error."""
    state, newest, found = State(), "", ""
    for each in list(ledger.scan(Mention, known.id)):
        state, broken = step(state, each)
        newest = each.order
        same = said is not None and (each.order, each.captured_by, each.digest) == (said.order, said.captured_by, said.digest)
        found = broken if same else found
        if broken != each.broken:
            ledger.put(each.replace(broken=broken))
            if not same:
                merge_judgement(ledger, each, broken)
    shown = said if said is not None else known
    updated = known.replace(last=newest)
    keep(ledger, updated, shown, state, count=int(said is not None), last=newest)
    return found


def keep(
    ledger: Ledger, known: Object | None, shown: Mention | Object, state: State, *, count: int, last: str = ""
) -> None:
    """Write what is now known of an object."""
    identifier = shown.object if isinstance(shown, Mention) else shown.id
    order = last or (shown.order if isinstance(shown, Mention) else shown.last)
    before = known.audience if known is not None else ()
    audience = tuple(sorted({*before, *shown.audience}))[:AUDIENCE_MAX]
    mentions = (known.mentions if known is not None else 0) + count
    ledger.put(
        Object(
            identifier, state.origin_known, state.ended, state.parent, state.made, state.gone, state.uom, order,
            mentions, audience,
        )
    )  # fmt: skip


def state_of(known: Object | None) -> State:
    if known is None:
        return State()
    return State(True, known.origin_known, known.ended, known.parent, known.made, known.gone, known.uom)


def merge_judgement(ledger: Ledger, about: Mention, broken: str) -> None:
    """Say anew what an event breaks at one object; its other breaks stay."""
    known = ledger.find(Judgement, about.captured_by, about.digest)
    others = [each for each in known.breaks if each.object != about.object] if known is not None else []
    breaks = tuple(sorted([*others, *([Break(about.object, broken)] if broken else [])], key=_by_object))
    ledger.put(Judgement(about.captured_by, about.digest, breaks, ledger.now, about.audience))


def _by_object(each: Break) -> str:
    return each.object


def declare_error(ledger: Ledger, known: Event, event: CapturedEvent) -> None:
    """The owner takes an event back: it stays, marked, and what it said of its objects no longer counts."""
    ledger.move(Event, (known.captured_by, known.digest), EventStatus.IN_ERROR, error_declaration=event.error_declaration)
    for fact in facts(known):
        order = order_of(known.event_time, fact.effect)
        said = ledger.find(Mention, fact.object, order, known.captured_by, known.digest)
        found = ledger.find(Object, fact.object)
        if said is not None and found is not None:
            ledger.delete(said)
            judge_again(ledger, found, None)
    if ledger.find(Judgement, known.captured_by, known.digest) is not None:
        ledger.put(Judgement(known.captured_by, known.digest, (), ledger.now, known.audience))


def audience_of(ledger: Ledger, objects: list[str]) -> tuple[str, ...]:
    """Who may read an event of these objects: the narrowest of the acting organisation's policies for their products."""
    products = sorted({each[3:17] for each in objects if each.startswith("01~")}) or ["*"]
    general = ledger.find(Audience, ledger.actor, "*")
    chosen: set[str] | None = None
    for product in products:
        policy = ledger.find(Audience, ledger.actor, product) or general
        allowed = set(policy.audience) if policy is not None else set()
        if chosen is None or EVERYONE in chosen:
            chosen = allowed
        elif EVERYONE not in allowed:
            chosen &= allowed
    return tuple(sorted(chosen or ()))


def standing_of(ledger: Ledger, identifier: str) -> Standing:
    """What weight the acting organisation's word about an object has, by who is accredited for its prefix."""
    for prefix in prefix_candidates(uri_of(identifier)):
        accredited = ledger.find(Prefix, prefix)
        if accredited is not None and is_in_force(accredited, ledger.now):
            return Standing.OWN if accredited.organisation == ledger.actor else Standing.CLAIM
    return Standing.OPEN


def is_in_force(prefix: Prefix, now: int) -> bool:
    return prefix.valid_from <= now and (prefix.until == 0 or now < prefix.until)


@invariant
def mentions_are_counted(ledger: Ledger) -> Iterator[str]:
    """An object's count of mentions is how many there are and were."""
    for each in ledger.scan(Object):
        live = sum(1 for _ in ledger.scan(Mention, each.id))
        if live > each.mentions:
            yield f"trace/objects/{each.id}"


@invariant
def breaks_are_marked_where_they_occur(ledger: Ledger) -> Iterator[str]:
    """A judgement's breaks are those of the event's mentions, and each broken mention has its judgement."""
    for said in ledger.scan(Mention):
        known = ledger.find(Judgement, said.captured_by, said.digest)
        marked = [each.rule for each in known.breaks if each.object == said.object] if known is not None else []
        if ([said.broken] if said.broken else []) != marked:
            yield f"trace/mentions/{said.object}/{said.order}/{said.captured_by}/{said.digest}"


@invariant
def nothing_follows_an_end(ledger: Ledger) -> Iterator[str]:
    """What comes after the end that an entitled member recorded is marked as breaking that rule."""
    for each in ledger.scan(Object):
        state = State()
        for said in ledger.scan(Mention, each.id):
            state, broken = step(state, said)
            if broken != said.broken:
                yield f"trace/mentions/{each.id}/{said.order}"
