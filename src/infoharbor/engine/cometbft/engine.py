"""The engine of a network's node: CometBFT orders the blocks."""

import contextlib
import functools
import itertools
import threading
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attested_notes import AttestedNotes
from infoharbor.engine.attester import Marks, attesters_in
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.clock import milliseconds
from infoharbor.engine.cometbft.answers import Answers
from infoharbor.engine.cometbft.application import Application, OrderedMachine
from infoharbor.engine.cometbft.attesting import Attesting, QuorumSigner
from infoharbor.engine.cometbft.chunk_serving import ChunkServing
from infoharbor.engine.cometbft.connections import Connection, Server
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.light import LightBlocks
from infoharbor.engine.cometbft.mempool import SharedMempool
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.pending import Pending
from infoharbor.engine.cometbft.process import HALTED_STOP_SECONDS, STOP_SECONDS, ConsensusProcess
from infoharbor.engine.cometbft.quarantining import QuarantiningEngine
from infoharbor.engine.cometbft.retention import Retention
from infoharbor.engine.cometbft.snapshots import Snapshots
from infoharbor.engine.cometbft.snapshotting import SnapshottingEngine
from infoharbor.engine.cometbft.validators import validators
from infoharbor.engine.folder import Founded
from infoharbor.engine.interface import Refused
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.signatures import Checked
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.store import Store
from infoharbor.engine.storing import Running
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.transaction import Opened

PROPOSAL_PATIENCE_MS = 1_000
"""How long a proposer waits for a transaction before it proposes an empty block: the pace of an idle network."""
SWEEP_MS = 5_000
TELL_AGAIN_MS, TELL_AGAIN_MOST = 5_000, 500
"""So often, so many of the own transactions that wait longest are told to the other nodes again, which may have been away:
few, since under load nearly all of them wait for blocks and not for being told."""


class Relayed(Future[Receipt]):
    """Stands for the sender of a transaction that came from another node: nobody waits here."""


