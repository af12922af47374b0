"""Answers CometBFT's requests for signatures with a validator's key that it does not have."""

import logging
from collections.abc import Callable
from typing import Any

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.cometbft.framing import BadFrame
from infoharbor.engine.cometbft.last_signed import (
    PRECOMMIT_STEP,
    PREVOTE_STEP,
    PROPOSE_STEP,
    LastSigned,
    NotSigned,
    Place,
    time_of,
)
from infoharbor.engine.cometbft.signing_messages import (
    PRECOMMIT,
    PREVOTE,
    Message,
    extension_bytes,
    is_of_no_block,
    proposal_bytes,
    vote_bytes,
)
from infoharbor.engine.cometbft.voting_key import VotingKey

HASH_BYTES = 32
STEPS = {PREVOTE: PREVOTE_STEP, PRECOMMIT: PRECOMMIT_STEP}

logger = logging.getLogger(__name__)


class Signing:
    """Signs for one `chain`, as CometBFT names it. `begin_again` makes CometBFT vote again where it was: it asks for a vote
    once, so after one that the token did not sign or the disk did not keep, a network that needs this vote would wait for it
    for ever."""

    def __init__(self, key: VotingKey, last: LastSigned, chain: str, begin_again: Callable[[], None]) -> None:
        self._key, self._last, self._chain, self._begin_again = key, last, chain, begin_again
        self._missing = ""
        """Why the last signature that CometBFT asked for is missing; empty if it is not."""

    def answer(self, request: Any) -> Any:
        """The answer to any request. What is refused is told to CometBFT, and to the log."""
        response = Message()
        match request.WhichOneof("value"):
            case "pub_key_request":
                told = response.pub_key_response
                self._guarded(told, request.pub_key_request, lambda: self._tell_key(told))
            case "sign_vote_request":
                told = response.signed_vote_response
                vote = request.sign_vote_request.vote
                if self._guarded(told, request.sign_vote_request, lambda: self._sign_vote(vote)):
                    told.vote.CopyFrom(vote)
            case "sign_proposal_request":
                told = response.signed_proposal_response
                proposal = request.sign_proposal_request.proposal
                if self._guarded(told, request.sign_proposal_request, lambda: self._sign_proposal(proposal)):
                    told.proposal.CopyFrom(proposal)
            case "ping_request":
                response.ping_response.SetInParent()
                self._idle()
            case other:
                raise BadFrame(f"a request for a signature, not {other}")
        return response

    def _guarded(self, told: Any, request: Any, act: Callable[[], None]) -> bool:
        """Whether it was done; if not, `told` says why."""
        try:
            if request.chain_id != self._chain:
                raise NotSigned(f"the chain is {self._chain}")
            act()
        except (NotSigned, TokenFault, OSError) as fault:
            told.error.code, told.error.description = 1, str(fault)
            if str(fault) != self._missing:
                logger.error("this validator does not sign: %s", fault)
            if not isinstance(fault, NotSigned):
                self._missing = str(fault)
            return False
        return True

    def _tell_key(self, told: Any) -> None:
        told.pub_key.ed25519 = self._key.public_key

    def _sign_vote(self, vote: Any) -> None:
        step = STEPS.get(vote.type)
        extends = step == PRECOMMIT_STEP and not is_of_no_block(vote)
        if step is None or (vote.extension and not extends):
            raise NotSigned("only votes for a block bring something along")
        message = self._message(vote_bytes, vote)
        signed = self._last.sign(Place(vote.height, vote.round, step), message, self._key.sign)
        vote.signature = signed.signature
        vote.timestamp.CopyFrom(time_of(step, signed.message))
        # What a vote brings along may differ from what it brought before a crash.
        vote.extension_signature = self._key.sign(extension_bytes(self._chain, vote)) if extends else b""
        self._missing = ""

    def _sign_proposal(self, proposal: Any) -> None:
        message = self._message(proposal_bytes, proposal)
        signed = self._last.sign(Place(proposal.height, proposal.round, PROPOSE_STEP), message, self._key.sign)
        proposal.signature = signed.signature
        proposal.timestamp.CopyFrom(time_of(PROPOSE_STEP, signed.message))
        self._missing = ""

    def _message(self, bytes_of: Callable[[str, Any], bytes], asked: Any) -> bytes:
        """What is to be signed: of a size that can be kept."""
        block = asked.block_id
        if not {len(block.hash), len(block.part_set_header.hash)} <= {0, HASH_BYTES}:
            raise NotSigned(f"a block's hashes have {HASH_BYTES} bytes")
        return bytes_of(self._chain, asked)

    def _idle(self) -> None:
        """CometBFT has asked for nothing for a while: see whether what was away is back."""
        if not self._missing:
            return
        try:
            self._key.ensure_signs()
            self._last.ensure_writable()
        except (TokenFault, OSError):
            return
        self._missing = ""
        self._begin_again()
