"""`infoharbor network`: a ledger that several organisations' nodes keep together."""

import functools
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from infoharbor.cli import attesters, joining, network_status, recovering, seating, validating, witnesses
from infoharbor.cli.addresses import ensure_port, ensure_proxies
from infoharbor.cli.command_group import command_group
from infoharbor.cli.growing import growers, let_members_attest
from infoharbor.cli.local_network import DEFAULT_DIR, Keeper, Layout, NetworkDir, NetworkFolder, Node
from infoharbor.cli.logs import Form, LogFormat, logger, told_as
from infoharbor.cli.output import AsJson, Failure, answer, errors, fails_clearly
from infoharbor.cli.token_options import NO_TOKEN, TokenOptions
from infoharbor.cli.trial_members import Member
from infoharbor.cli.waiting import wait_until
from infoharbor.crypto.hashes import hash_suite
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.founding import decisions, found_network
from infoharbor.engine.cometbft.growing import end_growing, move_pilot, moved_pilot, take_places
from infoharbor.engine.cometbft.home import SNAPSHOT_EVERY, ConsensusHome, ValidatorKeys, new_keys
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.reader import open_reader
from infoharbor.gateway.listening import METRICS_HOST
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.keys import Signer

network = command_group(
    "network", help="A ledger that several organisations' nodes keep together. 由多家机构的节点共同维护的账本。"
)
network.command(network_status.status)
network.command(joining.join)
network.command(joining.admit)
network.command(joining.add_validator, name="add-validator")
network.command(validating.rotate_validator, name="rotate-validator")
network.command(validating.remove_validator, name="remove-validator")
network.command(seating.set_seat, name="set-seat")
network.command(attesters.attest)
network.command(attesters.retire_attester, name="retire-attester")
network.command(attesters.hand_over, name="hand-over")
network.command(witnesses.add_witness, name="add-witness")
network.command(recovering.skip)
network.command(recovering.explain)
network.command(recovering.resync)
VALIDATORS_MOST = 16
PORT_MOST = 65_535
STOP_SECONDS = 60


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
    organisation: str = "",
    key: Path | None = None,
    passphrase_variable: str = "",
    token: TokenOptions = NO_TOKEN,
    as_json: AsJson = False,
) -> None:
    """Found a trial network on this machine: an organisation, a seat and a validator each. 在本机创建试验网络。

    Parameters
    ----------
    validators
        How many organisations, with a node each. Fewer than a third of them may fail: of four, one.
        机构数，每家一个节点；可容许不足三分之一的节点故障，如四个中一个。
    name
        The ledger's name; part of every proof. 账本名称，写入每份证明。
    port
        The first node's port for gateway and portal; the others have the following ones.
        首个节点的网关与门户端口，其余节点依次顺延。
    snapshot_every
        After how many heights of CometBFT the nodes keep the state for one that comes new; 0 keeps none.
        每隔多少个 CometBFT 高度为新节点保存状态快照；0 表示不保存。
    pilot
        The data folder of an embedded ledger that becomes the network, with its history. The folder is moved to its first
        node, so that no second history begins. From then on the members attest it, in its operator's place.
        Cut off, it goes on when called again.
        转为网络的单机账本数据目录，保留历史。目录会移到首个节点，以免产生第二份历史；此后由成员接替运营方见证。
        若中途中断，再次执行即可继续。
    organisation
        With --from: whose node the pilot's becomes; by default the one whose administrator's key lies in its keys folder.
        与 --from 同用：原节点归属的机构；默认为其 keys 目录中存有管理员密钥的机构。
    key
        With --from: the key file of that organisation's administrator, if it lies elsewhere.
        与 --from 同用：该机构管理员的密钥文件（若存于他处）。
    passphrase_variable
        The environment variable that holds the passphrase of that key file. 存放该密钥文件口令的环境变量。
    """
    folder = NetworkFolder(directory)
    if not 1 <= validators <= VALIDATORS_MOST:
        raise Failure("network.validators", "--validators", f"1 to {VALIDATORS_MOST}")
    if not 1 <= port <= PORT_MOST + 1 - validators:
        raise Failure("cli.port", "--port", f"1 to {PORT_MOST + 1 - validators}: each node has one")
    moved = moved_pilot(pilot, folder.nodes) if pilot is not None else None
    if folder.exists and moved is None:
        raise Failure("network.folder_taken", "--dir", "a folder without a network")
    cometbft(_builds)
    if pilot is None:
        described = _found(folder, validators, name, token)
    else:
        if moved is None:
            voters = growers(pilot, organisation, key, passphrase_variable)
            moved = _move(folder, validators, pilot, voters, token)
        described = _grow(pilot, moved)
    for node in described["nodes"]:
        home = ConsensusHome(Path(node["data"]))
        home.write_config(msgspec.structs.replace(home.config(), snapshot_every=snapshot_every))
    folder.write_layout(Layout(tuple(Node(node["name"], port + at) for at, node in enumerate(described["nodes"]))))
    if moved is not None:
        end_growing(moved)
    answer(
        described, as_json=as_json,
        text=f"{len(described['nodes'])} validators 个验证节点\nchain 链 {described['chain']}, block 区块 {described['height']}\n"
        f"next 下一步: infoharbor network run --dir {directory}",
    )  # fmt: skip


def _found(folder: NetworkFolder, validators: int, name: str, token: TokenOptions) -> dict[str, Any]:
    members = [Member.new(number) for number in range(1, validators + 1)]
    keys = _keys([member.name for member in members], token)
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


def _keys(names: Sequence[str], token: TokenOptions) -> dict[str, ValidatorKeys]:
    return {name: new_keys(functools.partial(token.validator_key, name)) for name in names}


def _move(folder: NetworkFolder, validators: int, pilot: Path, voters: Sequence[Signer], token: TokenOptions) -> Path:
    newcomers = [f"member-{number}" for number in range(2, validators + 1)]
    let_members_attest(pilot, voters, newcomers)
    return move_pilot(pilot, folder.nodes, _keys([voters[0].organisation, *newcomers], token))


def _grow(pilot: Path, moved: Path) -> dict[str, Any]:
    folders = take_places(pilot, moved)
    with closing(open_reader(moved)) as reader:
        chain, height = reader.chain.id.hex(), reader.status().height
    nodes = [{"name": name, "data": str(data)} for name, data in folders.items()]
    return {"chain": chain, "height": height, "nodes": nodes}


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
        The address that the gateways listen on. 网关的监听地址。
    trusted_proxy
        The address or network of a proxy whose X-Forwarded-For all nodes believe.
        可信代理的地址或网段，所有节点采信其 X-Forwarded-For。
    metrics_port
        The first node answers Prometheus at 127.0.0.1:PORT/metrics, the others at the following ports; by default nowhere.
        首个节点供 Prometheus 采集的端口，其余节点依次顺延；默认不开放。
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
