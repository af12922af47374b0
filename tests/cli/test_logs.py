"""`--log-format json`: every line is an object, says what happened to which request, and tells nothing it must not."""

import json
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from nodes import PROGRAM, Running, free_port, infoharbor, running
from test_how_to import STOP, run_document

from infoharbor.cli.logs import following
from infoharbor.cli.output import Failure

SECRET_WORD = "persimmon"
"""Stands in a body and in a query that are sent."""


def lines_of(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert list(line)[:4] == ["time", "level", "logger", "event"]
        assert abs(datetime.now(UTC) - datetime.fromisoformat(line["time"])) < timedelta(hours=1)
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
    return lines


def answers(node: Running) -> list[dict[str, Any]]:
    return [line for line in lines_of(node.output.read_text()) if line["event"] == "answered"]


def test_each_request_has_a_line_and_no_secret_has_one(demo: Path) -> None:
    token = infoharbor("token", "--demo", "--data", "data", cwd=demo).stdout.strip()
    member = {"Authorization": f"Bearer {token}", "X-Request-Id": "from-the-proxy.1"}
    action = {
        "by": ["nanning-exporter"],
        "contract": "trace",
        "action": "SetAudience",
        "arguments": {"product": SECRET_WORD, "audience": []},
    }
    with running("--demo", "--data", "data", "--log-format", "json", cwd=demo) as node:
        acted = httpx.post(f"{node.url}/v1/act", json={"actions": [action]}, headers=member, timeout=60)
        looked = httpx.get(f"{node.url}/v1/records/asset/balances/{SECRET_WORD}", params={"q": SECRET_WORD}, timeout=60)
        nowhere = httpx.get(f"{node.url}/v1/{SECRET_WORD}", headers={"X-Request-Id": 'x" y'}, timeout=60)
        assert node.stop() == 0
        output = node.output.read_text()
    lines = answers(node)
    by_request = {line["request"]: line for line in lines}
    line = by_request["from-the-proxy.1"]
    assert acted.headers["x-request-id"] == line["request"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/act", acted.status_code)
    assert (line["level"], line["organisation"]) == ("info", "nanning-exporter")
    receipt = acted.json().get("receipt", acted.json())
    assert (line["transaction"], line["height"]) == (receipt["transaction"], receipt["height"])
    assert by_request[looked.headers["x-request-id"]]["status"] == looked.status_code
    assert by_request[nowhere.headers["x-request-id"]] | {"milliseconds": 0, "time": ""} == {
        "time": "", "level": "info", "logger": "infoharbor.gateway.observing", "event": "answered", "milliseconds": 0,
        "request": nowhere.headers["x-request-id"], "method": "GET", "route": "", "status": 404,
    }  # fmt: skip
    assert len(nowhere.headers["x-request-id"]) == 16, "one that would break a log is not taken over"
    assert "organisation" not in by_request[looked.headers["x-request-id"]]
    assert lines_of(output)[0]["event"] != "answered"
    assert any(line.get("address") == node.url for line in lines_of(output))
    for word in (SECRET_WORD, token, "Bearer", "127.0.0.1"):
        assert word not in output.replace(node.url, "")


def test_what_ends_the_node_is_told_as_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        [line] = lines_of(
            infoharbor("run", "--data", "x", "--port", port, "--log-format", "json", cwd=tmp_path, fails=True).stderr
        )
    assert (line["level"], line["code"], line["field"]) == ("critical", "cli.port", "--port")
    [line] = lines_of(
        infoharbor("run", "--data", "x", "--port", "0", cwd=tmp_path, fails=True, INFOHARBOR_LOG_FORMAT="json").stderr
    )
    assert line["code"] == "node.no_ledger"


FAULTS = """
import logging, structlog, warnings, sys
from infoharbor.cli.logs import told_as
with told_as("json"):
    logging.getLogger("infoharbor.engine").info("a snapshot of height %s is not taken", 7)
    logging.getLogger("another.library").info("not told")
    logging.getLogger("another.library").warning("told\\nin two lines 港口")
    structlog.contextvars.bind_contextvars(request="r-1")
    logging.getLogger("infoharbor.gateway").error("a fault while answering")
    structlog.get_logger("infoharbor.readmodel").error("the read model does not follow", fault={"of": object})
    warnings.warn("an old call", stacklevel=1)
    secret = "persimmon"
    raise RuntimeError("a fault of our own")
"""


def test_whoever_logs_is_one_line_each_without_the_values_of_variables(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM.with_name("python"), "-c", FAULTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    snapshot, other, answering, follower, warned, fault = lines_of(done.stderr)
    assert [line.get("request") for line in (other, answering, follower)] == [None, "r-1", "r-1"]
    assert (snapshot["event"], snapshot["logger"]) == ("a snapshot of height 7 is not taken", "infoharbor.engine")
    assert other["event"] == "told\nin two lines 港口"
    assert follower["level"] == "error"
    assert warned["logger"] == "py.warnings"
    assert fault["exception"].endswith("RuntimeError: a fault of our own")
    assert 'secret = "persimmon"' not in done.stderr


def test_text_stays_the_default(demo: Path) -> None:
    with running("--demo", "--data", "data", cwd=demo) as node:
        answer = httpx.get(f"{node.url}/v1/status", timeout=60)
        assert "x-request-id" not in answer.headers
        assert node.stop() == 0
    assert "portal  门户" in node.output.read_text()
    assert "answered" not in node.output.read_text()


def test_a_node_is_watched_as_the_document_says(tmp_path: Path) -> None:
    run_document("how-to/watch-a-node.md", tmp_path, port=free_port(), before=STOP)
    # A request's line is written after its answer is sent; the node has ended here.
    answered = [line for line in lines_of((tmp_path / "node.log").read_text()) if line["event"] == "answered"]
    assert ("/v1/status", 200) in {(line["route"], line["status"]) for line in answered}


@pytest.mark.parametrize("collector", ["collector", "ftp://127.0.0.1", "http://", "http://127.0.0.1/?x"])
def test_traces_go_only_to_where_a_collector_can_be(collector: str) -> None:
    with pytest.raises(Failure) as refused, following("text", collector):
        pass
    assert refused.value.code == "cli.collector"
