"""What a measure is, and how all of them are shown and kept."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

LATEST = Path(__file__).parent / "latest.json"


class Measure(NamedTuple):
    """One number. `limit` is what this machine or disk allows at most, `peer` names what a user would otherwise take
    and `peer_value` its number; all in `unit`, None where there is none."""

    measure: str
    value: float
    unit: str
    limit: float | None = None
    peer: str | None = None
    peer_value: float | None = None


class Report:
    """The measures of one run, each shown as soon as it is known."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []

    def add(self, measure: Measure) -> None:
        self.measures.append(measure)
        limit = "" if measure.limit is None else number(measure.limit)
        peer = "" if measure.peer_value is None else f"{number(measure.peer_value)} ({measure.peer})"
        print(f"  {measure.measure:<64} {number(measure.value):>9} {measure.unit:<10} {limit:>9}  {peer}", flush=True)

    def note(self, text: str) -> None:
        """Say something that is no number."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def write(self, target: Path) -> None:
        """Keep the measures, each with the machine, as JSON."""
        here = machine()
        rows = [measure._asdict() | {"machine": here} for measure in self.measures]
        target.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def heading() -> None:
    print(f"  {'measure':<64} {'value':>9} {'unit':<10} {'limit':>9}  peer")


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, Any]:
    """What the numbers were measured on; nothing that names the machine."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[2], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
