"""Named queries: an organisation's own, bounded, kept; and browsing by type, EPC, step, place and disposition."""

from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from trading import Trader, TradingNode, document, event, events_in, following, refused

from infoharbor.gateway.epcis.store import QUERIES_MAX, NamedQuery, Store
from infoharbor.sdk.problems import Problem

TEA = "https://example.org/liubao-tea/"


def unique(prefix: str = "query") -> str:
    return f"{prefix}-{uuid4()}"


def test_a_named_query_is_made_shown_asked_and_removed(firm: Trader) -> None:
    name, thing = unique("出口"), f"urn:example:{uuid4()}"
    answer = firm.name(name, MATCH_epc=[thing], EQ_bizStep=["shipping", "packing"], GE_quantity=1.5)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/epcis/queries/{quote(name)}"
    definition = {
        "name": name,
        "query": {"MATCH_epc": [thing], "EQ_bizStep": ["shipping", "packing"], "GE_quantity": 1.5},
    }
    assert firm.client.get(answer.headers["Location"]).json() == definition
    assert definition in firm.get("/queries?perPage=500").json()
    assert firm.delete(f"/queries/{quote(name)}").status_code == 204
    for again in (firm.get(f"/queries/{quote(name)}"), firm.delete(f"/queries/{quote(name)}")):
        refused(again, 404, "NoSuchNameException", "trace.epcis_query_unknown", "queryName")


def test_a_named_query_answers_what_it_asks_page_by_page(firm: Trader) -> None:
    name, thing = unique(), f"urn:example:{uuid4()}"
    made = [event(epcList=[thing], **{"tea:grade": number}) for number in range(5)]
    firm.job(document(*made))
    firm.name(name, **{"@context": [{"liu": TEA}], "MATCH_anyEPC": [thing], "GE_liu:grade": 2, "orderBy": "recordTime"})
    found, path = [], f"/queries/{name}/events?perPage=2"
    while path:
        answer = firm.get(path)
        assert answer.json()["epcisBody"]["queryResults"]["queryName"] == name
        found += [each["eventID"] for each in events_in(answer)]
        path = following(answer)
    assert sorted(found) == sorted(one["eventID"] for one in made[2:])


def test_queries_are_their_organisations_own(firm: Trader, other: Trader, trading: TradingNode) -> None:
    name = unique()
    firm.name(name, EQ_action=["ADD"])
    for path in (f"/queries/{name}", f"/queries/{name}/events", f"/queries/{name}/subscriptions"):
        refused(other.get(path), 404, "NoSuchNameException", "trace.epcis_query_unknown", "queryName")
    refused(other.delete(f"/queries/{name}"), 404, "NoSuchNameException", "trace.epcis_query_unknown")
    assert name not in other.get("/queries?perPage=500").text
    assert other.name(name, EQ_action=["DELETE"]).status_code == 201
    with trading.asking() as client:
        for answer in (Trader(client).get("/queries"), Trader(client).name(name)):
            refused(answer, 401, "SecurityException", "http.credential", "Authorization")


def test_a_name_is_taken_once(firm: Trader) -> None:
    name = unique()
    firm.name(name)
    refused(firm.name(name), 409, "ResourceAlreadyExistsException", "trace.epcis_query_known", "name")


@pytest.mark.parametrize("name", ["", "a/b", "..", "a" * 101, "tab\t"])
def test_a_name_that_no_address_can_have_is_refused(firm: Trader, name: str) -> None:
    refused(firm.name(name), 400, "QueryParameterException", "trace.epcis_query_parameter", "name")


def test_a_query_that_cannot_be_asked_is_not_kept(firm: Trader) -> None:
    name = unique()
    refused(firm.name(name, EQ_bizStop=["x"]), 400, "QueryParameterException", "trace.epcis_query_unknown_parameter")
    refused(
        firm.name(name, GE_eventTime=5), 400, "QueryParameterException", "trace.epcis_query_parameter", "GE_eventTime"
    )
    refused(firm.get(f"/queries/{name}"), 404, "NoSuchNameException", "trace.epcis_query_unknown")
    answer = firm.client.post("/epcis/queries", content=b"<query/>", headers={"Content-Type": "application/xml"})
    refused(answer, 415, "UnsupportedMediaTypeException", "http.media_type")
    answer = firm.client.post("/epcis/queries", json=[])
    refused(answer, 400, "ValidationException", "trace.epcis_type")


def test_an_organisation_has_so_many_queries_and_no_more(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(QUERIES_MAX):
        store.add_query(NamedQuery("firm-1", str(number), "user", "{}"))
    with pytest.raises(Problem) as full:
        store.add_query(NamedQuery("firm-1", "one more", "user", "{}"))
    assert full.value.code == "trace.epcis_queries_full"
    store.add_query(NamedQuery("firm-2", "of another", "user", "{}"))
    store.close()
    again = Store(tmp_path)
    assert len(again.queries("firm-1", after="", limit=1000)) == QUERIES_MAX
    again.close()


def test_resources_list_what_events_have_and_lead_to_these_events(firm: Trader) -> None:
    run = uuid4()
    one = event(
        epcList=[f"urn:example:{run}:epc"],
        bizStep="https://example.org/steps/rolling",
        readPoint={"id": f"https://example.org/{run}/events"},
        bizLocation={"id": f"urn:example:{run}:site"},
        disposition="active",
    )
    firm.job(document(one))
    values = {
        "epcs": one["epcList"][0],
        "bizSteps": one["bizStep"],
        "readPoints": one["readPoint"]["id"],
        "bizLocations": one["bizLocation"]["id"],
        "dispositions": "active",
        "eventTypes": "ObjectEvent",
    }
    for name, value in values.items():
        listed, path = [], f"/{name}?perPage=7"
        while path:
            answer = firm.get(path)
            listed += answer.json()["member"]
            path = following(answer)
        assert value in listed
        assert listed == sorted(set(listed))
        for written in {quote(value, safe=""), quote(value, safe=":/")}:
            if not written.endswith("/events"):
                assert firm.get(f"/{name}/{written}").json()["member"] == ["events"]
            found = events_in(firm.get(f"/{name}/{written}/events?EQ_eventID={one['eventID']}&EQ_action=OBSERVE"))
            assert [each["eventID"] for each in found] == [one["eventID"]]
        assert (
            events_in(firm.get(f"/{name}/{quote(value, safe='')}/events?EQ_action=ADD&EQ_eventID={one['eventID']}"))
            == []
        )


def test_what_no_event_has_is_not_there(firm: Trader) -> None:
    for path in ("/epcs/urn:example:none", "/bizSteps/flying", "/eventTypes/QuantumEvent", "/readPoints/urn:no/events"):
        refused(firm.get(path), 404, "NoSuchNameException", "trace.epcis_value_unknown")
    assert firm.get("/bizSteps/void_shipping").json()["member"] == ["events"]
    refused(firm.get("/colours"), 404, "NoSuchNameException", "http.not_found")
    refused(firm.get("/epcs?EQ_action=ADD"), 400, "QueryParameterException", "trace.epcis_query_unknown_parameter")
