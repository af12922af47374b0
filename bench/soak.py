"""`python -m bench.soak`: reports over a million lots; then for hours, simulated networks in turn with a growing ledger.
Fails if a report is slow, a rule breaks or memory grows."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import farm
from bench.node import anonymous_mb
from bench.town import Town
from bench.transfers import throughput
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine

CUSTOMERS, RECORDS, BUNDLES = 500, 5_000, 5_000
NETWORKS = ((4, 30), (7, 20), (10, 10))
"""Organisations and blocks of the histories, in turn."""
REPORT_S = 2.0
GROWTH, SPARE_MB = 1.2, 24
"""By how much the last third of a run may be above its second: caches fill, and allocators keep what they had."""


class Sample(NamedTuple):
    """What a ledger's process and folder take after so many transactions."""

    transactions: int
    memory_mb: float
    open_files: int
    threads: int
    log_bytes: int
    state_bytes: int


def sample(data: Path, transactions: int) -> Sample:
    return Sample(
        transactions,
        anonymous_mb(),
        len(os.listdir("/proc/self/fd")),
        threading.active_count(),
        size_of(data / "blocks"),
        size_of(data / "state"),
    )


def size_of(folder: Path) -> int:
    """What the files take on the disk; holes in them take nothing."""
    return sum(file.stat().st_blocks * 512 for file in folder.iterdir())


def growing(samples: Sequence[Sample]) -> list[str]:
    """What grows without bound, by the last third of the samples against the one before; the first warms up."""
    third = len(samples) // 3
    if third < 1:
        return []
    middle, last = samples[third : 2 * third], samples[-third:]
    found = []
    for name, spare in (("memory_mb", SPARE_MB), ("open_files", 4), ("threads", 1)):
        before, after = (max(getattr(each, name) for each in part) for part in (middle, last))
        if after > before * GROWTH + spare:
            found.append(f"{name} was at most {before:g}, then {after:g}")
    for name in ("log_bytes", "state_bytes"):
        before, after = (bytes_each(part, samples[0], name) for part in (middle, last))
        if after > before * GROWTH + 1:
            found.append(f"{name} were {before:.0f} a transaction, then {after:.0f}")
    return found


def bytes_each(part: Sequence[Sample], first: Sample, name: str) -> float:
    """The bytes that each transaction has added since the first sample."""
    return float(getattr(part[-1], name) - getattr(first, name)) / max(1, part[-1].transactions - first.transactions)


class Soak:
    """Both halves, in turn until `until` by the steady clock. A history runs in a process of its own, so that what is measured
    is the ledger's alone."""

    def __init__(self, seed: int, until: float) -> None:
        self.seed, self.until = seed, until
        self.samples: list[Sample] = []

    def run(self, data: Path) -> int:
        """The exit code."""
        town = Town(CUSTOMERS)
        town.found(data)
        with open_engine(data) as engine:
            town.grow(engine, RECORDS)
            while time.monotonic() < self.until or not self.samples:
                if not self.history():
                    return 1
                self.grow(engine, town, data)
        found = growing(self.samples)
        print("\n".join(found) or f"nothing grows: {self.samples[-1]}")
        return 1 if found else 0

    def history(self) -> bool:
        """One simulated history more; whether all held."""
        organisations, blocks = NETWORKS[self.seed % len(NETWORKS)]
        program = Path(sys.executable).with_name("infoharbor")
        asked = {"organisations": organisations, "seed": self.seed, "blocks": blocks}
        options = [text for name, value in asked.items() for text in (f"--{name}", str(value))]
        self.seed += 1
        return subprocess.run([program, "simulate", *options], check=False).returncode == 0

    def grow(self, engine: NodeEngine, town: Town, data: Path) -> None:
        throughput(engine, list(town.transfers(BUNDLES)))
        before = self.samples[-1].transactions if self.samples else 0
        self.samples.append(sample(data, before + BUNDLES))
        print(f"seed {self.seed}, {self.samples[-1]}", flush=True)


def slow_reports(folder: Path, lots: int) -> list[str]:
    """Those of farm's reports over so many lots, each with its event, that take longer than they may."""
    taken = farm.reported(folder, lots)
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in taken.items()), f"over {lots:,} lots", flush=True)
    return [f"{name} took {seconds:.2f} s, not {REPORT_S:g}" for name, seconds in taken.items() if seconds > REPORT_S]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--lots", type=int, default=farm.REPORTED)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if slow := slow_reports(Path(folder), given.lots):
            print("\n".join(slow))
            return 1
    with tempfile.TemporaryDirectory() as folder:
        return Soak(given.seed, time.monotonic() + given.minutes * 60).run(Path(folder) / "ledger")


if __name__ == "__main__":
    sys.exit(main())
