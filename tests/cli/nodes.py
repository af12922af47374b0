"""Runs the command `infoharbor` as a user does: in processes of its own, with real folders and ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAM = Path(sys.executable).with_name("infoharbor")
WAIT_S = 120


def infoharbor(
    *arguments: str | Path, cwd: Path, stdin: str = "", fails: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One command in this folder; it must succeed, or end with exit code 1 if it `fails`."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=WAIT_S,
        env=os.environ | environment, check=False,
    )  # fmt: skip
    assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def as_json(*arguments: str | Path, cwd: Path, stdin: str = "", fails: bool = False, **environment: str) -> Any:
    return json.loads(infoharbor(*arguments, "--json", cwd=cwd, stdin=stdin, fails=fails, **environment).stdout)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


class Running:
    """A node that a process runs."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, output: Path) -> None:
        self.process, self.url, self.output = process, url, output

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            assert self.process.poll() is None, self.output.read_text()
            try:
                if httpx.get(f"{self.url}/", timeout=10).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise AssertionError(f"no answer: {self.output.read_text()}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def running(
    *arguments: str | Path, cwd: Path, program: Path = PROGRAM, environment: dict[str, str] | None = None
) -> Iterator[Running]:
    """`infoharbor run` on a free port, until the block ends."""
    port = free_port()
    output = cwd / f"run-{port}.txt"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [program, "run", *map(str, arguments), "--port", str(port)], cwd=cwd, stdout=written, stderr=written,
            env=environment,
        )  # fmt: skip
    node = Running(process, f"http://127.0.0.1:{port}", output)
    try:
        node.wait_until_it_answers()
        yield node
    finally:
        if process.poll() is None:
            node.kill()
