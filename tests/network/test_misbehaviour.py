"""A validator that votes twice, or proposes what no block may hold: the network goes on, and who voted twice votes no more."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from cluster import PATIENCE, Cluster, NodeProcess, id_of
from driven import Driven
from world import World

from infoharbor.contracts.governance.actions import VALIDATORS, NoteMisbehaviour, Propose, SetCodes
from infoharbor.contracts.governance.records import CodeEntry, Misbehaviour
from infoharbor.engine.backup import replay
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.misbehaviour import Misbehaved
from infoharbor.engine.cometbft.validators import POWER, address_of, admits, validators
from infoharbor.engine.reader import open_reader
from infoharbor.engine.reading import root_at
from infoharbor.kernel.audit import offending

GOOD, BAD = bytes([1]) * 32, bytes([2]) * 32


@pytest.fixture
def node(drive: Callable[..., Driven], world: World) -> Driven:
    """Its members have voted two validators."""
    node = drive()
    vote(node, world, admits(VALIDATORS, {"bank": GOOD.hex(), "firm-1": BAD.hex()}))
    return node


def vote(node: Driven, world: World, decision: SetCodes) -> list[tuple[bytes, int]]:
    done = node.block([world.signed(Propose.to(decision, id=f"p-{node.height}", reason="a test"), by="bank")])
    assert done.codes == [0]
    return done.validators


def fault_of(key: bytes, fault: int = 1) -> Misbehaved:
    return Misbehaved(fault, bytes.fromhex(address_of(key)), 7, 1_700_000_000_000)


def prove(node: Driven, *found: Misbehaved, transactions: tuple[bytes, ...] = ()) -> list[tuple[bytes, int]]:
    """A block that carries the proof; what it tells CometBFT of validators."""
    order = node.application.info()[0] + 1
    hash = b"block" + bytes([order])
    node.application.process(node.time + 1, transactions, hash)
    done = node.application.finalize(order, node.time + 1, transactions, hash, found)
    node.application.commit()
    return done.validators


def in_force(node: Driven) -> set[bytes]:
    with node.machine.view() as view:
        return set(validators(view, view.time, node.founding))


@pytest.mark.parametrize(("fault", "named"), [(1, "duplicate-vote"), (2, "light-client-attack"), (9, "fault-9")])
def test_who_is_at_fault_votes_no_more_until_the_members_enter_the_key_again(
    node: Driven, world: World, fault: int, named: str
) -> None:
    height = node.height
    assert prove(node, fault_of(BAD, fault)) == [(BAD, 0)]
    assert node.height == height + 1
    with node.machine.view() as view:
        noted = view.find(Misbehaviour, address_of(BAD))
    assert noted == Misbehaviour(address_of(BAD), named, 7, 1_700_000_000_000)
    assert prove(node, fault_of(BAD, fault)) == []
    assert node.block([world.opening()[0]]).validators == []
    assert vote(node, world, admits(VALIDATORS, {"firm-1": BAD.hex()})) == [(BAD, POWER)]
    assert prove(node, fault_of(BAD)) == [(BAD, 0)]


def test_another_entry_does_not_bring_it_back(node: Driven, world: World) -> None:
    prove(node, fault_of(BAD))
    other = SetCodes((CodeEntry(VALIDATORS, "firm-2", (bytes([3]) * 32).hex(), "", "", 0, 0),))
    assert vote(node, world, other) == [(bytes([3]) * 32, POWER)]
    assert BAD not in in_force(node)


def test_the_last_validator_stays(node: Driven) -> None:
    assert prove(node, fault_of(BAD)) == [(BAD, 0)]
    assert prove(node, fault_of(GOOD)) == [(BAD, POWER)]
    assert in_force(node) == {GOOD, BAD}


def test_a_founding_validator_is_out_too(drive: Callable[..., Driven]) -> None:
    node = drive()
    (founder,) = node.founding
    node.founding = node.application._founding = {founder: POWER, GOOD: POWER}
    assert prove(node, fault_of(founder)) == [(founder, 0)]
    assert in_force(node) == {GOOD}


def test_a_fault_stands_beside_transactions_and_is_the_same_after_a_replay(
    node: Driven, world: World, drive: Callable[..., Driven]
) -> None:
    assert prove(node, fault_of(BAD), transactions=(world.opening()[0],)) == [(BAD, 0)]
    height, root = node.height, node.root
    node.close()
    with replay(node.data) as again:
        assert (again.height, root_at(again, None)) == (height, root)
    shutil.rmtree(node.data / "state")
    (node.data / "state").mkdir()
    made_again = drive()
    assert made_again.root == root
    assert in_force(made_again) == {GOOD}
    with made_again.machine.view() as view:
        assert list(offending(world.registry, view, view.time)) == []


def test_nobody_can_send_a_fault(node: Driven, world: World) -> None:
    note = NoteMisbehaviour(address_of(GOOD), "duplicate-vote", 7, 0)
    assert node.block([world.signed(note, by="bank")]).codes == [1]
    assert in_force(node) == {GOOD, BAD}


# With real validators


@pytest.fixture
def cluster(world: World, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(world, tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


def twin_of(cluster: Cluster, name: str) -> Path:
    """A copy of a node's folder that votes with the same key, and calls the others as another node."""
    data = cluster.folders[name].with_name(f"{name}-twin")
    shutil.copytree(cluster.folders[name], data)
    home, key = ConsensusHome(data), Path("consensus/config/priv_validator_key.json")
    home.write_keys(new_keys())
    shutil.copy(cluster.folders[name] / key, data / key)
    home.write_config(msgspec.structs.replace(home.config(), listen=f"127.0.0.1:{free_ports(1)[0]}"))
    return data


