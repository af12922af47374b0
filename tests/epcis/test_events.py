"""Events on their way out: whole for their owner, in part for others, unseen for the rest."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from trading import Trader, TradingNode, alone, document, event, events_in, following, refused

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.document import read_document

TOP = ("capture", "events", "eventTypes", "epcs", "bizSteps", "bizLocations", "readPoints", "dispositions", "queries")
ORDER = "urn:example:order:9"
PRIVATE = {
    "bizTransactionList": [{"type": "po", "bizTransaction": ORDER}],
    "tea:picker": {"tea:team": "Tangping 3"},
}


def path_of(event_id: str) -> str:
    return f"/events/{quote(event_id, safe='')}"


def test_the_owner_gets_the_whole_event_and_others_its_public_part(firm: Trader, other: Trader) -> None:
    one = event(**PRIVATE)
    firm.job(document(one))
    own, shown = (events_in(who.get(path_of(one["eventID"])))[0] for who in (firm, other))
    assert own["bizTransactionList"] == PRIVATE["bizTransactionList"]
    assert own["tea:picker"] == PRIVATE["tea:picker"]
    assert shown["epcList"] == one["epcList"]
    assert "bizTransactionList" not in shown
    assert "tea:picker" not in shown


def test_an_event_without_an_audience_is_not_there_for_others(
    trading: TradingNode, firm: Trader, other: Trader
) -> None:
    one = event()
    other.job(document(one))
    assert events_in(other.get(path_of(one["eventID"])))
    refused(firm.get(path_of(one["eventID"])), 404, "NoSuchNameException", "trace.epcis_event_unknown")
    assert one["eventID"] not in firm.get("/events?perPage=500").text
    with trading.asking() as client:
        assert Trader(client).get(path_of(one["eventID"])).status_code == 404


def test_anyone_may_read_what_is_public(trading: TradingNode, firm: Trader) -> None:
    one = event()
    firm.job(document(one))
    with trading.asking() as client:
        assert events_in(Trader(client).get(path_of(one["eventID"])))[0]["eventID"] == one["eventID"]


@pytest.mark.parametrize("private", [{}, PRIVATE], ids=["public", "private"])
def test_an_event_without_an_id_goes_by_its_hash_encoded_or_not(firm: Trader, private: dict[str, object]) -> None:
    one = alone(event(eventID=None, epcList=[f"urn:example:hash:{len(private)}"], **private))
    answer = firm.post(one)
    event_id = read_document(json_text.write(one)).whole()[0].hash()
    assert answer.json()["eventID"] == event_id
    assert event_id.startswith("ni:///sha-256;")
    for path in (path_of(event_id), f"/events/{event_id}", f"/events/{quote(event_id, safe='/:;?=')}"):
        assert events_in(firm.get(path))[0]["eventID"] == event_id
    refused(firm.post(one), 409, "ResourceAlreadyExistsException", "trace.event_known")


def test_what_the_owner_gets_has_the_hash_of_what_was_sent(firm: Trader) -> None:
    one = event(**PRIVATE)
    firm.job(document(one))
    sent = read_document(json_text.write(document(one))).whole()[0].hash()
    assert read_document(firm.get(path_of(one["eventID"])).content).whole()[0].hash() == sent


def test_pages_lead_through_all_events_once_in_the_order_of_their_recording(firm: Trader) -> None:
    made = [event() for _ in range(7)]
    for one in made:
        firm.job(document(one))
    found, path = [], "/events?perPage=30"
    while path:
        answer = firm.get(path)
        assert len(events_in(answer)) <= 30
        found += [each["eventID"] for each in events_in(answer)]
        path = following(answer)
    assert found[-7:] == [one["eventID"] for one in made]
    assert len(found) == len(set(found))


def test_parameters_that_there_are_not_and_tokens_of_others_are_refused(firm: Trader) -> None:
    unknown = firm.get("/events?EQ_bizStop=shipping")
    refused(unknown, 400, "QueryParameterException", "trace.epcis_query_unknown_parameter", "EQ_bizStop")
    refused(firm.get("/events?perPage=0"), 400, "ValidationException", "input.range", "perPage")
    refused(firm.get("/events?nextPageToken=abc"), 400, "ValidationException", "trace.epcis_page_token")


def test_discovery_tells_versions_limits_and_methods(trading: TradingNode) -> None:
    with trading.asking() as client:
        capture, events = (client.options(f"/epcis/{name}") for name in ("capture", "events"))
        for answer in (capture, events, client.options("/epcis/"), client.options("/epcis/events/urn:example:1")):
            assert answer.status_code == 204
            assert answer.headers["GS1-EPCIS-Version"] == answer.headers["GS1-CBV-Version"] == "2.0.0"
            assert answer.headers["GS1-EPC-Format"] == "Always_GS1_Digital_Link"
        assert capture.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
        assert capture.headers["GS1-Capture-Error-Behaviour"] == "all"
        assert capture.headers["GS1-EPCIS-Capture-Limit"] == "500"
        assert sorted(client.get("/epcis/").json()["member"]) == sorted(TOP)
        assert client.head("/epcis/events").status_code == 200


def test_each_resource_tells_its_methods(trading: TradingNode) -> None:
    methods = {
        "queries": "POST",
        "queries/any": "DELETE",
        "queries/any/subscriptions": "POST",
        "queries/any/subscriptions/1": "DELETE",
        "queries/any/events": None,
        "epcs": None,
        "epcs/urn:example:1/events": None,
    }
    with trading.asking() as client:
        for path, further in methods.items():
            allowed = client.options(f"/epcis/{path}").headers["Allow"].split(", ")
            assert set(allowed) - {"GET", "HEAD", "OPTIONS"} == ({further} - {None})


def test_a_page_token_that_was_given_up_leads_nowhere(firm: Trader) -> None:
    for _ in range(2):
        assert firm.post(alone(event())).status_code == 201
    onward = following(firm.get("/events?perPage=1"))
    token = parse_qs(urlsplit(onward).query)["nextPageToken"][0]
    assert firm.get(onward).status_code == 200
    answer = firm.delete(f"/nextPageToken/{quote(token, safe='')}")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(firm.get(onward), 400, "ValidationException", "trace.epcis_page_token", "nextPageToken")
    for each in (token, "abc"):
        refused(firm.delete(f"/nextPageToken/{each}"), 400, "ValidationException", "trace.epcis_page_token")
    assert following(firm.get("/events?perPage=1")), "another one is had at once"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GS1-EPC-Format", "Sometimes_EPC_URN"),
        ("GS1-CBV-XML-Format", "Never"),
        ("GS1-EPCIS-Min", "2.1"),
        ("GS1-EPCIS-Max", "1.2.0"),
        ("GS1-CBV-Version", "two"),
        ("Accept", "text/csv, application/json;q=0"),
    ],
)
def test_what_is_not_spoken_here_is_not_acceptable(firm: Trader, name: str, value: str) -> None:
    assert firm.get("/events", **{name: value}).status_code == 406


def test_versions_within_ours_are_spoken(firm: Trader) -> None:
    for headers in ({"GS1-EPCIS-Version": "2"}, {"GS1-EPCIS-Min": "1.2", "GS1-EPCIS-Max": "2.0.1"}):
        assert firm.get("/events", **headers).status_code == 200
