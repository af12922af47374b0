"""EPCIS in and out: what is accepted, refused and made public, and that hashes stay the same."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.decompose import WITHHELD, Decomposed, decompose
from infoharbor.contracts.trace.exchange.document import Event, read_document
from infoharbor.contracts.trace.exchange.event_hash import canonical_string
from infoharbor.contracts.trace.exchange.faults import CODES, EventFault
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild

SAMPLES = Path(__file__).with_name("samples")
STORIES = sorted(path.stem for path in SAMPLES.glob("*.json"))
TEA = "https://example.org/liubao-tea/"
MASTER_DATA = "urn:epcglobal:cbv:mda:"
CARTON = "urn:epc:id:sgtin:9521234.100303.1001"


def event(**changes: Any) -> dict[str, Any]:
    """A small valid event; a change to None takes the field away."""
    fields: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": "2026-06-12T07:15:00+08:00",
        "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE",
        "epcList": [CARTON],
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def document(*events: Any, **changes: Any) -> bytes:
    """A capture document around `events`."""
    outer = {
        "@context": [STANDARD_CONTEXT, {"tea": TEA}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-06-12T08:00:00+08:00",
        "epcisBody": {"eventList": list(events)},
    } | changes
    return json.dumps({name: value for name, value in outer.items() if value is not None}).encode()


def captured(**changes: Any) -> Event:
    """The event of a document that holds only it."""
    return read_document(document(event(**changes))).whole()[0]


def story_parts(name: str, *public: str) -> list[tuple[Event, Decomposed]]:
    """The events of a sample document, each with its two parts."""
    events = read_document((SAMPLES / f"{name}.json").read_bytes()).whole()
    return [(one, decompose(one, public_namespaces=frozenset(public))) for one in events]


# Properties


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "@context",
                        "epcisBody",
                        "eventList",
                        "eventTime",
                        "action",
                        "epcList",
                        "ilmd",
                        "tea:x",
                        "ObjectEvent",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    ).map(lambda tree: json.dumps(tree).encode())
)
def test_any_bytes_are_read_or_refused_with_a_known_code(raw: bytes) -> None:
    try:
        faults = read_document(raw).faults
    except EventFault as fault:
        faults = (fault,)
    assert all(fault.code in CODES and fault.expected for fault in faults)


@given(
    st.dictionaries(st.sampled_from(sorted(event())), st.none() | st.integers() | st.text() | st.lists(st.integers()))
)
def test_an_event_with_any_value_in_any_field_is_read_or_refused_at_that_field(
    changes: dict[str, Any],
) -> None:
    for fault in read_document(document(event() | changes)).faults:
        assert fault.event_index == 0
        assert fault.field.startswith("epcisBody.eventList[0]")


@given(st.decimals(min_value=0, max_value=10**12 - 1, places=6))
def test_a_quantity_comes_back_exactly(quantity: Decimal) -> None:
    read = json_text.value(str(quantity).encode())
    assert json_text.unscaled(*json_text.scaled(read)) == quantity


@given(st.integers(-(10**13), 10**13))
def test_a_moment_comes_back_from_its_text(moment: int) -> None:
    assert times.milliseconds(times.utc(moment)) == moment


@given(st.lists(st.sampled_from([f"{CARTON}{one}" for one in range(9)]), min_size=1, unique=True), st.randoms())
def test_the_order_of_fields_and_items_does_not_change_the_hash(epcs: list[str], random: Any) -> None:
    shuffled = random.sample(epcs, len(epcs))
    fields = event(epcList=epcs, bizStep="shipping", **{"tea:a": "1", "tea:b": "2"})
    other = dict(random.sample(sorted((fields | {"epcList": shuffled}).items()), len(fields)))
    first, second = read_document(document(fields, other)).whole()
    assert first.hash() == second.hash()


# Our own documents


@pytest.mark.parametrize("name", STORIES)
def test_a_sample_is_valid_and_keeps_its_hashes(name: str) -> None:
    hashes = [one.hash() for one, _ in story_parts(name)]
    assert hashes == (SAMPLES / f"{name}.hashes").read_text().split()


def test_the_samples_show_all_five_event_types() -> None:
    kinds = {one.type for name in STORIES for one, _ in story_parts(name)}
    assert len(kinds) == 5


@pytest.mark.parametrize("public", [(), (TEA, MASTER_DATA)])
@pytest.mark.parametrize("name", STORIES)
def test_an_event_put_together_again_is_valid_and_has_its_hash(name: str, public: tuple[str, ...]) -> None:
    for one, parts in story_parts(name, *public):
        whole = rebuild(parts.public, parts.held, record_time=1_780_000_000_000)
        shown = rebuild(parts.public, record_time=1_780_000_000_000)
        raw = json_text.write(query_document([whole, shown], created=1_780_000_000_000))
        again, alone = read_document(raw).whole()
        assert again.hash() == one.hash()
        assert parts.public.has_private or alone.hash() == one.hash()


@given(text=st.text(max_size=40) | st.sampled_from(["5", "[1]", '"a"', "[[[[", '{"a": 1e999}']))
def test_what_a_member_wrote_past_every_gateway_breaks_no_reader(text: str) -> None:
    _, parts = story_parts(STORIES[0])[0]
    hostile = msgspec.structs.replace(parts.public, sensors=text, ilmd=text, extensions=text)
    json_text.write(rebuild(hostile))


@pytest.mark.parametrize("name", STORIES)
def test_neither_hash_nor_extension_goes_public_with_a_private_event(name: str) -> None:
    for one, parts in story_parts(name):
        if parts.public.has_private:
            assert parts.public.event_hash == ""
            shown = json_text.write(rebuild(parts.public)).decode()
            assert one.hash() not in shown
            assert not any(secret in shown for secret in (TEA, "PO-889", "INV-2601", "CANGWU", "23.95"))


def test_voted_namespaces_make_master_data_public() -> None:
    (_, parts), _ = story_parts("processing", MASTER_DATA)
    assert not parts.public.has_private
    assert json.loads(parts.public.ilmd)["{urn:epcglobal:cbv:mda}lotNumber"] == "LB2026-0415"


def test_the_exact_bytes_of_an_event_stay_with_its_owner() -> None:
    raw = (SAMPLES / "harvest.json").read_bytes()
    ((_, parts),) = story_parts("harvest")
    assert parts.held.original in raw
    assert json.loads(parts.held.original)["tea:picker"]["tea:people"] == 14


def test_quantities_are_integers_and_a_power_of_ten() -> None:
    ((_, parts),) = story_parts("harvest")
    (quantity,) = parts.public.quantities
    assert (quantity.mantissa, quantity.exponent, quantity.uom) == (12505, -1, "KGM")


# What must not be public


def test_a_person_is_withheld() -> None:
    parts = decompose(captured(epcList=["urn:epc:id:gsrn:9521234.0000010253", CARTON]))
    assert parts.public.epcs == (WITHHELD, gs1.normal(CARTON))
    assert parts.public.has_private


def test_an_exact_position_is_withheld() -> None:
    parts = decompose(captured(readPoint={"id": "geo:23.9512,111.2467"}))
    assert parts.public.read_point == WITHHELD
    assert parts.public.has_private


def test_an_event_id_that_is_a_hash_is_withheld_with_private_parts() -> None:
    name = "ni:///sha-256;" + "ab" * 32 + "?ver=CBV2.0"
    assert decompose(captured(eventID=name)).public.event_id == name
    hidden = decompose(captured(eventID=name, **{"tea:price": 88}))
    assert hidden.public.event_id == ""
    assert hidden.held.event_id == name


# The hash, rule by rule


def line(**changes: Any) -> str:
    one = captured(**changes)
    return canonical_string(one.fields, one.names, one.links)


def test_hash_writes_times_in_utc_rounded_half_up() -> None:
    assert "eventTime=2026-06-11T23:15:00.124Z" in line(eventTime="2026-06-12T07:15:00.1235+08:00")


def test_hash_leaves_out_ids_and_corrections() -> None:
    left_out = {
        "eventID": "urn:uuid:6f0c2f0a-5f2b-4f0e-9d0b-0c7a1f4e2601",
        "recordTime": "2026-06-12T07:15:00Z",
        "certificationInfo": "https://example.org/c",
        "errorDeclaration": {"declarationTime": "2026-06-12T07:15:00Z"},
    }
    assert line(**left_out) == line()


def test_hash_keeps_the_order_of_the_standard_inside_sensor_metadata() -> None:
    metadata = {"deviceID": "urn:epc:id:giai:9521234.L7", "time": "2026-06-12T07:15:00Z"}
    text = line(sensorElementList=[{"sensorMetadata": metadata, "sensorReport": [{"type": "Mass", "value": 2.50}]}])
    assert text.endswith(
        "sensorElementsensorMetadatatime=2026-06-12T07:15:00.000Z"
        "deviceID=https://id.gs1.org/8004/9521234L7sensorReporttype=https://ref.gs1.org/voc/Massvalue=2.5"
    )


def test_hash_puts_extensions_of_fields_before_those_of_the_event() -> None:
    text = line(
        readPoint={"id": "https://example.org/p", "tea:gate": "2"},
        **{"tea:a": "x", "tea:list": ["b", "23.0"]},
    )
    assert text.endswith(
        f"readPointid=https://example.org/preadPoint{{{TEA}}}gate=2{{{TEA}}}a=x{{{TEA}}}list=23{{{TEA}}}list=b"
    )


def test_hash_is_the_same_for_both_notations_of_a_key() -> None:
    assert line(epcList=[gs1.normal(CARTON) + "?17=270101"]) == line()


# What is refused, and where


REFUSED = [
    ({"action": None}, "epcis_missing", "action"),
    ({"eventTimeZoneOffset": None}, "epcis_missing", "eventTimeZoneOffset"),
    ({"eventTimeZoneOffset": "+15:00"}, "epcis_value", "eventTimeZoneOffset"),
    ({"eventTime": "2026-06-12T07:15:00"}, "epcis_time", "eventTime"),
    ({"eventTime": "2026-02-30T07:15:00Z"}, "epcis_time", "eventTime"),
    ({"type": "HarvestEvent"}, "epcis_type", "type"),
    ({"type": None}, "epcis_missing", "type"),
    ({"action": "MOVE"}, "epcis_action", "action"),
    ({"bizStep": "transforming"}, "epcis_vocabulary", "bizStep"),
    ({"bizStep": "https://ref.gs1.org/cbv/BizStep-transforming"}, "epcis_vocabulary", "bizStep"),
    ({"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, "epcis_vocabulary", "bizStep"),
    ({"disposition": 7}, "epcis_vocabulary", "disposition"),
    ({"epcList": None}, "epcis_missing", "epcList"),
    ({"epcList": [CARTON, CARTON]}, "epcis_duplicate", "epcList"),
    ({"epcList": ["no uri"]}, "epcis_uri", "epcList[0]"),
    ({"epcList": [CARTON, "https://id.gs1.org/01/09521141012346"]}, "epcis_check_digit", "epcList[1]"),
    ({"epcList": ["urn:epc:id:sgtin:952123.100303.1"]}, "epcis_identifier", "epcList[0]"),
    ({"parentID": "urn:x:y"}, "epcis_unknown_field", "parentID"),
    ({"note": "x"}, "epcis_unknown_field", "note"),
    ({"ilmd": {"tea:x": 1}}, "epcis_action", "ilmd"),
    ({"action": "ADD", "ilmd": {"cultivar": 1}}, "epcis_unknown_field", "ilmd.cultivar"),
    (
        {"quantityList": [{"epcClass": "urn:x:y", "weight": 5}]},
        "epcis_unknown_field",
        "quantityList[0].weight",
    ),
    (
        {"quantityList": [{"epcClass": "urn:x:y", "quantity": "5"}]},
        "epcis_number",
        "quantityList[0].quantity",
    ),
    ({"quantityList": [{"epcClass": "urn:x:y", "quantity": -5}]}, "epcis_number", "quantityList[0].quantity"),
    ({"quantityList": [{"epcClass": "urn:x:y", "uom": "kg"}]}, "epcis_value", "quantityList[0].uom"),
    ({"certificationInfo": [{"a": 1}]}, "epcis_uri", "certificationInfo[0]"),
    ({"sensorElementList": [{"sensorReport": []}]}, "epcis_value", "sensorElementList[0].sensorReport"),
    (
        {"sensorElementList": [{"sensorReport": [{"type": "Warmth"}]}]},
        "epcis_vocabulary",
        "sensorElementList[0].sensorReport[0].type",
    ),
    ({"sourceList": [{"source": "urn:x:y"}]}, "epcis_missing", "sourceList[0].type"),
    ({"persistentDisposition": {}}, "epcis_missing", "persistentDisposition.set"),
    ({"@context": ["x", 7]}, "epcis_context", "@context"),
    ({"type": "AggregationEvent", "epcList": None}, "epcis_missing", "parentID"),
    ({"type": "TransactionEvent"}, "epcis_missing", "bizTransactionList"),
    ({"type": "TransformationEvent", "action": None, "epcList": None}, "epcis_missing", "inputEPCList"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED)
def test_a_wrong_event_is_refused_at_its_deepest_field(changes: dict[str, Any], code: str, field: str) -> None:
    if changes.get("type") == "AggregationEvent":
        changes = changes | {"action": "ADD"}
    found = read_document(document(event(), event(**changes)))
    (fault,) = found.faults
    assert (fault.code, fault.field) == (code, f"epcisBody.eventList[1].{field}")
    assert fault.event_index == 1
    assert len(found.events) == 1
    with pytest.raises(EventFault):
        found.whole()


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"{", "epcis_json", ""),
        (b"[]", "epcis_type", ""),
        (b'{"type": "EPCISDocument"}', "epcis_missing", "@context"),
        (document(schemaVersion="1.2"), "epcis_value", "schemaVersion"),
        (document(creationDate="yesterday"), "epcis_time", "creationDate"),
        (document(colour="red"), "epcis_unknown_field", "colour"),
        (document(epcisBody={}), "epcis_missing", "epcisBody.eventList"),
        (document(epcisBody={"eventList": {}}), "epcis_type", "epcisBody.eventList"),
        (document(**{"@context": "https://example.org/other.jsonld"}), "epcis_context", "@context"),
        (document(*[event()] * 3), "epcis_too_large", "epcisBody.eventList"),
        (b"[" * 17 + b"]" * 17, "epcis_depth", ""),
        (b'{"a": "' + b'\\"' * 50_000, "epcis_json", ""),
        (b'"' + b"x" * 1_000_000 + b'"', "epcis_too_large", ""),
    ],
)
def test_a_wrong_document_is_refused_as_a_whole(raw: bytes, code: str, field: str) -> None:
    with pytest.raises(EventFault) as refused:
        read_document(raw, events_max=2, bytes_max=500_000)
    assert (refused.value.code, refused.value.field, refused.value.event_index) == (code, field, None)


def test_a_repeated_name_is_refused_in_its_event() -> None:
    raw = document(event(), event()).replace(b'"action"', b'"action": "ADD", "action"', 1)
    found = read_document(raw)
    assert [(fault.code, fault.event_index) for fault in found.faults] == [("epcis_duplicate", 0)]
    assert len(found.events) == 1


def test_a_repeated_name_of_the_document_refuses_all() -> None:
    raw = document(event()).replace(
        b'"type": "EPCISDocument"', b'"sender": "a", "sender": "b", "type": "EPCISDocument"'
    )
    with pytest.raises(EventFault, match="epcis_duplicate"):
        read_document(raw)


@pytest.mark.parametrize("number", ["1e400", "1" * 31, "0." + "1" * 50, "1e-9"])
def test_a_number_beyond_all_measure_is_refused(number: str) -> None:
    raw = document(event(quantityList=[{"epcClass": "urn:x:y", "quantity": 99}])).replace(b"99", number.encode())
    (fault,) = read_document(raw).faults
    assert fault.event_index == 0


def test_a_single_event_needs_its_context() -> None:
    bare = json.dumps({"@context": STANDARD_CONTEXT} | event()).encode()
    assert read_document(bare).whole()[0].original == bare
    with pytest.raises(EventFault) as refused:
        read_document(json.dumps(event()).encode())
    assert (refused.value.code, refused.value.field) == ("epcis_missing", "@context")
