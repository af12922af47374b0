"""CometBFT's questions put to the application, one function each: protobuf stays on this side."""

import logging
from typing import Any, Protocol

from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.messages import Response
from infoharbor.engine.interface import Refused

logger = logging.getLogger(__name__)
ACCEPT, REJECT = 1, 2
ABORT = 2
RETRY_LATER = 32_000
"""CometBFT offers again what was answered with this or a higher code."""
INVALID = 1
FILTER_ADDRESS, FILTER_NODE = "/p2p/filter/addr/", "/p2p/filter/id/"


class Pool(Protocol):
    """How transactions come in from other nodes, and go out to them."""

    def insert(self, raw: bytes) -> bool:
        """Take a transaction in for checking; False if there is no room now."""
        ...

    def reap(self, most_bytes: int) -> list[bytes]:
        """Transactions that other nodes have not been told of."""
        ...


class Votes(Protocol):
    """What a node's votes bring along, and what those of the others brought."""

    def note(self, now: int) -> bytes: ...
    def hear(self, note: bytes, now: int) -> None: ...


class Answers:
    """Answers every request at once."""

    def __init__(self, application: Application, pool: Pool, votes: Votes) -> None:
        self._application, self._pool, self._votes = application, pool, votes

    def answer(self, request: Any, now: int) -> Any:
        """The response to any request, known or not."""
        kind = request.WhichOneof("value")
        response = Response()
        answer = getattr(self, f"_{kind}", None)
        if answer is None:
            response.exception.error = f"no answer to {kind}"
            return response
        getattr(response, kind).SetInParent()
        answer(getattr(request, kind), getattr(response, kind), now)
        return response

    def _echo(self, asked: Any, told: Any, now: int) -> None:
        told.message = asked.message

    def _flush(self, asked: Any, told: Any, now: int) -> None:
        """Everything before it has been answered."""

    def _info(self, asked: Any, told: Any, now: int) -> None:
        height, app_hash = self._application.info()
        told.data, told.last_block_height, told.last_block_app_hash = "infoharbor", height, app_hash

    def _init_chain(self, asked: Any, told: Any, now: int) -> None:
        validators = [(each.pub_key.ed25519, each.power) for each in asked.validators]
        told.app_hash = self._application.init_chain(
            asked.app_state_bytes.strip(b'"').decode(errors="replace"), validators
        )

    def _query(self, asked: Any, told: Any, now: int) -> None:
        """CometBFT asks which node may call; everything else is read from the gateway."""
        if asked.path.startswith(FILTER_ADDRESS):
            return
        if not (asked.path.startswith(FILTER_NODE) and self._application.admits(asked.path.removeprefix(FILTER_NODE))):
            told.code = INVALID

    def _check_tx(self, asked: Any, told: Any, now: int) -> None:
        told.code = self._inserted(asked.tx)

    def _insert_tx(self, asked: Any, told: Any, now: int) -> None:
        told.code = self._inserted(asked.tx)

    def _inserted(self, raw: bytes) -> int:
        return 0 if self._pool.insert(raw) else RETRY_LATER

    def _reap_txs(self, asked: Any, told: Any, now: int) -> None:
        told.txs.extend(self._pool.reap(asked.max_bytes))

    def _prepare_proposal(self, asked: Any, told: Any, now: int) -> None:
        told.txs.extend(self._application.prepare(milliseconds_of(asked.time), asked.max_tx_bytes, now))

    def _process_proposal(self, asked: Any, told: Any, now: int) -> None:
        try:
            self._application.process(milliseconds_of(asked.time), asked.txs, asked.hash)
            told.status = ACCEPT
        except Refused:
            told.status = REJECT

    def _finalize_block(self, asked: Any, told: Any, now: int) -> None:
        done = self._application.finalize(asked.height, milliseconds_of(asked.time), asked.txs, asked.hash)
        for each in asked.misbehavior:
            logger.error("the validator %s has voted for two blocks at once", each.validator.address.hex())
        for code in done.codes:
            told.tx_results.add(code=code)
        for key, power in done.validators:
            told.validator_updates.add(power=power).pub_key.ed25519 = key
        told.app_hash = done.app_hash

    def _commit(self, asked: Any, told: Any, now: int) -> None:
        self._application.commit()

    def _extend_vote(self, asked: Any, told: Any, now: int) -> None:
        told.vote_extension = self._votes.note(now)

    def _verify_vote_extension(self, asked: Any, told: Any, now: int) -> None:
        """No vote is lost for what it brings along: nodes could differ about that, and votes decide blocks."""
        self._votes.hear(asked.vote_extension, now)
        told.status = ACCEPT

    def _list_snapshots(self, asked: Any, told: Any, now: int) -> None:
        """None are served."""

    def _offer_snapshot(self, asked: Any, told: Any, now: int) -> None:
        told.result = ABORT

    def _load_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        """There is none."""

    def _apply_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        told.result = ABORT


def milliseconds_of(time: Any) -> int:
    return int(time.seconds) * 1000 + int(time.nanos) // 1_000_000
