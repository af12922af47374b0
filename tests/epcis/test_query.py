"""The query language: each parameter finds the events that it should, for each reader."""

from decimal import Decimal
from fractions import Fraction
from urllib.parse import quote

import pytest
from asked import EVENTS, GTIN, ORDER, PACKED, PERSON, SITE, TEA
from hypothesis import given
from hypothesis import strategies as st
from trading import Trader, TradingNode, document, event, events_in, following, refused

from infoharbor.gateway.epcis.units import UNITS, comparable


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
