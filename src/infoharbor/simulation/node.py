"""One honest member's node: the real application, mempool, door, files and attester, driven by simulated consensus."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.engine.cometbft.application import Application, Diverged
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.evidence.checkpoint import NoteError
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.simulation.checks import Rule, Violation
from infoharbor.simulation.consensus import Consensus, Step
from infoharbor.simulation.disk import Disk, PowerCut
from infoharbor.simulation.messages import Note, Told, Transaction
from infoharbor.simulation.process import Running, Surroundings
from infoharbor.simulation.votes import NIL, Block, Decided, Kind, Proposal, Vote, is_commit, median_time

GOSSIP_MS = 300
DOWN_MS = (50, 1_500)
"""How long a node that fell stays down."""
FLUSHED_IN_THOUSAND = 150
"""How often a node writes its store after a block, so that stores and logs end at different heights."""


class Node:
    """Lives through crashes: its disk, its store and what CometBFT would have logged stay."""

    def __init__(self, around: Surroundings, member: int) -> None:
        self.around, self.member = around, member
        self.network, self.checks, self._signatures = around.network, around.checks, around.signatures
        self.chance = around.plan.chance(f"node {member}")
        self.disk = Disk(self.chance, around.founding.files)
        self._store = around.founding.store.copy()
        self.blocks: list[Decided] = []
        self.consensus = Consensus(member, len(around.founding.members), self)
        self.skew, self._life = 0, 0
        self._running: Running | None = None
        self._note: Note | None = None

    @property
    def is_up(self) -> bool:
        return self._running is not None

    @property
    def running(self) -> Running:
        assert self._running is not None
        return self._running

    @property
    def clock(self) -> int:
        return self.network.now + self.skew

    @property
    def height(self) -> int:
        """How many blocks are decided here."""
        return len(self.blocks)

    # Life and death

    def start(self) -> None:
        """Recover from the disk, run again what CometBFT has and the ledger has not, and take part."""
        self._life += 1
        with self._mortal():
            self._running = running = Running(self.around, self.member, self.disk, self._store)
            self.checks.recovered(self.member, running.machine)
            self._handshake(running.application)
            self._attest()
            for raw in running.pending.left:
                with contextlib.suppress(Refused):
                    running.take_in(raw, self.clock, Future())
            self.every(GOSSIP_MS, self._gossip)
            if self.consensus.height <= self.height:
                self.consensus.begin(self.height + 1, self.blocks[-1].commit if self.blocks else ())
            else:
                self.consensus.resume()

    def fall(self) -> None:
        """The power goes."""
        self.network.note("falls", self.member)
        self._running = None
        self.disk.cut()
        self.network.after(self.chance.randint(*DOWN_MS), self.start)

    @contextlib.contextmanager
    def _mortal(self) -> Any:
        try:
            yield
        except PowerCut:
            self.fall()
        except (Diverged, Damaged) as fault:
            raise Violation(Rule.RECOVERY, f"node {self.member} stops: {fault}") from fault

    def later(self, milliseconds: int, happen: Callable[[], None]) -> None:
        """Something that this process does, if it lives."""
        life = self._life

        def lives() -> None:
            if self.is_up and self._life == life:
                with self._mortal():
                    happen()

        self.network.after(milliseconds, lives)

    def every(self, milliseconds: int, happen: Callable[[], None]) -> None:
        def again() -> None:
            happen()
            self.later(milliseconds, again)

        self.later(milliseconds, again)

    def _handshake(self, application: Application) -> None:
        order, _ = application.info()
        if order == 0:
            application.init_chain(self.around.founding.chain.id.hex(), list(self.around.founding.validators.items()))
        if order > self.height:
            raise Diverged(f"this node is at {order}, and CometBFT's blocks end at {self.height}")
        for decided in self.blocks[order:]:
            self._apply(decided.block)

    # What comes in

    def submit(self, raw: bytes) -> Future[Receipt]:
        """As the gateway does."""
        future: Future[Receipt] = Future()
        if not self.is_up:
            future.set_exception(Refused("node.closed", "", "a node that runs"))
            return future
        with self._mortal():
            try:
                if self.running.take_in(raw, self.clock, future):
                    self.network.broadcast(self.member, Transaction(raw))
            except Refused as refused:
                future.set_exception(refused)
        return future

    def hear(self, sender: int, message: Any) -> None:
        if not self.is_up:
            return
        with self._mortal():
            match message:
                case Transaction(raw):
                    with contextlib.suppress(Refused):
                        self.running.take_in(raw, self.clock, Future())
                case Note():
                    self._hear_note(sender, message)
                case Told(height, messages):
                    self._hear_all(sender, height, messages)
                case Decided():
                    self._catch_up(message)
                case Proposal():
                    self.consensus.hear(message)
                case Vote():
                    self._hear_vote(message)

    def _hear_vote(self, vote: Vote) -> None:
        if vote in self._signatures.votes:
            self.consensus.hear(vote)

    def _hear_note(self, sender: int, note: Note) -> None:
        attestation = self.running.attestation
        with contextlib.suppress(Refused, NoteError):
            attestation.receive(note.raw)
            if not note.is_answer and self._is_attested:
                self.network.send(self.member, sender, Note(attestation.newest().encode(), is_answer=True))

    def _hear_all(self, sender: int, height: int, messages: tuple[Proposal | Vote, ...]) -> None:
        if height <= self.height:
            self.network.send(self.member, sender, self.blocks[height - 1])
        for message in messages:
            if isinstance(message, Proposal):
                self.consensus.hear(message)
            else:
                self._hear_vote(message)

    def _catch_up(self, decided: Decided) -> None:
        members = len(self.around.founding.members)
        signed = all(vote in self._signatures.votes for vote in decided.commit)
        if decided.block.height == self.height + 1 and signed and is_commit(decided.commit, decided.block, members):
            self.decide(decided)
            self.consensus.begin(self.height + 1, decided.commit)

    def _gossip(self) -> None:
        self.network.broadcast(self.member, Told(self.consensus.height, tuple(self.consensus.known())))
        if self._note is not None and not self._is_attested:
            self.network.broadcast(self.member, self._note)

    # What consensus asks

    def propose(self, height: int) -> Block:
        application, commit = self.running.application, self.consensus.last_commit
        time = self._time_after(commit)
        transactions = application.prepare(time, limits.BLOCK_BYTES, self.clock)
        return Block(height, time, tuple(transactions), application.info()[1], commit, self.member)

    def is_valid(self, block: Block) -> bool:
        application = self.running.application
        if block.height != self.height + 1 or block.app_hash != application.info()[1]:
            return False
        if not self._is_last_commit(block.last_commit) or block.time != self._time_after(block.last_commit):
            return False
        if sum(map(len, block.transactions)) > limits.BLOCK_BYTES:
            return False
        try:
            application.process(block.time, block.transactions, block.hash)
        except Refused as refused:
            self.network.note("rejects", self.member, refused.code)
            return False
        return True

    def _is_last_commit(self, commit: tuple[Vote, ...]) -> bool:
        if not self.blocks:
            return commit == ()
        signed = all(vote in self._signatures.votes for vote in commit)
        return signed and is_commit(commit, self.blocks[-1].block, len(self.around.founding.members))

    def _time_after(self, commit: tuple[Vote, ...]) -> int:
        return median_time(commit) if commit else self.around.founding.time

    def vote(self, kind: Kind, height: int, round: int, block: Block | None) -> Vote:
        stamp = self.clock if block is None else max(self.clock, block.time + 1)
        return self.signed(Vote(kind, height, round, NIL if block is None else block.hash, self.member, stamp))

    def signed(self, vote: Vote) -> Vote:
        self._signatures.votes.add(vote)
        return vote

    def tell(self, message: Proposal | Vote) -> None:
        self.network.broadcast(self.member, message)

    def wait(self, milliseconds: int, step: Step, height: int, round: int) -> None:
        self.later(milliseconds, functools.partial(self.consensus.wait_is_over, step, height, round))

    def decide(self, decided: Decided) -> None:
        """CometBFT stores a block before it hands it over."""
        self.blocks.append(decided)
        self.checks.decided(self.member, decided)
        self._apply(decided.block)

    def _apply(self, block: Block) -> None:
        running = self.running
        before = running.machine.height
        done = running.application.finalize(block.height, block.time, block.transactions, block.hash)
        self.network.note("runs", self.member, block.hash, done.app_hash)
        self.checks.finalized(self.member, block, done)
        running.application.commit()
        if running.machine.height > before:
            self.checks.committed(self.member, block, running.machine)
            self._attest()
        if running.machine.wants_flush or self.chance.randrange(1000) < FLUSHED_IN_THOUSAND:
            running.machine.flush()
        running.pending.shrink(running.pool.bytes, (waiting.opened.raw for waiting in running.pool))

    @property
    def _is_attested(self) -> bool:
        """Whether this node knows a quorum for its newest block."""
        running = self.running
        return self.checks.attested(self.member, running.attestation.newest()) == running.machine.height + 1

    def _attest(self) -> None:
        """Sign the newest checkpoint, and tell the others."""
        running = self.running
        with running.machine.view() as view:
            attesters = view.find(Attesters, CURRENT)
        assert attesters is not None
        state = running.machine.state
        assert state is not None
        note = running.attestation.committed(state.height + 1, state.root, attesters.named, self.clock)
        self._note = Note(note) if note is not None else self._note
