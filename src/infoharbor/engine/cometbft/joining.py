"""How a new node comes into a network: what it asks with, what it is given, and its folder made from that.

The node makes its keys where it will run, and asks with their public halves. The members vote; then one of them gives it
the genesis, the members' common secret for blinds, the other nodes' addresses, and a block of CometBFT to trust. From there
it fetches the others' state itself; or all blocks, where there is no snapshot yet."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import to_builtins

from infoharbor.contracts.identity.attesters import Handover
from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.engine.cometbft.home import SNAPSHOT_EVERY, ConsensusHome, NodeConfig, Sync, new_keys
from infoharbor.engine.cometbft.light import NEWEST_COMMIT, PATIENCE_S, QUESTIONS_PATH, trusted_block
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.skips import Skip, place, skips_in
from infoharbor.engine.folder import DataFolder, write_private
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import create
from infoharbor.engine.reader import open_reader
from infoharbor.engine.state_shelf import Shelf
from infoharbor.kernel.block import Genesis, genesis_codec
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.registry import Registry

REQUEST_BYTES = 64 * 1024
INVITATION_BYTES = 32 * 1024 * 1024


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new node asks with; nothing in it is secret. `admission` are the fields of `identity.AdmitOrganisation`, or of a
    member `id` alone, which is `name`; `node` and `validator` are the node's id and the key by which it would vote, in hex;
    `address` is host:port."""

    name: str
    node: str
    validator: str
    address: str
    admission: dict[str, Any]


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member gives to a node that was voted in, and to nobody else. `peers` are id@host:port, `gateways` the addresses
    of members' gateways; without `sync` the new node fetches all blocks. `skips` are those that it needs on the way."""

    genesis: bytes
    secret: bytes
    consensus: bytes
    peers: tuple[str, ...]
    gateways: tuple[str, ...] = ()
    snapshot_every: int = SNAPSHOT_EVERY
    sync: Sync | None = None
    skips: tuple[Skip, ...] = ()


def ask(
    data: Path,
    name: str,
    address: str,
    admission: dict[str, Any],
    make: Callable[[], PrivateKey] = SUITES["ed25519"].generate,
) -> Request:
    """Make a new node's keys in its folder, the one that votes by `make`; what it asks with."""
    home = ConsensusHome(data)
    if home.has_keys:
        raise Refused("network.folder_taken", "data", "a folder without a node")
    keys = new_keys(make)
    home.write_keys(keys)
    home.write_config(NodeConfig(name, address, ()))
    return Request(name, keys.node_id, keys.consensus.public_key.hex(), address, admission)


def invite(data: Path, gateways: Sequence[str] = ()) -> Invitation:
    """What the node in this folder knows and a new one needs. `gateways` are at least the node's own, which has to run, and
    best another member's besides. `network.no_state` where the ledger was a pilot's, whose blocks CometBFT does not have, and
    this node has kept no state yet."""
    folder, home = DataFolder(data), ConsensusHome(data)
    config = home.config()
    own = f"{home.node_id()}@{config.listen}"
    sync = sync_from(gateways) if gateways and Shelf(folder.snapshots).kept() else None
    if sync is None and _was_pilot(data):
        raise Refused("network.no_state", "gateway", "the gateway of a node that keeps its state (--snapshot-every)")
    return Invitation(
        folder.genesis.read_bytes(),
        folder.secret.read_bytes(),
        home.genesis_file.read_bytes(),
        (own, *config.peers),
        tuple(gateways),
        config.snapshot_every,
        sync,
        tuple(skips_in(data)),
    )


def _was_pilot(data: Path) -> bool:
    with contextlib.closing(open_reader(data)) as reader, reader.snapshot() as snapshot:
        return snapshot.find(Handover, 0) is not None


def sync_from(gateways: Sequence[str]) -> Sync:
    """Trust in the newest block of the node behind the first of these gateways: for a node that is to begin with the state
    which they have."""
    servers = [f"{gateway.rstrip('/')}{QUESTIONS_PATH}" for gateway in gateways]
    try:
        newest = trusted_block(httpx.post(servers[0], json=to_builtins(NEWEST_COMMIT), timeout=PATIENCE_S).content)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise Refused("network.no_answer", gateways[0], fault) from None
    return Sync(newest.height, newest.hash, tuple(servers))


def accept(data: Path, invitation: Invitation, *, all_blocks: bool = False, registry: Registry | None = None) -> None:
    """Make the folder of the node whose keys are there; at its start it fetches the others' state, or `all_blocks`."""
    home = ConsensusHome(data)
    if not home.has_keys:
        raise Refused("network.no_request", "data", "the folder in which `network join` made the keys")
    try:
        genesis: Genesis = genesis_codec.decode(invitation.genesis)
    except Malformed as malformed:
        raise Refused("network.invitation", "genesis", malformed.expected) from None
    create(data, genesis, invitation.secret, SUITES["ed25519"].generate(), registry=registry)
    for skip in invitation.skips:
        place(data, skip)
    home.write_genesis(invitation.consensus)
    Order.create(home.order, 0)
    config = home.config()
    home.write_config(
        NodeConfig(config.name, config.listen, invitation.peers, invitation.gateways, invitation.snapshot_every)
    )
    if invitation.sync is not None and not all_blocks:
        home.await_sync(invitation.sync)


def write_invitation(path: Path, invitation: Invitation) -> None:
    write_private(path, msgspec.json.encode(invitation))


def read_request(path: Path) -> Request:
    """`Refused` too where it names one organisation, and asks for another's node."""
    found: Request = _read(path, Request, REQUEST_BYTES, "network.request")
    if found.admission.get("id") != found.name:
        raise Refused("network.request", "admission.id", found.name)
    return found


def read_invitation(path: Path) -> Invitation:
    found: Invitation = _read(path, Invitation, INVITATION_BYTES, "network.invitation")
    return found


def _read(path: Path, kind: type[Any], most: int, code: str) -> Any:
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise Refused(code, path.name, f"at most {most} bytes")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as fault:
        raise Refused(code, path.name, str(fault)) from None
