"""Which documents and events of EPCIS are refused, and where: any bytes are read, or refused with a known code."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.trace.conftest import CARTON, document, event
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.faults import CODES, EventFault
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT


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
