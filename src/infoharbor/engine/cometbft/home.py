"""CometBFT's folder in a node's data folder: its keys, its genesis, and the settings that we write for it.

`consensus/node.json` who this node is and where its peers are · `consensus/config/` what CometBFT reads ·
`consensus/data/` what it keeps · `consensus/order`, `consensus/pending` and `consensus/retention.json` are ours ·
`consensus/sync.json` while the node has yet to begin with others' state.
"""

import base64
import json
import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.engine.cometbft import key_files
from infoharbor.engine.cometbft.key_files import encoded, key_in, node_id_of
from infoharbor.engine.cometbft.settings import (
    EVIDENCE_BLOCKS,
    EVIDENCE_NANOSECONDS,
    NO_KEY,
    settings,
    sync_settings,
    toml,
)
from infoharbor.engine.cometbft.validators import POWER, address_of
from infoharbor.engine.cometbft.voting_key import VotingKey
from infoharbor.engine.folder import PRIVATE_FOLDER, write_private
from infoharbor.engine.interface import Damaged
from infoharbor.kernel import limits

CHAIN_ID_DIGITS = 40
SNAPSHOT_EVERY = 10_000
BLOCK_OVERHEAD_BYTES = 256 * 1024
EVIDENCE_BYTES = 64 * 1024


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`node.json`. `listen` is host:port for the other nodes; `peers` are id@host:port. `gateways` are addresses of other
    members' gateways, such as https://ledger.example: whom the node asks when its ledger is not the network's.
    `snapshot_every` is after how many heights of CometBFT the state is kept for nodes that come new, the same at all nodes,
    so that each can serve a part; 0 keeps none."""

    name: str
    listen: str
    peers: tuple[str, ...]
    gateways: tuple[str, ...] = ()
    snapshot_every: int = SNAPSHOT_EVERY


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sync.json`: this node has yet to begin with the state that others have. It trusts CometBFT's block `hash`, in hex, at
    `height`, and asks `servers`, members' CometBFT, for the later ones' signatures: each `http(s)://…` or `unix://…`."""

    height: int
    hash: str
    servers: tuple[str, ...]


class ValidatorKeys(NamedTuple):
    """A node's two keys: one votes on blocks, one proves to other nodes who calls."""

    consensus: PrivateKey
    node: PrivateKey

    @property
    def node_id(self) -> str:
        return node_id_of(self.node.public_key)


def new_keys(make: Callable[[], PrivateKey] = SUITES["ed25519"].generate) -> ValidatorKeys:
    """`make` makes the one that votes where it is to be: in memory for CometBFT's file, or in a token."""
    return ValidatorKeys(make(), SUITES["ed25519"].generate())


