"""A network's beginning: one data folder for each member's node, all with the same genesis and the same secret."""

import secrets
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from infoharbor.contracts.governance.actions import VALIDATORS, SetCodes
from infoharbor.crypto.suites import SUITES
from infoharbor.engine.cometbft.home import (
    ConsensusHome,
    NodeConfig,
    ValidatorKeys,
    consensus_genesis,
    peers_of,
)
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.validators import NODES, admits
from infoharbor.engine.founding import chain_id
from infoharbor.engine.lifecycle import create
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.registry import Registry

PORTS = range(20_000, 30_000)
"""Below those that systems give to outgoing connections, so that a stopped node's port is still free."""


def decisions(keys: Mapping[str, ValidatorKeys]) -> list[SetCodes]:
    """What a genesis adopts, so that the members can vote other validators and nodes later."""
    return [
        admits(VALIDATORS, {name: each.consensus.public_key.hex() for name, each in keys.items()}),
        admits(NODES, {name: each.node_id for name, each in keys.items()}),
    ]


def found_network(
    folders: Mapping[str, Path],
    genesis: Genesis,
    secret: bytes,
    keys: Mapping[str, ValidatorKeys],
    *,
    registry: Registry | None = None,
) -> None:
    """Found the chain in each member's folder, with a validator of each. The nodes talk over this machine's loopback."""
    founding = consensus_genesis(chain_id(genesis), genesis.time, keys)
    for name, data in folders.items():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        create(data, genesis, secret, SUITES["ed25519"].generate(), registry=registry)
        home = ConsensusHome(data)
        home.write_keys(keys[name])
        home.write_genesis(founding)
        Order.create(home.order, 0)
    connect(folders, keys)


def connect(folders: Mapping[str, Path], keys: Mapping[str, ValidatorKeys]) -> None:
    """Tell each node its own address and everyone else's."""
    addresses = {name: f"127.0.0.1:{port}" for name, port in zip(folders, free_ports(len(folders)), strict=True)}
    ids = {name: each.node_id for name, each in keys.items()}
    for name, data in folders.items():
        ConsensusHome(data).write_config(NodeConfig(name, addresses[name], peers_of(addresses, ids, name)))


def free_ports(count: int) -> Sequence[int]:
    """Ports of the loopback that nobody listens on now."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(PORTS)
        if port not in found and is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