class ReplicatedEngine(QuarantiningEngine, SnapshottingEngine):
    """Takes transactions, and makes the blocks that CometBFT decides. Open it with `lifecycle.open_engine`."""

    _machine: OrderedMachine
    _mempool: SharedMempool
    attestation: Attestation

    def __init__(
        self,
        data: Path,
        founded: Founded,
        store: Store,
        log: BlockLog,
        how: Running,
        program: Path,
    ) -> None:
        self._prepared, self._joined, self._leaving = threading.Event(), False, threading.Event()
        self._network = contextlib.ExitStack()
        super().__init__(data, founded, store, log, how._replace(clock=milliseconds))
        try:
            self._join_network(ConsensusHome(data), program)
            self._joined = True
        finally:
            self._prepared.set()
            if not self._joined:
                super().close()
        try:
            self._process.start()
        except BaseException:
            self.close()
            raise

    def _join_network(self, home: ConsensusHome, program: Path) -> None:
        self._order = Order(home.order, self._machine.height)
        self._network.callback(self._order.close)
        self._pending = Pending(home.pending)
        self._network.callback(self._pending.close)
        self._untold: deque[bytes] = deque()
        self._told_at = self._swept_at = 0
        self._proposal: tuple[Connection, Any, int] | None = None
        self._idle = True
        self._application = Application(
            self._machine, self._log, self._order, self._mempool, self._door, home.founding_validators()
        )
        config = home.config()
        self._attest(config.name)
        self._snapshots = Snapshots(self._selector, self._data.path, config.snapshot_every, Retention(home.retention))
        self._network.callback(self._snapshots.close)
        attesting = Attesting(self.attestation, self._machine, self._attesters)
        self._answers = Answers(self._application, self, attesting, self._snapshots)
        self._chunks = ChunkServing(self._selector, lambda request: self._answers.answer(request, milliseconds()))
        self._network.callback(self._chunks.close)
        with self._machine.view() as view:
            home.take_next_key(validators(view, view.time, home.founding_validators()))
        self._process = ConsensusProcess(program, home, self._hear)
        server = Server(self._selector, self._process.socket, self._ask)
        self._network.callback(server.close)
        for raw in self._pending.left:
            self._put_in(raw, Future())

    def _attest(self, organisation: str) -> None:
        """Where members attest, this node gathers a quorum's signatures, and signs nothing alone."""
        notes = self._signer if isinstance(self._signer, AttestedNotes) else None
        marks = Marks(self._data.attested)
        self._attesters = functools.partial(attesters_in, self._data, marks, self.origin, organisation, self.root)
        self.attestation = Attestation(self.genesis.name, self.chain.id, self._attesters(), notes)
        if notes is not None:
            self._signer = QuorumSigner(notes, self.attestation)  # type: ignore[assignment]

    @property
    def consensus_process_id(self) -> int | None:
        """CometBFT's, while it runs."""
        return self._process.process_id

    @property
    def light_blocks(self) -> LightBlocks:
        """What nodes that come new may ask this one's CometBFT."""
        return LightBlocks(self._process.questions)

    @property
    def order(self) -> int:
        """CometBFT's height, which counts the blocks too that hold nothing of ours."""
        return self._order.newest.order

    def close(self) -> None:
        self._leaving.set()
        self._process.stop(HALTED_STOP_SECONDS if self._condition == "halted" else STOP_SECONDS)
        self._end_asking()
        super().close()

    # From other nodes, and to them

    def insert(self, raw: bytes) -> bool:
        """Take in what another node tells of, as if it came from the gateway, but for telling it on."""
        if not raw or len(raw) > limits.TRANSACTION_BYTES or self._mempool.known(raw) is not None:
            return True  # There is nothing to offer again.
        return self._put_in(raw, Relayed())

    def reap(self, most_bytes: int) -> list[bytes]:
        """What came in at this node's own door; every node tells its own, so each is told once."""
        self._tell_again()
        reaped: list[bytes] = []
        while self._untold:
            waiting = self._mempool.waiting(self._untold[0])
            if waiting is not None:
                most_bytes -= len(waiting.opened.raw)
                if most_bytes < 0 and reaped:
                    break
                reaped.append(waiting.opened.raw)
            self._untold.popleft()
        return reaped

    def _tell_again(self) -> None:
        now = milliseconds()
        if not self._untold and now - self._told_at >= TELL_AGAIN_MS:
            own = (waiting.opened.id for waiting in self._mempool if is_own(waiting.futures))
            self._untold.extend(itertools.islice(own, TELL_AGAIN_MOST))
            self._told_at = now

    # The engine's thread

    def _run(self) -> None:
        self._prepared.wait()
        with self._network:
            if self._joined:
                super()._run()
                # Where the engine has halted, CometBFT waits for its answer: it votes no more, but passes on the votes
                # that it has, without which the others might never learn what was decided.
                self._leaving.wait()

    def _waitlist(self) -> SharedMempool:
        return SharedMempool()

    def _advance(self, now: int) -> bool:
        if self._proposal is not None and (len(self._mempool) or now >= self._proposal[2]):
            connection, request, _ = self._proposal
            self._proposal = None
            connection.answer(self._answers.answer(request, now))
        if now - self._swept_at >= SWEEP_MS:
            self._application.sweep()
            self._swept_at = now
        return False

    def _moments(self, now: int) -> list[int]:
        moments = [now + SWEEP_MS]
        if self._proposal is not None:
            moments.append(now if len(self._mempool) else self._proposal[2])
        return moments

    def _ask(self, connection: Connection, request: Any) -> Any:
        """Answer CometBFT; a proposal waits for something to propose, so that a transaction finds a block at once."""
        now = milliseconds()
        kind = request.WhichOneof("value")
        if kind == "prepare_proposal" and not len(self._mempool) and self._idle:
            self._proposal = (connection, request, now + PROPOSAL_PATIENCE_MS)
            return None
        if kind == "load_snapshot_chunk":
            self._chunks.ask(connection, request)
            return None
        before = self._machine.height
        answer = self._answers.answer(request, now)
        if kind == "commit":
            self._committed(before, now)
        return answer

    def _committed(self, before: int, now: int) -> None:
        # After a block of ours the next one comes at once, since its votes bring the cosignatures along.
        self._idle = self._machine.height == before
        self._last_block = now
        self._tell_changed()
        self._pending.shrink(self._mempool.bytes, (waiting.opened.raw for waiting in self._mempool))
        if self._snapshots.is_due(self._order.newest):
            self._keep_state(self._order.newest)
        elif self._machine.wants_flush:
            self._flush()

    def _is_wanted(self, opened: Opened, future: "Future[Receipt]", view: Snapshot) -> bool:
        """What other nodes tell of has often run already, or waits here: then there is nothing to check."""
        known = self._mempool.waiting(opened.id) is not None or view.transaction(opened.id) is not None
        return not (known and isinstance(future, Relayed))

    def _admit(self, checked: list[Checked]) -> None:
        fresh = []
        with self._machine.view() as view:
            for each in checked:
                waiting, valid = each
                if not valid or view.transaction(waiting.opened.id) is None:
                    fresh.append(each)
                    continue
                self._checking_bytes -= len(waiting.opened.raw)
                if is_own(waiting.futures):
                    self._tell_receipt(waiting, view)
        super()._admit(fresh)
        admitted = [waiting for waiting, _ in fresh if self._mempool.waiting(waiting.opened.id) is waiting]
        self._pending.append(waiting.opened.raw for waiting in admitted)
        self._untold.extend(waiting.opened.id for waiting in admitted if is_own(waiting.futures))

    def _tell_receipt(self, waiting: Waiting, view: Snapshot) -> None:
        """To who sent what has run already."""
        try:
            receipt = self._receipt_of(waiting.opened.id, view)
        except Refused as gone:  # It ran in a block that is not kept here.
            waiting.refuse(gone)
        else:
            assert receipt is not None
            waiting.resolve(receipt)

    def _not_written(self, fault: OSError) -> None:
        raise fault  # Others go on: a node whose disk is full stops, and is started again with room.

    def _new_machine(self) -> OrderedMachine:
        return OrderedMachine(self.chain, self.genesis, self._store, self._log)


def is_own(futures: list["Future[Receipt]"]) -> bool:
    """Whether somebody waits here for the receipt."""
    return any(not isinstance(future, Relayed) for future in futures)
