"""A network's nodes and their keeper tell what they do as JSON, if they are asked to."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)
COMMAND = [sys.executable, "-P", "-c", "from infoharbor.cli.main import main; main()", "network"]
PATIENCE = 240


def test_the_keeper_and_its_nodes_write_json_lines(tmp_path: Path) -> None:
    subprocess.run([*COMMAND, "init", "--validators", "1", "--dir", "net"], cwd=tmp_path, timeout=PATIENCE, check=True)
    told, nodes = tmp_path / "run.log", tmp_path / "net/member-1.log"
    with told.open("wb") as log:
        keeper = subprocess.Popen(
            [*COMMAND, "run", "--dir", "net", "--log-format", "json"], cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + PATIENCE
        while not nodes.exists() or "the node answers" not in nodes.read_text():
            assert keeper.poll() is None, told.read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
    finally:
        keeper.send_signal(signal.SIGTERM)
        keeper.wait(PATIENCE)
    for file in (told, nodes):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert lines
        assert {"time", "level", "logger", "event"} <= set.intersection(*map(set, lines))
