"""The messages of ABCI 2.0 that CometBFT and we exchange: names, field numbers and types, as its specification has them."""

from typing import Any, Final

from infoharbor.engine.cometbft.declaring import message_classes

ABCI_VERSION: Final = "2.0.0"

REQUESTS: Final = {
    "echo": 1, "flush": 2, "info": 3, "init_chain": 5, "query": 6, "check_tx": 8, "commit": 11, "list_snapshots": 12,
    "offer_snapshot": 13, "load_snapshot_chunk": 14, "apply_snapshot_chunk": 15, "prepare_proposal": 16,
    "process_proposal": 17, "extend_vote": 18, "verify_vote_extension": 19, "finalize_block": 20, "insert_tx": 21,
    "reap_txs": 22,
}  # fmt: skip
RESPONSES: Final = {
    "exception": 1, "echo": 2, "flush": 3, "info": 4, "init_chain": 6, "query": 7, "check_tx": 9, "commit": 12,
    "list_snapshots": 13, "offer_snapshot": 14, "load_snapshot_chunk": 15, "apply_snapshot_chunk": 16,
    "prepare_proposal": 17, "process_proposal": 18, "extend_vote": 19, "verify_vote_extension": 20,
    "finalize_block": 21, "insert_tx": 22, "reap_txs": 23,
}  # fmt: skip

_BLOCK = "height:int64:5 time:Timestamp:6 next_validators_hash:bytes:7 proposer_address:bytes:8"
"""What every request about a block says of it."""

MESSAGES: Final = {
    "Timestamp": "seconds:int64:1 nanos:int32:2",
    "PublicKey": "ed25519:bytes:1",
    "ValidatorUpdate": "pub_key:PublicKey:1 power:int64:2",
    "Validator": "address:bytes:1 power:int64:3",
    "Misbehavior": "type:int32:1 validator:Validator:2 height:int64:3 time:Timestamp:4 total_voting_power:int64:5",
    "Snapshot": "height:uint64:1 format:uint32:2 chunks:uint32:3 hash:bytes:4 metadata:bytes:5",
    "ExecTxResult": "code:uint32:1",
    "RequestEcho": "message:string:1",
    "RequestFlush": "",
    "RequestInfo": "version:string:1 block_version:uint64:2 p2p_version:uint64:3 abci_version:string:4",
    "RequestInitChain": (
        "time:Timestamp:1 chain_id:string:2 validators:ValidatorUpdate*:4 app_state_bytes:bytes:5 initial_height:int64:6"
    ),
    "RequestQuery": "data:bytes:1 path:string:2 height:int64:3 prove:bool:4",
    "RequestCheckTx": "tx:bytes:1 type:int32:2",
    "RequestInsertTx": "tx:bytes:1",
    "RequestReapTxs": "max_bytes:uint64:1 max_gas:uint64:2",
    "RequestCommit": "",
    "RequestListSnapshots": "",
    "RequestOfferSnapshot": "snapshot:Snapshot:1 app_hash:bytes:2",
    "RequestLoadSnapshotChunk": "height:uint64:1 format:uint32:2 chunk:uint32:3",
    "RequestApplySnapshotChunk": "index:uint32:1 chunk:bytes:2 sender:string:3",
    "ExtendedVoteInfo": "vote_extension:bytes:3",
    "ExtendedCommitInfo": "votes:ExtendedVoteInfo*:2",
    "RequestPrepareProposal": (
        f"max_tx_bytes:int64:1 txs:bytes*:2 local_last_commit:ExtendedCommitInfo:3 misbehavior:Misbehavior*:4 {_BLOCK}"
    ),
    "RequestProcessProposal": f"txs:bytes*:1 misbehavior:Misbehavior*:3 hash:bytes:4 {_BLOCK}",
    "RequestExtendVote": "hash:bytes:1 height:int64:2",
    "RequestVerifyVoteExtension": "hash:bytes:1 validator_address:bytes:2 height:int64:3 vote_extension:bytes:4",
    "RequestFinalizeBlock": f"txs:bytes*:1 misbehavior:Misbehavior*:3 hash:bytes:4 {_BLOCK}",
    "ResponseException": "error:string:1",
    "ResponseEcho": "message:string:1",
    "ResponseFlush": "",
    "ResponseInfo": (
        "data:string:1 version:string:2 app_version:uint64:3 last_block_height:int64:4 last_block_app_hash:bytes:5"
    ),
    "ResponseInitChain": "validators:ValidatorUpdate*:2 app_hash:bytes:3",
    "ResponseQuery": "code:uint32:1 log:string:3 height:int64:9",
    "ResponseCheckTx": "code:uint32:1 log:string:3",
    "ResponseInsertTx": "code:uint32:1",
    "ResponseReapTxs": "txs:bytes*:1",
    "ResponseCommit": "retain_height:int64:3",
    "ResponseListSnapshots": "snapshots:Snapshot*:1",
    "ResponseOfferSnapshot": "result:int32:1",
    "ResponseLoadSnapshotChunk": "chunk:bytes:1",
    "ResponseApplySnapshotChunk": "result:int32:1 refetch_chunks:uint32*:2 reject_senders:string*:3",
    "ResponsePrepareProposal": "txs:bytes*:1",
    "ResponseProcessProposal": "status:int32:1",
    "ResponseExtendVote": "vote_extension:bytes:1",
    "ResponseVerifyVoteExtension": "status:int32:1",
    "ResponseFinalizeBlock": "tx_results:ExecTxResult*:2 validator_updates:ValidatorUpdate*:3 app_hash:bytes:5",
}


def message_name(prefix: str, kind: str) -> str:
    """What the message of a kind is called: `RequestInsertTx` of `insert_tx`."""
    return prefix + kind.title().replace("_", "")


def _choice(prefix: str, kinds: dict[str, int]) -> str:
    return " ".join(f"{kind}:{message_name(prefix, kind)}:{number}" for kind, number in kinds.items())


_CLASSES = message_classes(
    "tendermint.abci",
    MESSAGES,
    {"Request": _choice("Request", REQUESTS), "Response": _choice("Response", RESPONSES)},
)
Request: Any = _CLASSES["Request"]
Response: Any = _CLASSES["Response"]
