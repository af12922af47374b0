"""A network's beginning: one data folder for each member's node, all with the same genesis and the same secret."""

import contextlib
import secrets
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from infoharbor.contracts.governance.actions import VALIDATORS, SetCodes
from infoharbor.crypto.keyfile import write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.engine.clock import milliseconds
from infoharbor.engine.cometbft.home import (
    ConsensusHome,
    NodeConfig,
    ValidatorKeys,
    consensus_genesis,
    peers_of,
)
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.validators import NODES, admits
from infoharbor.engine.folder import DataFolder, write_private
from infoharbor.engine.founding import chain_id
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import create
from infoharbor.engine.reader import open_reader
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


def network_of_pilot(pilot: Path, folders: Mapping[str, Path], keys: Mapping[str, ValidatorKeys]) -> int:
    """Turn an embedded ledger that its members attest into a network: the first folder takes over the pilot's own, the others
    begin with a copy of its blocks; the height from which CometBFT orders. The chain goes on, so every earlier proof holds.

    The pilot's folder is moved, not copied, so that nobody runs it on beside the network: it would be a second history."""
    first, *others = folders
    folder = DataFolder(pilot)
    founded = folder.founded()
    if ConsensusHome(pilot).path.exists():
        raise Refused("network.folder_taken", "from", "an embedded ledger")
    with folder.locked(), folder.writing():
        for name in others:
            _copy(folder, DataFolder(folders[name]))
        folders[first].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(pilot, folders[first])
        # The key has signed that the members attest in its place; thieves could sign something else with it.
        log_key = DataFolder(folders[first]).log_key
        log_key.unlink()
        write_key(log_key, SUITES["ed25519"].generate())
    with contextlib.closing(open_reader(folders[first])) as reader:
        height = reader.status().height
    founding = consensus_genesis(founded.chain.id, milliseconds(), keys)
    for name, data in folders.items():
        home = ConsensusHome(data)
        home.write_keys(keys[name])
        home.write_genesis(founding)
        Order.create(home.order, height)
    connect(folders, keys)
    return height


def _copy(source: DataFolder, target: DataFolder) -> None:
    """The ledger without what is one node's own: its log key, what it has signed, its vaults and tokens."""
    target.path.mkdir(mode=0o700, parents=True)
    target.make_folders()
    shutil.copytree(source.blocks, target.blocks, dirs_exist_ok=True)
    shutil.copytree(source.state, target.state, dirs_exist_ok=True)
    write_private(target.secret, source.secret.read_bytes())
    write_key(target.log_key, SUITES["ed25519"].generate())
    write_private(target.genesis, source.genesis.read_bytes())


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
