"""What is shown of goods, and to whom."""

import json

import pytest

from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace.actions import SetAudience
from infoharbor.contracts.trace.conftest import HAULIER, LOT, ONE, PALLET, TEA, ask, digest, said, send, shipped, sight
from infoharbor.contracts.trace.demo import BOXES_LINK, CARTONS, DELIVERIES, story
from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.capturing import public_part
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild
from infoharbor.contracts.trace.records import Event, Object, Quantity
from infoharbor.contracts.trace.rules import object_id
from infoharbor.engine.trial import START, Trial
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader


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


def test_a_lot_is_found_by_its_number_alone(told: Trial) -> None:
    assert [each["id"] for each in ask(told, "objects", number="LB250418-B")["items"]] == [
        "01~09521002002027~10~LB250418-B"
    ]
    assert ask(told, "objects", number="LB250418-")["items"] == []
    with pytest.raises(Malformed, match="identifier"):
        ask(told, "objects", number="黑茶")


def test_a_number_finds_the_lots_of_all_products_that_have_it(trial: Trial) -> None:
    trial.act(SetAudience("*", ("public",)), by=TEA)
    lots = [f"https://id.gs1.org/01/{gtin}/10/20250412" for gtin in ("09521001003018", "09521001003032")]
    send(trial, said(1, 0, quantities=tuple(Quantity(each, 1, 0, "KGM") for each in lots)))
    assert [each["uri"] for each in ask(trial, "objects", number="20250412")["items"]] == lots


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
