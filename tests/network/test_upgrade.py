"""Four real validators change a contract's version under load: by vote, node by node, and nobody stops."""

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import PATIENCE, Cluster, NodeDied
from lending_versions import environment, infoharbor, install
from world import TOKEN, World, milliseconds

from infoharbor.contractkit import Action
from infoharbor.contractkit.types import Identifier, Instant, OrganisationId, ShortText
from infoharbor.contracts.governance.actions import ActivateContract, CastVote, Propose, SetParameter
from infoharbor.contracts.governance.records import ActiveContract
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.engine.founding import chain_id
from infoharbor.engine.reader import open_reader
from infoharbor.kernel.block import receipt_codec
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import record_type
from infoharbor.kernel.transaction import SaltedAction, open_transaction

pytestmark = pytest.mark.timeout(600)  # Four validators under load, and commands of their own beside them.
DELAY = "governance.activation_delay_ms"
HOUR = 60 * 60 * 1000
LAGGARD = "node-3"
LOANS = 8


class OfferLoan(Action):
    """As the contract has it, which this process does not load."""

    __module__ = "tests.lending.actions"
    loan: Identifier
    borrower: OrganisationId
    thing: ShortText
    due: Instant


class ReportLost(Action):
    """Version 2 alone has it; of a loan that is unknown it tells which version is in force."""

    __module__ = "tests.lending.actions"
    loan: Identifier


class ConvertLoans(Action):
    """Version 2 alone has it."""

    __module__ = "tests.lending.actions"


class Load(threading.Thread):
    """Sends transfer after transfer, and between them asks which version is in force; at another door where one closes,
    until each has been acknowledged."""

    def __init__(self, cluster: Cluster, world: World) -> None:
        super().__init__(daemon=True)
        self._cluster, self._world = cluster, world
        self._ended = threading.Event()
        self._doors = itertools.cycle(cluster.folders)
        self.transfers: list[bytes] = []
        self.probes: list[bytes] = []
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                transfer = self._world.transfer("bank", "firm-1", salt=os.urandom(16))
                assert self._acknowledged(transfer) == ""
                self.transfers.append(transfer)
                probe = self._world.signed(ReportLost("nothing"), by="firm-2", salt=os.urandom(16))
                assert self._acknowledged(probe) in ("ledger.action_unknown", "ledger.record_unknown")
                self.probes.append(probe)
        except BaseException as fault:
            self.fault = fault

    def _acknowledged(self, raw: bytes) -> str:
        for name in self._doors:
            # A node that is stopped answers that it is closed, or not at all.
            with contextlib.suppress(KeyError, NodeDied, ValueError):
                answer = self._cluster.nodes[name].submit(raw).result(PATIENCE)
                if "code" in answer:
                    return str(answer["code"])
        raise AssertionError

    def end(self) -> None:
        self._ended.set()
        self.join(2 * PATIENCE)
        if self.fault is not None:
            raise self.fault
        assert not self.is_alive()


class Upgrade:
    """The network with both versions on disk, and who runs which."""

    def __init__(self, folder: Path) -> None:
        self.versions = {version: install(folder / f"version-{version}", version) for version in (1, 2)}
        self.world = World(4)
        rules = {version: self._rules(installed) for version, installed in self.versions.items()}
        self.next = ActivateContract("lending", 2, rules[2])
        seats = [SetSeat(name, True) for name in self.world.names[1:]]
        self._decide_at_genesis(ActivateContract("lending", 1, rules[1]), *seats)
        self.cluster = Cluster(self.world, folder / "nodes")

    def _rules(self, installed: Path) -> bytes:
        checked = infoharbor("contract", "check", installed=installed)["contracts"]
        return bytes.fromhex(next(each["rules"] for each in checked if each["contract"] == "lending"))

    def _decide_at_genesis(self, *decisions: Action) -> None:
        world = self.world
        encoded = [
            encode(SaltedAction(bytes(16), (), kind.contract, kind.name, encode(decision)))
            for decision in decisions
            for kind in [decision.__action__]
        ]
        changed = {"actions": (*world.genesis.actions, *encoded)}
        fields = {name: getattr(world.genesis, name) for name in world.genesis.__struct_fields__}
        world.genesis = type(world.genesis)(**fields | changed)
        world.chain = chain_id(world.genesis)

    def start(self, version: int, *names: str) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PYTHONPATH", environment(self.versions[version])["PYTHONPATH"])
            self.cluster.start(*names)

    def act(self, action: Action, by: str, door: str = "node-0") -> str:
        raw = self.world.signed(action, by=by, salt=os.urandom(16))
        return str(self.cluster.nodes[door].submit(raw).result(PATIENCE)["code"])

    def vote(self, decision: Action, name: str) -> None:
        """Proposed by the bank; three of four must agree."""
        assert self.act(Propose.to(decision, id=name, reason="an upgrade"), "bank") == ""
        for voter in ("firm-1", "firm-2"):
            assert self.act(CastVote(name, True), voter) == ""

    def ask(self, *arguments: str | Path, version: int = 2) -> Any:
        return infoharbor(*arguments, installed=self.versions[version])


