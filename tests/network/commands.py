"""Commands as a user types them, each a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infoharbor.sdk.client import Client
from infoharbor.sdk.problems import Problem

COMMAND = [sys.executable, "-P", "-c", "from infoharbor.cli.main import main; main()"]
PATIENCE = 240


def infoharbor(*arguments: str | Path, cwd: Path) -> Any:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments), "--json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@contextmanager
def running(cwd: Path, *options: str) -> Iterator[Callable[[], Any]]:
    """The network in `cwd/net` runs; gives what asks for its status."""
    with (cwd / "run.log").open("ab") as log:
        keeper = subprocess.Popen(
            [*COMMAND, "network", "run", "--dir", "net", *options],
            cwd=cwd,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        try:
            yield lambda: infoharbor("network", "status", "--dir", "net", cwd=cwd)
        except BaseException:
            _show_logs(cwd / "net")
            raise
        subprocess.run([*COMMAND, "network", "stop", "--dir", "net"], cwd=cwd, timeout=PATIENCE, check=True)
        assert keeper.wait(PATIENCE) == 0
    finally:
        if keeper.poll() is None:
            keeper.send_signal(signal.SIGTERM)
            keeper.wait(PATIENCE)


def _show_logs(network: Path) -> None:
    """What pytest shows of a test that fails: what each node has told, and where its threads are."""
    for node in json.loads((network / "processes.json").read_bytes())["nodes"].values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(node, signal.SIGUSR1)
    time.sleep(1)
    for log in sorted(network.glob("*.log")):
        sys.stdout.write(f"{log.name}\n{log.read_text(errors='replace')[-6000:]}\n")


def eventually(found: Callable[[], Any]) -> Any:
    """The first answer that is true, once there is one."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answer = found()
        except Problem as problem:
            answer = None
            if problem.code != "client.unreachable":
                raise
        if answer:
            return answer
        assert time.monotonic() < until, found
        time.sleep(0.2)


def proof(client: Client, path: str) -> bytes:
    """Evidence of a record; empty as long as no quorum has attested the ledger with it."""
    try:
        return client.proof(path)
    except Problem as problem:
        if problem.code != "attestation.missing":
            raise
        return b""
