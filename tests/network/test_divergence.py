"""A node whose ledger parts from the network's is named, says where, serves nothing, and is set right again."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from behaviours import UNLUCKY
from cluster import PATIENCE, Cluster, id_of
from driven import Driven
from votes import Votes
from world import World

from infoharbor.cli import recovering
from infoharbor.cli.output import Failure
from infoharbor.engine.backup import replay
from infoharbor.engine.cometbft.answers import ACCEPT, Answers
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.messages import Request
from infoharbor.engine.cometbft.order import line, read_places
from infoharbor.engine.cometbft.resyncing import resync
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.reader import open_reader
from infoharbor.engine.reading import root_at
from infoharbor.engine.state_shelf import Shelf

ODD, OTHER = "node-3", "node-0"
SNAPSHOT_EVERY = 10


def test_nothing_is_attested_before_the_network_goes_by_the_same_root(
    drive: Callable[..., Driven], world: World
) -> None:
    node, votes = drive(), Votes()
    answers = Answers(node.application, None, votes, None)  # type: ignore[arg-type]
    request = Request()
    request.verify_vote_extension.vote_extension = b"note"

    def vote() -> list[bytes]:
        assert answers.answer(request, 0).verify_vote_extension.status == ACCEPT
        return votes.heard

    assert vote() == []
    with pytest.raises(Refused):
        node.application.process(node.time, [b"no transaction"], b"bad")
    assert vote() == []
    node.application.process(node.time, [], b"good")
    assert vote() == [b"note"] * 3
    node.block([])
    assert vote() == [b"note"] * 3


@pytest.fixture
def cluster(world: World, tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(world, tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.mark.timeout(600)  # Nine processes on a machine that may be busy.
@pytest.mark.parametrize(
    ("votes", "goes_back"), [(True, True), (False, False)], ids=["votes and goes back", "catches up and begins anew"]
)
def test_a_node_with_another_rule_is_found_named_quarantined_and_set_right(
    cluster: Cluster, world: World, votes: bool, goes_back: bool
) -> None:
    """One that votes knows the others' gateways and asks them; one that only catches up knows none, and is told later. One
    that cannot go back to before the differing block begins anew, with the others' state."""
    for data in cluster.folders.values():
        home = ConsensusHome(data)
        home.write_config(msgspec.structs.replace(home.config(), snapshot_every=SNAPSHOT_EVERY))
    cluster.start("node-0", "node-1", "node-2")
    if votes:
        cluster.start(ODD, moment="another rule")
        gateways = cluster.serve(OTHER, ODD)
    for raw in world.opening():
        cluster.commit(OTHER, raw)
    cluster.agree()
    unlucky, harmless = world.transfer("bank", "firm-1", UNLUCKY), world.transfer("bank", "firm-2", 5)
    cluster.commit("node-1", harmless, unlucky)
    if not votes:
        cluster.commit("node-1", world.transfer("bank", "firm-2"))
        cluster.start(ODD, moment="another rule")

    odd, home = cluster.nodes[ODD], ConsensusHome(cluster.folders[ODD])

    def has_snapshot(name: str) -> bool:
        return bool(Shelf(cluster.folders[name] / "snapshots").kept())

    identifier = id_of(world, unlucky).hex()
    cluster.wait_for(lambda: odd.status()["condition"] == "quarantined", "it is found")
    if votes:
        cluster.wait_for(lambda: identifier in odd.status()["reason"], "the transaction is named")
    else:
        assert f"block 区块 {odd.status()['height']}" in odd.status()["reason"]
        gateways = cluster.serve(OTHER, ODD, "node-1")
        recovering.explain(data=cluster.folders[ODD], gateway=("http://127.0.0.1:1", gateways[OTHER]))
    known = json.loads((cluster.folders[ODD] / "quarantine.json").read_bytes())
    assert (known["transaction"], known["part"], known["compared_with"]) == (identifier, "record", gateways[OTHER])
    assert known["record"].startswith("asset/balances/bank:cny/")
    assert known["proven"]

    assert odd.submit(world.transfer("bank", "firm-1")).result(PATIENCE)["refused"].startswith("node.quarantined")
    for asked in ({"receipt": identifier}, {"root": 1}):
        assert odd.ask(**asked).result(PATIENCE) == {"refused": "node.quarantined"}
    assert httpx.get(f"{gateways[ODD]}/v1/status").json()["condition"] == "quarantined"
    for path in ("/v1/blocks", "/log/checkpoint", "/log/digests/1", "/v1/records/asset/balances"):
        refused = httpx.get(f"{gateways[ODD]}{path}")
        assert (refused.status_code, refused.json()["code"]) == (503, "node.quarantined")

    cluster.commit(OTHER, *(world.transfer("bank", "firm-3") for _ in range(3)))
    cluster.nodes.pop(ODD).stop()
    for opens in (open_engine, open_reader):
        with pytest.raises(Refused, match=r"node\.quarantined"):
            opens(cluster.folders[ODD])
    trusted: list[str] = []
    if not goes_back:
        home.order.write_bytes(line(read_places(home.order)[-1]))
        trusted = [gateways[OTHER], gateways["node-1"]]
        cluster.wait_for(lambda: all(map(has_snapshot, (OTHER, "node-1"))), "a state to begin with")
    done = resync(cluster.folders[ODD], cometbft(), trusted)
    assert done.height == (known["height"] - 1 if goes_back else 0)
    assert list((done.aside / "blocks").iterdir())
    with pytest.raises(Failure, match=r"network\.not_quarantined"):
        recovering.resync(data=cluster.folders[ODD])
    cluster.start(ODD)
    cluster.agree()
    assert not goes_back or cluster.lost() == []  # Receipts of before its state it does not have.
    cluster.commit(ODD, world.transfer("bank", "firm-1", UNLUCKY))
    cluster.agree()
    cluster.stop()
    # What began anew has no history to run again; its root is the others', as `agree` has seen.
    replayed = ODD if goes_back else OTHER
    with replay(cluster.folders[replayed]) as again, closing(open_reader(cluster.folders[ODD])) as reader:
        assert root_at(again, None) == reader.root()
