"""A subscriber gets events in the form and the identifiers that it asks for, and is told of what that form cannot hold."""

import json
import sqlite3
import time
from pathlib import Path

import pytest
from receiver import Receiver
from standing import IN_XML, SECRET, Standing, connect, ids_in_xml
from trading import TradingNode, document, event
from websockets.exceptions import InvalidStatus

from infoharbor.edgekit.webhooks import is_signed
from infoharbor.gateway.epcis.headers import USUAL
from infoharbor.gateway.epcis.store import FILE, NamedQuery, Store
from infoharbor.sdk.building import now_ms

IN_URNS = {"GS1-EPC-Format": "Always_EPC_URN"}
NO_XML = {"tea:grid": [[1, 2], [3]]}
"""An extension that JSON can have and XML cannot: a list inside of a list."""


@pytest.mark.parametrize("words", [None, "Always_URN"])
def test_a_subscriber_that_asks_for_xml_gets_xml_signed(
    standing: Standing, receiver: Receiver, words: str | None
) -> None:
    headers = IN_XML | ({"GS1-CBV-XML-Format": words} if words else {})
    identifier = standing.subscribe(receiver.url, headers, stream=True)
    made = standing.happen(2)
    delivery = receiver.next()
    assert delivery.headers["content-type"] == "application/xml"
    assert is_signed(SECRET, delivery.body, delivery.headers["gs1-signature"], int(time.time()))
    assert sorted(ids_in_xml(delivery.body)) == sorted(made)
    assert f"<subscriptionID>{identifier}</subscriptionID>".encode() in delivery.body
    assert (b"urn:epcglobal:cbv:bizstep:shipping" in delivery.body) == (words == "Always_URN")
    told = standing.trader.get(f"/queries/{standing.name}/subscriptions/{identifier}").headers
    assert told["gs1-cbv-xml-format"] == (words or "Always_Web_URI")


@pytest.mark.parametrize("accept", ["application/json", "application/xml;q=0.5, application/json", "*/*"])
def test_a_subscriber_that_asks_for_json_gets_json(standing: Standing, receiver: Receiver, accept: str) -> None:
    standing.subscribe(receiver.url, {"Accept": accept}, stream=True)
    made = standing.happen()
    delivery = receiver.next()
    assert (delivery.headers["content-type"], delivery.ids) == ("application/json", made)


def test_an_event_that_xml_cannot_hold_is_told_of_and_keeps_no_other_one_back(
    standing: Standing, receiver: Receiver
) -> None:
    standing.subscribe(receiver.url, IN_XML, stream=True, initialRecordTime="2026-01-01T00:00:00Z")
    events = [event(epcList=[standing.thing]), event(epcList=[standing.thing], **NO_XML)]
    assert standing.trader.job(document(*events))["captured"] == 2
    whole, problem = receiver.next(), receiver.next()
    assert ids_in_xml(whole.body) == [events[0]["eventID"]]
    assert problem.headers["content-type"] == "application/problem+json"
    assert is_signed(SECRET, problem.body, problem.headers["gs1-signature"], int(time.time()))
    told = json.loads(problem.body)
    assert (told["code"], told["eventID"]) == ("trace.epcis_xml_form", events[1]["eventID"])
    later = standing.happen()
    assert ids_in_xml(receiver.next().body) == later


def test_identifiers_that_have_no_urn_are_told_of(standing: Standing, receiver: Receiver) -> None:
    """Nobody is accredited for the prefix, so that nobody knows how long it is."""
    standing.subscribe(receiver.url, IN_URNS, stream=True, initialRecordTime="2026-01-01T00:00:00Z")
    one = event(epcList=[standing.thing, "https://id.gs1.org/01/09521001003032/21/7"])
    assert standing.trader.job(document(one))["captured"] == 1
    told = json.loads(receiver.next().body)
    assert (told["code"], told["eventID"]) == ("trace.epcis_prefix_length", one["eventID"])


def test_a_problem_that_is_not_taken_comes_again_with_its_window(standing: Standing, receiver: Receiver) -> None:
    receiver.statuses = [204, 500]
    standing.subscribe(receiver.url, IN_XML, stream=True, initialRecordTime="2026-01-01T00:00:00Z")
    events = [event(epcList=[standing.thing]), event(epcList=[standing.thing], **NO_XML)]
    assert standing.trader.job(document(*events))["captured"] == 2
    kinds = [receiver.next().headers["content-type"] for _ in range(4)]
    assert kinds == ["application/xml", "application/problem+json"] * 2


@pytest.mark.parametrize(
    "headers", [{"Accept": "text/html"}, {"GS1-EPC-Format": "Never"}, {"GS1-EPCIS-Version": "1.2"}]
)
def test_what_is_not_spoken_cannot_be_subscribed_to(
    trading: TradingNode, standing: Standing, headers: dict[str, str]
) -> None:
    answer = standing.trader.subscribe(standing.name, headers, dest="https://example.org/", stream=True)
    assert (answer.status_code, answer.json()["type"]) == (406, "epcisException:NotAcceptableException")
    with pytest.raises(InvalidStatus) as denied, connect(trading, standing.name, "stream=true", headers=headers):
        pass
    assert denied.value.response.status_code == 406


def test_subscriptions_of_an_earlier_version_go_on_in_json(tmp_path: Path) -> None:
    query = NamedQuery("firm-1", "q", "user", "{}")
    store = Store(tmp_path)
    store.add_query(query)
    store.close()
    with sqlite3.connect(tmp_path / FILE) as earlier:
        for name in ("xml", "epcs", "words"):
            earlier.execute(f"ALTER TABLE subscriptions DROP COLUMN {name}")
        earlier.execute(
            "INSERT INTO subscriptions VALUES ('s', 'firm-1', 'q', 'user', 'https://example.org/', '', '', 0, 0, 0, 0, 0,"
            " -1, 0, 0, '')"
        )
    store = Store(tmp_path)
    (found,) = store.due(now_ms())
    assert found.manner == USUAL
    store.close()
