"""Four real validators under load, while whatever happens to networks happens to this one: at its end nothing that was
acknowledged is lost, nothing ran twice, all are equal, and the audit finds nothing."""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cluster import PATIENCE, Cluster, NodeDied, id_of
from commands import COMMAND
from members import let_attest, write_keys
from world import World

from infoharbor.contractkit import Action
from infoharbor.contracts.governance.actions import VALIDATORS, CastVote, Propose, SetCodes
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import accept, ask, invite
from infoharbor.engine.cometbft.validators import NODES, admits
from infoharbor.engine.reader import open_reader
from infoharbor.kernel.transaction import open_transaction

pytestmark = pytest.mark.timeout(600)  # Ten processes on a machine that may be busy.
NEWCOMER = "firm-4"
FIRST, SECOND, THIRD, LIAR = "bank", "firm-1", "firm-2", "firm-3"
BEAT_S = 0.02


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Four members that attest, and a fifth organisation without a node."""
    world = World(5)
    keys = let_attest(world, FIRST, SECOND, THIRD, LIAR)
    cluster = Cluster(world, tmp_path, names=list(keys))
    write_keys(keys, cluster.folders)
    try:
        cluster.start()
        for raw in world.opening():
            cluster.commit(FIRST, raw)
        yield cluster
    finally:
        cluster.stop()


class Load:
    """Transfers, one after the other, to whoever runs."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._over = cluster, threading.Event()
        self._sent: list[tuple[bytes, Future[dict[str, Any]]]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Wait for all receipts, and count them; a node that died has told nobody of what it had."""
        self._over.set()
        self._thread.join()
        told = 0
        for raw, future in self._sent:
            try:
                assert future.result(PATIENCE).get("code") == ""
            except NodeDied:
                continue
            self._cluster.acknowledged.append(raw)
            told += 1
        return told

    def _run(self) -> None:
        turn = 0
        while not self._over.wait(BEAT_S):
            nodes, turn = list(self._cluster.nodes.values()), turn + 1
            raw = self._cluster.world.transfer(FIRST, SECOND)
            self._sent.append((raw, nodes[turn % len(nodes)].submit(raw)))


@contextmanager
def loaded(cluster: Cluster) -> Iterator[None]:
    """Load, which goes on while the network lives through what is done, and then all is well."""
    load = Load(cluster)
    try:
        yield
    finally:
        told = load.end()
    assert told > 0
    cluster.agree()
    assert cluster.lost() == []


def decide(cluster: Cluster, decision: Action, name: str) -> None:
    """Three of four seats are needed."""
    cluster.commit(FIRST, cluster.world.signed(Propose.to(decision, id=name, reason="a test"), by=FIRST))
    for voter in (SECOND, THIRD):
        cluster.commit(FIRST, cluster.world.signed(CastVote(name, True), by=voter))


def test_killed_paused_and_started_again_in_turn_and_the_set_of_validators_changes(cluster: Cluster) -> None:
    with loaded(cluster):
        for name in (SECOND, LIAR):
            cluster.kill(name)
            cluster.commit(FIRST, cluster.world.transfer(FIRST, THIRD))
            cluster.start(name)
            cluster.agree()
        cluster.nodes[THIRD].pause()
        cluster.commit(FIRST, cluster.world.transfer(FIRST, THIRD))
        cluster.nodes[THIRD].go_on()
        newcomer_joins(cluster)
        left = ConsensusHome(cluster.folders[LIAR]).validator_key().hex()
        decide(cluster, SetCodes((CodeEntry(VALIDATORS, LIAR, left, "", "", 0, 1),)), "leaves")
        await_effect(cluster)
        # Of the four that are left three are needed: the newcomer's vote counts, and that of who left does not.
        cluster.kill(LIAR)
        cluster.kill(SECOND)
        cluster.commit(FIRST, cluster.world.transfer(FIRST, THIRD))
        cluster.start(SECOND, LIAR)
    cluster.stop()
    ensure_audited(cluster)


def newcomer_joins(cluster: Cluster) -> None:
    data = cluster.folders[FIRST].parent / NEWCOMER
    home = ConsensusHome(cluster.folders[FIRST])
    asked = ask(data, NEWCOMER, f"127.0.0.1:{free_ports(1)[0]}", {})
    decide(cluster, admits(NODES, home.known_nodes() | {NEWCOMER: asked.node}), "node")
    accept(data, invite(cluster.folders[FIRST]), registry=cluster.world.registry)
    cluster.folders[NEWCOMER] = data
    cluster.start(NEWCOMER)
    cluster.agree()
    decide(cluster, admits(VALIDATORS, home.founding_members() | {NEWCOMER: asked.validator}), "validator")
    await_effect(cluster)


def await_effect(cluster: Cluster) -> None:
    """CometBFT takes another set of validators two of its heights after the block that says so."""
    told = cluster.nodes[FIRST].status()["order"]
    cluster.wait_for(
        lambda: all(each["order"] > told + 2 for each in cluster.statuses().values()), "the new validators"
    )


def ensure_audited(cluster: Cluster) -> None:
    """No node ran anything twice, all ran what was acknowledged, and the audit of two of them finds nothing."""
    acknowledged = {id_of(cluster.world, raw) for raw in cluster.acknowledged}
    for data in cluster.folders.values():
        with closing(open_reader(data, registry=cluster.world.registry)) as reader:
            ran = Counter(
                open_transaction(cluster.world.suite, raw).id
                for block in reader.blocks(0, 2**31)
                for raw in block.transactions
            )
        assert max(ran.values()) == 1
        assert acknowledged <= set(ran)
    for name in (FIRST, NEWCOMER):
        audit = [*COMMAND, "audit", "--data", str(cluster.folders[name])]
        done = subprocess.run(audit, env=os.environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_member_that_attests_two_histories_is_caught_and_the_others_attest_on(cluster: Cluster) -> None:
    with loaded(cluster):
        cluster.kill(LIAR)
        cluster.start(LIAR, moment="two histories")
        honest = (FIRST, SECOND, THIRD)
        told: Callable[[str], dict[str, Any]] = lambda name: cluster.nodes[name].ask(attested=True).result(PATIENCE)  # noqa: E731
        cluster.wait_for(lambda: all(told(name)["forks"] > 0 for name in honest), "the proof against it")
        height = cluster.commit(FIRST, cluster.world.transfer(FIRST, THIRD))[0]["height"]
        cluster.wait_for(lambda: all(told(name)["size"] > height for name in honest), "the others attest")
