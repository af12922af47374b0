"""`infoharbor network`: a ledger that several organisations' nodes keep together."""

import os
import secrets
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from infoharbor.cli import attesters, joining, recovering, validating, witnesses
from infoharbor.cli.local_network import DEFAULT_DIR, Keeper, Layout, NetworkDir, NetworkFolder, Node
from infoharbor.cli.logs import Form, LogFormat, logger, told_as
from infoharbor.cli.output import AsJson, Failure, answer, errors, fails_clearly
from infoharbor.cli.serving import ensure_port, ensure_proxies
from infoharbor.cli.trial_members import Member
from infoharbor.cli.waiting import wait_until
from infoharbor.crypto.hashes import hash_suite
from infoharbor.edgekit.json_form import iso
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.founding import decisions, found_network, network_of_pilot
from infoharbor.engine.cometbft.home import SNAPSHOT_EVERY, ConsensusHome, new_keys
from infoharbor.engine.cometbft.order import read_places
from infoharbor.engine.cometbft.validators import validators as voted_validators
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.quarantine import quarantine_in
from infoharbor.engine.reader import open_reader
from infoharbor.gateway.metrics import HOST as METRICS_HOST
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.building import now_ms

network = App(
    name="network",
    help="A ledger that several organisations' nodes keep together. 由多家机构的节点共同维护的账本。",
)
network.command(joining.join)
network.command(joining.admit)
network.command(joining.add_validator, name="add-validator")
network.command(validating.rotate_validator, name="rotate-validator")
network.command(validating.remove_validator, name="remove-validator")
network.command(attesters.attest)
network.command(attesters.retire_attester, name="retire-attester")
network.command(attesters.hand_over, name="hand-over")
network.command(witnesses.add_witness, name="add-witness")
network.command(recovering.skip)
network.command(recovering.explain)
network.command(recovering.resync)
VALIDATORS_MOST = 16
STOP_SECONDS = 60
ANSWER_SECONDS = 5
STANDING = ("down", "halted", "quarantined")
"""In these conditions a validator does not vote."""


@network.command
@fails_clearly
def init(
    *,
    validators: int = 4,
    directory: NetworkDir = DEFAULT_DIR,
    name: str = "network.infoharbor.example",
    port: int = 8600,
    snapshot_every: Annotated[int, Parameter(validator=Number(gte=0))] = SNAPSHOT_EVERY,
    pilot: Annotated[Path | None, Parameter(name="--from")] = None,
    as_json: AsJson = False,
) -> None:
    """Found a trial network on this machine: an organisation, a seat and a validator each. 在本机创建试验网络。

    Parameters
    ----------
    validators
        How many organisations, with a node each. Fewer than a third of them may fail: of four, one.
    name
        The ledger's name; part of every proof.
    port
        The first node's port for gateway and portal; the others have the following ones.
    snapshot_every
        After how many heights of CometBFT the nodes keep the state for one that comes new; 0 keeps none.
    pilot
        The data folder of an embedded ledger that becomes the network, with its history. The folder is moved to its first
        node, so that no second history begins; the members can then vote who validates.
    """
    folder = NetworkFolder(directory)
    if not 1 <= validators <= VALIDATORS_MOST:
        raise Failure("network.validators", "--validators", f"1 to {VALIDATORS_MOST}")
    if folder.exists or (directory / "nodes").exists():
        raise Failure("network.folder_taken", "--dir", "a folder without a network")
    cometbft(_builds)
    described = _found(folder, validators, name) if pilot is None else _grow(folder, validators, pilot)
    for node in described["nodes"]:
        home = ConsensusHome(Path(node["data"]))
        home.write_config(msgspec.structs.replace(home.config(), snapshot_every=snapshot_every))
    folder.write_layout(Layout(tuple(Node(node["name"], port + at) for at, node in enumerate(described["nodes"]))))
    answer(
        described, as_json=as_json,
        text=f"{validators} validators 个验证节点\nchain 链 {described['chain']}, block 区块 {described['height']}\n"
        f"next 下一步: infoharbor network run --dir {directory}",
    )  # fmt: skip


def _found(folder: NetworkFolder, validators: int, name: str) -> dict[str, Any]:
    members = [Member.new(number) for number in range(1, validators + 1)]
    keys = {member.name: new_keys() for member in members}
    attesters = {member.name: AttesterKeys.generate() for member in members}
    secret, registry = secrets.token_bytes(32), installed_registry(hash_suite("sha256"))
    founding = genesis(
        name, suite="sha256", time=now_ms(), secret=secret, registry=registry,
        founders=[member.admission for member in members], decisions=decisions(keys),
        attesters=[attesters[member.name].enrolment(member.name) for member in members],
    )  # fmt: skip
    folders = {member.name: folder.data(member.name) for member in members}
    found_network(folders, founding, secret, keys)
    for member, data in folders.items():
        attesters[member].write(data / "keys")
    files = {member.name: str(member.write_key(folder.data(member.name))) for member in members}
    nodes = [
        {"name": member.name, "data": str(folders[member.name]), "user": member.user, "key": files[member.name]}
        for member in members
    ]
    return {"chain": chain_id(founding).hex(), "height": 0, "nodes": nodes}


def _grow(folder: NetworkFolder, validators: int, pilot: Path) -> dict[str, Any]:
    names = [f"member-{number}" for number in range(1, validators + 1)]
    folders = {name: folder.data(name) for name in names}
    height = network_of_pilot(pilot, folders, {name: new_keys() for name in names})
    with closing(open_reader(folders[names[0]])) as reader:
        chain = reader.chain.id.hex()
    return {"chain": chain, "height": height, "nodes": [{"name": name, "data": str(folders[name])} for name in names]}


