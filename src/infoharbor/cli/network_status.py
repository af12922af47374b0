"""`infoharbor network status`: who of a trial network is up, at which block, and why the network stalls if it does."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from infoharbor.cli.local_network import DEFAULT_DIR, NetworkDir, NetworkFolder, Node
from infoharbor.cli.output import AsJson, Failure, answer, fails_clearly
from infoharbor.edgekit.json_form import iso
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.order import read_places
from infoharbor.engine.cometbft.validators import validators as voted_validators
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.quarantine import quarantine_in
from infoharbor.engine.reader import open_reader

ANSWER_SECONDS = 5
STANDING = ("down", "halted", "quarantined")
"""In these conditions a validator does not vote."""
ROLES = {"validator": "validator 验证节点", "observer": "observer  观察节点"}
CONDITIONS = {
    "running": "running 运行",
    "silent": "silent 无应答",
    "disk_full": "disk_full 磁盘已满",
    "halted": "halted 已停机",
    "quarantined": "quarantined 已隔离",
    "closed": "closed 已关闭",
}
NEXT = {
    "disk_full": "make room on its disk 请为其腾出磁盘空间",
    "halted": "infoharbor audit --data {data}",
    "quarantined": "infoharbor network explain --data {data}",
}
"""What to do about a node in such a condition."""


class Seen(NamedTuple):
    """A node as `--json` tells it; the keys by which the ledger's validators vote, as this node has it; and this node's own,
    also the one that it has yet to take."""

    told: dict[str, Any]
    voted: frozenset[bytes]
    own: frozenset[bytes]


class Shortage(NamedTuple):
    """Validators, counted: `up` of this trial and `elsewhere`, of whom nothing is known here; together too few."""

    up: int
    elsewhere: int
    needed: int

    @property
    def english(self) -> str:
        others = f" and {self.elsewhere} may be elsewhere" if self.elsewhere else ""
        return f"{self.up} validators are up{others}, {self.needed} are needed"

    @property
    def chinese(self) -> str:
        others = f"，另有 {self.elsewhere} 个在别处" if self.elsewhere else ""
        return f"{self.up} 个验证节点在运行{others}，需要 {self.needed} 个"


@fails_clearly
def status(*, directory: NetworkDir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Who is up, at which block, and why the network stalls if it does. 各节点状态、区块高度，以及停滞原因。"""
    folder = NetworkFolder(directory)
    running = folder.running()
    seen = [_seen(folder, node, running.nodes.get(node.name)) for node in folder.layout().nodes]
    nodes = [each.told for each in seen]
    newest = max(nodes, key=lambda each: int(each["height"] or 0))
    short = shortage(seen)
    lines = [
        f"{node['name']:12} {ROLES[node['role']]}  block 区块 {node['height']}  "
        + (f"pid {node['pid']}  {node['address']}" if node["pid"] else "down 未运行")
        for node in nodes
    ]
    lines += [line for node in nodes if node["reason"] for line in _why(node)]
    lines.append(f"last block 最新区块 {newest['height']}, {newest['time']}")
    if short is not None:
        lines.append(f"stalls 停滞: {short.english} {short.chinese}")
    if not running.keeper:
        lines.append(f"next 下一步: infoharbor network run --dir {directory}")
    stalls = "" if short is None else short.english
    described = {"nodes": nodes, "height": newest["height"], "time": newest["time"], "stalls": stalls}
    answer(described, as_json=as_json, text="\n".join(lines))


def _why(node: dict[str, Any]) -> Iterator[str]:
    """Why a node does not run as it should, and what to do about it."""
    yield f"{node['name']} {CONDITIONS.get(node['condition'], node['condition'])}: {node['reason']}"
    if node["condition"] in NEXT:
        yield f"  next 下一步: {NEXT[node['condition']].format(data=node['data'])}"


def shortage(seen: Sequence[Seen]) -> Shortage | None:
    """Why no block can be made: more than two thirds of the ledger's validators are needed, also of those whose nodes run
    elsewhere. Who knows the most says who validates."""
    voted = max(seen, key=lambda each: int(each.told["height"] or 0)).voted
    up = sum(node.told["condition"] not in STANDING for node in seen if node.told["role"] == "validator")
    elsewhere = len(voted.difference(*(node.own for node in seen)))
    needed = len(voted) * 2 // 3 + 1
    return None if up + elsewhere >= needed else Shortage(up, elsewhere, needed)


def _seen(folder: NetworkFolder, node: Node, process_id: int | None) -> Seen:
    """A node as its folder has it: also of one that does not run."""
    data = folder.data(node.name)
    home = ConsensusHome(data)
    height = order = written = quarantine = None
    voted: frozenset[bytes] = frozenset()
    own: frozenset[bytes] = frozenset()
    role = "observer"
    try:
        own = frozenset(key.public_key for key in (home.voting_key, home.next_key) if key.exists)
        quarantine = quarantine_in(DataFolder(data).quarantine)
        with closing(open_reader(data, quarantined=True)) as reader:
            known = reader.status()
            height, written = known.height, iso(known.time)
            with reader.snapshot() as snapshot:
                voted = frozenset(voted_validators(snapshot, snapshot.time, home.founding_validators()))
            role = "validator" if home.validator_key() in voted else role
        order = read_places(home.order)[-1].order
    except (Refused, Damaged) as fault:
        Failure(fault.code, f"{node.name} {fault.field}".strip(), fault.expected).print()
    process_id = process_id if process_id is not None and _lives(process_id) else None
    address = f"http://127.0.0.1:{node.port}"
    condition, reason = _condition(address, folder.log(node.name)) if process_id else ("down", "")
    if quarantine is not None:
        condition, reason = "quarantined", quarantine.told
    told = {
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
    return Seen(told, voted, own)


def _condition(address: str, log: Path) -> tuple[str, str]:
    """What the node says of itself, and why if it does not run."""
    try:
        told = httpx.get(f"{address}/v1/status", timeout=ANSWER_SECONDS).raise_for_status().json()
    except httpx.HTTPError:
        return "silent", f"no answer from {address}; see its log 无应答，请查看其日志 {log}"
    return told["condition"], told["reason"]


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
