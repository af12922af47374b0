"""What CometBFT asks of whoever holds a validator's key, and the bytes that such a key signs: names, field numbers and types
as CometBFT's `privval` and `canonical` have them."""

from typing import Any

from infoharbor.engine.cometbft.declaring import message_classes
from infoharbor.engine.cometbft.framing import frame

PREVOTE, PRECOMMIT = 1, 2
"""The types of votes."""
PROPOSAL = 32

_CLASSES = message_classes(
    "tendermint.privval",
    {
        "Timestamp": "seconds:int64:1 nanos:int32:2",
        "PartSetHeader": "total:uint32:1 hash:bytes:2",
        "BlockID": "hash:bytes:1 part_set_header:PartSetHeader:2",
        "Vote": (
            "type:int32:1 height:int64:2 round:int32:3 block_id:BlockID:4 timestamp:Timestamp:5 validator_address:bytes:6 "
            "validator_index:int32:7 signature:bytes:8 extension:bytes:9 extension_signature:bytes:10"
        ),
        "Proposal": (
            "type:int32:1 height:int64:2 round:int32:3 pol_round:int32:4 block_id:BlockID:5 timestamp:Timestamp:6 "
            "signature:bytes:7"
        ),
        "PublicKey": "ed25519:bytes:1",
        "Fault": "code:int32:1 description:string:2",
        "PublicKeyRequest": "chain_id:string:1",
        "PublicKeyResponse": "pub_key:PublicKey:1 error:Fault:2",
        "SignVoteRequest": "vote:Vote:1 chain_id:string:2",
        "SignedVoteResponse": "vote:Vote:1 error:Fault:2",
        "SignProposalRequest": "proposal:Proposal:1 chain_id:string:2",
        "SignedProposalResponse": "proposal:Proposal:1 error:Fault:2",
        "PingRequest": "",
        "PingResponse": "",
        "CanonicalVote": (
            "type:int32:1 height:sfixed64:2 round:sfixed64:3 block_id:BlockID:4 timestamp:Timestamp:5 chain_id:string:6"
        ),
        "CanonicalProposal": (
            "type:int32:1 height:sfixed64:2 round:sfixed64:3 pol_round:int64:4 block_id:BlockID:5 timestamp:Timestamp:6 "
            "chain_id:string:7"
        ),
        "CanonicalVoteExtension": "extension:bytes:1 height:sfixed64:2 round:sfixed64:3 chain_id:string:4",
    },
    {
        "Message": (
            "pub_key_request:PublicKeyRequest:1 pub_key_response:PublicKeyResponse:2 "
            "sign_vote_request:SignVoteRequest:3 signed_vote_response:SignedVoteResponse:4 "
            "sign_proposal_request:SignProposalRequest:5 signed_proposal_response:SignedProposalResponse:6 "
            "ping_request:PingRequest:7 ping_response:PingResponse:8"
        )
    },
)
Message: Any = _CLASSES["Message"]
Vote: Any = _CLASSES["Vote"]
Proposal: Any = _CLASSES["Proposal"]
CanonicalVote: Any = _CLASSES["CanonicalVote"]
CanonicalProposal: Any = _CLASSES["CanonicalProposal"]


def vote_bytes(chain: str, vote: Any) -> bytes:
    """What a validator signs of its vote: not who it is, and nothing of the extension."""
    signed = CanonicalVote(type=vote.type, height=vote.height, round=vote.round, chain_id=chain)
    return _with_block(signed, vote)


def proposal_bytes(chain: str, proposal: Any) -> bytes:
    """What a validator signs of a block that it proposes."""
    signed = CanonicalProposal(
        type=PROPOSAL, height=proposal.height, round=proposal.round, pol_round=proposal.pol_round, chain_id=chain
    )
    return _with_block(signed, proposal)


def extension_bytes(chain: str, vote: Any) -> bytes:
    """What a validator signs of what its vote brings along."""
    signed = _CLASSES["CanonicalVoteExtension"](
        extension=vote.extension, height=vote.height, round=vote.round, chain_id=chain
    )
    return frame(signed.SerializeToString())


def is_of_no_block(vote: Any) -> bool:
    """Whether it is a vote for none."""
    block = vote.block_id
    return not (block.hash or block.part_set_header.total or block.part_set_header.hash)


def _with_block(signed: Any, asked: Any) -> bytes:
    # Go writes the messages within, even when they hold nothing, but for a block that there is none of.
    if not is_of_no_block(asked):
        signed.block_id.CopyFrom(asked.block_id)
        signed.block_id.part_set_header.SetInParent()
    signed.timestamp.CopyFrom(asked.timestamp)
    return frame(signed.SerializeToString())
