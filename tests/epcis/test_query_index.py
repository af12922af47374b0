"""The index may neither hide an event nor add one: a query answers what a look at every event would."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from asked import GTIN, SITE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trading import Trader, TradingNode, alone, document, event, events_in, following

from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.gateway.epcis.facts import facts_of
from infoharbor.gateway.epcis.language import read_query

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
        "LT_eventTime": st.integers(2, 5).map(lambda day: f"2026-03-0{day}T00:00:00Z"),
        "GE_recordTime": st.sampled_from(("2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z")),
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
