"""What may be done with events: capture them, and say who may speak for an object and who may read."""

from collections.abc import Iterator

from infoharbor.contractkit import Action, Ledger, Parameter, ensure, gs1, invariant
from infoharbor.contractkit.identifiers import is_country
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.capture import Capture
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
    Prefix,
)
from infoharbor.contracts.trace.rules import (
    AUDIENCE_MAX,
    STORY_MAX,
    WITHHELD,
    State,
    object_id,
    step,
)
from infoharbor.contracts.trace.speaking import is_normal
from infoharbor.contracts.trace.stories import moves_along, place_of, state_of

SKEW = Parameter("trace.clock_skew_ms", 300_000, "ms", 0, 86_400_000)
EVENTS_PER_ACTION = 500


class CaptureEvents(Action):
    """Put EPCIS events on the ledger as the acting organisation captured them; all of them, or none."""

    events: tuple[CapturedEvent, ...]

    def apply(self, ledger: Ledger) -> None:
        in_bounds = 1 <= len(self.events) <= EVENTS_PER_ACTION
        ensure(in_bounds, "events_count", field="events", expected=f"1 to {EVENTS_PER_ACTION}")
        capture = Capture(ledger, ledger.now + ledger.parameter(SKEW))
        for index, event in enumerate(self.events):
            capture.take(event, f"events[{index}]")
        capture.finish()


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


def transformations_of(ledger: Ledger, identifier: str, effect: Effect = Effect.OUTPUT) -> Iterator[Event]:
    """The transformations that an object came out of, or with `INPUT` went into, by time; all the same who captured
    them."""
    for said in ledger.scan(Mention, identifier):
        if said.effect is effect:
            yield ledger.get(Event, said.captured_by, said.digest)


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
