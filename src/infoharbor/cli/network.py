"""`infoharbor network`: a ledger that several organisations' nodes keep together."""

import os
import secrets
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from infoharbor.cli.keys import registered
from infoharbor.cli.local_network import Keeper, Layout, NetworkFolder, Node
from infoharbor.cli.output import AsJson, Failure, answer, errors, fails_clearly
from infoharbor.cli.serving import ensure_port
from infoharbor.contracts.identity.actions import AdmitOrganisation
from infoharbor.contracts.identity.records import Registration
from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.keyfile import write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.json_form import iso
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.founding import decisions, found_network
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.order import read_places
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.reader import open_reader
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.building import now_ms

network = App(
    name="network",
    help="A ledger that several organisations' nodes keep together. 由多家机构的节点共同维护的账本。",
)
NetworkDir = Annotated[
    Path, Parameter(name="--dir", env_var="INFOHARBOR_NETWORK", help="The network's folder. 网络目录。")
]
DEFAULT_DIR = Path("network")
VALIDATORS_MOST = 16
STOP_SECONDS = 60


@network.command
@fails_clearly
def init(
    *,
    validators: int = 4,
    directory: NetworkDir = DEFAULT_DIR,
    name: str = "network.infoharbor.example",
    port: int = 8600,
    as_json: AsJson = False,
) -> None:
    """Found a trial network on this machine: an organisation, a seat and a validator each. 在本机创建试验网络。

    Parameters
    ----------
    validators
        How many organisations, with a node each. A third of them, less one, may fail: from four on, one may.
    name
        The ledger's name; part of every proof.
    port
        The first node's port for gateway and portal; the others have the following ones.
    """
    folder = NetworkFolder(directory)
    if not 1 <= validators <= VALIDATORS_MOST:
        raise Failure("network.validators", "--validators", f"1 to {VALIDATORS_MOST}")
    if folder.exists or (directory / "nodes").exists():
        raise Failure("network.folder_taken", "--dir", "a folder without a network")
    cometbft(lambda program: errors.print(f"  builds {program} 正在构建（约一分半钟）", style="dim", markup=False))
    members = [f"member-{number}" for number in range(1, validators + 1)]
    keys = {member: SUITES["ed25519"].generate() for member in members}
    users = {member: f"u-{secrets.token_hex(12)}" for member in members}
    founders = [
        AdmitOrganisation(
            member, f"试验成员 {number}", f"Trial member {number}", "CN", Registration.REGISTRY, f"DEMO-{number:04}", True,
            users[member], registered(keys[member], users[member]),
        )
        for number, member in enumerate(members, 1)
    ]  # fmt: skip
    secret, registry = secrets.token_bytes(32), installed_registry(hash_suite("sha256"))
    validator_keys = {member: new_keys() for member in members}
    founding = genesis(
        name, suite="sha256", time=now_ms(), secret=secret, registry=registry, founders=founders,
        decisions=decisions(validator_keys),
    )  # fmt: skip
    found_network({member: folder.data(member) for member in members}, founding, secret, validator_keys)
    files = {member: folder.data(member) / "keys" / f"{member}-administrator.json" for member in members}
    for member, file in files.items():
        write_key(file, keys[member])
    folder.write_layout(Layout(tuple(Node(member, port + at) for at, member in enumerate(members))))
    described = {
        "chain": chain_id(founding).hex(),
        "nodes": [
            {"name": member, "data": str(folder.data(member)), "user": users[member], "key": str(files[member])}
            for member in members
        ],
    }
    answer(
        described, as_json=as_json,
        text=f"founded 已创建 {name}, {validators} validators 个验证节点\nchain 链 {described['chain']}\n"
        f"next 下一步: infoharbor network run --dir {directory}",
    )  # fmt: skip


@network.command
@fails_clearly
def run(*, directory: NetworkDir = DEFAULT_DIR, host: str = "127.0.0.1") -> None:
    """Run all nodes of a trial network until Ctrl-C or `network stop`. 运行试验网络的全部节点，直至 Ctrl-C 或 `network stop`。

    Parameters
    ----------
    host
        The address that the gateways listen on.
    """
    folder = NetworkFolder(directory)
    nodes = folder.layout().nodes
    cometbft(lambda program: errors.print(f"  builds {program} 正在构建（约一分半钟）", style="dim", markup=False))
    with folder.kept():
        for node in nodes:
            ensure_port(host, node.port)
            errors.print(f"  {node.name}  http://{host}:{node.port}/", markup=False)
        errors.print("  stop    停止    Ctrl-C", markup=False)
        Keeper(folder, host).keep(lambda line: errors.print(f"  {line}", style="dim", markup=False))


@network.command
@fails_clearly
def stop(*, directory: NetworkDir = DEFAULT_DIR) -> None:
    """Stop a trial network in order. 有序停止试验网络。"""
    folder = NetworkFolder(directory)
    folder.layout()
    keeper = folder.running().keeper
    if not keeper:
        raise Failure("network.not_running", "--dir", "a network that runs")
    os.kill(keeper, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while folder.running().keeper == keeper:
        if time.monotonic() > until:
            raise Failure("network.does_not_stop", "--dir", f"an end within {STOP_SECONDS} s; see the nodes' logs")
        time.sleep(0.1)


@network.command
@fails_clearly
def status(*, directory: NetworkDir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Who is up, at which block, and why the network stalls if it does. 各节点状态、区块高度，以及停滞原因。"""
    folder = NetworkFolder(directory)
    processes = folder.running().nodes
    nodes = [_described(folder, node, processes.get(node.name)) for node in folder.layout().nodes]
    newest = max(nodes, key=lambda each: int(each["height"] or 0))
    up = sum(node["pid"] is not None for node in nodes)
    needed = len(nodes) * 2 // 3 + 1
    reason = "" if up >= needed else f"{up} of {len(nodes)} validators are up, {needed} are needed"
    lines = [
        f"{node['name']:12} {node['role']:10} block 区块 {node['height']}  "
        + (f"pid {node['pid']}  {node['address']}" if node["pid"] else "down 未运行")
        for node in nodes
    ]
    lines.append(f"last block 最新区块 {newest['height']}, {newest['time']}")
    lines += [f"stalls 停滞: {reason}"] if reason else []
    described = {"nodes": nodes, "height": newest["height"], "time": newest["time"], "stalls": reason}
    answer(described, as_json=as_json, text="\n".join(lines))


def _described(folder: NetworkFolder, node: Node, process_id: int | None) -> dict[str, Any]:
    """A node as its folder has it: also of one that does not run."""
    data = folder.data(node.name)
    home = ConsensusHome(data)
    height = order = written = None
    try:
        with closing(open_reader(data)) as reader:
            known = reader.status()
            height, written = known.height, iso(known.time)
        order = read_places(home.order)[-1].order
    except (Refused, Damaged) as fault:
        errors.print(f"{node.name}: {fault}", markup=False)
    return {
        "name": node.name,
        "role": home.config().role,
        "height": height,
        "order": order,
        "time": written,
        "pid": process_id if process_id is not None and _lives(process_id) else None,
        "address": f"http://127.0.0.1:{node.port}",
        "data": str(data),
    }


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
