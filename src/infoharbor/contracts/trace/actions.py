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
from infoharbor.contracts.trace.rules import (
    AUDIENCE_MAX,
    STORY_MAX,
    WITHHELD,
    Fact,
    State,
    facts,
    mark,
    moves_along,
    object_id,
    order_of,
    place_of,
    prefix_candidates,
    state_of,
    step,
    tell,
    tell_again,
)

SKEW = Parameter("trace.clock_skew_ms", 300_000, "ms", 0, 86_400_000)
EVENTS_PER_ACTION = 500
OBJECTS_PER_EVENT = 1_000
TYPES = ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
Prefixes = dict[str, Prefix | None]


class CaptureEvents(Action):
    """Put EPCIS events on the ledger as the acting organisation captured them; all of them, or none."""

    events: tuple[CapturedEvent, ...]

    def apply(self, ledger: Ledger) -> None:
        in_bounds = 1 <= len(self.events) <= EVENTS_PER_ACTION
        ensure(in_bounds, "events_count", field="events", expected=f"1 to {EVENTS_PER_ACTION}")
        prefixes: Prefixes = {}
        for index, event in enumerate(self.events):
            check(ledger, event, f"events[{index}]")
            capture(ledger, event, f"events[{index}]", prefixes)


class SetAudience(Action):
    """Say who may read the acting organisation's events of a product, from now on: organisations, or
    `public`."""

    product: Code
    audience: tuple[str, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(
            len(self.audience) <= AUDIENCE_MAX, "audience_size", field="audience", expected=f"at most {AUDIENCE_MAX}"
        )
        right = self.product == "*" or is_normal(f"{gs1.CANONICAL}/{gs1.GTIN}/{self.product}")
        ensure(right, "product", field="product", expected="a GTIN of 14 digits, or *")
        for each in self.audience:
            if each != EVERYONE:
                ledger.get(Organisation, each, field="audience")
        ledger.put(Audience(ledger.actor, self.product, tuple(sorted(set(self.audience)))))


class AccreditPrefix(Action):
    """Record that a GS1 company prefix, or the host of other identifiers, is a member's. By the registrar of
    a country."""

    prefix: Code
    organisation: OrganisationId
    jurisdiction: CountryCode
    valid_from: Instant
    until: Instant

    def apply(self, ledger: Ledger) -> None:
        ensure(is_country(self.jurisdiction), "jurisdiction", field="jurisdiction", expected="ISO 3166-1 alpha-2")
        ledger.require(REGISTRAR, jurisdiction=self.jurisdiction)
        right = 6 <= len(self.prefix) <= 12 if gs1.all_digits(self.prefix) else self.prefix == self.prefix.lower()
        ensure(
            right and "/" not in self.prefix,
            "prefix",
            field="prefix",
            expected="6 to 12 digits, or a host in lower case",
        )
        in_order = self.until == 0 or self.until > self.valid_from
        ensure(in_order, "period", field="until", expected="after valid_from, or 0 for no end")
        ledger.get(Organisation, self.organisation, field="organisation")
        known = ledger.find(Prefix, self.prefix)
        same = known is None or known.jurisdiction == self.jurisdiction
        ensure(
            same, "prefix_elsewhere", field="prefix", expected="a prefix that no other country's registrar accredited"
        )
        period = (self.valid_from, self.until)
        ledger.put(Prefix(self.prefix, self.organisation, ledger.actor, self.jurisdiction, *period))


def check(ledger: Ledger, event: CapturedEvent, place: str) -> None:
    """Refuse what no fact can be: malformed, or from the future."""
    hexadecimal = len(event.digest) == 40 and gs1.only(event.digest, "0123456789abcdef")
    ensure(hexadecimal, "digest", field=f"{place}.digest", expected="40 hexadecimal digits")
    ensure(event.type in TYPES, "event_type", field=f"{place}.type", expected=f"one of {', '.join(TYPES)}")
    allowed = ("",) if event.type == "TransformationEvent" else ("ADD", "OBSERVE", "DELETE")
    ensure(
        event.action in allowed,
        "event_action",
        field=f"{place}.action",
        expected="ADD, OBSERVE, DELETE; none to transform",
    )
    latest = ledger.now + ledger.parameter(SKEW)
    ensure(event.event_time <= latest, "event_from_future", field=f"{place}.event_time", expected=f"at most {latest}")
    declared = event.error_declaration
    in_time = declared is None or declared.declared_at <= latest
    ensure(in_time, "event_from_future", field=f"{place}.error_declaration", expected=f"at most {latest}")
    length = len(event.commitment)
    committed = length == 32 or (length == 0 and not event.has_private)
    ensure(committed, "commitment", field=f"{place}.commitment", expected="32 bytes, or none where nothing is withheld")
    counted = (*event.quantities, *event.child_quantities, *event.input_quantities, *event.output_quantities)
    named = [*(event.epcs or ()), *event.child_epcs, *event.input_epcs, *event.output_epcs]
    named += [each.epc_class for each in counted] + [event.parent_id] * bool(event.parent_id)
    ensure(len(named) <= OBJECTS_PER_EVENT, "objects_count", field=place, expected=f"at most {OBJECTS_PER_EVENT}")
    for uri in named:
        ensure(
            is_normal(uri), "identifier", field=place, expected="identifiers in normal form, with right check digits"
        )


def is_normal(uri: str) -> bool:
    try:
        return gs1.normal(uri) == uri
    except gs1.Gs1Fault:
        return False


def capture(ledger: Ledger, event: CapturedEvent, place: str, prefixes: Prefixes) -> None:
    """Keep one event and what it says of each object; judge it, and judge again what it changes."""
    known = ledger.find(Event, ledger.actor, event.digest)
    if known is not None:
        takes_back = event.error_declaration is not None and known.error_declaration is None
        ensure(takes_back, "event_known", field=f"{place}.event_id", expected="an event that was not captured before")
        declare_error(ledger, known, event)
        return
    stated = facts(event)
    audience = audience_of(ledger, [fact.object for fact in stated])
    status = EventStatus.RECORDED if event.error_declaration is None else EventStatus.IN_ERROR
    kept = (*msgspec.structs.astuple(event), ledger.now, audience, status)
    ledger.put(Event(ledger.actor, *kept))
    if status is EventStatus.IN_ERROR:
        return
    said = []
    for fact in [*stated, *emptied(ledger, stated)]:
        standing = standing_of(ledger, fact.object, ledger.actor, prefixes)
        order = order_of(event.event_time, fact.effect)
        about = (fact.effect, standing, fact.parent, fact.amount, fact.uom)
        said.append(Mention(fact.object, order, ledger.actor, event.digest, *about, "", audience))
    # An object is judged by what else its event names, so that all is put before any is judged.
    for mention in said:
        ledger.put(mention)
    for mention in said:
        tell(ledger, mention)
        if mention.effect is Effect.PACK:
            remember_packing(ledger, mention)


def emptied(ledger: Ledger, stated: list[Fact]) -> Iterator[Fact]:
    """What an unpacking of everything says of each object that was ever packed there."""
    for fact in stated:
        if fact.effect is Effect.EMPTY:
            for index, each in enumerate(ledger.scan(Packed, fact.object)):
                few = index < OBJECTS_PER_EVENT
                ensure(
                    few,
                    "objects_count",
                    field="parent_id",
                    expected=f"named children, since over {OBJECTS_PER_EVENT} were in it",
                )
                yield Fact(each.child, Effect.EMPTY, fact.object)


def remember_packing(ledger: Ledger, said: Mention) -> None:
    """Keep that a child was packed here; the first time, it also gets the unpackings of everything that are
    known."""
    if ledger.find(Packed, said.parent, said.object) is not None:
        return
    ledger.put(Packed(said.parent, said.object, said.captured_by, said.audience))
    parent = ledger.find(Object, said.parent)
    if parent is None or not parent.emptied:
        return
    for each in list(ledger.scan(Mention, said.parent)):
        if each.effect is Effect.EMPTY and not each.parent:
            implied = each.replace(object=said.object, parent=said.parent, standing=Standing.OPEN, broken="")
            ledger.put(implied)
            tell(ledger, implied)


def declare_error(ledger: Ledger, known: Event, event: CapturedEvent) -> None:
    """The owner takes an event back: it stays, marked, and what it said no longer counts, save in stories too
    long."""
    key = (known.captured_by, known.digest)
    ledger.move(Event, key, EventStatus.IN_ERROR, error_declaration=event.error_declaration)
    stated = facts(known)
    for fact in [*stated, *emptied(ledger, stated)]:
        said = ledger.find(Mention, fact.object, order_of(known.event_time, fact.effect), *key)
        found = ledger.find(Object, fact.object)
        if said is not None and found is not None and found.mentions <= STORY_MAX:
            if said.broken:
                mark(ledger, said, "")
            ledger.delete(said)
            tell_again(ledger, found)


def audience_of(ledger: Ledger, objects: list[str]) -> tuple[str, ...]:
    """Who may read an event of these objects: the narrowest of the acting organisation's policies for their
    products."""
    products = sorted({each[3:17] for each in objects if each.startswith("01~")}) or ["*"]
    general = ledger.find(Audience, ledger.actor, "*")
    chosen: set[str] = {EVERYONE}
    for product in products:
        policy = ledger.find(Audience, ledger.actor, product) or general
        allowed = set(policy.audience) if policy is not None else set()
        if EVERYONE in chosen:
            chosen = allowed
        elif EVERYONE not in allowed:
            chosen &= allowed
    return tuple(sorted(chosen))


def standing_of(ledger: Ledger, identifier: str, organisation: str, prefixes: Prefixes | None = None) -> Standing:
    """What weight an organisation's word about an object has, by who is accredited for its prefix; `prefixes` keeps
    what has been looked up."""
    known = {} if prefixes is None else prefixes
    for prefix in prefix_candidates(identifier):
        if prefix not in known:
            known[prefix] = ledger.find(Prefix, prefix)
        accredited = known[prefix]
        if accredited is not None and is_in_force(accredited, ledger.now):
            return Standing.OWN if accredited.organisation == organisation else Standing.CLAIM
    return Standing.OPEN


def transformations_of(ledger: Ledger, identifier: str, effect: Effect = Effect.OUTPUT) -> Iterator[Event]:
    """The transformations that an object came out of, or with `INPUT` went into, by time; all the same who captured
    them."""
    for said in ledger.scan(Mention, identifier):
        if said.effect is effect:
            yield ledger.get(Event, said.captured_by, said.digest)


def is_in_force(prefix: Prefix, now: int) -> bool:
    return prefix.valid_from <= now and (prefix.until == 0 or now < prefix.until)


@invariant
def stories_are_judged_by_the_rules(ledger: Ledger) -> Iterator[str]:
    """An object is as its mentions in their order leave it, and each mention is marked with the rule it
    breaks there."""
    for each in ledger.scan(Object):
        state, live, last = State(), 0, ""
        for said in ledger.scan(Mention, each.id):
            state, broken = step(state, said, moves_along(ledger, state, said))
            live, last = live + 1, place_of(said)
            if broken != said.broken:
                yield f"trace/mentions/{each.id}/{last}"
        if (state, last) != (state_of(each), each.last) or live > each.mentions:
            yield f"trace/objects/{each.id}"


@invariant
def mentions_come_from_events_that_stand(ledger: Ledger) -> Iterator[str]:
    """Each mention's event was recorded, was not taken back while its objects' stories could be told anew,
    and has its break, if any, in its judgement."""
    for said in ledger.scan(Mention):
        event = ledger.find(Event, said.captured_by, said.digest)
        known = ledger.find(Judgement, said.captured_by, said.digest)
        found = ledger.find(Object, said.object)
        marked = [each.rule for each in known.breaks if each.object == said.object] if known is not None else []
        counts = event is not None and (
            event.status is EventStatus.RECORDED or (found is not None and found.mentions > STORY_MAX)
        )
        if not counts or marked != [said.broken] * bool(said.broken):
            yield f"trace/mentions/{said.object}/{place_of(said)}"


@invariant
def identifiers_withheld_have_no_story(ledger: Ledger) -> Iterator[str]:
    """What its owner alone may name is not followed: one story would join the things of many."""
    if ledger.find(Object, object_id(WITHHELD)) is not None:
        yield f"trace/objects/{object_id(WITHHELD)}"
