"""Subscriptions over WebSocket: they stream, report on a schedule, end with their query, and are refused with the problem."""

import json

import pytest
from standing import IN_XML, Standing, connect, ids_in_xml
from trading import TradingNode, refused
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infoharbor.contracts.trace.exchange import times
from infoharbor.sdk.building import now_ms


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


def test_a_websocket_speaks_xml_where_its_client_asks_for_it(trading: TradingNode, standing: Standing) -> None:
    with connect(trading, standing.name, "stream=true", headers=IN_XML) as socket:
        assert socket.response.headers["GS1-CBV-XML-Format"] == "Always_Web_URI"
        made = standing.happen()
        assert ids_in_xml(str(socket.recv(timeout=20)).encode()) == made


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
