"""A node's metrics: right, on this machine only, nothing of members; and the dashboard asks for nothing else."""

import inspect
import json
import re
from pathlib import Path

import httpx
import pytest
from nodes import free_port, infoharbor, running
from prometheus_client.parser import text_string_to_metric_families

from infoharbor.cli.serving import run
from infoharbor.portal.serve import serve

DASHBOARD = Path(__file__).parents[2] / "deploy/grafana/node.json"
HOW_TO = Path(__file__).parents[2] / "docs/how-to/deploy-a-node.md"
NAME = re.compile(r"\b(?:infoharbor|process)_[a-z_]+[a-z]\b")
FOUNDING = (
    "init", "--data", "ledger", "--name", "x.example", "--organisation", "secretive-port", "--organisation-name",
    "Secretive Port", "--country", "CN", "--registration", "registry", "--number", "EX-1",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a running node tells: `metrics`, and what it answers at `/metrics` of its `gateway`."""
    folder, port = tmp_path_factory.mktemp("metrics"), free_port()
    infoharbor(*FOUNDING, cwd=folder)
    with running("--data", "ledger", "--host", "0.0.0.0", "--metrics-port", str(port), cwd=folder) as node:
        for _ in range(3):
            assert httpx.get(f"{node.url}/v1/records/no/table").status_code == 404
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        listening = listeners(node.process.pid, port)
        gateway = httpx.get(f"{node.url}/metrics")
        assert node.stop() == 0
    return {"metrics": metrics, "gateway": str(gateway.status_code), "listening": listening}


def listeners(process: int, port: int) -> str:
    """The addresses, as the system writes them, on which this port is open."""
    tables = [Path(f"/proc/{process}/net/{each}").read_text().splitlines()[1:] for each in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return " ".join(row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}"))


def values(metrics: str) -> dict[tuple[str, str], float]:
    """Each sample by its name and the value of its label, if it has one."""
    families = text_string_to_metric_families(metrics)
    return {
        (sample.name, "".join(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def test_the_numbers_are_the_nodes(told: dict[str, str]) -> None:
    found = values(told["metrics"])
    assert found["infoharbor_height", ""] == 0
    assert found["infoharbor_block_timestamp_seconds", ""] > 1.7e9
    assert found["infoharbor_waiting_bundles", ""] == found["infoharbor_unchecked_bundles", ""] == 0
    assert found["infoharbor_disk_free_bytes", ""] > 0
    assert found["process_resident_memory_bytes", ""] > 0
    assert found["infoharbor_read_model_follows", ""] == 1
    conditions = {label: value for (name, label), value in found.items() if name == "infoharbor_condition"}
    assert conditions == {"running": 1, "disk_full": 0, "halted": 0, "closed": 0, "quarantined": 0}


def test_refusals_are_counted_once_by_their_code(told: dict[str, str]) -> None:
    assert values(told["metrics"])["infoharbor_refusals_total", "ledger.table_unknown"] == 3


def test_nothing_of_a_member_is_told(told: dict[str, str]) -> None:
    labels = {
        label
        for family in text_string_to_metric_families(told["metrics"])
        for s in family.samples
        for label in s.labels
    }
    assert labels == {"code", "condition"}
    assert "secretive" not in told["metrics"].lower()


def test_only_this_machine_can_ask_even_if_the_gateway_is_open_to_others(told: dict[str, str]) -> None:
    assert told["listening"] == "0100007F"
    assert told["gateway"] == "404"


def test_a_node_publishes_nothing_unless_asked() -> None:
    assert [inspect.signature(each).parameters["metrics_port"].default for each in (run, serve)] == [None, None]


def test_the_dashboard_asks_for_all_of_the_nodes_metrics_and_no_others(told: dict[str, str]) -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = {name for panel in dashboard["panels"] for each in panel["targets"] for name in NAME.findall(each["expr"])}
    told_names = {name for name, _ in values(told["metrics"])}
    assert asked - told_names == set()
    own = {name for name in told_names if name.startswith("infoharbor_") and not name.endswith("_created")}
    assert own - asked == set()


def test_each_panel_is_titled_in_both_languages_and_has_a_place_of_its_own() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert all(re.search("[a-z]", panel["title"]) and re.search("[\u4e00-\u9fff]", panel["title"]) for panel in panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)


def test_the_how_to_explains_the_metrics_that_there_are(told: dict[str, str]) -> None:
    explained = set(re.findall(r"infoharbor_[a-z_]+[a-z]", HOW_TO.read_text(encoding="utf-8")))
    told_names = {name for name, _ in values(told["metrics"]) if name.startswith("infoharbor_")}
    assert explained == {name for name in told_names if not name.endswith("_created")}