def _builds(program: str) -> None:
    errors.print(f"  builds {program}, once, some minutes 首次构建，约需几分钟", style="dim", markup=False)


@network.command
@fails_clearly
def run(
    *,
    directory: NetworkDir = DEFAULT_DIR,
    host: str = "127.0.0.1",
    trusted_proxy: tuple[str, ...] = (),
    metrics_port: int | None = None,
    log_format: LogFormat = "text",
) -> None:
    """Run all nodes of a trial network until Ctrl-C or `network stop`. 运行试验网络的全部节点，直至 Ctrl-C 或 `network stop`。

    Parameters
    ----------
    host
        The address that the gateways listen on.
    trusted_proxy
        The address or network of a proxy whose X-Forwarded-For all nodes believe.
    metrics_port
        The first node answers Prometheus at 127.0.0.1:PORT/metrics, the others at the following ports; by default nowhere.
    """
    ensure_proxies(trusted_proxy)

    def metrics(node: Node) -> int | None:
        return None if metrics_port is None else metrics_port + node.port - nodes[0].port

    with told_as(log_format):
        folder = NetworkFolder(directory)
        nodes = folder.layout().nodes
        say = _say(log_format)
        cometbft(lambda program: say(f"builds {program}, once, some minutes 首次构建，约需几分钟"))
        with folder.kept():
            for node in nodes:
                ensure_port(host, node.port)
                if (own := metrics(node)) is not None:
                    ensure_port(METRICS_HOST, own, option="--metrics-port")
                if own in [each.port for each in nodes]:
                    raise Failure("cli.port", "--metrics-port", "other ports than the gateways'")
                say(f"{node.name}  http://{host}:{node.port}/")
            if log_format == "text":
                say("stop    停止    Ctrl-C")
            shared = ["--host", host, "--log-format", log_format]
            shared += [argument for proxy in trusted_proxy for argument in ("--trusted-proxy", proxy)]

            def options(node: Node) -> list[str]:
                own = metrics(node)
                return shared if own is None else [*shared, "--metrics-port", str(own)]

            Keeper(folder, options).keep(say)


def _say(form: Form) -> Callable[[str], None]:
    """Tells one line of what happens."""
    if form == "json":
        return logger.info
    return lambda line: errors.print(f"  {line}", markup=False)


@network.command
@fails_clearly
def stop(*, directory: NetworkDir = DEFAULT_DIR) -> None:
    """Stop a trial network in order. 有序停止试验网络。"""
    folder = NetworkFolder(directory)
    keeper = folder.keeper()
    os.kill(keeper, signal.SIGTERM)
    wanted = f"an end within {STOP_SECONDS} s; see the nodes' logs"
    wait_until(
        lambda: folder.running().keeper != keeper, STOP_SECONDS, Failure("network.does_not_stop", "--dir", wanted)
    )


@network.command
@fails_clearly
def status(*, directory: NetworkDir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Who is up, at which block, and why the network stalls if it does. 各节点状态、区块高度，以及停滞原因。"""
    folder = NetworkFolder(directory)
    processes = folder.running().nodes
    nodes = [_described(folder, node, processes.get(node.name)) for node in folder.layout().nodes]
    newest = max(nodes, key=lambda each: int(each["height"] or 0))
    up = sum(node["condition"] not in STANDING for node in nodes if node["role"] == "validator")
    needed = sum(node["role"] == "validator" for node in nodes) * 2 // 3 + 1
    reason = "" if up >= needed else f"{up} validators are up, {needed} are needed"
    lines = [
        f"{node['name']:12} {node['role']:10} block 区块 {node['height']}  "
        + (f"pid {node['pid']}  {node['address']}" if node["pid"] else "down 未运行")
        for node in nodes
    ]
    lines += [f"{node['name']} {node['condition']}: {node['reason']}" for node in nodes if node["reason"]]
    lines.append(f"last block 最新区块 {newest['height']}, {newest['time']}")
    lines += [f"stalls 停滞: {reason}"] if reason else []
    described = {"nodes": nodes, "height": newest["height"], "time": newest["time"], "stalls": reason}
    answer(described, as_json=as_json, text="\n".join(lines))


def _described(folder: NetworkFolder, node: Node, process_id: int | None) -> dict[str, Any]:
    """A node as its folder has it: also of one that does not run."""
    data = folder.data(node.name)
    home = ConsensusHome(data)
    height = order = written = quarantine = None
    role = "observer"
    try:
        quarantine = quarantine_in(DataFolder(data).quarantine)
        with closing(open_reader(data, quarantined=True)) as reader:
            known = reader.status()
            height, written = known.height, iso(known.time)
            with reader.snapshot() as snapshot:
                voted = voted_validators(snapshot, snapshot.time, home.founding_validators())
            role = "validator" if home.validator_key() in voted else role
        order = read_places(home.order)[-1].order
    except (Refused, Damaged) as fault:
        errors.print(f"{node.name}: {fault}", markup=False)
    process_id = process_id if process_id is not None and _lives(process_id) else None
    address = f"http://127.0.0.1:{node.port}"
    condition, reason = _condition(address) if process_id else ("down", "")
    if quarantine is not None:
        condition, reason = "quarantined", quarantine.told
    return {
        "name": node.name,
        "role": role,
        "height": height,
        "order": order,
        "time": written,
        "condition": condition,
        "reason": reason,
        "pid": process_id,
        "address": address,
        "data": str(data),
    }


def _condition(address: str) -> tuple[str, str]:
    """What the node says of itself, and why if it does not run."""
    try:
        told = httpx.get(f"{address}/v1/status", timeout=ANSWER_SECONDS).raise_for_status().json()
    except httpx.HTTPError:
        return "silent", f"no answer from {address}"
    return told["condition"], told["reason"]


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
