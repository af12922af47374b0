"""A validator whose clock is far ahead or behind, and who stamps its votes so, moves the ledger's time by nothing."""

from pathlib import Path

import hostile_clock
import pytest
from cluster import Cluster
from world import World, milliseconds

pytestmark = pytest.mark.timeout(900)  # Builds CometBFT where nothing of it is at hand, on a machine that may be busy.
HOSTILE, HONEST = "node-3", "node-0"
DAY_S = 24 * 3600
NEAR_MS = 60_000
"""How far block time may lie from an honest clock on a machine that may be busy."""


def test_time_is_that_of_the_honest_whatever_one_validator_stamps(tmp_path: Path) -> None:
    # A node sleeps until the genesis: its clock may be behind, but not as far as that.
    world = World(4, begin=milliseconds() - 2 * DAY_S * 1000)
    program = hostile_clock.program()
    cluster = Cluster(world, tmp_path)
    try:
        cluster.start("node-0", "node-1", "node-2")
        for raw in world.opening():
            cluster.commit(HONEST, raw)
        for seconds in (DAY_S, -DAY_S):
            with hostile_clock.set_wrong(program, seconds):
                cluster.start(HOSTILE, moment="another clock")
            cluster.agree()
            before = cluster.nodes[HONEST].status()
            # Two of the honest are needed beside it now: its stamp is one of three.
            cluster.kill("node-2")
            for _ in range(5):
                cluster.commit(HONEST, world.transfer("bank", "firm-1"))
            after = cluster.nodes[HONEST].status()
            assert after["height"] >= before["height"] + 1
            assert before["time"] <= after["time"]
            assert abs(after["time"] - milliseconds()) < NEAR_MS
            cluster.start("node-2")
            cluster.agree()
            cluster.nodes.pop(HOSTILE).stop()
        assert cluster.lost() == []
    finally:
        cluster.stop()
