"""Traces: a request's spans reach from HTTP to the block, hang on the caller's trace, and tell nothing of what was sent."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import msgspec
import pytest
from node import Node
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from infoharbor.engine.interface import Status
from infoharbor.gateway.observing import SUBMISSIONS_TOLD, Following, Observation, Observer
from infoharbor.gateway.serve import Config
from infoharbor.gateway.tracing import exported, exporting
from infoharbor.kernel.block import Receipt, encode_header, header_codec

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MSGPACK = {"Content-Type": "application/msgpack"}
CARRIED = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
REFERENCE = "persimmon"
WAIT_S = 60


class Traced:
    """A node whose requests are traced into memory."""

    def __init__(self, node: Node, exporter: InMemorySpanExporter, flush: Callable[[], object]) -> None:
        self.node, self._exporter, self._flush = node, exporter, flush

    def spans(self, requests: int = 1) -> list[ReadableSpan]:
        """What was traced since the last call, in the order of beginning: of so many requests, each of which ends only
        after its answer."""
        until = time.monotonic() + WAIT_S
        while sum(span.kind == SpanKind.SERVER for span in self._exporter.get_finished_spans()) < requests:
            assert time.monotonic() < until
            time.sleep(0.01)
            self._flush()
        found = self._exporter.get_finished_spans()
        self._exporter.clear()
        return sorted(found, key=lambda span: (span.start_time, -(span.end_time or 0)))

    def post(self, path: str, content: bytes, **headers: str) -> httpx.Response:
        with self.node.asking("firm-1") as client:
            return client.post(path, content=content, headers=MSGPACK | headers)

    def transfer(self, amount: int = 1) -> bytes:
        return self.node.raw(self.node.transfer("firm-2", amount, reference=REFERENCE), by="firm-1")


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    data = tmp_path_factory.mktemp("traced") / "data"
    exporter = InMemorySpanExporter()
    with exporting(exporter) as tracing:
        node = Node(data, config=Config(data=data, observer=Observer(tracing.begin)))
        node.open_accounts()
        yield Traced(node, exporter, tracing.flush)
        node.close()


def tree_of(spans: list[ReadableSpan]) -> dict[str, str]:
    """Each span's name, and its parent's."""
    names = {span.context.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent.span_id, "outside") if span.parent else "" for span in spans}


def test_a_transaction_is_traced_from_http_to_its_block(traced: Traced) -> None:
    receipt = traced.post("/v1/transactions", traced.transfer(), **CARRIED).json()
    spans = traced.spans()
    assert tree_of(spans) == {
        "POST /v1/transactions": "outside",
        "submit": "POST /v1/transactions",
        "wait": "submit",
        "block": "submit",
        "answer": "submit",
    }
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    by_name = {span.name: span for span in spans}
    request, submit = by_name["POST /v1/transactions"], by_name["submit"]
    wait, block, answer = by_name["wait"], by_name["block"], by_name["answer"]
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == PARENT
    assert dict(request.attributes or {}) | {"infoharbor.request": ""} == {
        "http.request.method": "POST", "http.route": "/v1/transactions", "http.response.status_code": 200,
        "infoharbor.organisation": "firm-1", "infoharbor.request": "",
    }  # fmt: skip
    assert dict(submit.attributes or {}) == {
        "infoharbor.transaction": receipt["transaction"],
        "infoharbor.height": receipt["height"],
        "infoharbor.ran_before": False,
    }
    assert dict(block.attributes or {}) == {"infoharbor.height": receipt["height"]}
    began = header_codec.decode(traced.node.engine.header(receipt["height"])).time * 1_000_000
    assert block.start_time == max(began, wait.start_time or 0)
    moments = [request.start_time, submit.start_time, wait.end_time, block.end_time, answer.end_time, request.end_time]
    assert moments == sorted(moments, key=lambda moment: moment or 0)
    assert (wait.end_time, block.end_time, submit.end_time) == (block.start_time, answer.start_time, answer.end_time)


class Clocked:
    """An engine whose next block begins `ahead` milliseconds after now, by its own clock."""

    def __init__(self, node: Node, ahead: int) -> None:
        self._engine, self._time = node.engine, time.time_ns() // 1_000_000 + ahead
        self.chain = node.engine.chain

    def status(self) -> Status:
        return self._engine.status()._replace(height=self._engine.status().height - 1)

    def header(self, height: int) -> bytes:
        return encode_header(msgspec.structs.replace(header_codec.decode(self._engine.header(height)), time=self._time))


@pytest.mark.parametrize(("ahead", "begins"), [(1, "in time"), (60_000, "when it is durable"), (-60_000, "when given")])
def test_a_block_begins_by_its_own_time_within_what_is_known_here(node: Node, ahead: int, begins: str) -> None:
    raw = node.raw(node.transfer("firm-2", 1), by="firm-1")
    receipt = node.engine.submit(raw).result(WAIT_S)
    observation, engine = Observation("", None), Clocked(node, ahead)
    followed, future = Following(observation, engine), Future[Receipt]()  # type: ignore[arg-type]
    followed.watch(future)
    time.sleep(0.005)
    future.set_result(msgspec.structs.replace(receipt, height=node.engine.status().height))
    followed.end(future, raw)
    told = observation.first
    assert told is not None
    assert told.given <= told.block <= told.durable <= told.answered
    expected = {"in time": engine._time * 1_000_000, "when it is durable": told.durable, "when given": told.given}
    assert told.block == expected[begins]


def test_a_replay_has_no_block_of_its_own(traced: Traced) -> None:
    raw = traced.transfer()
    first = traced.post("/v1/transactions", raw).json()
    traced.spans()
    assert traced.post("/v1/transactions", raw).json() == first
    request, submit = traced.spans()
    assert submit.attributes is not None
    assert (submit.attributes["infoharbor.height"], submit.attributes["infoharbor.ran_before"]) == (
        first["height"],
        True,
    )
    assert request.parent is None


def test_a_refusal_is_traced_by_its_code(traced: Traced) -> None:
    recorded = traced.post("/v1/transactions", traced.transfer(10**15))
    request, submit, *_ = spans = traced.spans()
    assert recorded.status_code == 409
    assert (submit.attributes or {})["infoharbor.code"] == "asset.balance_short"
    assert "block" in tree_of(spans)
    assert traced.post("/v1/transactions", b"nonsense").status_code == 422
    request, submit = traced.spans()
    assert (submit.attributes or {})["infoharbor.code"] == "ledger.malformed"
    assert request.status.is_unset


def test_who_does_not_wait_for_the_block_is_traced_without_it(traced: Traced) -> None:
    raw = traced.transfer()
    answer = traced.post("/v1/transactions", raw, Prefer="respond-async")
    _, submit = traced.spans()
    assert dict(submit.attributes or {}) == {"infoharbor.transaction": answer.json()["transaction"]}
    traced.node.engine.submit(raw).result(20)


def test_a_batch_has_bounded_spans(traced: Traced) -> None:
    batch = msgspec.msgpack.encode([traced.transfer() for _ in range(SUBMISSIONS_TOLD + 5)])
    assert traced.post("/v1/transactions/batch", batch).status_code == 200
    spans = traced.spans()
    assert sum(span.name == "submit" for span in spans) == SUBMISSIONS_TOLD
    assert (spans[0].attributes or {})["infoharbor.transactions"] == SUBMISSIONS_TOLD + 5


@pytest.mark.parametrize("carried", ["", "00-zz-zz-01", f"00-{'0' * 32}-{PARENT}-01", "x" * 5000])
def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(traced: Traced, carried: str) -> None:
    assert traced.post("/v1/transactions", traced.transfer(), traceparent=carried).status_code == 200
    assert traced.spans()[0].parent is None


def test_who_asks_that_nothing_be_sampled_is_not_traced(traced: Traced) -> None:
    answer = traced.post("/v1/transactions", traced.transfer(), traceparent=f"00-{TRACE}-{PARENT}-00")
    assert answer.status_code == 200
    traced.post("/v1/transactions", traced.transfer(), **CARRIED)
    assert sum(span.kind == SpanKind.SERVER for span in traced.spans()) == 1


def test_nothing_of_what_is_sent_is_traced(traced: Traced) -> None:
    with traced.node.asking("firm-1") as client:
        client.get(f"/v1/records/asset/balances/{REFERENCE}", params={"token": REFERENCE})
        client.post("/v1/transactions", content=traced.transfer(), headers=MSGPACK)
        client.get(f"/{REFERENCE}")
        token = client.headers["Authorization"].removeprefix("Bearer ")
    told = "".join(span.to_json() for span in traced.spans(3))
    assert "/v1/records/{contract}/{table}/{key}" in told
    assert REFERENCE not in told
    assert token not in told
    assert "127.0.0.1" not in told


def test_without_an_observer_nothing_is_followed(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "infoharbor"), node.asking("firm-1") as client:
        raw = node.raw(node.transfer("firm-2", 1), by="firm-1")
        answer = client.post("/v1/transactions", content=raw, headers=MSGPACK | CARRIED)
    assert answer.status_code == 200
    assert "x-request-id" not in answer.headers
    assert "answered" not in caplog.text


class Collector(BaseHTTPRequestHandler):
    """Takes what is exported."""

    taken: list[ExportTraceServiceRequest]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces":
            self.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing of it on the terminal."""


def test_a_collector_is_sent_them_by_otlp(tmp_path: Path) -> None:
    collector = type("Taking", (Collector,), {"taken": []})
    with HTTPServer(("127.0.0.1", 0), collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with exported(f"http://127.0.0.1:{server.server_port}/") as tracing:
                tracing.begin({"headers": [], "method": "GET"}).end({"method": "GET", "route": "/x", "status": 500})  # type: ignore[typeddict-item]
        finally:
            server.shutdown()
            thread.join()
    [request] = collector.taken
    [resource] = request.resource_spans
    [span] = resource.scope_spans[0].spans
    assert span.name == "GET /x"
    assert {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"] == "infoharbor"


def test_a_collector_that_is_not_there_holds_nothing_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with exported(url) as tracing:
            tracing.begin({"headers": [], "method": "GET"}).end({"method": "GET", "route": "/x", "status": 200})  # type: ignore[typeddict-item]
