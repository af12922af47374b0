"""Four real validators: whatever happens to one of them, nothing that was acknowledged is lost, and all end alike."""

import os
import signal
from collections.abc import Iterator

import pytest
from cluster import PATIENCE, Cluster, NodeDied, id_of
from world import World

pytestmark = pytest.mark.timeout(600)  # Fourteen processes on a machine that may be busy.
GAPS = (
    "after FinalizeBlock",
    "asked to commit",
    "after the place",
    "half of the append",
    "after the append",
    "after Commit",
)
VICTIM, OTHER = "node-3", "node-0"


@pytest.fixture(scope="module")
def world() -> World:
    return World(4)


@pytest.fixture(scope="module")
def cluster(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A network whose accounts are open. Each test leaves all four validators running."""
    cluster = Cluster(world, tmp_path_factory.mktemp("network"))
    try:
        cluster.start()
        for raw in world.opening():
            cluster.commit(OTHER, raw)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(autouse=True)
def nothing_is_lost(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.agree()
    assert cluster.lost() == []


def test_every_door_leads_to_the_same_ledger(cluster: Cluster, world: World) -> None:
    for name in cluster.nodes:
        cluster.commit(name, *(world.transfer("bank", "firm-1") for _ in range(5)))


def test_one_transaction_at_every_door_runs_once(cluster: Cluster, world: World) -> None:
    raw = world.transfer("bank", "firm-2")
    answers = [future.result(PATIENCE) for future in [node.submit(raw) for node in cluster.nodes.values()]]
    assert len({answer["height"] for answer in answers}) == 1
    cluster.acknowledged.append(raw)


@pytest.mark.parametrize("gap", GAPS)
def test_killed_in_the_gap(cluster: Cluster, world: World, gap: str) -> None:
    cluster.nodes.pop(VICTIM).stop()
    cluster.start(VICTIM, moment=gap)
    victim = cluster.nodes.pop(VICTIM)
    while victim.lives:
        cluster.commit(OTHER, world.transfer("bank", "firm-3"))
    victim.join()
    cluster.commit(OTHER, world.transfer("bank", "firm-3"))
    cluster.start(VICTIM)
    cluster.agree()
    cluster.commit(VICTIM, world.transfer("bank", "firm-3"))


def test_killed_and_paused_in_turn_under_load(cluster: Cluster, world: World) -> None:
    sent: list[tuple[bytes, object]] = []
    for number, name in enumerate(cluster.folders):
        for _ in range(20):
            for sender in [other for other in cluster.nodes if other != name][:2]:
                raw = world.transfer("bank", "firm-1")
                sent.append((raw, cluster.nodes[sender].submit(raw)))
        if number % 2:
            cluster.nodes[name].pause()
            cluster.commit("node-0", world.transfer("bank", "firm-1"))
            cluster.nodes[name].go_on()
        else:
            cluster.kill(name)
            cluster.commit("node-1", world.transfer("bank", "firm-1"))
            cluster.start(name)
        cluster.agree()
    for raw, future in sent:
        try:
            assert future.result(PATIENCE)["code"] == ""  # type: ignore[attr-defined]
        except NodeDied:
            continue  # Nobody was told that it has run; it may have.
        cluster.acknowledged.append(raw)


def test_without_two_thirds_nothing_goes_on_and_with_them_it_does(cluster: Cluster, world: World) -> None:
    for name in ("node-2", "node-3"):
        cluster.kill(name)
    raw = world.transfer("bank", "firm-1")
    waits = cluster.nodes[OTHER].submit(raw)
    with pytest.raises(TimeoutError):
        waits.result(3)
    cluster.start("node-2", "node-3")
    assert waits.result(PATIENCE)["code"] == ""
    cluster.acknowledged.append(raw)


def test_what_waits_at_a_node_that_is_killed_is_sent_when_it_is_back(cluster: Cluster, world: World) -> None:
    for name in ("node-1", "node-2"):
        cluster.kill(name)
    raw = world.transfer("bank", "firm-1")
    cluster.nodes[VICTIM].submit(raw)
    cluster.wait_for(lambda: raw in (cluster.folders[VICTIM] / "consensus" / "pending").read_bytes(), "it is kept")
    cluster.kill(VICTIM)
    cluster.start("node-1", "node-2", VICTIM)
    identifier = id_of(world, raw).hex()
    cluster.wait_for(
        lambda: cluster.nodes[OTHER].ask(receipt=identifier).result(PATIENCE)["height"] is not None, "it has run"
    )


def test_a_consensus_process_that_is_killed_is_started_again(cluster: Cluster, world: World) -> None:
    before = cluster.nodes[VICTIM].consensus
    os.kill(before, signal.SIGKILL)
    cluster.wait_for(lambda: cluster.nodes[VICTIM].consensus != before, "another process")
    cluster.commit(VICTIM, world.transfer("bank", "firm-1"))


def test_a_node_that_was_away_for_long_catches_up_by_blocks(cluster: Cluster, world: World) -> None:
    cluster.kill(VICTIM)
    for _ in range(15):
        cluster.commit(OTHER, *(world.transfer("bank", "firm-1") for _ in range(10)))
    cluster.start(VICTIM)
    cluster.agree()
    cluster.commit(VICTIM, world.transfer("bank", "firm-1"))
