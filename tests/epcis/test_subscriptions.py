"""Subscriptions: events are sent once they fit, signed, again until they are taken, and never to where they may not go."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import websockets.sync.client as websocket
from receiver import Receiver, receiving
from trading import Trader, TradingNode, document, event, listening, refused
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infoharbor.contracts.trace.exchange import times
from infoharbor.edgekit.webhooks import is_signed
from infoharbor.gateway.epcis.store import SUBSCRIPTIONS_MAX, NamedQuery, Store, Subscription
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

SECRET = "13df38d8275b13f05704629e5f1cf3d45d6132d5"
EVERY_SECOND = {"second": "*"}


class Standing:
    """A query of its own for one thing, and events of that thing."""

    def __init__(self, trader: Trader) -> None:
        self.trader, self.name, self.thing = trader, f"query-{uuid4()}", f"urn:example:{uuid4()}"
        assert trader.name(self.name, MATCH_anyEPC=[self.thing]).status_code == 201

    def happen(self, count: int = 1) -> list[str]:
        events = [event(epcList=[self.thing]) for _ in range(count)]
        assert self.trader.job(document(*events))["captured"] == count
        return [one["eventID"] for one in events]

    def subscribe(self, target: str, **body: Any) -> str:
        answer = self.trader.subscribe(self.name, dest=target, signatureToken=SECRET, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subscriptionID"])

    def state(self, identifier: str) -> dict[str, Any]:
        found: dict[str, Any] = self.trader.get(f"/queries/{self.name}/subscriptions/{identifier}").json()
        return found

    def until(self, identifier: str, name: str) -> dict[str, Any]:
        """How the subscription stands once it shows this member."""
        for _ in range(400):
            state = self.state(identifier)
            if name in state:
                return state
            time.sleep(0.02)
        raise AssertionError(f"{name} does not come")


@pytest.fixture
def receiver() -> Any:
    with receiving() as found:
        yield found


@pytest.fixture
def standing(firm: Trader) -> Any:
    made = Standing(firm)
    yield made
    firm.delete(f"/queries/{made.name}")


def test_a_stream_sends_each_event_that_fits_signed(standing: Standing, receiver: Receiver) -> None:
    before = standing.happen()
    identifier = standing.subscribe(receiver.url, stream=True)
    for _ in range(2):
        made = standing.happen()
        delivery = receiver.next()
        assert delivery.ids == made
        assert made != before
        assert (delivery.results["queryName"], delivery.results["subscriptionID"]) == (standing.name, identifier)
        assert delivery.events[0]["eventTimeZoneOffset"] == "+08:00"
        assert delivery.headers["content-type"] == "application/json"
        assert is_signed(SECRET, delivery.body, delivery.headers["gs1-signature"], int(time.time()))
        assert not is_signed(SECRET, delivery.body + b" ", delivery.headers["gs1-signature"], int(time.time()))
    state = standing.until(identifier, "lastNotifiedAt")
    assert SECRET not in json.dumps(state)
    assert state["initialRecordTime"] <= state["minRecordTime"]


def test_the_window_moves_on_only_after_a_2xx(standing: Standing, receiver: Receiver) -> None:
    """Whatever else is answered, the same events come again, and what has come meanwhile with them."""
    receiver.statuses = [500, 302]
    identifier = standing.subscribe(receiver.url, stream=True)
    first = standing.happen()
    assert receiver.next().ids == first
    assert standing.until(identifier, "lastFailure")["lastFailure"].startswith("HTTP ")
    second = standing.happen()
    again = [receiver.next().ids, receiver.next().ids]
    assert [ids[:1] for ids in again] == [first, first]
    taken = set(again[-1])
    third = standing.happen()
    while not taken.issuperset(third):
        ids = receiver.next().ids
        assert taken.isdisjoint(ids)
        taken |= set(ids)
    assert taken == {*first, *second, *third}
    assert "lastFailure" not in standing.until(identifier, "lastNotifiedAt")


def test_a_client_that_asks_for_less_at_a_time_gets_it(standing: Standing, receiver: Receiver) -> None:
    made = standing.happen(9)
    receiver.statuses = [413]
    standing.subscribe(receiver.url, stream=True, initialRecordTime="2026-01-01T00:00:00Z")
    assert sorted(receiver.next().ids) == sorted(made)
    taken: list[str] = []
    while len(taken) < 9:
        delivery = receiver.next()
        assert len(delivery.ids) <= 4
        taken += delivery.ids
    assert sorted(taken) == sorted(made)


def test_a_schedule_reports_what_is_new_and_if_asked_that_nothing_is(standing: Standing, receiver: Receiver) -> None:
    standing.happen()
    later = times.utc(now_ms() + 1)
    identifier = standing.subscribe(receiver.url, schedule=EVERY_SECOND, reportIfEmpty=True, initialRecordTime=later)
    assert receiver.next().ids == []
    made = standing.happen()
    while not (ids := receiver.next().ids):
        continue
    assert ids == made
    state = standing.until(identifier, "lastNotifiedAt")
    assert (state["schedule"], state["reportIfEmpty"], state["initialRecordTime"]) == (EVERY_SECOND, True, later)
    assert state["minRecordTime"] > later


def test_a_schedule_keeps_silent_about_nothing(standing: Standing, receiver: Receiver) -> None:
    identifier = standing.subscribe(receiver.url, schedule=EVERY_SECOND)
    first = standing.state(identifier)["minRecordTime"]
    for _ in range(400):
        if standing.state(identifier)["minRecordTime"] > first:
            break
        time.sleep(0.02)
    else:
        raise AssertionError("the schedule does not run")
    made = standing.happen()
    assert receiver.next().ids == made


def test_a_subscription_ends_when_it_or_its_query_is_removed(standing: Standing, receiver: Receiver) -> None:
    kept, removed = (
        standing.subscribe(receiver.url + "kept", stream=True),
        standing.subscribe(receiver.url, stream=True),
    )
    path = f"/queries/{standing.name}/subscriptions"
    listed = standing.trader.get(path).json()
    assert {each["subscriptionID"] for each in listed} == {kept, removed}
    assert standing.trader.delete(f"{path}/{removed}").status_code == 204
    refused(standing.trader.get(f"{path}/{removed}"), 404, "NoSuchNameException", "trace.epcis_subscription_unknown")
    made = standing.happen()
    assert receiver.next().results["subscriptionID"] == kept
    standing.trader.delete(f"/queries/{standing.name}")
    refused(standing.trader.get(f"{path}/{kept}"), 404, "NoSuchNameException", "trace.epcis_subscription_unknown")
    standing.trader.job(document(event(epcList=[standing.thing])))
    assert made
    assert receiver.deliveries.empty()


def test_a_subscriber_gets_only_what_it_may_read(firm: Trader, other: Trader, receiver: Receiver) -> None:
    asked = Standing(firm)
    asked.subscribe(receiver.url, stream=True)
    hidden = event(epcList=[asked.thing])
    assert other.job(document(hidden))["captured"] == 1
    private = event(epcList=[asked.thing], bizTransactionList=[{"type": "po", "bizTransaction": "urn:example:o:5"}])
    assert firm.job(document(private))["captured"] == 1
    [shown] = receiver.next().events
    assert (shown["eventID"], "bizTransactionList" in shown) == (private["eventID"], True)


def test_subscriptions_and_what_they_had_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    """Even if the index is gone: it is made anew, with the same numbers."""
    data = tmp_path / "data"
    node = listening(data)
    node.open_for_trade()
    with node.trader() as trader:
        standing = Standing(trader)
        receiver.statuses = [204, 500]
        standing.subscribe(receiver.url, stream=True)
        first = standing.happen()
        assert receiver.next().ids == first
        second = standing.happen()
        assert receiver.next().ids == second
    node.close()
    for file in data.glob("epcis_index.sqlite*"):
        file.unlink()
    again = listening(data)
    try:
        assert receiver.next().ids == second
        with again.trader() as trader:
            standing.trader = trader
            assert standing.happen() == receiver.next().ids
    finally:
        again.close()


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"stream": True, "schedule": {"hour": "1"}}, "trace.epcis_subscription", "stream"),
        ({}, "trace.epcis_subscription", "stream"),
        ({"stream": False}, "trace.epcis_subscription", "stream"),
        ({"stream": True, "reportIfEmpty": True}, "trace.epcis_subscription", "reportIfEmpty"),
        ({"stream": True, "initialRecordTime": "soon"}, "trace.epcis_subscription", "initialRecordTime"),
        ({"stream": True, "signatureToken": 5}, "trace.epcis_subscription", "signatureToken"),
        ({"schedule": {}}, "trace.epcis_schedule", "schedule"),
        ({"schedule": {"second": "61"}}, "trace.epcis_schedule", "schedule.second"),
        ({"schedule": {"year": "1"}}, "trace.epcis_schedule", "year"),
        ({"schedule": {"dayOfMonth": "31", "month": "2"}}, "trace.epcis_schedule", "schedule.dayOfMonth"),
        ({"stream": True, "dest": 1}, "trace.epcis_subscription", "dest"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(
    standing: Standing, body: dict[str, Any], code: str, field: str
) -> None:
    answer = standing.trader.subscribe(standing.name, **({"dest": "https://example.org/"} | body))
    refused(answer, 400, "SubscriptionControlsException", code, field)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("ftp://example.org/", "input.webhook_url"),
        ("http://example.org/x#y", "input.webhook_url"),
        ("https://user:word@example.org/", "input.webhook_url"),
        ("https://", "input.webhook_url"),
        ("https://10.0.0.1/", "input.webhook_address"),
        ("https://169.254.169.254/latest/", "input.webhook_address"),
        ("https://[::1]/", "input.webhook_address"),
        ("https://[::ffff:10.0.0.1]/", "input.webhook_address"),
        ("http://93.184.215.14/", "input.webhook_address"),
    ],
)
def test_events_are_not_sent_where_they_may_not_go(standing: Standing, target: str, code: str) -> None:
    answer = standing.trader.subscribe(standing.name, dest=target, stream=True)
    refused(answer, 400, "ValidationException", code, "dest")


def test_a_query_that_is_ordered_or_counted_cannot_be_subscribed_to(firm: Trader) -> None:
    name = f"query-{uuid4()}"
    firm.name(name, orderBy="eventTime", eventCountLimit=5)
    answer = firm.subscribe(name, dest="https://example.org/", stream=True)
    refused(answer, 400, "SubscriptionControlsException", "trace.epcis_subscription", "query")


def test_an_organisation_has_so_many_subscriptions_and_no_more(tmp_path: Path) -> None:
    store = Store(tmp_path)
    query = NamedQuery("firm-1", "q", "user", "{}")
    store.add_query(query)

    def one() -> Subscription:
        return Subscription.new(
            query,
            user="user",
            target="https://example.org/",
            secret="",
            schedule="",
            report_if_empty=False,
            created=0,
            initial=0,
            after=0,
            due=0,
        )

    for _ in range(SUBSCRIPTIONS_MAX):
        store.add_subscription(one())
    with pytest.raises(Problem) as full:
        store.add_subscription(one())
    assert full.value.code == "trace.epcis_queries_full"
    store.remove_query("firm-1", "q")
    assert store.due(now_ms()) == []
    store.close()


# WebSocket


def connect(node: TradingNode, name: str, parameters: str, organisation: str = "firm-1") -> Any:
    url = f"ws://{node.address}/epcis/queries/{name}/events?{parameters}"
    headers = {"Authorization": f"Bearer {node.token_of(organisation)}"} if organisation else {}
    return websocket.connect(url, additional_headers=headers, proxy=None, open_timeout=20, close_timeout=20)


def events_of(message: str | bytes) -> list[str]:
    found = json.loads(message)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return [each["eventID"] for each in found]


def test_a_websocket_streams_what_fits(trading: TradingNode, standing: Standing) -> None:
    standing.happen()
    with connect(trading, standing.name, "stream=true") as socket:
        assert times.milliseconds(socket.response.headers["GS1-Query-Min-Record-Time"]) <= now_ms()
        for _ in range(2):
            made = standing.happen()
            assert events_of(socket.recv(timeout=20)) == made


def test_a_websocket_reports_on_a_schedule(trading: TradingNode, standing: Standing) -> None:
    made = standing.happen()
    with connect(
        trading, standing.name, "second=*&reportIfEmpty=true&initialRecordTime=2026-01-01T00:00:00Z"
    ) as socket:
        assert events_of(socket.recv(timeout=20)) == made
        assert events_of(socket.recv(timeout=20)) == []


def test_a_websocket_ends_with_its_query(trading: TradingNode, standing: Standing) -> None:
    with connect(trading, standing.name, "stream=true") as socket:
        standing.trader.delete(f"/queries/{standing.name}")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)


@pytest.mark.parametrize(
    ("organisation", "parameters", "status", "code"),
    [
        ("", "stream=true", 401, "http.credential"),
        ("firm-2", "stream=true", 404, "trace.epcis_query_unknown"),
        ("firm-1", "", 400, "trace.epcis_subscription"),
        ("firm-1", "stream=true&hour=1", 400, "trace.epcis_subscription"),
        ("firm-1", "hour=25", 400, "trace.epcis_schedule"),
        ("firm-1", "stream=true&colour=red", 400, "trace.epcis_subscription"),
    ],
)
def test_a_websocket_is_refused_with_the_problem(
    trading: TradingNode, standing: Standing, organisation: str, parameters: str, status: int, code: str
) -> None:
    with pytest.raises(InvalidStatus) as denied, connect(trading, standing.name, parameters, organisation):
        pass
    assert denied.value.response.status_code == status
    assert json.loads(denied.value.response.body or b"{}")["code"] == code


def test_without_an_upgrade_there_is_no_subscription(standing: Standing) -> None:
    answer = standing.trader.get(f"/queries/{standing.name}/events?stream=true")
    refused(answer, 400, "SubscriptionControlsException", "trace.epcis_subscription", "stream")
