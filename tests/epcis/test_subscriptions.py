"""Subscriptions: events are sent once they fit, signed, again until they are taken, and never to where they may not go."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from receiver import Receiver
from standing import SECRET, Standing
from trading import Trader, document, event, listening, refused

from infoharbor.contracts.trace.exchange import times
from infoharbor.edgekit.webhooks import is_signed
from infoharbor.gateway.epcis.store import SUBSCRIPTIONS_MAX, NamedQuery, Store, Subscription
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

EVERY_SECOND = {"second": "*"}


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
