"""The rules of traceability: what is recorded, what is marked, and what taking an event back undoes."""

import json
from pathlib import Path

from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION, AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.conftest import (
    CRATE,
    HAULIER,
    LINK,
    LOT,
    ONE,
    PALLET,
    PREFIX,
    REGISTRAR,
    TEA,
    TWO,
    breaks,
    created,
    destroyed,
    digest,
    packed,
    rules_of,
    said,
    send,
    shipped,
    taken_back,
    unpacked,
    weighed,
)
from infoharbor.contracts.trace.exchange.faults import CODES
from infoharbor.contracts.trace.pages.reports import STEPS, TRANSFORMATION
from infoharbor.contracts.trace.records import Effect, Event, EventStatus, Mention, Object, Quantity, Standing
from infoharbor.contracts.trace.rules import RULES, STORY_MAX, WITHHELD, object_id, uri_of
from infoharbor.engine.trial import Trial

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


def test_a_mention_says_where_its_event_leaves_the_object_or_else_where_it_was_read(trial: Trial) -> None:
    dock, yard = f"{LINK}/414/9521001000011", f"{LINK}/414/9521001000028/254/Y"
    send(trial, said(1, 0, epcs=(ONE,), read_point=dock), said(2, 1, epcs=(ONE,), read_point=dock, biz_location=yard))
    send(trial, said(3, 2, epcs=(ONE,), biz_location="https://example.com/a~b"), shipped(4, 3, ONE))
    kept = "414~9521001000011", "414~9521001000028~254~Y", "https:~~example.com~a%7Eb", ""
    assert [each.place for each in trial.all(Mention)] == list(kept)


# The words


def test_every_code_and_rule_has_its_sentence() -> None:
    for language in ("en", "zh"):
        words = json.loads(Path(__file__).with_name("words").joinpath(f"{language}.json").read_text())
        assert {f"trace.{code}" for code in CODES} <= set(words["refusals"])
        assert set(words["rules"]) == set(RULES)
        tracked = {*STEPS.values(), TRANSFORMATION}
        assert {str(each) for each in (*Effect, *Standing, *EventStatus)} | tracked == set(words["statuses"])
