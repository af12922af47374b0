"""The ledger as CometBFT drives it: what may stand in a block, what a block does, and the one step that makes it last.

No socket, clock or chance is in here: whoever drives it (a node, a simulation, a test) passes the time in.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from infoharbor.engine.blocklog import Place as LogPlace
from infoharbor.engine.cometbft.mempool import SharedMempool
from infoharbor.engine.cometbft.misbehaviour import Misbehaved
from infoharbor.engine.cometbft.order import Order, Place
from infoharbor.engine.cometbft.validators import POWER, admitted_nodes, are_concerned, updates, validators
from infoharbor.engine.door import Door
from infoharbor.engine.interface import Refused
from infoharbor.engine.machine import Executed, Machine
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.signature_worker import Check, check
from infoharbor.engine.snapshot import Snapshot, State
from infoharbor.engine.validity import Signed, checks_of, ensure_unexpired, ensure_valid_block
from infoharbor.kernel import merkle
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.transaction import Opened

STALE_MS = 10_000
"""A block whose time lags the proposer's clock by more stays empty: after a halt no deadline is open again."""
TOOK_EFFECT, REFUSED, NOT_RUN = 0, 1, 2
"""The codes of a block's transactions, as CometBFT keeps them."""


class Diverged(Exception):
    """CometBFT and this node are not at the same place; the node stops before it commits anything."""

    code = "network.diverged"


class Finalized(NamedTuple):
    """What a decided block did: a code for each of its transactions, the header log's root after it, and what becomes of
    validators."""

    codes: list[int]
    app_hash: bytes
    validators: list[tuple[bytes, int]]


class Log(Protocol):
    """Where blocks are made durable."""

    def append(self, height: int, payload: bytes) -> tuple[LogPlace, LogPlace]: ...


class OrderedMachine(Machine):
    """A machine that can tell the header log's root before the block is durable."""

    def root_after(self, executed: Executed) -> bytes:
        return self._frontier.root_after(merkle.leaf_hash(executed.outcome.header_bytes))


class _Decided(NamedTuple):
    """A block that CometBFT has decided and that has run here; nothing of it is durable yet."""

    height: int
    hash: bytes
    run: list[Signed]
    executed: Executed | None
    answer: Finalized


class _Judged(NamedTuple):
    """What the proposal of this hash holds, judged by the state of this height."""

    hash: bytes
    height: int
    signed: list[Signed]