def noted(data: Path, validator: str) -> Misbehaviour | None:
    with contextlib.closing(open_reader(data)) as reader, reader.snapshot() as snapshot:
        return snapshot.find(Misbehaviour, validator)


@pytest.mark.timeout(600)  # Ten processes on a machine that may be busy.
def test_a_validator_that_votes_twice_is_dropped_on_every_node(cluster: Cluster, world: World) -> None:
    cluster.start()
    for raw in world.opening():
        cluster.commit("node-0", raw)
    cluster.agree()
    cluster.nodes.pop("node-3").stop()
    twin = NodeProcess(twin_of(cluster, "node-3"))
    try:
        cluster.start("node-3")
        twin.wait_ready()
        culprit = address_of(ConsensusHome(cluster.folders["node-3"]).validator_key())

        def is_noted() -> bool:
            for name in ("node-0", "node-1"):
                cluster.commit(name, world.transfer("bank", "firm-1"))
            return noted(cluster.folders["node-0"], culprit) is not None

        cluster.wait_for(is_noted, "the proof is in a block")
    finally:
        twin.stop()
    cluster.nodes.pop("node-3").stop()
    cluster.commit("node-1", *(world.transfer("bank", "firm-2") for _ in range(5)))
    cluster.start("node-3")
    cluster.agree()
    assert cluster.lost() == []
    cluster.stop()
    for data in cluster.folders.values():
        found = noted(data, culprit)
        assert found is not None
        assert found.fault == "duplicate-vote"
        with contextlib.closing(open_reader(data)) as reader, reader.snapshot() as snapshot:
            remaining = validators(snapshot, snapshot.time, ConsensusHome(data).founding_validators())
        assert culprit not in map(address_of, remaining)
        assert len(remaining) == 3
    with replay(cluster.folders["node-3"]):
        pass


@pytest.mark.timeout(600)  # Eight processes on a machine that may be busy.
def test_what_a_hostile_proposer_puts_into_its_blocks_is_rejected_and_the_network_goes_on(
    cluster: Cluster, world: World
) -> None:
    cluster.start("node-0", "node-1", "node-2")
    cluster.start("node-3", moment="bad proposals")
    for raw in world.opening():
        cluster.commit("node-0", raw)
    wanted = {"ledger.malformed", "ledger.replayed", "ledger.too_large", "ledger.signature_invalid"}

    def rejected() -> set[str]:
        return set(cluster.nodes["node-1"].ask(rejected=True).result(PATIENCE)["rejected"])

    def are_rejected() -> bool:
        cluster.commit("node-0", world.transfer("bank", "firm-1"))
        return rejected() >= wanted

    cluster.wait_for(are_rejected, "each of them was proposed")
    cluster.agree()
    assert cluster.lost() == []
    identifiers = [id_of(world, raw) for raw in cluster.acknowledged]
    with contextlib.closing(open_reader(cluster.folders["node-0"])) as reader:
        ran = [each for block in reader.blocks(0) for each in block.transactions]
    assert sorted(id_of(world, raw) for raw in ran) == sorted(identifiers)
