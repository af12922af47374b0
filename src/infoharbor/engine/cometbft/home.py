"""CometBFT's folder in a node's data folder: its keys, its genesis, and the settings that we write for it.

`consensus/node.json` who this node is and where its peers are · `consensus/config/` what CometBFT reads ·
`consensus/data/` what it keeps · `consensus/order` and `consensus/pending` are ours.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from infoharbor.crypto.suites import SUITES, PrivateKey
from infoharbor.engine.cometbft.validators import POWER
from infoharbor.engine.folder import PRIVATE_FOLDER, write_private
from infoharbor.engine.interface import Damaged
from infoharbor.kernel import limits

SEED_BYTES = 32
CHAIN_ID_DIGITS = 40
BLOCK_OVERHEAD_BYTES = 256 * 1024
EVIDENCE_BYTES = 64 * 1024
EVIDENCE_BLOCKS = 100_000
EVIDENCE_NANOSECONDS = 7 * 24 * 3600 * 10**9


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`node.json`. `listen` is host:port for the other nodes; `peers` are id@host:port."""

    name: str
    listen: str
    peers: tuple[str, ...]


class ValidatorKeys(NamedTuple):
    """A node's two keys: one votes on blocks, one proves to other nodes who calls."""

    consensus: PrivateKey
    node: PrivateKey

    @property
    def node_id(self) -> str:
        return node_id_of(self.node.public_key)

    @property
    def address(self) -> str:
        return hashlib.sha256(self.consensus.public_key).digest()[:20].hex().upper()


def new_keys() -> ValidatorKeys:
    return ValidatorKeys(SUITES["ed25519"].generate(), SUITES["ed25519"].generate())


class ConsensusHome:
    """Everything in `consensus/`."""

    def __init__(self, data: Path) -> None:
        self.path = data / "consensus"
        self.node_file, self.order, self.pending = (self.path / name for name in ("node.json", "order", "pending"))
        self.log, self.process = self.path / "cometbft.log", self.path / "process"
        self.genesis_file, self._node_key, self._validator_key = (
            self.path / "config" / name for name in ("genesis.json", "node_key.json", "priv_validator_key.json")
        )

    @property
    def has_keys(self) -> bool:
        return self._validator_key.exists()

    def write_keys(self, keys: ValidatorKeys) -> None:
        """A new node's keys, and that it has not voted yet."""
        for folder in (self.path, self.path / "config", self.path / "data"):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        write_private(self._node_key, _json({"priv_key": _private(keys.node)}))
        described = {
            "address": keys.address, "pub_key": _public(keys.consensus), "priv_key": _private(keys.consensus),
        }  # fmt: skip
        write_private(self._validator_key, _json(described))
        write_private(self.path / "data" / "priv_validator_state.json", _json({"height": "0", "round": 0, "step": 0}))

    def write_genesis(self, genesis: bytes) -> None:
        write_private(self.genesis_file, genesis)

    def node_id(self) -> str:
        """By which the other nodes know this one."""
        return node_id_of(_key_in(self._node_key, "priv_key")[SEED_BYTES:])

    def validator_key(self) -> bytes:
        """The public key by which this node votes, if it is a validator."""
        return _key_in(self._validator_key, "pub_key")

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
            genesis = json.loads(self.genesis_file.read_bytes())
            return [
                (each["name"], base64.b64decode(each["pub_key"]["value"]), int(each["power"]))
                for each in genesis["validators"]
            ]
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise Damaged("consensus/config/genesis.json", str(fault)) from None

    def write_config(self, config: NodeConfig) -> None:
        write_private(self.node_file, msgspec.json.format(msgspec.json.encode(config)))

    def write_settings(self) -> None:
        """What CometBFT reads at its start: written anew each time, so that nobody edits it by mistake."""
        config = self.config()
        write_private(self.path / "config" / "config.toml", toml(settings(config)).encode())


def chain_name(chain: bytes) -> str:
    """What CometBFT calls the chain: at most 50 characters."""
    return f"ih-{chain.hex()[:CHAIN_ID_DIGITS]}"


def consensus_genesis(chain: bytes, time: int, validators: Mapping[str, ValidatorKeys]) -> bytes:
    """CometBFT's own genesis; it names ours by its hash, so that a node of another chain never starts."""
    seconds, milliseconds = divmod(time, 1000)
    begin = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return _json(
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
                {"address": keys.address, "pub_key": _public(keys.consensus), "power": str(POWER), "name": name}
                for name, keys in validators.items()
            ],
            "app_hash": "",
            "app_state": chain.hex(),
        }
    )


def settings(config: NodeConfig) -> dict[str, dict[str, Any]]:
    """What differs from CometBFT's defaults, by section."""
    return {
        "": {"moniker": config.name, "log_level": "error", "filter_peers": True, "db_backend": "goleveldb"},
        "rpc": {"laddr": "", "max_body_bytes": limits.TRANSACTION_BYTES},
        "p2p": {
            "laddr": f"tcp://{config.listen}",
            "persistent_peers": ",".join(config.peers),
            "persistent_peers_max_dial_period": "2s",
            "addr_book_strict": False,
            "allow_duplicate_ip": True,
            "pex": False,
            "send_rate": 100_000_000,
            "recv_rate": 100_000_000,
            "flush_throttle_timeout": "5ms",
            "max_packet_msg_payload_size": 32_768,
        },
        "mempool": {
            "type": "app",
            "max_tx_bytes": limits.TRANSACTION_BYTES,
            "max_batch_bytes": limits.TRANSACTION_BYTES + 64,
            "reap_max_bytes": limits.TRANSACTION_BYTES,
            "reap_interval": "20ms",
            "seen_cache_size": 100_000,
        },
        "consensus": {
            "timeout_propose": "2s",
            "timeout_propose_delta": "500ms",
            "timeout_prevote": "500ms",
            "timeout_prevote_delta": "250ms",
            "timeout_precommit": "500ms",
            "timeout_precommit_delta": "250ms",
            "timeout_commit": "50ms",
            "skip_timeout_commit": False,
            "create_empty_blocks": True,
            "create_empty_blocks_interval": "0s",
            "peer_gossip_sleep_duration": "5ms",
        },
        "storage": {"discard_abci_responses": True},
        "tx_index": {"indexer": "null"},
        "instrumentation": {"prometheus": False},
    }


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Strings, integers and booleans only, so JSON's spelling is TOML's."""
    lines: list[str] = []
    for name, values in sections.items():
        lines += ["", f"[{name}]"] if name else []
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def peers_of(addresses: Mapping[str, str], ids: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Everyone but `name`, as its CometBFT is to call them."""
    return tuple(f"{ids[other]}@{address}" for other, address in addresses.items() if other != name)


def _public(key: PrivateKey) -> dict[str, str]:
    return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(key.public_key).decode()}


def _private(key: PrivateKey) -> dict[str, str]:
    return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(key.secret + key.public_key).decode()}


def node_id_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).digest()[:20].hex()


def _key_in(file: Path, part: str) -> bytes:
    try:
        return base64.b64decode(json.loads(file.read_bytes())[part]["value"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Damaged(f"consensus/config/{file.name}", str(fault)) from None


def _json(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return json.dumps(value, indent=2).encode()