@pytest.fixture
def upgrade(tmp_path: Path) -> Iterator[Upgrade]:
    made = Upgrade(tmp_path)
    try:
        yield made
    finally:
        made.cluster.stop()


def test_a_contract_is_upgraded_under_load(upgrade: Upgrade) -> None:
    cluster, world = upgrade.cluster, upgrade.world
    upgrade.start(1)
    for raw in world.opening():
        cluster.commit("node-0", raw)
    for number in range(LOANS):
        offer = OfferLoan(f"loan-{number}", "firm-1", "scales", milliseconds() + HOUR)
        assert upgrade.act(offer, "bank") == ""
    load = Load(cluster, world)
    load.start()
    assert upgrade.act(ConvertLoans(), "firm-3") == "ledger.action_unknown"

    # Whoever is to vote sees first what the new files make of the history; the network goes on meanwhile.
    rehearsed = upgrade.ask("governance", "rehearse", "--data", cluster.folders["node-1"])
    assert rehearsed["identical"]
    assert rehearsed["offending"] == []
    assert rehearsed["as_if"]["records"]["lending/loans"] == LOANS

    # The vote names the files' hash. By the delay, days are left to restart with them, node by node.
    upgrade.vote(upgrade.next, "upgrade")
    for name in ("node-0", "node-1", "node-2"):
        cluster.nodes.pop(name).stop()
        upgrade.start(2, name)
        assert upgrade.act(ConvertLoans(), "firm-3", name) == "ledger.action_unknown"

    # All but one are ready: the members bring the date forward.
    upgrade.vote(SetParameter(DELAY, 1000), "sooner")
    upgrade.vote(upgrade.next, "upgrade-sooner")
    laggard = cluster.nodes[LAGGARD]
    cluster.wait_for(lambda: laggard.status()["condition"] == "halted", "the node without the files stops")
    assert "contract lending: the members voted rules" in laggard.status()["reason"]
    cluster.nodes.pop(LAGGARD).stop()

    # The others go on, and version 2 is in force.
    cluster.wait_for(lambda: upgrade.act(ReportLost("nothing"), "firm-3") == "ledger.record_unknown", "version 2")
    assert upgrade.act(ConvertLoans(), "firm-3") == ""

    # Without the files the node does not start, and says what is missing. With them it catches up.
    with pytest.raises(NodeDied, match=r"node\.rules_differ.*\(version 2\).*\(version 1\)"):
        upgrade.start(1, LAGGARD)
    cluster.nodes.pop(LAGGARD).join()
    upgrade.start(2, LAGGARD)
    load.end()
    cluster.acknowledged += [*load.transfers, *load.probes]
    cluster.agree()
    assert cluster.lost() == []
    cluster.stop()
    ensure_alike(upgrade, load)


def ensure_alike(upgrade: Upgrade, load: Load) -> None:
    """On every node the same blocks; version 2 from the first block after the delay; nothing ran twice; what was kept by
    version 1 is converted; history comes out as it is, and every invariant holds."""
    folders = upgrade.cluster.folders
    logs = {name: told_by(data) for name, data in folders.items()}
    assert len({tuple(block for block, _, _ in log) for log in logs.values()}) == 1
    since = activated_at(folders[LAGGARD])
    probes = {open_transaction(upgrade.world.suite, raw).id for raw in load.probes}
    seen = [(time >= since, code) for _, time, receipts in logs[LAGGARD] for id, code in receipts if id in probes]
    assert set(seen) == {(False, "ledger.action_unknown"), (True, "ledger.record_unknown")}
    assert len(seen) == len(probes)

    def shown(path: str) -> Any:
        return upgrade.ask("show", path, "--data", folders[LAGGARD])["record"]

    assert int(shown(f"asset/balances/{TOKEN}/firm-1")["free"]) == 10**12 + len(load.transfers)
    job = shown("lending/conversions/loans")
    assert (job["status"], int(job["seen"])) == ("done", LOANS)
    audited = upgrade.ask("audit", "--data", folders[LAGGARD])
    assert audited["clean"], audited


def told_by(data: Path) -> list[tuple[bytes, int, list[tuple[bytes, str]]]]:
    """Each block that a node keeps: its bytes, its time, and what became of its transactions."""
    with contextlib.closing(open_reader(data)) as reader:
        blocks = list(reader.blocks(-1, reader.status().height + 1))
    return [
        (
            encode(block),
            block.header.time,
            [(receipt.transaction, receipt.code) for receipt in map(receipt_codec.decode, block.receipts)],
        )
        for block in blocks
    ]


def activated_at(data: Path) -> int:
    """When version 2 came into force."""
    kind = record_type(ActiveContract)
    with contextlib.closing(open_reader(data)) as reader, reader.snapshot() as snapshot:
        found = [kind.read(entry) for _, entry in snapshot.scan("governance/activations/lending/")]
    return min(each.since for each in found if each.version == 2)
