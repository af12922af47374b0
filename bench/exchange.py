"""EPCIS events over HTTP in documents of 50, and the trace of a graph of a thousand of them."""

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from bench.proofs import middle, timed
from bench.town import Payer, Town, ensure_done
from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.serve import server
from infoharbor.gateway.service import Config
from infoharbor.gateway.tokens import issue_token
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.local import LocalClient

EVENTS_PER_DOCUMENT = 50
CLIENTS = 4
CASES = 3
"""On a pallet."""
POLL_S = 0.05
"""Often enough for the measure; a business system asks less often, and each question costs the node about as much as
half an event."""
PATIENCE_S = 120
CLASS = "urn:epc:class:lgtin:9521234.000101."
PLACE = {"id": "urn:epc:id:sgln:9521234.00020.0"}
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
HEADERS = {"Content-Type": "application/ld+json", "GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}


class Captured(NamedTuple):
    """Events a second from first request to last finished job, where each object has one event and where each has a
    story that is judged; and milliseconds for one trace."""

    events_per_second: float
    judged_per_second: float
    trace: float
    traced_events: int


def exchange(engine: NodeEngine, data: Path, town: Town, *, events: int, graph: int) -> Captured:
    """Capture the events of a tree of lots, in order, then others as fast as may be; trace the last lot."""
    owner = town.customers[0]
    agent = Cast(b"bench").signer(owner.id, "agent")
    key = NewKey(agent.key.suite.name, agent.key.public_key, agent.possession, 0, 0)
    add = AddUser(agent.user, UserKind.AGENT, (), key, ("trace.CaptureEvents",))
    ensure_done([engine.submit(town.signed([add], owner))])
    keep_agent_key(data, owner.id, agent.key)
    headers = HEADERS | {"Authorization": f"Bearer {issue_token(data, owner.id, agent.user)}"}
    stories, last = lot_tree(graph)
    with gateway(engine, data) as url, multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(capture, (url, headers, documents(stories), 1))
        taken = pool.apply(capture, (url, headers, documents(sightings(events)), CLIENTS))
        told = journeys(events)
        judged = pool.apply(capture, (url, headers, documents(told), CLIENTS))
    client = LocalClient(Ledger(engine), reader=_reader(owner))
    answer = client.query("trace", "trace", {"object": last, "direction": "back"})
    traces = [timed(lambda: client.query("trace", "trace", {"object": last, "direction": "back"})) for _ in range(5)]
    return Captured(events / taken, len(told) / judged, middle(traces), len(answer["events"]))


def _reader(owner: Payer) -> Reader:
    return Reader(owner.id, owner.signer.user)


@contextlib.contextmanager
def gateway(engine: NodeEngine, data: Path) -> Iterator[str]:
    """The gateway on a free port of this machine alone."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = server(engine, config=Config(data=data))
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.stop()
            thread.join(PATIENCE_S)


def capture(url: str, headers: dict[str, str], bodies: list[bytes], clients: int) -> float:
    """Post the documents and wait until their jobs are done; the seconds that took. Runs in a process of its own."""
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S) as client:

        def one(body: bytes) -> None:
            answer = client.post("/epcis/capture", content=body)
            if answer.status_code != 202:
                raise RuntimeError(f"a document was refused: {answer.status_code} {answer.text[:500]}")
            until = time.monotonic() + PATIENCE_S
            while (job := client.get(answer.headers["Location"]).json())["running"]:
                if time.monotonic() > until:
                    raise TimeoutError("a capture job does not end")
                time.sleep(POLL_S)
            if not job["success"]:
                raise RuntimeError(f"a capture job failed: {job['errors'][:1]}")

        begin = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(one, bodies))
        return time.perf_counter() - begin


def documents(events: list[dict[str, Any]]) -> list[bytes]:
    made = []
    for at in range(0, len(events), EVENTS_PER_DOCUMENT):
        body = {
            "@context": CONTEXT,
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-04-20T08:00:00.000Z",
            "epcisBody": {"eventList": events[at : at + EVENTS_PER_DOCUMENT]},
        }
        made.append(msgspec.json.encode(body))
    return made


def lot_tree(count: int) -> tuple[list[dict[str, Any]], str]:
    """Half the events make a lot of a raw one, the others join two lots into one, until one is left; that lot."""
    lots = [f"A{number}" for number in range((count + 1) // 2)]
    made = [_made(number, [f"R{number}"], lot) for number, lot in enumerate(lots)]
    while len(lots) > 1:
        joined = f"B{len(made)}"
        made.append(_made(len(made), lots[:2], joined))
        lots = [*lots[2:], joined]
    return made, CLASS + lots[0]


def _made(number: int, inputs: list[str], output: str) -> dict[str, Any]:
    quantities = {"inputQuantityList": [_lot(each) for each in inputs], "outputQuantityList": [_lot(output)]}
    return _event(number, "TransformationEvent", bizStep="creating_class_instance", **quantities)


def sightings(count: int) -> list[dict[str, Any]]:
    """Lots that are made, each by one event that stands alone."""
    return [
        _event(number, "ObjectEvent", action="ADD", quantityList=[_lot(f"C{number}")], bizStep="commissioning")
        for number in range(count)
    ]


def journeys(count: int) -> list[dict[str, Any]]:
    """At least so many events: cases are made, packed, shipped, received and unpacked, each of which trace's rules judge
    by what they know of case and pallet."""
    told: list[dict[str, Any]] = []
    while len(told) < count:
        pallet = f"urn:epc:id:sscc:9521234.{len(told):010}"
        cases = [f"urn:epc:id:sgtin:9521234.000101.J{len(told)}-{each}" for each in range(CASES)]
        packed = {"parentID": pallet, "childEPCs": cases}
        for kind, step, fields in (
            ("ObjectEvent", "commissioning", {"action": "ADD", "epcList": cases}),
            ("AggregationEvent", "packing", {"action": "ADD", **packed}),
            ("ObjectEvent", "shipping", {"action": "OBSERVE", "epcList": [pallet, *cases]}),
            ("ObjectEvent", "receiving", {"action": "OBSERVE", "epcList": [pallet, *cases]}),
            ("AggregationEvent", "unpacking", {"action": "DELETE", **packed}),
        ):
            told.append(_event(len(told), kind, bizStep=step, **fields))
    return told


def _event(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    minutes, seconds = divmod(number, 60)
    moment = f"2026-04-15T{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds:02}.000Z"
    place = {"eventTime": moment, "eventTimeZoneOffset": "+00:00", "readPoint": PLACE, "bizLocation": PLACE}
    return {"type": kind, **place, "disposition": "active" if kind == "ObjectEvent" else "in_progress", **fields}


def _lot(number: str) -> dict[str, Any]:
    return {"epcClass": CLASS + number, "quantity": 10, "uom": "KGM"}
