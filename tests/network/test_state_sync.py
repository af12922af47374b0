"""A node that comes from nothing begins with the others' state, and believes only what the network's validators signed."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from cluster import PATIENCE, Cluster, NodeDied, NodeProcess
from world import TOKEN, World

from infoharbor.engine import backup
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import accept, ask, invite, sync_from
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Refused
from infoharbor.engine.reader import open_reader
from infoharbor.engine.state_shelf import Shelf
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.verify import verify
from infoharbor.sdk.trusting import ledger_trust

EVERY = 10
NEW = "node-3"


@pytest.fixture
def cluster(world: World, tmp_path: Path) -> Iterator[Cluster]:
    """Four validators that keep their state every few heights."""
    cluster = Cluster(world, tmp_path)
    for data in cluster.folders.values():
        home = ConsensusHome(data)
        home.write_config(msgspec.structs.replace(home.config(), snapshot_every=EVERY))
    yield cluster
    cluster.stop()


@contextlib.contextmanager
def load(cluster: Cluster, name: str) -> Iterator[None]:
    """Transfers, one after the other, until this ends."""
    over, faults = threading.Event(), []

    def send() -> None:
        try:
            while not over.is_set():
                cluster.commit(name, cluster.world.transfer("firm-1", "firm-2"))
        except BaseException as fault:
            faults.append(fault)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    try:
        yield
    finally:
        over.set()
        sending.join(PATIENCE)
    assert not faults


def kept_by(cluster: Cluster, name: str) -> list[int]:
    return [kept.manifest.order for kept in Shelf(cluster.folders[name] / "snapshots").kept()]


def gateways(cluster: Cluster) -> list[str]:
    """Those of two nodes that have a snapshot to serve."""
    cluster.commit("node-0", *cluster.world.opening())
    found = list(cluster.serve("node-0", "node-1").values())
    cluster.wait_for(lambda: bool(kept_by(cluster, "node-0") and kept_by(cluster, "node-1")), "snapshots")
    return found


def ensure_same_snapshots(cluster: Cluster) -> None:
    """Byte for byte, wherever two nodes have one of the same height."""
    manifests: dict[int, set[bytes]] = {}
    for data in cluster.folders.values():
        for kept in Shelf(data / "snapshots").kept():
            manifests.setdefault(kept.manifest.order, set()).add(kept.raw)
    assert [len(each) for each in manifests.values()] == [1] * len(manifests)


def begin_anew(cluster: Cluster, trusted: list[str]) -> Path:
    """A validator that lost everything but its keys and what it has voted for."""
    data = cluster.folders[NEW]
    ConsensusHome(data).await_sync(sync_from(trusted))
    for lost in (data / "state", data / "blocks", data / "snapshots"):
        shutil.rmtree(lost, ignore_errors=True)
    return data


def is_served(gateways: list[str]) -> bool:
    with contextlib.suppress(Refused):
        return bool(sync_from(gateways))
    return False


def earliest(cluster: Cluster, name: str) -> int:
    """The first block that this node's CometBFT still has."""
    return int(cluster.nodes[name].ask(earliest=True).result(PATIENCE)["earliest"])


def ensure_proves_what_is_old(data: Path, path: str) -> None:
    """With its history, from the first block on."""
    with closing(open_reader(data)) as reader:
        proven = verify(make_evidence(reader.chain, reader, [path]), ledger_trust(reader))
        assert [record.path for record in proven.records] == [path]
        assert reader.first_block == 0


def test_one_cut_off_catches_up_from_nothing_while_the_load_goes_on(cluster: Cluster) -> None:
    """Also where a member's CometBFT has dropped what is older than misbehaviour that could still be proved: the member's
    ledger goes back to the beginning all the same."""
    cluster.start("node-0", moment="forgets soon")
    cluster.start("node-1", "node-2", NEW)
    trusted = gateways(cluster)
    with load(cluster, "node-0"):
        cluster.kill(NEW)
        data = begin_anew(cluster, trusted)
        cluster.start(NEW)
        cluster.commit(NEW, cluster.world.transfer("firm-2", "firm-3"))
        cluster.wait_for(lambda: all(len(kept_by(cluster, name)) == 2 for name in cluster.nodes), "two snapshots each")
        cluster.wait_for(lambda: earliest(cluster, "node-0") > EVERY, "the old blocks have gone from CometBFT")
        assert earliest(cluster, "node-0") <= kept_by(cluster, "node-0")[0]
        assert earliest(cluster, "node-1") == 1
    cluster.agree()
    ensure_same_snapshots(cluster)
    cluster.stop()
    ensure_proves_what_is_old(cluster.folders["node-0"], "identity/organisations/firm-1")
    with closing(open_reader(data)) as reader:
        assert reader.first_block > 1
        balance = f"asset/balances/{TOKEN}/firm-3"
        proven = verify(
            make_evidence(reader.chain, reader, [balance], history=False, receipts=False), ledger_trust(reader)
        )
        assert proven.records[0].path == balance
        assert list(reader.state_differences()) == []
        with backup.replay(data, root=reader.root) as again, reader.snapshot() as snapshot:
            assert again.header == snapshot.header


def test_who_serves_what_the_snapshot_does_not_name_is_passed_over(cluster: Cluster) -> None:
    cluster.start("node-0", "node-1", moment="alters chunks")
    cluster.start("node-2")
    trusted = gateways(cluster)
    begin_anew(cluster, trusted)
    cluster.start(NEW)
    cluster.agree()


def test_a_new_organisations_node_begins_with_the_state_however_often_it_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start()
    trusted = gateways(cluster)
    data = cluster.folders["newcomer"] = tmp_path / "newcomer"
    ask(data, "newcomer", f"127.0.0.1:{free_ports(1)[0]}", {})
    accept(data, invite(cluster.folders["node-0"], trusted))
    for moment in ("dies restoring", "dies restored"):
        with pytest.raises(NodeDied):
            NodeProcess(data, moment).wait_ready()
    cluster.start("newcomer")
    cluster.agree()
    assert min(int(path.stem) for path in DataFolder(data).blocks.iterdir()) > 1
    assert not ConsensusHome(data).sync.exists()


def test_only_a_light_clients_questions_are_passed_on(cluster: Cluster) -> None:
    cluster.start()
    served = list(cluster.serve("node-0").values())
    cluster.wait_for(lambda: is_served(served), "an answer")
    address = f"{served[0]}/log/consensus"
    asked = {"jsonrpc": "2.0", "id": 1, "method": "validators", "params": {"page": "1", "per_page": "100"}}
    assert len(httpx.post(address, json=asked).json()["result"]["validators"]) == 4
    for wrong in ({"method": "broadcast_tx_sync"}, {"method": "net_info"}, {"params": {"height": 3}}, {"id": "x"}):
        assert httpx.post(address, json=asked | wrong).json()["code"] == "network.question"
    assert httpx.post(address, json=asked | {"params": {"page": "1" * 5000}}).status_code == 413
