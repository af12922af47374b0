"""XML beside JSON-LD over HTTP, and identifiers as links, as URNs or as they came: always the same events."""

import json
from typing import Any

import pytest
from trading import Trader, TradingNode, alone, document, event, events_in, refused

from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.xml_names import EPCIS_1, EPCIS_2

XML = {"Content-Type": "application/xml"}
URN = "urn:epc:id:sgtin:9521007.000101.{}"
LINK = "https://id.gs1.org/01/09521007001018/21/{}"
TEA = "https://example.org/liubao-tea/"


def xml(serial: str, *, version: str = "2.0", extra: str = "", epc: str = URN) -> bytes:
    """A document with one event of the piece with this serial number."""
    namespace = EPCIS_2 if version == "2.0" else EPCIS_1
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><epcis:EPCISDocument xmlns:epcis="{namespace}" xmlns:tea="{TEA}"'
        f' schemaVersion="{version}" creationDate="2026-04-08T18:00:00.000+08:00"><EPCISBody><EventList><ObjectEvent>'
        "<eventTime>2026-04-08T10:30:00.000+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>"
        f"<epcList><epc>{epc.format(serial)}</epc></epcList><action>OBSERVE</action>"
        f"<bizStep>urn:epcglobal:cbv:bizstep:storing</bizStep>{extra}</ObjectEvent></EventList></EPCISBody>"
        "</epcis:EPCISDocument>"
    ).encode()


def captured(firm: Trader, raw: bytes) -> dict[str, Any]:
    answer = firm.client.post("/epcis/capture", content=raw, headers=XML)
    assert answer.status_code == 202, answer.text
    return firm.finished(answer.headers["Location"])


@pytest.mark.parametrize("version", ["2.0", "1.2"])
def test_an_event_in_xml_is_the_event_in_json(firm: Trader, version: str) -> None:
    serial = f"same-{version[0]}"
    assert captured(firm, xml(serial, version=version))["captured"] == 1
    again = event(eventID=None, bizStep="storing", epcList=[URN.format(serial)])
    assert (firm.job(document(again))["captured"], firm.job(document(again))["present"]) == (0, 1)
    (found,) = events_in(firm.get(f"/events?MATCH_epc={LINK.format(serial)}"))
    assert (found["bizStep"], found["epcList"], found["eventTimeZoneOffset"]) == (
        "storing",
        [LINK.format(serial)],
        "+08:00",
    )


def test_an_answer_in_xml_holds_the_events_of_the_answer_in_json(firm: Trader) -> None:
    extra = "<tea:cellar no='3'><tea:damp>true</tea:damp></tea:cellar><tea:picker> 14 </tea:picker>"
    assert captured(firm, xml("whole", extra=extra))["success"]
    address = f"/events?MATCH_epc={LINK.format('whole')}"
    as_json = firm.get(address)
    as_xml = firm.get(address, Accept="application/xml")
    assert as_xml.headers["content-type"].startswith("application/xml")
    (one,), (other,) = (read_document(each.content).whole() for each in (as_json, as_xml))
    assert one.hash() == other.hash() == one.fields["eventID"]
    assert other.fields["tea:cellar"] == {"no": "3", "tea:damp": "true"}
    by_id = firm.get(f"/events/{one.fields['eventID']}", Accept="application/xml")
    assert read_document(by_id.content).whole()[0].hash() == one.hash()


