"""XML beside JSON-LD: the same events with the same hashes, whatever may stand in them, and nothing that is not XML."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infoharbor.contracts.trace import conftest
from infoharbor.contracts.trace.conftest import CARTON, SAMPLES, STORIES, TEA_NAMES
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import Event, read_document
from infoharbor.contracts.trace.exchange.faults import CODES, EventFault
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild
from infoharbor.contracts.trace.exchange.xml_names import EPCIS_1, EPCIS_2
from infoharbor.contracts.trace.exchange.xml_writing import URN, WEB, write_xml
from infoharbor.edgekit.xml_text import Element, Limits, XmlFault, parse

EVENT = (
    "<ObjectEvent><eventTime>2026-06-12T07:15:00+08:00</eventTime>"
    "<eventTimeZoneOffset>+08:00</eventTimeZoneOffset>{before}<epcList><epc>" + CARTON + "</epc></epcList>"
    "<action>{action}</action>{after}</ObjectEvent>"
)
XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
NAMES = st.sampled_from(["tea:a", "tea:b", "tea:cellar", "cbvmda:lotNumber", "rdfs:comment"])
TREES = st.recursive(
    XML_TEXT | st.booleans() | st.integers(-(10**9), 10**9) | st.none(),
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=3)
        | st.lists(inner.filter(lambda one: type(one) is not list), max_size=3)
    ),
    max_leaves=8,
)


def xml(*events: str, version: str = "2.0", declared: str = "") -> bytes:
    namespace = EPCIS_1 if version.startswith("1.") else EPCIS_2
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="{namespace}" xmlns:tea="{TEA_NAMES}"'
        f'{declared} schemaVersion="{version}" creationDate="2026-06-12T08:00:00+08:00"><EPCISBody><EventList>'
        f"{''.join(events)}</EventList></EPCISBody></epcis:EPCISDocument>"
    ).encode()


def event(*, before: str = "", after: str = "", action: str = "OBSERVE") -> str:
    return EVENT.format(before=before, after=after, action=action)


def read(after: str = "", **said: Any) -> Event:
    return read_document(xml(event(after=after), **said)).whole()[0]


def in_json(**changes: Any) -> Event:
    fields = {"@context": [STANDARD_CONTEXT, {"tea": TEA_NAMES}]} | conftest.event(**changes)
    return read_document(json.dumps(fields).encode()).whole()[0]


def through_xml(one: Event, words: str = WEB) -> Event:
    public, held = decompose(one)
    return read_document(write_xml(query_document([rebuild(public, held)], created=0), words=words)).whole()[0]


def fault_of(raw: bytes) -> EventFault:
    try:
        return read_document(raw).faults[0]
    except EventFault as fault:
        return fault


# The same events


@pytest.mark.parametrize("words", [WEB, URN])
@pytest.mark.parametrize("name", STORIES)
def test_a_sample_keeps_its_hashes_through_xml_and_back(name: str, words: str) -> None:
    for one in read_document((SAMPLES / f"{name}.json").read_bytes()).whole():
        there = through_xml(one, words)
        public, held = decompose(there)
        assert held.original.startswith(b"<")
        back = query_document([rebuild(public, held)], created=0)["epcisBody"]["queryResults"]["resultsBody"]
        (again,) = back["eventList"]
        assert there.hash() == one.hash()
        assert through_xml(there).hash() == one.hash()
        assert again["type"] == one.type


@given(st.dictionaries(NAMES, TREES, max_size=4))
@settings(max_examples=60)
def test_extensions_of_any_form_keep_their_hash_in_xml(extensions: dict[str, Any]) -> None:
    one = in_json(**extensions)
    assert through_xml(one).hash() == one.hash()


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "bizStep": st.sampled_from(["shipping", "cbv:BizStep-shipping", "https://example.org/steps/curing"]),
            "disposition": st.sampled_from(["in_transit", "https://ref.gs1.org/cbv/Disp-in_transit"]),
            "quantityList": st.lists(
                st.fixed_dictionaries(
                    {"epcClass": st.just("urn:epc:class:lgtin:9521234.000202.A")},
                    optional={"quantity": st.integers(0, 10**9), "uom": st.just("KGM")},
                ),
                max_size=3,
            ),
            "readPoint": st.fixed_dictionaries(
                {"id": st.just("https://liubao.example/cellar")}, optional={"tea:gate": XML_TEXT}
            ),
            "certificationInfo": st.sampled_from(["https://example.org/c", ["https://example.org/c", "urn:x:y"]]),
            "bizTransactionList": st.lists(
                st.fixed_dictionaries({"bizTransaction": st.just("urn:x:po:1")}, optional={"type": st.just("po")}),
                max_size=2,
            ),
            "sensorElementList": st.lists(
                st.fixed_dictionaries(
                    {
                        "sensorReport": st.lists(
                            st.fixed_dictionaries(
                                {"type": st.just("Temperature")},
                                optional={
                                    "value": st.integers(-100, 100),
                                    "booleanValue": st.booleans(),
                                    "exception": st.just("ALARM_CONDITION"),
                                    "component": st.just("x"),
                                    "stringValue": XML_TEXT,
                                    "tea:probe": XML_TEXT,
                                },
                            ),
                            min_size=1,
                            max_size=2,
                        )
                    },
                    optional={
                        "sensorMetadata": st.just({"time": "2026-06-12T07:15:00Z", "tea:x": "1"}),
                        "tea:y": TREES,
                    },
                ),
                max_size=2,
            ),
            "persistentDisposition": st.just({"set": ["conformant"], "unset": ["damaged", "expired"]}),
            "errorDeclaration": st.just({"declarationTime": "2026-06-12T07:15:00Z", "reason": "did_not_occur"}),
        },
    ),
    st.sampled_from([WEB, URN]),
)
@example({"sensorElementList": [{"sensorReport": [{"type": "Temperature", "tea:probe": "\xa0"}]}]}, WEB)
@settings(max_examples=60)
def test_an_event_of_any_fields_keeps_its_hash_in_xml(fields: dict[str, Any], words: str) -> None:
    one = in_json(**fields)
    there = through_xml(one, words)
    assert there.hash() == one.hash()
    assert set(there.fields) == set(one.fields) - {"@context"} | {"eventID"}


@pytest.mark.parametrize(
    ("in_xml", "fields"),
    [
        ("<bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>", {"bizStep": "shipping"}),
        ("<bizStep>https://ref.gs1.org/cbv/BizStep-shipping</bizStep>", {"bizStep": "shipping"}),
        ("<bizStep>https://example.org/curing</bizStep>", {"bizStep": "https://example.org/curing"}),
        (
            "<quantityList><quantityElement><epcClass>urn:x:y</epcClass><quantity>012.50</quantity></quantityElement>"
            "</quantityList>",
            {"quantityList": [{"epcClass": "urn:x:y", "quantity": Decimal("12.5")}]},
        ),
        (
            '<quantityList><quantityElement><epcClass>urn:x:y</epcClass><quantity xmlns:xsi="http://www.w3.org/2001/'
            'XMLSchema-instance" xsi:nil="true"/></quantityElement></quantityList>',
            {"quantityList": [{"epcClass": "urn:x:y"}]},
        ),
        ("<tea:a><![CDATA[<&]]></tea:a>", {"tea:a": "<&"}),
        ("<tea:a>1</tea:a><tea:b/><tea:a>2</tea:a>", {"tea:a": ["1", "2"], "tea:b": ""}),
        ('<a xmlns="https://example.org/other/">1</a>', {"n1:a": "1"}),
        ('<gs1:a xmlns:gs1="https://example.org/other/">1</gs1:a>', {"n1:a": "1"}),
        ('<m:lotNumber xmlns:m="urn:epcglobal:cbv:mda">A</m:lotNumber>', {"cbvmda:lotNumber": "A"}),
        ('<tea:mass unit="KGM">3.5</tea:mass>', {"tea:mass": "3.5"}),
    ],
)  # fmt: skip
def test_what_xml_says_is_read_as_json_has_it(in_xml: str, fields: dict[str, Any]) -> None:
    found = read(in_xml).fields
    assert {name: value for name, value in found.items() if name not in in_json().fields} == fields


def test_the_wrappings_of_older_versions_count_for_nothing() -> None:
    wrapped = event(
        before="<baseExtension><eventID>urn:x:1</eventID></baseExtension>",
        after="<extension><quantityList><quantityElement><epcClass>urn:x:y</epcClass></quantityElement>"
        "</quantityList><extension><tea:a>1</tea:a></extension></extension>",
    )
    flat = event(
        before="<eventID>urn:x:1</eventID>",
        after="<quantityList><quantityElement><epcClass>urn:x:y</epcClass></quantityElement></quantityList><tea:a>1</tea:a>",
    )
    (old,) = read_document(xml(f"<extension>{wrapped}</extension>", version="1.2")).whole()
    (new,) = read_document(xml(flat)).whole()
    assert (old.fields, old.hash()) == (new.fields, new.hash())


def test_the_exact_bytes_of_an_event_in_xml_stay_with_its_owner_and_are_read_again() -> None:
    raw = xml(event(after="<tea:a xml:lang='zh'>六堡</tea:a><!-- of the cellar -->"), declared=' xmlns:n1="urn:n:1"')
    (one,) = read_document(raw).whole()
    public, held = decompose(one)
    assert held.original in raw
    assert held.original.startswith(b"<ObjectEvent>")
    assert held.original.endswith(b"</ObjectEvent>")
    assert rebuild(public, held)["tea:a"] == "六堡"
    assert public.extensions == ""


# What is refused


@given(st.binary(max_size=100).map(lambda raw: b"<" + raw) | st.text(max_size=60).map(xml))
def test_any_text_that_looks_like_xml_is_read_or_refused_with_a_known_code(raw: bytes) -> None:
    try:
        faults = read_document(raw).faults
    except EventFault as fault:
        faults = (fault,)
    assert all(fault.code in CODES and fault.expected for fault in faults)


@pytest.mark.parametrize(
    "raw",
    [
        b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]><a>&b;&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b"<a>&b;</a>",
        b"<a><b></a>",
        b"<a/><b/>",
        b"<a>" * 200 + b"</a>" * 200,
        '<?xml version="1.0"?><a>茶</a>'.encode("gb18030"),
        "<a/>".encode("utf-16"),
        b"<a>\x00</a>",
    ],
    ids=range(9),
)
def test_what_is_not_plain_xml_in_utf_8_is_refused(raw: bytes) -> None:
    assert fault_of(raw).code in ("epcis_xml", "epcis_json")


@pytest.mark.parametrize("limits", [Limits(1_000, 2, 5), Limits(1_000, 1, 6), Limits(20, 2, 6)])
def test_a_document_beyond_a_limit_is_refused(limits: Limits) -> None:
    raw = b"<a>" + b"<b/>" * 5 + b"</a>"
    assert len(parse(raw, Limits(1_000, 2, 6), Element).children) == 5
    with pytest.raises(XmlFault):
        parse(raw, limits, Element)


@pytest.mark.parametrize(
    ("after", "code", "field"),
    [
        ("<bizStep>urn:epcglobal:cbv:bizstep:dancing</bizStep>", "epcis_vocabulary", "bizStep"),
        ("<bizStep>shipping</bizStep><bizStep>shipping</bizStep>", "epcis_duplicate", "bizStep"),
        ("<colour>red</colour>", "epcis_unknown_field", "colour"),
        ("<readPoint><id>no uri</id></readPoint>", "epcis_uri", "readPoint.id"),
        ("<quantityList><quantityElement><epcClass>urn:x:y</epcClass><quantity>many</quantity></quantityElement>"
         "</quantityList>", "epcis_number", "quantityList[0].quantity"),
        ("<sourceList><destination>urn:x:y</destination></sourceList>", "epcis_unknown_field", "sourceList.destination"),
        ("<tea:a>text<tea:b/></tea:a>", "epcis_type", "tea:a"),
        ("<ilmd><cultivar>x</cultivar></ilmd>", "epcis_unknown_field", "ilmd.cultivar"),
        ('<x:a xmlns:x="no-uri">1</x:a>', "epcis_context", "x:a"),
    ],
)  # fmt: skip
def test_a_wrong_event_is_refused_at_its_field(after: str, code: str, field: str) -> None:
    action = "ADD" if "ilmd" in after else "OBSERVE"
    found = read_document(xml(event(), event(after=after, action=action)))
    (fault,) = found.faults
    assert (fault.code, fault.event_index, len(found.events)) == (code, 1, 1)
    assert fault.field in (f"epcisBody.eventList[1].{field}", "epcisBody.eventList[1]")


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (xml(event(), version="3.0"), "epcis_value", "schemaVersion"),
        (xml(event()).replace(b"xsd:2", b"xsd:1"), "epcis_value", "schemaVersion"),
        (xml(event()).replace(b"urn:epcglobal:epcis:xsd:2", b"urn:other"), "epcis_context", "EPCISDocument"),
        (xml(event()).replace(b"EventList>", b"Lists>"), "epcis_missing", "epcisBody.eventList"),
        (b"<colour/>", "epcis_type", "type"),
    ],
)
def test_a_wrong_document_is_refused_as_a_whole(raw: bytes, code: str, field: str) -> None:
    fault = fault_of(raw)
    assert (fault.code, fault.field) == (code, field)
