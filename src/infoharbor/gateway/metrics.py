"""What an operator's Prometheus may ask of a node: its condition in numbers, on this machine alone, nothing of members."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.listening import METRICS_HOST
from infoharbor.gateway.problems import REFUSALS
from infoharbor.readmodel.follower import Follower

CONDITIONS: Final = ("running", "disk_full", "halted", "quarantined", "closed")


class NodeMetrics(Collector):
    """Reads the node anew each time that it is asked, and never waits for its writer."""

    def __init__(self, engine: NodeEngine, data: Path, follower: Follower) -> None:
        self._engine, self._data, self._follower = engine, data, follower

    def collect(self) -> Iterator[Metric]:
        status, mirror = self._engine.status(), self._follower.condition
        yield _gauge("height", "The newest block.", status.height)
        yield _gauge("block_timestamp_seconds", "That block's time. A ledger at rest makes none.", status.time / 1000)
        yield _gauge("flushed_height", "The block up to which the state store is written.", status.flushed)
        yield _gauge("waiting_bundles", "Bundles that are in no block yet.", status.waiting)
        yield _gauge("unchecked_bundles", "Those of them whose signatures are not checked yet.", self._engine.unchecked)
        yield _gauge("read_model_height", "The block that the SQL mirror has.", mirror.height)
        yield _gauge("read_model_follows", "1 while the SQL mirror goes on.", int(not mirror.fault))
        yield _gauge("disk_free_bytes", "Room left where the data folder is.", shutil.disk_usage(self._data).free)
        condition = GaugeMetricFamily(
            "infoharbor_condition", "1 for the one that the node is in.", labels=["condition"]
        )
        for each in CONDITIONS:
            condition.add_metric([each], int(each == status.condition))
        yield condition


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"infoharbor_{name}", help_text, value=value)


def node_registry(engine: NodeEngine, data: Path, follower: Follower) -> CollectorRegistry:
    """Everything that a node tells; memory and processor time are those of its main process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(REFUSALS)
    registry.register(NodeMetrics(engine, data, follower))
    return registry


@contextmanager
def published(registry: CollectorRegistry, port: int) -> Iterator[str]:
    """Answers at `/metrics` of the port, on a thread of its own, while the block runs; gives the address."""
    server, thread = start_http_server(port, addr=METRICS_HOST, registry=registry)
    try:
        yield f"http://{METRICS_HOST}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
