"""A node where firms capture events: `firm-1` for everyone to read, `firm-2` for nobody but itself."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from node import Node

from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.contracts.trace.actions import SetAudience
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.edgekit.webhooks import Targets
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.service import Config

JSON = {"Content-Type": "application/json"}
PROCEED = {"GS1-Capture-Error-Behaviour": "proceed"}
CAPTURING = ("firm-1", "firm-2")


class TradingNode(Node):
    """A node with agents that capture, and requests to `/epcis`."""

    def open_for_trade(self) -> None:
        for firm in CAPTURING:
            agent = self.cast.signer(firm, "scanner")
            key = NewKey("ed25519", agent.key.public_key, agent.possession, 0, 0)
            self.local(firm).act(AddUser(agent.user, UserKind.AGENT, (), key, ("trace.CaptureEvents",)))
            keep_agent_key(self.data, firm, agent.key)
        self.local("firm-1").act(SetAudience("*", ("public",)))

    @contextmanager
    def trader(self, firm: str = "firm-1") -> Iterator["Trader"]:
        with self.asking(firm) as client:
            yield Trader(client)


def listening(data: Path) -> TradingNode:
    """A node whose operator lets it send events to this machine."""
    loopback = Targets((ip_network("127.0.0.0/8"),))
    return TradingNode(data, config=Config(data=data, webhooks=loopback))


class Trader:
    """One organisation's requests to `/epcis`."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def capture(self, document: bytes | dict[str, Any], **headers: str) -> httpx.Response:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.client.post("/epcis/capture", content=content, headers=JSON | headers)

    def job(self, document: bytes | dict[str, Any], **headers: str) -> dict[str, Any]:
        """The outcome of a document that is accepted."""
        answer = self.capture(document, **headers)
        assert answer.status_code == 202, answer.text
        return self.finished(answer.headers["Location"])

    def finished(self, location: str) -> dict[str, Any]:
        for _ in range(400):
            job: dict[str, Any] = self.client.get(location).json()
            if not job["running"]:
                return job
            time.sleep(0.02)
        raise AssertionError(f"{location} does not finish")

    def post(self, event: dict[str, Any]) -> httpx.Response:
        return self.client.post("/epcis/events", content=json.dumps(event).encode(), headers=JSON)

    def name(self, name: str, **query: Any) -> httpx.Response:
        return self.client.post("/epcis/queries", json={"name": name, "query": query})

    def subscribe(self, name: str, headers: dict[str, str] | None = None, /, **body: Any) -> httpx.Response:
        return self.client.post(f"/epcis/queries/{name}/subscriptions", json=body, headers=headers)

    def delete(self, path: str) -> httpx.Response:
        return self.client.delete(f"/epcis{path}")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(f"/epcis{path}", headers=headers)


def event(**changes: Any) -> dict[str, Any]:
    """A small valid event with an id of its own; a change to None takes the field away."""
    fields = {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:{uuid4()}",
        "eventTime": "2026-04-08T10:30:00.000+08:00",
        "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE",
        "bizStep": "shipping",
        "epcList": ["https://id.gs1.org/01/09521001003032/21/1"],
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def document(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "@context": [STANDARD_CONTEXT, {"tea": "https://example.org/liubao-tea/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-04-08T18:00:00.000+08:00",
        "epcisBody": {"eventList": list(events)},
    } | changes


def alone(one: dict[str, Any]) -> dict[str, Any]:
    """An event as `/events` takes it, with its context."""
    return {"@context": [STANDARD_CONTEXT, {"tea": "https://example.org/liubao-tea/"}], **one}


def events_in(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


def following(answer: httpx.Response) -> str:
    """Where the next page is; empty at the end."""
    return answer.links["next"]["url"].removeprefix("/epcis") if "next" in answer.links else ""


def refused(answer: httpx.Response, status: int, exception: str, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem, after checking that it is the standard's, with our code and a sentence in both languages."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), problem
    assert (problem["type"], problem["code"]) == (f"epcisException:{exception}", code), problem
    assert code not in (problem["title"], problem["title_zh"]), f"{code} has no sentence"
    assert field is None or problem["field"] == field, problem
    return problem
