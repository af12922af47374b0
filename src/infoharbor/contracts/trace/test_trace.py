"""The rules of traceability: judgements that no order of arrival changes, then each rule by its name."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contracts.identity.actions import GrantRole
from infoharbor.contracts.identity.demo import CARRIER, CERTIFIER_CN, COOPERATIVE
from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace import pages
from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION, AccreditPrefix, CaptureEvents, SetAudience
from infoharbor.contracts.trace.demo import BOXES_LINK, CARTONS, DELIVERIES, story
from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.capturing import public_part
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.faults import CODES
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild
from infoharbor.contracts.trace.pages.reports import STEPS, TRANSFORMATION
from infoharbor.contracts.trace.records import (
    CapturedEvent,
    Effect,
    ErrorDeclaration,
    Event,
    EventStatus,
    Judgement,
    Mention,
    Object,
    Quantity,
    Standing,
)
from infoharbor.contracts.trace.rules import RULES, STORY_MAX, WITHHELD, object_id, uri_of
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import ANONYMOUS, Reader

TEA, HAULIER, REGISTRAR = COOPERATIVE.id, CARRIER.id, CERTIFIER_CN.id
PREFIX = "9521001"
LINK = "https://id.gs1.org"
PALLET, CRATE = f"{LINK}/00/095210010000000017", f"{LINK}/00/095210010000000024"
ONE, TWO = f"{LINK}/01/09521001003032/21/1", f"{LINK}/01/09521001003032/21/2"
LOT, BLEND = f"{LINK}/01/09521001001014/10/A", f"{LINK}/01/09521001001014/10/B"
EARLY = START - 1_000_000


def digest(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()[:40]


def said(name: object, time: int, kind: str = "ObjectEvent", action: str = "OBSERVE", **fields: Any) -> CapturedEvent:
    """A captured event; fields that are not given are empty."""
    texts = dict.fromkeys(
        ("event_id", "event_hash", "event_time_zone_offset", "biz_step", "disposition", "read_point", "biz_location",
         "parent_id", "transformation_id", "sensors", "ilmd", "extensions"), "",
    )  # fmt: skip
    lists = dict.fromkeys(
        ("persistent_set", "persistent_unset", "epcs", "child_epcs", "input_epcs", "output_epcs", "quantities",
         "child_quantities", "input_quantities", "output_quantities", "certification_info"), (),
    )  # fmt: skip
    rest = {"error_declaration": None, "has_private": False, "commitment": b""}
    stated = {"digest": digest(name), "type": kind, "action": action, "event_time": EARLY + time}
    return CapturedEvent(**texts | lists | rest | stated | fields)


def created(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, action="ADD", biz_step="commissioning", epcs=epcs)


def destroyed(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, action="DELETE", biz_step="destroying", epcs=epcs)


def shipped(name: object, time: int, *epcs: str) -> CapturedEvent:
    return said(name, time, biz_step="shipping", epcs=epcs)


def packed(name: object, time: int, parent: str, *epcs: str) -> CapturedEvent:
    return said(name, time, "AggregationEvent", "ADD", biz_step="packing", parent_id=parent, child_epcs=epcs)


def unpacked(name: object, time: int, parent: str, *epcs: str) -> CapturedEvent:
    return said(name, time, "AggregationEvent", "DELETE", biz_step="unpacking", parent_id=parent, child_epcs=epcs)


def made(name: object, time: int, source: str, target: str) -> CapturedEvent:
    return said(name, time, "TransformationEvent", "", input_epcs=(source,), output_epcs=(target,))


def weighed(name: object, time: int, lot: str, kilograms: int, **fields: Any) -> CapturedEvent:
    return said(name, time, **{"quantities": (Quantity(lot, kilograms, 0, "KGM"),)} | fields)


def taken_back(event: CapturedEvent) -> CapturedEvent:
    return msgspec.structs.replace(event, error_declaration=ErrorDeclaration(START, "incorrect_data", ()))


def founded() -> Trial:
    """A cooperative that its prefix is accredited to, a carrier that has none, and a registrar."""
    trial = Trial((COOPERATIVE, CARRIER, CERTIFIER_CN))
    trial.decide(GrantRole(REGISTRAR, "gs1-registrar", "CN", 0, 0, ""))
    trial.act(AccreditPrefix(PREFIX, TEA, "CN", 0, 0), by=REGISTRAR)
    return trial


@pytest.fixture
def trial() -> Trial:
    return founded()


def send(trial: Trial, *events: CapturedEvent, by: str = TEA) -> None:
    for event in events:
        trial.act(CaptureEvents((event,)), by=by)


def breaks(trial: Trial) -> dict[str, list[tuple[str, str]]]:
    """The rules that events break now, by digest."""
    return {
        each.digest: [(one.object, one.rule) for one in each.breaks] for each in trial.all(Judgement) if each.breaks
    }


def rules_of(trial: Trial, name: object, by: str = TEA) -> list[str]:
    judgement = trial.find(Judgement, by, digest(name))
    return [each.rule for each in judgement.breaks] if judgement is not None else []


def sight(trial: Trial, reader: Reader = ANONYMOUS) -> Sight:
    return Sight(trial.view, lambda _: iter(()), trial.registry, trial.now, reader)


def ask(trial: Trial, name: str, reader: Reader = ANONYMOUS, **parameters: str) -> Any:
    return getattr(pages, name).__query__.ask(sight(trial, reader), parameters)


# Properties


class Trade(RuleBasedStateMachine):
    """Events about few things, with random times, as they happen to arrive; the same ones in order must be
    judged alike."""

    things = st.sampled_from((ONE, TWO, PALLET, CRATE))
    parents = st.sampled_from((PALLET, CRATE))
    times = st.integers(0, 12)
    who = st.sampled_from((TEA, HAULIER))

    @initialize()
    def found(self) -> None:
        self.trial = founded()
        self.sent: list[tuple[str, CapturedEvent]] = []
        self.returned: set[int] = set()

    def arrive(self, by: str, make: Any, *arguments: Any) -> None:
        event = make(len(self.sent), *arguments)
        send(self.trial, event, by=by)
        self.sent.append((by, event))

    @rule(by=who, make=st.sampled_from((created, destroyed, shipped)), time=times, thing=things)
    def say(self, by: str, make: Any, time: int, thing: str) -> None:
        self.arrive(by, make, time, thing)

    @rule(by=who, time=times, parent=parents, thing=things)
    def ship_together(self, by: str, time: int, parent: str, thing: str) -> None:
        self.arrive(by, shipped, time, *dict.fromkeys((parent, thing)))

    @rule(by=who, make=st.sampled_from((packed, packed, unpacked)), time=times, parent=parents, thing=things)
    def pack(self, by: str, make: Any, time: int, parent: str, thing: str) -> None:
        self.arrive(by, make, time, parent, thing)

    @rule(by=who, time=times, parent=parents)
    def empty(self, by: str, time: int, parent: str) -> None:
        self.arrive(by, unpacked, time, parent)

    @rule(by=who, time=times, source=things, into=things)
    def transform(self, by: str, time: int, source: str, into: str) -> None:
        self.arrive(by, made, time, source, into)

    @rule(by=who, time=times, kilograms=st.integers(1, 9), step=st.sampled_from(("commissioning", "destroying")))
    def weigh(self, by: str, time: int, kilograms: int, step: str) -> None:
        action = "ADD" if step == "commissioning" else "DELETE"
        event = weighed(len(self.sent), time, LOT, kilograms, action=action, biz_step=step)
        send(self.trial, event, by=by)
        self.sent.append((by, event))

    @precondition(lambda self: len(self.returned) < len(self.sent))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from([each for each in range(len(self.sent)) if each not in self.returned]))
        by, event = self.sent[index]
        send(self.trial, taken_back(event), by=by)
        self.returned.add(index)

    @invariant()
    def invariants_hold(self) -> None:
        self.trial.audit()

    def teardown(self) -> None:
        if not hasattr(self, "trial"):
            return
        ordered = founded()
        for index, (by, event) in sorted(enumerate(self.sent), key=lambda each: (each[1][1].event_time, each[0])):
            send(ordered, event, by=by)
            if index in self.returned:
                send(ordered, taken_back(event), by=by)
        assert breaks(self.trial) == breaks(ordered)
        assert states(self.trial) == states(ordered)


def states(trial: Trial) -> dict[str, tuple[Any, ...]]:
    return {
        each.id: (each.origin_known, each.ended, each.parent, each.made, each.gone, each.last)
        for each in trial.all(Object)
    }


TestTrade = Trade.TestCase
TestTrade.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


# What is recorded, and marked


def test_what_was_destroyed_and_ships_is_kept_and_marked(trial: Trial) -> None:
    send(trial, created(1, 0, ONE), destroyed(2, 1, ONE), shipped(3, 2, ONE))
    assert trial.get(Event, TEA, digest(3)).status is EventStatus.RECORDED
    assert rules_of(trial, 3) == ["after_end"]


def test_a_piece_comes_into_being_once_but_a_lot_grows(trial: Trial) -> None:
    send(trial, created(1, 0, ONE), created(2, 1, ONE))
    assert rules_of(trial, 2) == ["created_twice"]
    send(trial, weighed(3, 0, LOT, 5, action="ADD"), weighed(4, 1, LOT, 7, action="ADD"))
    assert trial.get(Object, object_id(LOT)).made == 12_000_000
    assert not rules_of(trial, 4)


def test_a_packed_child_moves_only_with_its_parent(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE, TWO), shipped(2, 1, ONE, TWO), shipped(3, 2, ONE, PALLET))
    assert rules_of(trial, 2) == ["moved_without_parent", "moved_without_parent"]
    assert not rules_of(trial, 3)


def test_a_pallet_moves_with_what_it_holds(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), shipped(2, 1, PALLET), unpacked(3, 2, PALLET, ONE), shipped(4, 3, ONE))
    assert breaks(trial) == {}


def test_nothing_is_packed_in_two_units(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), packed(2, 1, CRATE, ONE))
    assert rules_of(trial, 2) == ["packed_twice"]


def test_what_is_elsewhere_is_not_taken_out_of_here(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), unpacked(2, 1, CRATE, ONE))
    assert rules_of(trial, 2) == ["not_packed_there"]
    send(trial, created(3, 0, TWO), unpacked(4, 1, CRATE, TWO))
    assert rules_of(trial, 4) == ["not_packed_there"]


def test_what_nobody_recorded_contradicts_nothing(trial: Trial) -> None:
    send(trial, unpacked(1, 0, PALLET, ONE), shipped(2, 1, ONE), destroyed(3, 2, ONE))
    assert breaks(trial) == {}
    assert not trial.get(Object, object_id(ONE)).origin_known


def test_an_earlier_event_that_arrives_late_puts_the_later_ones_right(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), shipped(3, 2, ONE))
    assert rules_of(trial, 3) == ["moved_without_parent"]
    send(trial, unpacked(2, 1, PALLET, ONE))
    assert breaks(trial) == {}


def test_an_earlier_end_that_arrives_late_marks_the_later_ones(trial: Trial) -> None:
    send(trial, created(1, 0, ONE), shipped(3, 2, ONE))
    send(trial, destroyed(2, 1, ONE))
    assert rules_of(trial, 3) == ["after_end"]


def test_unpacking_everything_takes_out_what_was_packed_even_if_told_later(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), unpacked(2, 2, PALLET), shipped(3, 3, ONE))
    send(trial, packed(4, 1, PALLET, TWO), shipped(5, 3, TWO))
    assert breaks(trial) == {}
    assert trial.get(Object, object_id(TWO)).parent == ""


def test_a_lot_ends_when_as_much_went_as_was_made(trial: Trial) -> None:
    send(trial, weighed(1, 0, LOT, 10, action="ADD", biz_step="commissioning"))
    part = (Quantity(LOT, 65, -1, "KGM"),)
    send(trial, said(2, 1, "TransformationEvent", "", input_quantities=part, output_epcs=(ONE,)))
    assert trial.get(Object, object_id(LOT)).gone == 6_500_000
    send(trial, weighed(3, 2, LOT, 4, action="DELETE"), weighed(4, 3, LOT, 1))
    assert rules_of(trial, 4) == ["after_end"]


def test_amounts_in_another_unit_are_not_added_up(trial: Trial) -> None:
    send(trial, weighed(1, 0, LOT, 10, action="ADD"))
    pounds = (Quantity(LOT, 30, 0, "LBR"),)
    send(trial, said(2, 1, "TransformationEvent", "", input_quantities=pounds, output_epcs=(ONE,)))
    assert trial.get(Object, object_id(LOT)).gone == 0


def test_anothers_word_is_a_claim_and_ends_nothing(trial: Trial) -> None:
    send(trial, created(1, 0, ONE))
    send(trial, destroyed(2, 1, ONE), by=HAULIER)
    assert [each.standing for each in trial.all(Mention)] == [Standing.OWN, Standing.CLAIM]
    assert not trial.get(Object, object_id(ONE)).ended
    send(trial, shipped(3, 2, ONE))
    assert breaks(trial) == {}


def test_nobodys_prefix_is_open_and_an_expired_accreditation_gives_nothing(trial: Trial) -> None:
    other = f"{LINK}/01/09521009000019/21/1"
    send(trial, created(1, 0, other), by=HAULIER)
    trial.act(AccreditPrefix("9521009", TEA, "CN", 0, trial.now + 1000), by=REGISTRAR)
    trial.advance(2000)
    send(trial, shipped(2, 1, other), by=HAULIER)
    assert {each.standing for each in trial.all(Mention)} == {Standing.OPEN}


def test_the_longest_accredited_prefix_decides(trial: Trial) -> None:
    trial.act(AccreditPrefix(f"{PREFIX}003", HAULIER, "CN", 0, 0), by=REGISTRAR)
    send(trial, shipped(1, 0, ONE))
    assert trial.all(Mention)[0].standing is Standing.CLAIM


def test_identifiers_of_other_kinds_go_by_their_host(trial: Trial) -> None:
    trial.act(AccreditPrefix("example.org", HAULIER, "CN", 0, 0), by=REGISTRAR)
    send(trial, shipped(1, 0, "https://example.org/things/~7"), by=HAULIER)
    mention = trial.all(Mention)[0]
    assert mention.standing is Standing.OWN
    assert uri_of(mention.object) == "https://example.org/things/~7"


def test_what_is_withheld_has_no_story(trial: Trial) -> None:
    send(trial, said(1, 0, epcs=(WITHHELD, ONE), has_private=True, commitment=bytes(32)), packed(2, 1, WITHHELD, ONE))
    assert [each.id for each in trial.all(Object)] == [object_id(ONE)]
    trial.audit()


def test_a_story_too_long_is_not_judged_again(trial: Trial) -> None:
    for start in range(0, STORY_MAX, EVENTS_PER_ACTION):
        many = tuple(shipped(number, number + 10, LOT) for number in range(start, start + EVENTS_PER_ACTION))
        trial.act(CaptureEvents(many), by=TEA)
    send(trial, destroyed("late", 5, LOT))
    assert rules_of(trial, "late") == ["not_judged"]
    assert not trial.get(Object, object_id(LOT)).ended
    send(trial, taken_back(destroyed("late", 5, LOT)))
    trial.audit()


# Errors taken back


def test_an_error_declared_leaves_the_event_marked_and_takes_its_effect_away(trial: Trial) -> None:
    send(trial, created(1, 0, ONE), destroyed(2, 1, ONE), shipped(3, 2, ONE))
    send(trial, taken_back(destroyed(2, 1, ONE)))
    event = trial.get(Event, TEA, digest(2))
    assert event.status is EventStatus.IN_ERROR
    assert event.error_declaration is not None
    assert breaks(trial) == {}
    assert not trial.get(Object, object_id(ONE)).ended


def test_an_error_of_unpacking_everything_puts_everything_back(trial: Trial) -> None:
    send(trial, packed(1, 0, PALLET, ONE), unpacked(2, 1, PALLET), shipped(3, 2, ONE))
    send(trial, taken_back(unpacked(2, 1, PALLET)))
    assert rules_of(trial, 3) == ["moved_without_parent"]


def test_an_event_that_comes_with_its_error_says_nothing_of_its_objects(trial: Trial) -> None:
    send(trial, taken_back(created(1, 0, ONE)))
    assert trial.get(Event, TEA, digest(1)).status is EventStatus.IN_ERROR
    assert trial.all(Mention) == []


def test_an_event_is_captured_once_and_taken_back_once(trial: Trial) -> None:
    send(trial, created(1, 0, ONE))
    trial.refuses(CaptureEvents((created(1, 0, ONE),)), by=TEA, code="trace.event_known", field="events[0].event_id")
    send(trial, taken_back(created(1, 0, ONE)))
    again = CaptureEvents((taken_back(created(1, 0, ONE)),))
    trial.refuses(again, by=TEA, code="trace.event_known", field="events[0].event_id")


def test_two_members_may_capture_events_of_the_same_id(trial: Trial) -> None:
    send(trial, shipped(1, 0, ONE))
    send(trial, shipped(1, 0, ONE), by=HAULIER)
    assert len(trial.all(Event)) == 2


# Who reads


def test_without_an_audience_only_the_owner_reads(trial: Trial) -> None:
    send(trial, shipped(1, 0, ONE))
    assert sight(trial).find(Event, TEA, digest(1)) is None
    assert sight(trial, Reader(HAULIER)).find(Event, TEA, digest(1)) is None
    assert sight(trial, Reader(TEA)).find(Event, TEA, digest(1)) is not None
    assert sight(trial, Reader(TEA)).find(Object, object_id(ONE)) is not None


def test_the_narrowest_audience_of_an_events_products_holds(trial: Trial) -> None:
    trial.act(SetAudience("*", ("public",)), SetAudience("09521001003032", (HAULIER,)), by=TEA)
    send(trial, said(1, 0, epcs=(ONE,), quantities=(Quantity(LOT, 1, 0, "KGM"),)), shipped(2, 0, PALLET))
    assert trial.get(Event, TEA, digest(1)).audience == (HAULIER,)
    assert trial.get(Event, TEA, digest(2)).audience == ("public",)


def test_an_object_is_read_by_who_may_read_all_that_was_said_of_it(trial: Trial) -> None:
    trial.act(SetAudience("*", ("public",)), by=TEA)
    send(trial, shipped(1, 0, PALLET))
    assert sight(trial).find(Object, object_id(PALLET)) is not None
    send(trial, shipped(2, 1, PALLET), by=HAULIER)
    assert sight(trial).find(Object, object_id(PALLET)) is None
    assert sight(trial, Reader(HAULIER)).find(Object, object_id(PALLET)) is not None
    assert len(ask(trial, "lot", object=PALLET)["events"]) == 1


# Refusals


def test_the_future_is_refused_beyond_the_clock_skew(trial: Trial) -> None:
    ahead = START - EARLY + 400_000
    future = CaptureEvents((shipped(1, ahead, ONE),))
    trial.refuses(future, by=TEA, code="trace.event_from_future", field="events[0].event_time")
    send(trial, shipped(2, ahead - 200_000, ONE))
    declared = ErrorDeclaration(trial.now + 400_000, "", ())
    later = CaptureEvents((said(3, 0, epcs=(ONE,), error_declaration=declared),))
    trial.refuses(later, by=TEA, code="trace.event_from_future", field="events[0].error_declaration")


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("digest", said(1, 0, digest="A" * 40)),
        ("digest", said(1, 0, digest="ab")),
        ("event_type", said(1, 0, "QuantityEvent")),
        ("event_action", said(1, 0, action="REPLACE")),
        ("event_action", said(1, 0, "TransformationEvent", "ADD")),
        ("commitment", said(1, 0, commitment=b"short")),
        ("commitment", said(1, 0, has_private=True)),
        ("objects_count", said(1, 0, epcs=tuple(f"urn:example:{each}" for each in range(1001)))),
        ("identifier", said(1, 0, epcs=(f"{LINK}/01/09521001003033/21/1",))),
        ("identifier", said(1, 0, parent_id="urn:epc:id:sscc:9521001.0000000001")),
        ("identifier", said(1, 0, quantities=(Quantity("urn:epc:id:none", 1, 0, ""),))),
    ],
)
def test_what_no_fact_can_be_is_refused(trial: Trial, code: str, event: CapturedEvent) -> None:
    trial.refuses(CaptureEvents((event,)), by=TEA, code=f"trace.{code}")


def test_one_wrong_event_leaves_none_of_its_capture(trial: Trial) -> None:
    both = CaptureEvents((shipped(1, 0, ONE), said(2, 0, digest="-")))
    trial.refuses(both, by=TEA, code="trace.digest", field="events[1].digest")


def test_a_capture_has_one_to_five_hundred_events(trial: Trial) -> None:
    trial.refuses(CaptureEvents(()), by=TEA, code="trace.events_count", field="events")
    many = tuple(shipped(number, 0, ONE) for number in range(EVENTS_PER_ACTION + 1))
    trial.refuses(CaptureEvents(many), by=TEA, code="trace.events_count", field="events")


def test_unpacking_more_than_fits_wants_names(trial: Trial) -> None:
    for start in range(0, 1_500, 500):
        children = tuple(f"urn:example:{each}" for each in range(start, start + 500))
        send(trial, packed(start, 0, PALLET, *children))
    trial.refuses(CaptureEvents((unpacked("all", 1, PALLET),)), by=TEA, code="trace.objects_count", field="parent_id")


def test_an_audience_names_products_and_members(trial: Trial) -> None:
    trial.refuses(SetAudience("9521001003032", ()), by=TEA, code="trace.product", field="product")
    trial.refuses(SetAudience("09521001003033", ()), by=TEA, code="trace.product", field="product")
    trial.refuses(SetAudience("*", ("nobody",)), by=TEA, code="ledger.record_unknown", field="audience")
    many = tuple(f"o-{number}" for number in range(51))
    trial.refuses(SetAudience("*", many), by=TEA, code="trace.audience_size", field="audience")


def test_prefixes_are_accredited_by_the_registrar_of_the_country(trial: Trial) -> None:
    def refused(
        code: str, field: str, prefix: str = "9521008", country: str = "CN", until: int = 0, by: str = REGISTRAR
    ) -> None:
        action = AccreditPrefix(prefix, TEA, country, 5, until)
        trial.refuses(action, by=by, code=code, field=field)

    refused("ledger.role_missing", "by", by=TEA)
    refused("ledger.role_missing", "by", country="VN")
    refused("trace.jurisdiction", "jurisdiction", country="cn")
    refused("trace.prefix", "prefix", prefix="12345")
    refused("trace.prefix", "prefix", prefix="Example.org")
    refused("trace.prefix", "prefix", prefix="example.org/a")
    refused("trace.period", "until", until=4)
    trial.refuses(
        AccreditPrefix("9521008", "nobody", "CN", 0, 0),
        by=REGISTRAR,
        code="ledger.record_unknown",
        field="organisation",
    )
    trial.decide(GrantRole(REGISTRAR, "gs1-registrar", "VN", 0, 0, ""))
    refused("trace.prefix_elsewhere", "prefix", prefix=PREFIX, country="VN")


# The story


@pytest.fixture(scope="module")
def told() -> Trial:
    return Trial().tell(identity, story)


def test_the_story_keeps_its_one_misfit(told: Trial) -> None:
    told.audit()
    found = ask(told, "nonconforming")["items"]
    assert [[each["rule"] for each in one["breaks"]] for one in found] == [["moved_without_parent"]]
    assert found[0]["captured_by"] == "pingxiang-carrier"


def test_a_shopper_sees_the_way_from_the_hillside_to_the_shop(told: Trial) -> None:
    shown = ask(told, "lot", object=BOXES_LINK)
    steps = [event["biz_step"] for event in shown["events"]]
    assert (steps[0], steps[-1]) == ("commissioning", "retail_selling")
    assert shown["owner"] == "liubao-processor"
    assert len({each["uri"] for each in shown["certificates"]}) == 3
    assert "PO-2025-0889" not in json.dumps(shown)
    assert "CANGWU" not in json.dumps(shown)


def test_a_trace_goes_both_ways(told: Trial) -> None:
    back = ask(told, "trace", object=CARTONS[0], direction="back")
    forth = ask(told, "trace", object="/01/09521001001014/10/MC250405", direction="forth")
    assert [edge["kind"] for edge in back["edges"]] == ["packed_in", "made_into", "made_into"]
    assert len(forth["nodes"]) == 8
    assert forth["complete"]
    with pytest.raises(Malformed, match="direction"):
        ask(told, "trace", object=BOXES_LINK, direction="up")


def test_lists_page(told: Trial) -> None:
    found, after = [], ""
    while True:
        page = ask(told, "objects", limit="3", after=after)
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == [each.id for each in told.all(Object)]
    assert [each["lot"] for each in ask(told, "objects", gtin="9521001001014")["items"]] == ["MC250405"]


def test_what_a_reader_names_may_be_wrong(told: Trial) -> None:
    for wrong in ("/01/09521002002028/10/A", "urn:epc:id:sscc:1.2"):
        with pytest.raises(Malformed, match=r"trace\.identifier"):
            ask(told, "lot", object=wrong)
    with pytest.raises(Malformed, match=r"ledger\.record_unknown"):
        ask(told, "lot", object=PALLET)


def test_an_event_of_the_ledger_is_the_public_part_that_was_captured(told: Trial) -> None:
    for delivery in DELIVERIES:
        for read in read_document(delivery.document).whole():
            found = next(e for e in told.all(Event) if e.event_id == read.fields["eventID"])
            again = json_text.write(query_document([rebuild(public_part(found))], created=START))
            assert found.has_private or read_document(again).whole()[0].hash() == read.hash() == found.event_hash
            assert decompose(read).held.event_hash == read.hash()


def test_every_code_and_rule_has_its_sentence() -> None:
    for language in ("en", "zh"):
        words = json.loads(Path(__file__).with_name("words").joinpath(f"{language}.json").read_text())
        assert {f"trace.{code}" for code in CODES} <= set(words["refusals"])
        assert set(words["rules"]) == set(RULES)
        tracked = {*STEPS.values(), TRANSFORMATION}
        assert {str(each) for each in (*Effect, *Standing, *EventStatus)} | tracked == set(words["statuses"])
