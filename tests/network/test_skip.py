"""A transaction on which every node's machine fails is skipped by a quorum of the validators, now and whenever it runs again."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from behaviours import POISON, honest_rule, poisonous_rule
from cluster import PATIENCE, Cluster, id_of
from world import TOKEN, World, milliseconds

from infoharbor.cli.output import Failure
from infoharbor.cli.recovering import skip
from infoharbor.contracts.asset.holds import ExecuteHold, PlaceHold
from infoharbor.engine.backup import backup, replay
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.joining import accept, ask, invite
from infoharbor.engine.cometbft.skips import read_skip, write_skip
from infoharbor.engine.interface import Damaged
from infoharbor.engine.reader import open_reader
from infoharbor.engine.reading import root_at
from infoharbor.kernel import limits
from infoharbor.kernel.block import receipt_codec

RULE = "a poisonous rule"
DUE_MOVE = "a poisonous due move"


@pytest.fixture
def cluster(world: World, tmp_path: Path) -> Iterator[Cluster]:
    """A network whose accounts are open, and which a transaction has stopped."""
    cluster = Cluster(world, tmp_path)
    try:
        cluster.start(moment=RULE)
        for raw in world.opening():
            cluster.commit("node-0", raw)
        cluster.agree()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def poisonous() -> Iterator[None]:
    poisonous_rule()
    yield
    honest_rule()


def refused(code: str, action: Callable[[], object]) -> None:
    with pytest.raises(Failure) as failure:
        action()
    assert failure.value.code == code


@pytest.mark.timeout(600)  # Eight processes on a machine that may be busy.
def test_a_poison_transaction_is_skipped_by_quorum_on_every_node_and_every_replay(
    cluster: Cluster, world: World, tmp_path: Path, poisonous: None
) -> None:
    poison = world.transfer("bank", "firm-1", POISON)
    identifier = id_of(world, poison).hex()
    passing_votes_on = {name: node.consensus for name, node in cluster.nodes.items()}
    cluster.nodes["node-0"].submit(poison)
    cluster.wait_for(
        lambda: {status["condition"] for status in cluster.statuses().values()} == {"halted"}, "all have stopped"
    )
    (reason,) = {status["reason"] for status in cluster.statuses().values()}
    assert {name: node.consensus for name, node in cluster.nodes.items()} == passing_votes_on
    height = 1 + max(status["height"] for status in cluster.statuses().values())
    assert f"block {height}, transaction {identifier}" in reason
    cluster.stop()

    file, folders = tmp_path / "skip.json", list(cluster.folders.values())

    def sign(data: Path, height: int = height, transaction: str = identifier) -> None:
        skip(height, transaction, data=data, file=file, sign=True)

    def put(data: Path, height: int = height, transaction: str = identifier) -> None:
        skip(height, transaction, data=data, file=file)

    refused("skip.height", lambda: sign(folders[0], height + 1))
    refused("skip.malformed", lambda: sign(folders[0], transaction="no id"))
    for data in folders[:2]:
        sign(data)
    sign(folders[1])
    refused("skip.too_few", lambda: put(folders[0]))
    refused("skip.another", lambda: put(folders[0], height + 1))
    refused("skip.another", lambda: sign(folders[2], transaction="11" * 32))
    stranger = tmp_path / "stranger"
    shutil.copytree(folders[3], stranger)
    ConsensusHome(stranger).write_keys(new_keys())
    refused("skip.no_validator", lambda: sign(stranger))
    sign(folders[2])

    decided = read_skip(file)
    others = tuple(sorted([*decided.validators[1:], "00" * 32]))
    for code, forged in {
        "skip.signature": {"signatures": decided.signatures | {decided.validators[0]: "00" * 64}},
        "skip.wrong_chain": {"chain": "00" * 32},
        "skip.malformed": {"height": 0},
    }.items():
        write_skip(file, msgspec.structs.replace(decided, **forged))
        refused(code, lambda: put(folders[0], forged.get("height", height)))  # type: ignore[call-overload]  # noqa: B023
    for forged in ({"height": height + 1}, {"transaction": "11" * 32}, {"validators": others}):
        write_skip(file, msgspec.structs.replace(decided, **forged))
        forged_of = (forged.get("height", height), forged.get("transaction", identifier))
        refused("skip.signature", lambda: put(folders[0], *forged_of))  # type: ignore[arg-type]  # noqa: B023
    write_skip(file, decided)

    for data in folders[:3]:
        put(data)
    cluster.start(moment=RULE)
    cluster.wait_for(
        lambda: cluster.nodes["node-3"].status()["condition"] == "halted", "who lacks the skip stops again"
    )
    assert identifier in cluster.nodes["node-3"].status()["reason"]
    cluster.nodes.pop("node-3").stop()
    cluster.commit("node-1", world.transfer("bank", "firm-2", 7))
    put(folders[3])
    cluster.start("node-3", moment=RULE)
    cluster.agree()
    newcomer = cluster.folders["newcomer"] = tmp_path / "newcomer"
    ask(newcomer, "newcomer", f"127.0.0.1:{free_ports(1)[0]}", {})
    accept(newcomer, invite(folders[0]))
    cluster.start("newcomer", moment=RULE)  # It runs all blocks, with the skip that its invitation has.
    cluster.agree()
    told = [node.ask(receipt=identifier).result(PATIENCE) for node in cluster.nodes.values()]
    assert told == [{"height": height, "code": "contract.poison"}] * 5
    assert cluster.lost() == []
    cluster.stop()

    roots = set()
    for data in folders:
        with replay(data) as again:
            roots.add(root_at(again, None))
    assert len(roots) == 1
    backup(folders[0], tmp_path / "copy")
    with replay(tmp_path / "copy") as again:
        assert root_at(again, None) in roots
    ran = id_of(world, cluster.acknowledged[-1]).hex()
    late = msgspec.structs.replace(decided, transaction=ran, signatures={})
    for data in folders[1:]:
        late = late.signed_in(ConsensusHome(data))
    write_skip(file, late)
    refused("skip.has_run", lambda: put(folders[0], transaction=ran))
    shutil.rmtree(tmp_path / "copy" / "skips")
    with pytest.raises(Damaged, match=identifier), replay(tmp_path / "copy"):
        pass


def test_a_due_move_that_is_skipped_stops_nobody_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when it is tried again, nor when somebody reaches for its record."""
    cluster, file = Cluster(world, tmp_path, 1), tmp_path / "skip.json"
    (data,) = cluster.folders.values()
    try:
        cluster.start(moment=DUE_MOVE)
        for raw in world.opening():
            cluster.commit("node-0", raw)
        hold = PlaceHold("late", TOKEN, "firm-1", None, 5, milliseconds() + 3_000, "example")
        cluster.commit("node-0", world.signed(hold, by="bank"))
        cluster.wait_for(lambda: cluster.nodes["node-0"].status()["condition"] == "halted", "it has stopped")
        reason = cluster.nodes["node-0"].status()["reason"]
        found = re.search(r"block (\d+), transaction ([0-9a-f]{64}), due move of (\S+)", reason)
        assert found is not None, reason
        height, identifier, record = int(found.group(1)), found.group(2), found.group(3)
        cluster.stop()

        refused("skip.record", lambda: skip(height, identifier, data=data, file=file, sign=True))
        nothing = f"{record}-not"
        refused("skip.record", lambda: skip(height, identifier, data=data, file=file, record=nothing, sign=True))
        skip(height, identifier, data=data, file=file, record=record, sign=True)
        refused("skip.another", lambda: skip(height, identifier, data=data, file=file))
        forged = msgspec.structs.replace(read_skip(file), record="asset/balances/bank:cny/bank")
        write_skip(tmp_path / "forged.json", forged)
        refused(
            "skip.signature",
            lambda: skip(height, identifier, data=data, file=tmp_path / "forged.json", record=forged.record),
        )
        skip(height, identifier, data=data, file=file, record=record)

        cluster.start(moment=DUE_MOVE)
        tried_again = milliseconds() + 3 * 2_000
        while milliseconds() < tried_again:
            cluster.commit("node-0", world.transfer("bank", "firm-2"))
        told = cluster.nodes["node-0"].submit(world.signed(ExecuteHold("late", "firm-2", 1), by="firm-1"))
        assert told.result(PATIENCE)["code"] == "contract.held"
        cluster.commit("node-0", world.transfer("bank", "firm-2"))
        cluster.stop()
        cluster.start(moment=DUE_MOVE)  # What the skipped block made is behind it now.
        cluster.commit("node-0", world.transfer("bank", "firm-2"))
    finally:
        cluster.stop()
    monkeypatch.setattr(limits, "DUE_RETRY_MS", 2_000)
    with closing(open_reader(data)) as reader, replay(data) as again:
        assert root_at(again, None) == reader.root()
        codes = [receipt_codec.decode(raw).code for block in reader.blocks(height - 1) for raw in block.receipts]
    assert codes.count("contract.poison") == 1
    assert codes.count("contract.held") >= 3
