"""CometBFT's questions put to the application, one function each: protobuf stays on this side."""

import logging
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Protocol

from infoharbor.contractkit.types import INSTANT_MAX
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.attesting import NOTE_BYTES
from infoharbor.engine.cometbft.messages import Response
from infoharbor.engine.cometbft.misbehaviour import Misbehaved
from infoharbor.engine.cometbft.telling import apart, together
from infoharbor.engine.interface import Refused
from infoharbor.engine.state_format import FORMAT
from infoharbor.engine.state_shelf import Kept

logger = logging.getLogger(__name__)
ACCEPT, REJECT = 1, 2
ABORT = 2
RETRY_LATER = 32_000
"""CometBFT offers again what was answered with this or a higher code."""
INVALID = 1
UNHEARD = 256
"""How many votes' notes are kept until they can be heard: the newest."""
FILTER_ADDRESS, FILTER_NODE = "/p2p/filter/addr/", "/p2p/filter/id/"


class Pool(Protocol):
    """How transactions come in from other nodes, and go out to them."""

    def insert(self, raw: bytes) -> bool:
        """Take a transaction in for checking; False if there is no room now."""
        ...

    def reap(self, most_bytes: int) -> list[bytes]:
        """Transactions that other nodes have not been told of."""
        ...


class Serving(Protocol):
    """The snapshots that other nodes are given, and how far back blocks are kept for them."""

    def kept(self) -> list[Kept]: ...
    def chunk(self, order: int, index: int) -> bytes: ...
    def retained(self, order: int, now: int) -> int:
        """The lowest height of CometBFT whose block it has to keep; 0: all of them."""
        ...


class Votes(Protocol):
    """What a node's votes bring along, and what those of the others brought."""

    def note(self, now: int) -> bytes: ...
    def hear(self, note: bytes, now: int) -> None: ...


class Answering(ABC):
    """Finds the answer to each request by its kind."""

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

    def _flush(self, asked: Any, told: Any, now: int) -> None:  # noqa: B027
        """Everything before it has been answered."""

    def _query(self, asked: Any, told: Any, now: int) -> None:
        """CometBFT asks which node may call; everything else is read from the gateway."""
        if asked.path.startswith(FILTER_ADDRESS):
            return
        if not (asked.path.startswith(FILTER_NODE) and self._admits(asked.path.removeprefix(FILTER_NODE))):
            told.code = INVALID

    @abstractmethod
    def _admits(self, node: str) -> bool:
        """Whether the node of this id may call."""


class Answers(Answering):
    """Answers every request at once."""

    def __init__(self, application: Application, pool: Pool, votes: Votes, snapshots: Serving) -> None:
        self._application, self._pool, self._votes, self._snapshots = application, pool, votes, snapshots
        self._unheard: deque[bytes] = deque(maxlen=UNHEARD)

    def _info(self, asked: Any, told: Any, now: int) -> None:
        height, app_hash = self._application.info()
        told.data, told.last_block_height, told.last_block_app_hash = "infoharbor", height, app_hash

    def _init_chain(self, asked: Any, told: Any, now: int) -> None:
        validators = [(each.pub_key.ed25519, each.power) for each in asked.validators]
        told.app_hash = self._application.init_chain(
            asked.app_state_bytes.strip(b'"').decode(errors="replace"), validators
        )

    def _admits(self, node: str) -> bool:
        return self._application.admits(node)

    def _check_tx(self, asked: Any, told: Any, now: int) -> None:
        """Nobody sends anything to CometBFT, whose own door is closed."""
        told.code = INVALID

    def _insert_tx(self, asked: Any, told: Any, now: int) -> None:
        taken = [self._pool.insert(raw) for raw in apart(asked.tx)]
        told.code = 0 if all(taken) else RETRY_LATER

    def _reap_txs(self, asked: Any, told: Any, now: int) -> None:
        told.txs.extend(together(self._pool.reap(asked.max_bytes)))

    def _prepare_proposal(self, asked: Any, told: Any, now: int) -> None:
        # A vote that comes once the block is decided is not shown when it comes: the slowest member's never would be.
        for vote in asked.local_last_commit.votes:
            self._keep(vote.vote_extension)
        told.txs.extend(self._application.prepare(milliseconds_of(asked.time), asked.max_tx_bytes, now))

    def _process_proposal(self, asked: Any, told: Any, now: int) -> None:
        try:
            self._application.process(milliseconds_of(asked.time), asked.txs, asked.hash)
            told.status = ACCEPT
        except Refused:
            told.status = REJECT

    def _finalize_block(self, asked: Any, told: Any, now: int) -> None:
        found = [
            Misbehaved(each.type, each.validator.address, each.height, milliseconds_of(each.time))
            for each in asked.misbehavior
        ]
        self._hear(now)
        done = self._application.finalize(asked.height, milliseconds_of(asked.time), asked.txs, asked.hash, found)
        for code in done.codes:
            told.tx_results.add(code=code)
        for key, power in done.validators:
            told.validator_updates.add(power=power).pub_key.ed25519 = key
        told.app_hash = done.app_hash

    def _commit(self, asked: Any, told: Any, now: int) -> None:
        self._application.commit()
        told.retain_height = self._snapshots.retained(self._application.info()[0], now)

    def _extend_vote(self, asked: Any, told: Any, now: int) -> None:
        told.vote_extension = self._votes.note(now)
        self._hear(now)

    def _verify_vote_extension(self, asked: Any, told: Any, now: int) -> None:
        """No vote is lost for what it brings along: nodes could differ about that, and votes decide blocks."""
        self._keep(asked.vote_extension)
        if self._application.is_agreed:
            self._hear(now)
        told.status = ACCEPT

    def _keep(self, note: bytes) -> None:
        if 0 < len(note) <= NOTE_BYTES:
            self._unheard.append(note)

    def _hear(self, now: int) -> None:
        """Two thirds go by the root that this node has: it attests what it has committed, and hears the others' notes, those
        too that came when it was not as far."""
        while self._unheard:
            self._votes.hear(self._unheard.popleft(), now)

    def _list_snapshots(self, asked: Any, told: Any, now: int) -> None:
        for kept in self._snapshots.kept():
            manifest = kept.manifest
            told.snapshots.add(
                height=manifest.order, format=FORMAT, chunks=len(manifest.chunks), hash=kept.hash, metadata=kept.raw
            )

    def _load_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        """Reads nothing but a file, and is called in another thread than all else."""
        if asked.format == FORMAT:
            told.chunk = self._snapshots.chunk(asked.height, asked.chunk)

    def _offer_snapshot(self, asked: Any, told: Any, now: int) -> None:
        """This node has a state already; one that has none is answered by `state_sync`."""
        told.result = ABORT

    def _apply_snapshot_chunk(self, asked: Any, told: Any, now: int) -> None:
        told.result = ABORT


def milliseconds_of(time: Any) -> int:
    """Since 1970 UTC; what no calendar has is the nearest that one has."""
    return max(0, min(int(time.seconds) * 1000 + int(time.nanos) // 1_000_000, INSTANT_MAX))
