"""The query language: each parameter finds the events that it should, for each reader, and whatever does not fit is named."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trading import Trader, TradingNode, alone, document, event, events_in, following, refused

from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.gateway.epcis.facts import facts_of
from infoharbor.gateway.epcis.language import read_query
from infoharbor.gateway.epcis.units import UNITS, comparable

TEA = "https://example.org/liubao-tea/"
GTIN = "https://id.gs1.org/01/09521001003032"
SITE = "https://id.gs1.org/414/9521001000017"
PERSON = "https://id.gs1.org/8018/952100100000000008"
ORDER = "urn:example:order:77"
PACKED = "urn:uuid:2f3e1f0a-9d6b-4c1a-8a53-5d6a3f1d7c11"
EVENTS: dict[str, dict[str, Any]] = {
    "shipped": event(
        bizStep="shipping",
        disposition="in_transit",
        epcList=[f"{GTIN}/21/q1", "https://id.gs1.org/00/095210010000000017"],
        readPoint={"id": f"{SITE}/254/gate"},
        bizLocation={"id": SITE},
        bizTransactionList=[{"type": "po", "bizTransaction": ORDER}],
        sourceList=[{"type": "owning_party", "source": "urn:example:party:1"}],
        destinationList=[{"type": "location", "destination": SITE}],
        **{"tea:picker": {"tea:team": "Tangping 3", "tea:baskets": 12}},
    ),
    "weighed": event(
        eventTime="2026-04-09T00:30:00.000-05:00",
        eventTimeZoneOffset="-05:00",
        action="ADD",
        bizStep="commissioning",
        epcList=None,
        quantityList=[{"epcClass": f"{GTIN}/10/Q-1", "quantity": 200.5, "uom": "KGM"}],
        persistentDisposition={"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
        ilmd={"tea:harvest": "2026-03-28T00:00:00Z", "cbvmda:lotNumber": "Q-1"},
        readPoint={"id": "urn:example:place:scales"},
    ),
    "packed": {
        **event(eventID=PACKED, epcList=None, action="ADD", bizStep="packing"),
        "type": "AggregationEvent",
        "parentID": "https://id.gs1.org/00/095210010000000024",
        "childEPCs": [f"{GTIN}/21/q2"],
    },
    "made": {
        **event(epcList=None, action=None, bizStep="https://example.org/steps/withering"),
        "type": "TransformationEvent",
        "transformationID": "urn:example:run:9",
        "inputEPCList": [f"{GTIN}/21/q3"],
        "outputEPCList": [f"{GTIN}/21/q4"],
        "inputQuantityList": [{"epcClass": f"{GTIN}/10/Q-2", "quantity": 3}],
        "outputQuantityList": [{"epcClass": f"{GTIN}/10/Q-3"}],
    },
    "cooled": event(
        bizStep="sensor_reporting",
        epcList=[f"{GTIN}/21/q5", PERSON],
        sensorElementList=[
            {
                "sensorMetadata": {
                    "time": "2026-04-08T02:30:00.000Z",
                    "startTime": "2026-04-08T02:00:00.000Z",
                    "endTime": "2026-04-08T03:00:00.000Z",
                    "deviceID": "urn:example:device:7",
                    "bizRules": "https://example.org/rules",
                    "dataProcessingMethod": "https://example.org/method",
                },
                "sensorReport": [
                    {"type": "Temperature", "value": 26.2, "uom": "CEL", "maxValue": 27, "percRank": 50},
                    {
                        "type": "Mass",
                        "stringValue": "dry",
                        "booleanValue": True,
                        "hexBinaryValue": "A0F1",
                        "uriValue": "https://example.org/reading/1",
                        "microorganism": "https://example.org/microbe",
                        "chemicalSubstance": "https://example.org/substance",
                    },
                ],
                "tea:shelf": "upper",
            }
        ],
    ),
    "wrong": event(
        bizStep="inspecting",
        errorDeclaration={
            "declarationTime": "2026-04-09T00:00:00Z",
            "reason": "incorrect_data",
            "correctiveEventIDs": ["urn:example:better"],
            "tea:note": "typing error",
        },
    ),
}


@pytest.fixture(scope="module")
def captured(trading: TradingNode) -> dict[str, str]:
    """The name of each of the events above, by its id."""
    with trading.trader() as trader:
        job = trader.job(document(*EVENTS.values()))
        assert job["captured"] == len(EVENTS), job
    return {one["eventID"]: name for name, one in EVENTS.items()}


def found(who: Trader, captured: dict[str, str], parameters: str, path: str = "/events") -> set[str]:
    """Which of the events above the query finds, through all pages."""
    names, at = set(), f"{path}?perPage=200&{parameters}"
    while at:
        answer = who.get(at)
        assert answer.status_code == 200, answer.text
        names |= {captured[each["eventID"]] for each in events_in(answer) if each["eventID"] in captured}
        at = following(answer)
    return names


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("eventType=AggregationEvent|TransformationEvent", "packed made"),
        ("GE_eventTime=2026-04-09T00:00:00Z", "weighed"),
        ("LT_eventTime=2026-04-08T10:30:00.001%2B08:00", "shipped packed made cooled wrong"),
        ("LT_eventTime=2026-04-08T10:30:00.000%2B08:00", ""),
        ("GE_recordTime=2100-01-01T00:00:00Z", ""),
        ("EQ_action=ADD", "weighed packed"),
        ("EQ_bizStep=shipping|packing", "shipped packed"),
        ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-shipping", "shipped"),
        ("EQ_bizStep=https://example.org/steps/withering", "made"),
        ("EQ_disposition=in_transit", "shipped"),
        ("EQ_persistentDisposition_set=completeness_verified", "weighed"),
        ("EQ_persistentDisposition_unset=completeness_verified", ""),
        (f"EQ_readPoint={SITE}", ""),
        (f"WD_readPoint={SITE}", "shipped"),
        ("EQ_readPoint=urn:epc:id:sgln:9521001.00001.gate", "shipped"),
        (f"EQ_bizLocation={SITE}", "shipped"),
        (f"EQ_bizTransaction_po={ORDER}", "shipped"),
        (f"EQ_bizTransaction_inv={ORDER}", ""),
        ("EQ_source_owning_party=urn:example:party:1", "shipped"),
        (f"EQ_destination_location={SITE}", "shipped"),
        ("EQ_transformationID=urn:example:run:9", "made"),
        (f"MATCH_epc={GTIN}/21/q1", "shipped"),
        ("MATCH_epc=urn:epc:id:sgtin:9521001.000303.q2", "packed"),
        ("MATCH_parentID=urn:epc:id:sscc:9521001.0000000002", "packed"),
        (f"MATCH_inputEPC={GTIN}/21/q3", "made"),
        (f"MATCH_outputEPC={GTIN}/21/q3", ""),
        (f"MATCH_anyEPC={GTIN}/21/q4|{GTIN}/21/q1", "made shipped"),
        (f"MATCH_epc={PERSON}", "cooled"),
        (f"MATCH_epcClass={GTIN}/10/Q-1", "weighed"),
        (f"MATCH_inputEPCClass={GTIN}/10/Q-2", "made"),
        (f"MATCH_outputEPCClass={GTIN}/10/Q-3", "made"),
        (f"MATCH_anyEPCClass={GTIN}/10/Q-3|{GTIN}/10/Q-1", "made weighed"),
        ("EQ_quantity=200.50", "weighed"),
        ("EQ_quantity_KGM=200.5", "weighed"),
        ("GT_quantity_KGM=200.5", ""),
        ("GE_quantity=3&LE_quantity=3", "made"),
        ("LT_quantity=4", "made"),
        (f"EQ_eventID={PACKED}", "packed"),
        ("EXISTS_errorDeclaration=true", "wrong"),
        ("EXISTS_errorDeclaration=false&EQ_bizStep=shipping", "shipped"),
        ("GE_errorDeclarationTime=2026-04-09T00:00:00Z", "wrong"),
        ("LT_errorDeclaration_Time=2026-04-09T00:00:00Z", ""),
        ("EQ_errorReason=incorrect_data", "wrong"),
        ("EQ_correctiveEventID=urn:example:better", "wrong"),
        ("EQ_ERROR_DECLARATION_tea:note=typing error", "wrong"),
        ("EXISTS_tea:picker", "shipped"),
        (f"EXISTS_{quote(TEA)}%23picker", ""),
        ("EQ_INNER_tea:team=Tangping 3", "shipped"),
        ("GE_INNER_tea:baskets=12", "shipped"),
        ("GT_INNER_tea:baskets=12", ""),
        ("HASATTR_tea:picker=tea:team", "shipped"),
        ("EQATTR_tea:picker_tea:team=Tangping 3", "shipped"),
        ("EQ_ILMD_cbvmda:lotNumber=Q-1", "weighed"),
        ("GE_ILMD_tea:harvest=2026-03-28T00:00:00Z", "weighed"),
        ("GT_ILMD_tea:harvest=2026-03-28T08:00:00%2B08:00", ""),
        ("EXISTS_ILMD_tea:harvest=1", "weighed"),
        ("EXISTS_sensorElementList=1", "cooled"),
        ("GE_time=2026-04-08T10:30:00%2B08:00", "cooled"),
        ("GE_startTime=2026-04-08T02:00:00Z&LT_endTime=2026-04-08T03:00:00.001Z", "cooled"),
        ("LT_startTime=2026-04-08T02:00:00Z", ""),
        ("EQ_type=Temperature", "cooled"),
        ("EQ_deviceID=urn:example:device:7", "cooled"),
        ("EQ_bizRules=https://example.org/rules", "cooled"),
        ("EQ_dataProcessingMethod=https://example.org/method", "cooled"),
        ("EQ_microorganism=https://example.org/microbe", "cooled"),
        ("EQ_chemicalSubstance=https://example.org/substance", "cooled"),
        ("EQ_stringValue=dry|wet", "cooled"),
        ("EQ_booleanValue=true", "cooled"),
        ("EQ_booleanValue=false", ""),
        ("EQ_hexBinaryValue=A0F1", "cooled"),
        ("EQ_uriValue=https://example.org/reading/1", "cooled"),
        ("EQ_value_CEL=26.2", "cooled"),
        ("GT_value_CEL=26.2", ""),
        ("GE_maxValue_CEL=27", "cooled"),
        ("GE_value_FAH=0", "cooled"),
        ("LE_percRank=50", "cooled"),
        ("EQ_SENSORELEMENT_tea:shelf=upper", "cooled"),
        (f"EQ_bizStep=shipping&MATCH_epc={GTIN}/21/q2", ""),
    ],
)
def test_a_parameter_finds_what_its_owner_captured(
    firm: Trader, captured: dict[str, str], parameters: str, expected: str
) -> None:
    assert found(firm, captured, parameters) == set(expected.split())


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("MATCH_epc=urn:epc:idpat:sgtin:9521001.000303.*", "shipped packed cooled"),
        ("MATCH_anyEPC=urn:epc:idpat:sgtin:9521001.*.*", "shipped packed cooled made"),
        ("MATCH_epc=urn:epc:idpat:sscc:9521001.*", "shipped"),
        ("MATCH_parentID=urn:epc:idpat:sscc:9521001.*", "packed"),
        ("MATCH_epc=urn:epc:idpat:sgtin:9521002.*.*", ""),
    ],
)
def test_a_pattern_stands_for_many_epcs(firm: Trader, captured: dict[str, str], pattern: str, expected: str) -> None:
    mine = found(firm, captured, pattern)
    # The other events of these tests are of the same firm's things.
    assert mine - {"wrong"} == set(expected.split())


def test_prefixes_are_the_querys_own_where_it_declares_them(firm: Trader, captured: dict[str, str]) -> None:
    answer = firm.get(f"/events?EXISTS_liu:picker&EQ_bizTransaction_po={ORDER}", **{"GS1-Extensions": f"liu={TEA}"})
    assert [captured.get(each["eventID"]) for each in events_in(answer)] == ["shipped"]
    answer = firm.get(f"/events?EXISTS_tea:picker&EQ_bizTransaction_po={ORDER}", **{"GS1-Extensions": "tea=urn:other:"})
    assert events_in(answer) == []


@pytest.mark.parametrize(
    "private",
    [
        f"EQ_bizTransaction_po={ORDER}",
        "EQ_source_owning_party=urn:example:party:1",
        "EXISTS_tea:picker",
        "EQ_INNER_tea:team=Tangping 3",
        f"MATCH_epc={PERSON}",
        "EQ_SENSORELEMENT_tea:shelf=upper",
        "EXISTS_ILMD_tea:harvest",
    ],
)
def test_nothing_withheld_can_be_found_out_by_asking(
    trading: TradingNode, other: Trader, firm: Trader, captured: dict[str, str], private: str
) -> None:
    assert found(firm, captured, private)
    assert found(other, captured, private) == set()
    with trading.asking() as client:
        assert found(Trader(client), captured, private) == set()


def test_a_query_finds_nothing_that_its_reader_may_not_read(firm: Trader, other: Trader) -> None:
    secret = event(epcList=["urn:example:only:ours"])
    other.job(document(secret))
    assert len(events_in(other.get("/events?MATCH_epc=urn:example:only:ours"))) == 1
    assert events_in(firm.get("/events?MATCH_epc=urn:example:only:ours")) == []
    refused(
        firm.get(f"/epcs/{quote('urn:example:only:ours', safe='')}"),
        404,
        "NoSuchNameException",
        "trace.epcis_value_unknown",
    )
    assert "only:ours" not in firm.get("/epcs?perPage=500").text


def test_the_time_zone_offset_survives_every_query(firm: Trader, other: Trader, captured: dict[str, str]) -> None:
    lot = quote(f"{GTIN}/10/Q-1", safe="")
    for who in (firm, other):
        for path in (
            f"/events?MATCH_epcClass={lot}",
            "/bizSteps/commissioning/events?EQ_action=ADD&GE_quantity_KGM=200",
        ):
            [one] = [each for each in events_in(who.get(path)) if captured.get(each["eventID"]) == "weighed"]
            assert one["eventTimeZoneOffset"] == "-05:00"


def test_events_are_ordered_and_counted_as_asked(firm: Trader) -> None:
    thing = "urn:example:ordered"
    times = ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"]
    for when in times:
        firm.job(document(event(epcList=[thing], eventTime=when)))

    def asked(parameters: str) -> list[str]:
        shown, at = [], f"/events?MATCH_epc={thing}&{parameters}"
        while at:
            answer = firm.get(at)
            shown += [each["eventTime"][:10] + "T00:00:00Z" for each in events_in(answer)]
            at = following(answer)
        return shown

    assert asked("perPage=3") == times
    assert asked("orderBy=eventTime&perPage=1") == sorted(times, reverse=True)
    assert asked("orderBy=eventTime&orderDirection=ASC&perPage=3") == sorted(times)
    assert asked("orderBy=recordTime&orderDirection=ASC&perPage=2") == times
    assert asked("orderBy=eventTime&eventCountLimit=3&perPage=2") == sorted(times, reverse=True)[:3]
    assert asked("eventCountLimit=2&perPage=2") == times[:2]
    assert asked("maxEventCount=4&perPage=3") == times
    large = firm.get(f"/events?MATCH_epc={thing}&maxEventCount=3")
    refused(large, 413, "QueryTooLargeException", "trace.epcis_query_large", "maxEventCount")


@pytest.mark.parametrize("who", ["firm-1", "firm-2"])
def test_events_are_ordered_by_an_extension_field_as_far_as_their_reader_is_given_it(
    trading: TradingNode, who: str
) -> None:
    """Its owner's events come by number, then by the codes of characters, then what has none; nothing of the order tells
    anybody else what they withhold."""
    thing = f"urn:example:graded:{who}"
    grades: list[Any] = [3, "b", 12, "a", None, "B", 3, -1]
    with trading.trader(who) as owner, trading.trader("firm-2" if who == "firm-1" else "firm-1") as other:
        for grade in grades:
            more = {} if grade is None else {"tea:grade": grade}
            owner.job(document(event(epcList=[thing], **more)))

        def asked(trader: Trader, parameters: str) -> list[Any]:
            shown, at = [], f"/events?MATCH_epc={thing}&{parameters}"
            while at:
                answer = trader.get(at, **{"GS1-Extensions": f"t={TEA}"})
                assert answer.status_code == 200, answer.text
                shown += [each.get("tea:grade") for each in events_in(answer)]
                at = following(answer)
            return shown

        up: list[Any] = [-1, 3, 3, 12, "B", "a", "b", None]
        down: list[Any] = [12, 3, 3, -1, "b", "a", "B", None]
        for page in (1, 3, 100):
            assert asked(owner, f"orderBy=t:grade&orderDirection=ASC&perPage={page}") == up
            assert asked(owner, f"orderBy=t:grade&perPage={page}") == down
        assert asked(owner, "orderBy=t:grade&eventCountLimit=3&perPage=2") == down[:3]
        assert asked(owner, "orderBy=eventTime&perPage=2&EXISTS_t:grade=") != []
        seen = asked(other, "orderBy=t:grade&perPage=3")
        assert set(seen) <= {None}
        assert seen == [] or who == "firm-1"


def test_a_page_of_an_order_by_extension_is_not_moved_by_what_comes_later(firm: Trader) -> None:
    thing = "urn:example:later"
    for grade in (1, 2, 3):
        firm.job(document(event(epcList=[thing], **{"tea:grade": grade})))
    first = firm.get(f"/events?MATCH_epc={thing}&orderBy=tea:grade&orderDirection=ASC&perPage=2")
    firm.job(document(event(epcList=[thing], **{"tea:grade": 0})))
    rest = firm.get(following(first))
    assert [each["tea:grade"] for answer in (first, rest) for each in events_in(answer)] == [1, 2, 3]


def test_a_place_of_a_members_own_has_the_places_below_its_address(firm: Trader, captured: dict[str, str]) -> None:
    thing = "urn:example:placed"
    places = [
        "https://example.org/places/cangwu", "https://example.org/places/cangwu/9", "https://example.org/places/cangwu/9/a",
        "https://example.org/places/cangwu-2", "urn:example:place:hill", "urn:example:place:hill:top",
        "urn:example:place:hilltop",
    ]  # fmt: skip
    for place in places:
        firm.job(document(event(epcList=[thing], readPoint={"id": place}, bizLocation={"id": place})))

    def within(field: str, place: str) -> set[str]:
        answer = firm.get(f"/events?MATCH_epc={thing}&WD_{field}={place}&perPage=100")
        return {each[field]["id"] for each in events_in(answer)}

    for field in ("readPoint", "bizLocation"):
        assert within(field, "https://example.org/places/cangwu") == set(places[:3])
        assert within(field, "https://example.org/places/cangwu/") == {*places[1:3]}
        assert within(field, "https://example.org/places/cangwu/9") == {*places[1:3]}
        assert within(field, "urn:example:place:hill") == {*places[4:6]}
        assert within(field, "https://example.org/places/*") == set(), "a star is a star"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("EQ_value_KEL=299.35", "cooled"),
        ("GE_value_FAH=79.16", "cooled"),
        ("GT_value_FAH=79.16", ""),
        ("LT_value_KEL=299.3500001", "cooled"),
        ("EQ_maxValue_KEL=300.15", "cooled"),
        ("EQ_quantity_GRM=200500", "weighed"),
        ("GE_quantity_TNE=0.2005", "weighed"),
        ("GT_quantity_LBR=442.03", ""),
        ("LT_quantity_LBR=442.04", "weighed"),
        ("EQ_quantity_LTR=200.5", ""),
        ("EQ_quantity_XX=200.5", ""),
    ],
)
def test_numbers_are_compared_across_the_units_of_their_quantity(
    firm: Trader, captured: dict[str, str], parameters: str, expected: str
) -> None:
    assert found(firm, captured, parameters) == set(expected.split())


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.decimals(-1000, 1000, places=6))
def test_units_keep_the_order_of_what_they_measure_and_no_digit_is_lost(one: str, other: str, number: Decimal) -> None:
    first, second = UNITS[one], UNITS[other]
    assert (first.common(number) < first.common(number + Decimal("0.000001"))) == (first.factor > 0)
    assert first.common(number) == (Fraction(number) + Fraction(first.offset)) * Fraction(first.factor)
    if first.quantity != second.quantity:
        assert comparable("value", one) != comparable("value", other)


def test_classes_are_browsed_beside_pieces(firm: Trader, captured: dict[str, str]) -> None:
    listed, at = set(), "/epcs?perPage=500"
    while at:
        answer = firm.get(at)
        listed |= set(answer.json()["member"])
        at = following(answer)
    assert {f"{GTIN}/10/Q-1", f"{GTIN}/21/q1"} <= listed
    for name in (f"{GTIN}/10/Q-1", "urn:epc:class:lgtin:9521001.000303.Q-1"):
        assert found(firm, captured, "", f"/epcs/{quote(name, safe='')}/events") == {"weighed"}


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ("EQ_action=MOVE", "trace.epcis_query_parameter", "EQ_action"),
        ("eventType=Event", "trace.epcis_query_parameter", "eventType"),
        ("GE_eventTime=yesterday", "trace.epcis_query_parameter", "GE_eventTime"),
        ("GT_eventTime=2026-01-01T00:00:00Z", "trace.epcis_query_unknown_parameter", "GT_eventTime"),
        ("GE_quantity=much", "trace.epcis_query_parameter", "GE_quantity"),
        ("GE_value_CEL=1e999", "trace.epcis_query_parameter", "GE_value_CEL"),
        ("MATCH_epc=urn:epc:idpat:sgtin:x.*.*", "trace.epcis_query_parameter", "MATCH"),
        ("orderBy=place", "trace.epcis_query_parameter", "orderBy"),
        ("orderBy=a:b:c d", "trace.epcis_query_unknown_parameter", "orderBy"),
        ("orderBy=eventTime&orderDirection=UP", "trace.epcis_query_parameter", "orderDirection"),
        ("eventCountLimit=0", "trace.epcis_query_parameter", "eventCountLimit"),
        ("eventCountLimit=1&maxEventCount=1", "trace.epcis_query_parameter", "maxEventCount"),
        ("EQ_unknown=1", "trace.epcis_query_unknown_parameter", "EQ_unknown"),
        ("FOO_a:b=1", "trace.epcis_query_unknown_parameter", "FOO_a:b"),
        ("EQ_bizStep=", "trace.epcis_query_parameter", "EQ_bizStep"),
        ("EXISTS_a:b=maybe", "trace.epcis_query_parameter", "EXISTS_a:b"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(firm: Trader, parameters: str, code: str, field: str) -> None:
    refused(firm.get(f"/events?{parameters}"), 400, "QueryParameterException", code, field)


def test_a_question_has_its_limits(firm: Trader) -> None:
    long = firm.get("/events?EQ_eventID=" + "|".join(["urn:uuid:12345678"] * 1000))
    refused(long, 414, "URITooLongException", "trace.epcis_uri_too_long")
    many = firm.get("/events?EQ_eventID=" + "|".join(["a:b"] * 101))
    refused(many, 413, "QueryTooComplexException", "trace.epcis_query_complex", "EQ_eventID")
    parameters = urlencode([(f"EQ_ex:{number}", "1") for number in range(51)])
    refused(firm.get(f"/events?{parameters}"), 413, "QueryTooComplexException", "trace.epcis_query_complex")
    refused(
        firm.get("/events?EQ_action=ADD&EQ_action=ADD"), 400, "ValidationException", "input.name_twice", "EQ_action"
    )


STEPS = ("shipping", "receiving")
THINGS = tuple(f"urn:example:many:{number}" for number in range(4))
PLACES = (SITE, f"{SITE}/254/a", "urn:example:place:1")
POSSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "EQ_bizStep": st.sampled_from(STEPS),
        "EQ_action": st.sampled_from(("ADD", "OBSERVE|DELETE")),
        "MATCH_anyEPC": st.sampled_from(THINGS),
        "WD_readPoint": st.sampled_from(PLACES),
        "EQ_bizTransaction_po": st.sampled_from(("urn:example:o:1", "urn:example:o:1|urn:example:o:2")),
        "GE_INNER_tea:count": st.integers(0, 4).map(str),
        "EQ_INNER_tea:count": st.integers(0, 4).map(str),
        "EXISTS_tea:more": st.just(""),
        "LT_quantity": st.integers(0, 4).map(str),
        "GE_eventTime": st.integers(1, 4).map(lambda day: f"2026-03-0{day}T00:00:00Z"),
        "orderBy": st.sampled_from(("eventTime", "INNER_tea:count")),
        "GE_quantity_GRM": st.integers(0, 4).map(lambda kilograms: str(kilograms * 1000)),
    },
)


@pytest.fixture(scope="module")
def many(trading: TradingNode) -> None:
    """Sixty events of two firms that differ in everything that the queries below ask for."""
    for number, firm in ((number, firm) for number in range(30) for firm in ("firm-1", "firm-2")):
        parts: dict[str, Any] = {
            "bizStep": STEPS[number % 2],
            "action": ("ADD", "OBSERVE", "DELETE")[number % 3],
            "epcList": [THINGS[number % 4]],
            "readPoint": {"id": PLACES[number % 3]},
            "eventTime": f"2026-03-0{1 + number % 4}T00:00:00Z",
        }
        if number % 2:
            parts["bizTransactionList"] = [{"type": "po", "bizTransaction": f"urn:example:o:{number % 4}"}]
        if number % 3:
            parts["tea:more"] = {"tea:count": number % 5}
        if number % 5:
            parts["quantityList"] = [{"epcClass": f"{GTIN}/10/M", "quantity": number % 4, "uom": "KGM"}]
        BATCHES.setdefault(firm, []).append(event(**parts))
    for firm, events in BATCHES.items():
        with trading.trader(firm) as trader:
            assert trader.job(document(*events))["captured"] == 30


BATCHES: dict[str, list[dict[str, Any]]] = {}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(POSSIBLE, st.sampled_from(("firm-1", "firm-2", "")))
def test_a_query_finds_all_that_fits_of_what_its_reader_is_given(
    trading: TradingNode, many: None, parameters: dict[str, str], who: str
) -> None:
    """The index may neither hide an event nor add one: the answer is that of a look at every event."""
    with trading.asking(who) as client:
        trader = Trader(client)

        def through(path: str) -> list[dict[str, Any]]:
            shown: list[dict[str, Any]] = []
            while path:
                answer = trader.get(path)
                assert answer.status_code == 200, answer.text
                shown += events_in(answer)
                path = following(answer)
            return shown

        everything = through("/events?perPage=500")
        query = read_query(parameters, Names({}))
        expected = {json.dumps(each, sort_keys=True) for each in everything if query.fits(facts_of(each))}
        shown = through(f"/events?{urlencode(parameters | {'perPage': '20'})}")
        assert {json.dumps(each, sort_keys=True) for each in shown} == expected
        assert len(shown) == len(expected)


def test_an_error_that_is_declared_later_changes_what_a_query_finds(firm: Trader) -> None:
    one = event(epcList=["urn:example:mistaken"])
    firm.post(alone(one))
    asked = "/events?MATCH_epc=urn:example:mistaken&EXISTS_errorDeclaration"
    assert events_in(firm.get(asked)) == []
    wrong = one | {"errorDeclaration": {"declarationTime": "2026-04-09T00:00:00Z", "reason": "did_not_occur"}}
    firm.job(document(wrong))
    assert [each["eventID"] for each in events_in(firm.get(asked))] == [one["eventID"]]
    assert len(events_in(firm.get("/events?MATCH_epc=urn:example:mistaken"))) == 1
