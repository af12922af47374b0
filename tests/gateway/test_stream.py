"""The stream of blocks: nothing lost, nothing shown that may not be read, and no stream that holds up the end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from node import TOKEN, Node

from infoharbor.gateway.serve import Config

Event = dict[str, Any]


def events(client: httpx.Client, *, after: int | None = None, resume: str = "") -> Iterator[Event]:
    headers = {"Last-Event-ID": resume} if resume else {}
    parameters = {} if after is None else {"after": after}
    with client.stream("GET", "/v1/stream", params=parameters, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "data" in event:
                data = json.loads(event["data"])
                assert (event["id"], event["event"]) == (str(data["height"]), "block")
                yield data
                event = {}
            else:
                event = {}


def taken(stream: Iterator[Event], until: int) -> list[Event]:
    """Events up to the one of this height."""
    found = []
    for event in stream:
        found.append(event)
        if event["height"] >= until:
            break
    return found


def test_a_follower_resumes_where_it_stopped_and_misses_nothing(node: Node) -> None:
    newest = node.local("firm-1").act(node.transfer("firm-2", 1))["height"]
    with node.asking("firm-1") as client:
        whole = taken(events(client, after=newest - 3), newest)
        first = taken(events(client, after=newest - 3), newest - 2)
        rest = taken(events(client, resume=str(first[-1]["height"])), newest)
    assert [event["height"] for event in whole] == [newest - 2, newest - 1, newest]
    assert first + rest == whole


def test_an_open_stream_shows_a_block_that_comes(node: Node) -> None:
    with node.asking("firm-1") as client:
        stream = events(client, after=node.engine.status().height)
        receipt = node.local("firm-1").act(node.transfer("firm-2", 2))
        event = taken(stream, receipt["height"])[-1]
    assert receipt in event["receipts"]


def test_each_follower_is_shown_only_what_it_may_read(node: Node) -> None:
    receipt = node.local("firm-1").act(node.transfer("firm-2", 9))
    shown: dict[str, set[str]] = {}
    for organisation in ("firm-1", "firm-2", "firm-3", ""):
        with node.asking(organisation) as client:
            event = taken(events(client, after=receipt["height"] - 1), receipt["height"])[0]
        shown[organisation] = {each["path"] for each in event["records"]}
        assert (receipt["transaction"] in {each["transaction"] for each in event["receipts"]}) == (
            organisation == "firm-1"
        )
    balance = f"asset/balances/{TOKEN}/"
    assert {balance + "firm-1"} == {path for path in shown["firm-1"] if path.startswith(balance)}
    assert {balance + "firm-2"} == {path for path in shown["firm-2"] if path.startswith(balance)}
    assert not any(path.startswith(balance) for path in shown["firm-3"] | shown[""])


def test_a_node_takes_only_so_many_streams(tmp_path: Path) -> None:
    node = Node(tmp_path / "data", config=Config(data=tmp_path / "data", streams=1))
    try:
        with node.asking() as client, client.stream("GET", "/v1/stream") as first:
            chunks = first.iter_raw()
            next(chunks)
            answer = httpx.get(node.url + "/v1/stream")
            assert answer.status_code == 503
            assert answer.json()["code"] == "http.streams"
            assert answer.headers["retry-after"]
    finally:
        node.close()


SERVE = """
import sys
from infoharbor.engine.lifecycle import open_engine
from infoharbor.gateway.serve import serve
engine = open_engine(sys.argv[1], workers=0)
serve(engine, port=int(sys.argv[2]))
engine.close()
print("closed in order")
"""


def test_sigterm_ends_a_node_with_an_open_stream(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Node(data).close()
    free = httpx_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(data), str(free)], stdout=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{free}", timeout=60) as client:
            wait_until_up(client)
            with client.stream("GET", "/v1/stream") as stream:
                chunks = stream.iter_raw()
                next(chunks)
                os.kill(process.pid, signal.SIGTERM)
                assert list(chunks) is not None, "the stream ends whole"
        assert process.wait(60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "closed in order\n"
    finally:
        process.kill()
        process.wait()


def httpx_port() -> int:
    """A port that is free now."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def wait_until_up(client: httpx.Client) -> None:
    for _ in range(600):
        try:
            client.get("/v1/status")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the node did not come up")