class Application:
    """One node's state between CometBFT's questions. Used by one thread.

    `founding` are the validators of CometBFT's genesis, which hold until the members vote others. `verify` checks
    signatures, one byte each; the mempool's transactions have had theirs checked."""

    def __init__(
        self,
        machine: OrderedMachine,
        log: Log,
        order: Order,
        mempool: SharedMempool,
        door: Door,
        founding: Mapping[bytes, int],
        *,
        verify: Callable[[list[Check]], bytes] = check,
    ) -> None:
        self.machine, self.mempool = machine, mempool
        self._log, self._order, self._door, self._verify = log, order, door, verify
        self._chain, self._founding = machine.chain, founding
        self._decided: _Decided | None = None
        self._judged: _Judged | None = None

    # What CometBFT asks

    def info(self) -> tuple[int, bytes]:
        """CometBFT's height that is durable here, and the app hash after it."""
        return self._order.newest.order, self._state.root

    def init_chain(self, chain: str, given: Sequence[tuple[bytes, int]]) -> bytes:
        """The app hash that the first block builds on; `Diverged` if CometBFT's genesis does not name this chain's, in hex,
        or has other validators than it may."""
        if chain != self._chain.id.hex():
            raise Diverged(f"CometBFT's genesis names the chain {chain}, not {self._chain.id.hex()}")
        if self._order.newest.order != 0:
            raise Diverged(f"CometBFT begins anew, and this node is at its height {self._order.newest.order}")
        with self.machine.view() as view:
            expected = validators(view, view.time, self._founding)
        if dict(given) != expected or set(expected.values()) != {POWER}:
            raise Diverged(f"CometBFT's genesis must have the voted validators, each with the power {POWER}")
        return self._state.root

    def prepare(self, time: int, most_bytes: int, now: int) -> list[bytes]:
        """The transactions of a block that this node proposes; `time` is the block's, `now` its own clock's."""
        if now - time > STALE_MS:
            return []
        lapsed: list[tuple[Waiting, Refused]] = []
        with self.machine.view() as view:
            at = max(time, view.time)

            def may_run(waiting: Waiting) -> bool:
                refused = self._refusal(waiting.opened, view, at)
                if refused is None:
                    return True
                # Block time is a little behind the clock by which it was let in: the next block may hold it.
                if self._refusal(waiting.opened, view, max(now, at)) is not None:
                    lapsed.append((waiting, refused))
                return False

            chosen = self.mempool.choose(most_bytes, may_run)
        for waiting, refused in lapsed:
            self._forget(waiting, refused)
        return [waiting.opened.raw for waiting in chosen]

    def process(self, time: int, transactions: Sequence[bytes], hash: bytes) -> None:
        """Whether a proposed block may be voted for, by its bytes and the committed state alone; raises `Refused`."""
        with self.machine.view() as view:
            known = [self.mempool.known(raw) for raw in transactions]
            opened = [
                self._door.open(raw) if waiting is None else waiting.opened
                for raw, waiting in zip(transactions, known, strict=True)
            ]
            signed = ensure_valid_block(self._chain, view, max(time, view.time), opened, self.machine.signers.keys)
        unchecked = [
            each for one, waiting in zip(signed, known, strict=True) if waiting is None for each in checks_of(*one)
        ]
        if not all(self._verify(unchecked)):
            raise Refused("ledger.signature_invalid", "signatures", "a valid signature of each named key")
        self._judged = _Judged(hash, self.machine.height, signed)

    @property
    def is_agreed(self) -> bool:
        """Whether a good proposal builds on the newest block: CometBFT shows only what carries the root that this node has."""
        return self._judged is not None

    def finalize(
        self,
        height: int,
        time: int,
        transactions: Sequence[bytes],
        hash: bytes,
        misbehaved: Sequence[Misbehaved] = (),
    ) -> Finalized:
        """Run the block that CometBFT has decided. Nothing is durable until `commit`."""
        decided = self._decided
        if decided is not None:
            if (decided.height, decided.hash) != (height, hash):
                raise Diverged(f"another block at CometBFT's height {height} than the one that ran")
            return decided.answer
        if height != self._order.newest.order + 1:
            raise Diverged(f"CometBFT's height {height} does not follow {self._order.newest.order}")
        run = self._runnable(time, transactions, hash)
        with self.machine.view() as view:
            at = max(time, view.time)
            facts = [each.as_fact() for each in misbehaved]
            executed = self.machine.execute(at, run, view, facts=facts) if run or facts or view.due(at, 1) else None
            changed = [] if executed is None else self._changed_validators(view, executed)
        root = self._state.root if executed is None else self.machine.root_after(executed)
        codes = _codes(transactions, run, [] if executed is None else executed.outcome.results)
        self._decided = _Decided(height, hash, run, executed, Finalized(codes, root, changed))
        return self._decided.answer

    def commit(self) -> list[Receipt]:
        """Make the decided block durable, in one append, and tell everyone who waits; its receipts."""
        decided, self._decided, self._judged = self._decided, None, None
        if decided is None:
            raise Diverged("a commit without a block")
        executed = decided.executed
        if executed is None:
            self._order.append(Place(decided.height, self.machine.height))
            return []
        height = executed.outcome.header.height
        self._order.append(Place(decided.height, height))
        self.machine.accept(executed, *self._log.append(height, executed.payload))
        self._door.saw(executed.outcome.tables)
        results = executed.outcome.results
        for (opened, _), receipt in zip(decided.run, results[len(results) - len(decided.run) :], strict=True):
            waiting = self.mempool.remove(opened.id)
            if waiting is not None:
                waiting.resolve(receipt)
        return results

    def admits(self, node: str) -> bool:
        """Whether the node of this id may call: the members have voted it, or nobody yet."""
        with self.machine.view() as view:
            admitted = admitted_nodes(view)
        return node in admitted or not admitted

    def sweep(self) -> None:
        """Refuse what no block can hold any more."""
        time = self._state.header.time
        for waiting in self.mempool:
            if waiting.opened.body.expiry < time:
                self._forget(waiting, Refused("ledger.expired", "expiry", f"not before {time}"))

    @property
    def _state(self) -> State:
        state = self.machine.state
        assert state is not None
        return state

    def _refusal(self, opened: Opened, view: Snapshot, at: int) -> Refused | None:
        """Why the transaction may not stand in a block of this time."""
        try:
            ensure_unexpired(opened, self.machine.signers.keys(opened, view, at), at)
        except Refused as refused:
            return refused
        return None

    def _runnable(self, time: int, transactions: Sequence[bytes], hash: bytes) -> list[Signed]:
        """What of a decided block runs: all of it. If more than a third of the validators is faulty it may be one that no
        honest node votes for; then nothing of it runs, on any node."""
        judged = self._judged
        if judged is None or (judged.hash, judged.height) != (hash, self.machine.height):
            try:
                self.process(time, transactions, hash)
            except Refused:
                return []
            judged = self._judged
            assert judged is not None
        return judged.signed

    def _changed_validators(self, view: Snapshot, executed: Executed) -> list[tuple[bytes, int]]:
        before = validators(view, view.time, self._founding)
        outcome = executed.outcome
        written = outcome.writes if are_concerned(outcome.tables) else ()
        return updates(before, validators(view, outcome.header.time, self._founding, written))

    def _forget(self, waiting: Waiting, refused: Refused) -> None:
        self.mempool.remove(waiting.opened.id)
        waiting.refuse(refused)


def _codes(transactions: Sequence[bytes], run: list[Signed], results: Sequence[Receipt]) -> list[int]:
    if not run:
        return [NOT_RUN] * len(transactions)
    return [REFUSED if receipt.code else TOOK_EFFECT for receipt in results[len(results) - len(run) :]]