class ConsensusHome:
    """Everything in `consensus/`."""

    def __init__(self, data: Path) -> None:
        self.path = data / "consensus"
        self.node_file, self.order, self.pending = (self.path / name for name in ("node.json", "order", "pending"))
        self.log, self.process = self.path / "cometbft.log", self.path / "process"
        self.retention, self.sync = self.path / "retention.json", self.path / "sync.json"
        self.votes = self.path / "data" / "priv_validator_state.json"
        """The memory of what this validator has signed, whoever signs: with another, it could vote twice."""
        config = self.path / "config"
        self.genesis_file, self._node_key = config / "genesis.json", config / "node_key.json"
        self.voting_key = VotingKey(config / "priv_validator_key.json")
        self.next_key = VotingKey(config / "next_validator_key.json")

    @property
    def has_keys(self) -> bool:
        return self.voting_key.exists

    def write_keys(self, keys: ValidatorKeys) -> None:
        """A new node's keys, and that it has not voted yet."""
        for folder in (self.path, self.path / "config", self.path / "data"):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_private(self.votes, encoded({"height": "0", "round": 0, "step": 0}))
        write_private(self._node_key, encoded({"priv_key": key_files.private(keys.node)}))
        self.voting_key.write(keys.consensus)  # The last of all: a node that has it has the others.

    def write_genesis(self, genesis: bytes) -> None:
        write_private(self.genesis_file, genesis)

    def node_id(self) -> str:
        """By which the other nodes know this one."""
        return node_id_of(key_in(self._node_key, "priv_key")[key_files.SEED_BYTES :])

    def chain_name(self) -> str:
        """What CometBFT calls the chain, with which it asks for signatures."""
        return str(self._genesis()["chain_id"])

    def validator_key(self) -> bytes:
        """The public key by which this node votes, if it is a validator."""
        return self.voting_key.public_key

    def sign_as_validator(self, message: bytes) -> tuple[bytes, bytes]:
        """The public key by which this node votes, and its signature of what its operator decides as a validator's."""
        return self.voting_key.public_key, self.voting_key.sign(message)

    def make_next_key(self, make: Callable[[], PrivateKey] = SUITES["ed25519"].generate) -> bytes:
        """The public key by which this node is to vote from when the members have voted it; made if there is none yet."""
        if not self.next_key.exists:
            self.next_key.write(make())
        return self.next_key.public_key

    def take_next_key(self, voted: Collection[bytes]) -> None:
        """Put the next key in the place of the old one, if the members have voted it. What is kept of the last vote stays: the
        new key never votes on a height again either."""
        if self.next_key.exists and self.next_key.public_key in voted:
            self.next_key.take_place_of(self.voting_key)

    def config(self) -> NodeConfig:
        try:
            return msgspec.json.decode(self.node_file.read_bytes(), type=NodeConfig)
        except (FileNotFoundError, msgspec.DecodeError) as fault:
            raise Damaged("consensus/node.json", str(fault)) from None

    def founding_validators(self) -> dict[bytes, int]:
        """The validators of CometBFT's genesis: their keys and powers."""
        return {key: power for _, key, power in self._founding()}

    def founding_members(self) -> dict[str, str]:
        """Their names, and their keys in hex."""
        return {name: key.hex() for name, key, _ in self._founding()}

    def known_nodes(self) -> dict[str, str]:
        """The ids of this node and its peers, by themselves."""
        ids = [self.node_id(), *(peer.partition("@")[0] for peer in self.config().peers)]
        return {each: each for each in ids}

    def _founding(self) -> list[tuple[str, bytes, int]]:
        try:
            return [
                (each["name"], base64.b64decode(each["pub_key"]["value"]), int(each["power"]))
                for each in self._genesis()["validators"]
            ]
        except (ValueError, KeyError, TypeError) as fault:
            raise Damaged("consensus/config/genesis.json", str(fault)) from None

    def _genesis(self) -> Any:
        """As large as it has to be, with hundreds of founders."""
        try:
            return json.loads(self.genesis_file.read_bytes())
        except (OSError, ValueError) as fault:
            raise Damaged("consensus/config/genesis.json", str(fault)) from None

    def write_config(self, config: NodeConfig) -> None:
        write_private(self.node_file, msgspec.json.format(msgspec.json.encode(config)))

    def write_settings(self) -> None:
        """What CometBFT reads at its start: written anew each time, so that nobody edits it by mistake."""
        sync = self.awaited_sync()
        sections = settings(self.config())
        if sync is not None:
            sections["statesync"] = sync_settings(sync)
        if self.voting_key.in_token:
            sections[""] |= NO_KEY
        write_private(self.path / "config" / "config.toml", toml(sections).encode())

    def awaited_sync(self) -> Sync | None:
        """How this node is to begin, if it has yet to."""
        try:
            return msgspec.json.decode(self.sync.read_bytes(), type=Sync)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as fault:
            raise Damaged("consensus/sync.json", str(fault)) from None

    def await_sync(self, sync: Sync) -> None:
        """Begin with others' state at the next start; whatever ledger is here then goes."""
        write_private(self.sync, msgspec.json.encode(sync))

    def forget_blocks(self) -> None:
        """Let CometBFT begin anew, but for what it has signed."""
        for path in (self.path / "data").iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != self.votes:
                path.unlink()


def chain_name(chain: bytes) -> str:
    """What CometBFT calls the chain: at most 50 characters."""
    return f"ih-{chain.hex()[:CHAIN_ID_DIGITS]}"


def consensus_genesis(chain: bytes, time: int, validators: Mapping[str, ValidatorKeys]) -> bytes:
    """CometBFT's own genesis; it names ours by its hash, so that a node of another chain never starts."""
    seconds, milliseconds = divmod(time, 1000)
    begin = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return encoded(
        {
            "genesis_time": f"{begin}.{milliseconds:03d}000000Z",
            "chain_id": chain_name(chain),
            "initial_height": "1",
            "consensus_params": {
                "block": {"max_bytes": str(limits.BLOCK_BYTES + BLOCK_OVERHEAD_BYTES), "max_gas": "-1"},
                "evidence": {
                    "max_age_num_blocks": str(EVIDENCE_BLOCKS),
                    "max_age_duration": str(EVIDENCE_NANOSECONDS),
                    "max_bytes": str(EVIDENCE_BYTES),
                },
                "validator": {"pub_key_types": ["ed25519"]},
                "version": {"app": "0"},
                "abci": {"vote_extensions_enable_height": "1"},
            },
            "validators": [
                {
                    "address": address_of(keys.consensus.public_key).upper(),
                    "pub_key": key_files.public(keys.consensus),
                    "power": str(POWER),
                    "name": name,
                }
                for name, keys in validators.items()
            ],
            "app_hash": "",
            "app_state": chain.hex(),
        }
    )


def peers_of(addresses: Mapping[str, str], ids: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Everyone but `name`, as its CometBFT is to call them."""
    return tuple(f"{ids[other]}@{address}" for other, address in addresses.items() if other != name)