@pytest.mark.parametrize(
    ("accept", "is_xml"),
    [
        ("*/*", False),
        ("application/xml", True),
        ("text/xml, application/json;q=0.5", True),
        ("application/xml;q=0.5, application/json", False),
        ("application/xml, application/ld+json", False),
        ("application/xml;q=0, */*", False),
    ],
)
def test_a_client_gets_the_binding_that_it_wants_most(firm: Trader, accept: str, is_xml: bool) -> None:
    captured(firm, xml("wanted"))
    answer = firm.get(f"/eventTypes/ObjectEvent/events?MATCH_epc={LINK.format('wanted')}", Accept=accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/xml") == is_xml


def test_what_has_no_xml_is_not_acceptable_in_xml(firm: Trader) -> None:
    for path in ("/eventTypes", "/capture", "/queries"):
        assert firm.get(path, Accept="application/xml").status_code == 406


def test_a_single_event_is_taken_and_answered_in_xml(firm: Trader) -> None:
    raw = xml("single")
    one = b"<ObjectEvent>" + raw.partition(b"<ObjectEvent>")[2].partition(b"</EventList>")[0]
    answer = firm.client.post("/epcis/events", content=one, headers=XML | {"Accept": "application/xml"})
    assert answer.status_code == 201, answer.text
    assert read_document(answer.content).whole()[0].fields["epcList"] == [LINK.format("single")]
    known = firm.client.post("/epcis/events", content=one, headers=XML)
    refused(known, 409, "ResourceAlreadyExistsException", "trace.event_known")


def test_an_event_is_given_with_its_identifiers_as_asked(firm: Trader, trading: TradingNode) -> None:
    own, shop = URN.format("form"), "https://shop.example/01/09521007001018/21/form?17=270101"
    held = event(epcList=[own], bizTransactionList=[{"type": "po", "bizTransaction": "https://example.org/po/1"}])
    assert firm.post(alone(held)).status_code == 201
    assert firm.post(alone(event(epcList=[shop]))).status_code == 201
    address = f"/events?MATCH_epc={LINK.format('form')}"

    def given(**headers: str) -> list[str]:
        answer = firm.get(address, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["GS1-EPC-Format"] == headers.get("GS1-EPC-Format", "Always_GS1_Digital_Link")
        return [each["epcList"][0] for each in events_in(answer)]

    links = [LINK.format("form")] * 2
    assert given() == given(**{"GS1-EPC-Format": "Always_GS1_Digital_Link"}) == links
    assert sorted(given(**{"GS1-EPC-Format": "Never_Translates"})) == sorted([own, shop])
    answer = firm.get(address, **{"GS1-EPC-Format": "Always_EPC_URN"})
    refused(answer, 406, "NotAcceptableException", "trace.epcis_prefix_length", "GS1-EPC-Format")


def test_words_in_xml_are_uris_of_the_web_or_urns(firm: Trader) -> None:
    assert captured(firm, xml("words"))["success"]
    address = f"/events?MATCH_epc={LINK.format('words')}"
    for form, start in (
        ("Always_URN", b"urn:epcglobal:cbv:bizstep:"),
        ("Always_Web_URI", b"https://ref.gs1.org/cbv/BizStep-"),
    ):
        answer = firm.get(address, Accept="application/xml", **{"GS1-CBV-XML-Format": form})
        assert b"<bizStep>" + start + b"storing</bizStep>" in answer.content


HOSTILE = [
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>',
    b"<x>" * 30 + b"</x>" * 30,
    b"<x>",
    b'<?xml version="1.0" encoding="UTF-16"?><x>\xff\xfe</x>',
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_xml_is_refused_before_anything_is_read(firm: Trader, raw: bytes) -> None:
    answer = firm.client.post("/epcis/capture", content=raw, headers=XML)
    refused(answer, 400, "ValidationException", "trace.epcis_xml")


def test_a_wrong_event_in_xml_is_refused_at_its_field(firm: Trader) -> None:
    raw = xml("wrong").replace(b"bizstep:storing", b"bizstep:dancing")
    answer = firm.client.post("/epcis/capture", content=raw, headers=XML)
    refused(answer, 400, "ValidationException", "trace.epcis_vocabulary", "epcisBody.eventList[0].bizStep")


def test_what_xml_cannot_hold_is_given_as_json_only(firm: Trader) -> None:
    odd = event(**{"tea:nested": [["a", "b"], ["c"]]}, epcList=[LINK.format("odd")])
    assert firm.post(alone(odd)).status_code == 201
    address = f"/events?MATCH_epc={LINK.format('odd')}"
    assert json.loads(firm.get(address).content)
    answer = firm.get(address, Accept="application/xml")
    refused(answer, 406, "NotAcceptableException", "trace.epcis_xml_form", "tea:nested")
