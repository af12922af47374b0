"""The bench: it runs to its end on tiny sizes, and what it writes has the shape that others read."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FIELDS = {"measure", "value", "unit", "limit", "peer", "peer_value", "machine"}
WANTED = (
    "limit: ed25519 checks", "limit: synced appends", "transfers, 200 records", "transfers, 400 records",
    "submit to final at half that load, p99", "bundles of 5", "transfers, 10% refused", "transfers, read model on",
    "transfers signed with sm2", "transfers signed with ml-dsa-44", "proof made", "proof checked", "EPCIS events",
    "trace of a graph", "anonymous memory", "start of a node", "report: sums over", "reach of a recall",
    "receivable: slowest report", "receivable: 300 leaves", "farm: a harvest", "farm: mass balance over 2,000 lots",
    "farm: slowest report over 2,000 lots", "snapshot made",
    "snapshot checked and taken over",
)  # fmt: skip


def test_the_bench_writes_every_measure_with_limit_peer_and_machine(tmp_path: Path) -> None:
    target = tmp_path / "latest.json"
    command = [sys.executable, "-m", "bench", "--quick", "--output", str(target), "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(target.read_text())
    names = [row["measure"] for row in rows]
    assert len(set(names)) == len(names)
    for wanted in WANTED:
        assert any(name.startswith(wanted) for name in names), wanted
        assert wanted in done.stdout
    for row in rows:
        assert set(row) == FIELDS
        assert row["value"] > 0
        assert row["unit"]
        assert (row["peer"] is None) == (row["peer_value"] is None)
        assert row["machine"]["cores"] >= 1
    assert list(tmp_path.iterdir()) == [target], "the bench leaves nothing behind"
