"""Whatever does not fit in a query is named, and a question has its limits."""

from urllib.parse import urlencode

import pytest
from trading import Trader, refused


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
