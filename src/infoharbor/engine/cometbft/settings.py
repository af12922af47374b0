"""What CometBFT is told at its start, where that is not its default: `config.toml`."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infoharbor.engine.cometbft.telling import TOLD_BYTES
from infoharbor.engine.state_format import CHUNKS_MOST
from infoharbor.kernel import limits

if TYPE_CHECKING:
    from infoharbor.engine.cometbft.home import NodeConfig, Sync

EVIDENCE_BLOCKS = 100_000
EVIDENCE_NANOSECONDS = 7 * 24 * 3600 * 10**9
"""Evidence of misbehaviour lapses once it is older than both."""

NO_KEY = {
    "priv_validator_key_file": "data/not_a_validator_key.json",
    "priv_validator_state_file": "data/not_a_validator_state.json",
}
"""Where CometBFT asks for signatures. It makes a key of its own all the same, in these files if there is none, and forgets what
was signed; nobody knows that key, and nothing is signed with it."""


def settings(config: "NodeConfig") -> dict[str, dict[str, Any]]:
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
            "max_tx_bytes": TOLD_BYTES,
            "max_batch_bytes": TOLD_BYTES + 64,
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


def sync_settings(sync: "Sync") -> dict[str, Any]:
    """How CometBFT is to begin with a snapshot. Its light client wants two servers; of one it asks everything twice."""
    return {
        "enable": True,
        "rpc_servers": ",".join(sync.servers if len(sync.servers) > 1 else sync.servers * 2),
        "trust_height": sync.height,
        "trust_hash": sync.hash,
        "trust_period": f"{EVIDENCE_NANOSECONDS // 10**9}s",
        "discovery_time": "5s",
        "chunk_request_timeout": "30s",
        "max_snapshot_chunks": CHUNKS_MOST,
    }


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Strings, integers and booleans only, so JSON's spelling is TOML's."""
    lines: list[str] = []
    for name, values in sections.items():
        lines += ["", f"[{name}]"] if name else []
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
