"""A query that stands, and what happens to what it asks for."""

import time
from typing import Any
from uuid import uuid4

import websockets.sync.client as websocket
from trading import Trader, TradingNode, document, event

from infoharbor.contracts.trace.exchange.document import read_document

SECRET = "13df38d8275b13f05704629e5f1cf3d45d6132d5"


class Standing:
    """A query of its own for one thing, and events of that thing."""

    def __init__(self, trader: Trader) -> None:
        self.trader, self.name, self.thing = trader, f"query-{uuid4()}", f"urn:example:{uuid4()}"
        assert trader.name(self.name, MATCH_anyEPC=[self.thing]).status_code == 201

    def happen(self, count: int = 1) -> list[str]:
        events = [event(epcList=[self.thing]) for _ in range(count)]
        assert self.trader.job(document(*events))["captured"] == count
        return [one["eventID"] for one in events]

    def subscribe(self, target: str, headers: dict[str, str] | None = None, **body: Any) -> str:
        answer = self.trader.subscribe(self.name, headers, dest=target, signatureToken=SECRET, **body)
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


IN_XML = {"Accept": "application/xml"}


def ids_in_xml(body: bytes) -> list[str]:
    return [str(each.fields["eventID"]) for each in read_document(body).events]


def connect(
    node: TradingNode, name: str, parameters: str, organisation: str = "firm-1", headers: dict[str, str] | None = None
) -> Any:
    url = f"ws://{node.address}/epcis/queries/{name}/events?{parameters}"
    headers = (headers or {}) | ({"Authorization": f"Bearer {node.token_of(organisation)}"} if organisation else {})
    return websocket.connect(url, additional_headers=headers, proxy=None, open_timeout=20, close_timeout=20)
