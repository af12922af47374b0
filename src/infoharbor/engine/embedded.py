"""The embedded engine: orders alone what it is sent, in one process."""

from infoharbor.engine.interface import Refused
from infoharbor.engine.machine import Executed
from infoharbor.engine.mempool import Mempool, Waiting
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.storing import FULL
from infoharbor.engine.validity import ensure_unexpired
from infoharbor.kernel import limits
from infoharbor.kernel.authority import SigningKey

BLOCK_INTERVAL_MS = 100
"""No transaction waits longer for the next block to begin, once its signatures are checked."""
BLOCK_PAUSE_MS = 20
"""While nothing else is on its way, the next block begins this long after the last: waiting would gather
nobody."""
BLOCK_SOON = 250
"""With so many waiting the next block begins at once."""
AWAKE_MS = 60_000
LOOK_AGAIN_MS = 1_000
"""While there is no room for a block, what is due waits so long for the next look."""
NEVER = 2**62


class EmbeddedEngine(NodeEngine):
    """Makes a block whenever there is something for one."""

    _mempool: Mempool
    _next_due = 0

    def _waitlist(self) -> Mempool:
        return Mempool()

    def _advance(self, now: int) -> bool:
        is_time = self._is_time(now)
        if is_time:
            self._make_block(now)
        return is_time

    def _is_time(self, now: int) -> bool:
        waiting = len(self._mempool)
        soon = waiting >= BLOCK_SOON or self._mempool.bytes >= limits.BLOCK_BYTES
        return soon or (waiting > 0 and now - self._last_block >= self._interval()) or now >= self._next_due

    def _moments(self, now: int) -> list[int]:
        moments = [self._next_due, now + AWAKE_MS]
        if len(self._mempool):
            moments.append(self._last_block + self._interval())
        return moments

    def _interval(self) -> int:
        return BLOCK_INTERVAL_MS if self._inbox or len(self._signatures) else BLOCK_PAUSE_MS

    def _make_block(self, wall: int) -> None:
        if not self._has_room():
            return self._wait_for_room(wall)
        now = max(wall, self._current().header.time)
        with self._machine.view() as view:
            # What is taken is in hand at once: should the node halt, whoever waits for it is told.
            self._in_hand = self._mempool.take()
            valid = [(waiting, self._still_valid(waiting, view, now)) for waiting in self._in_hand]
            self._in_hand = [waiting for waiting, keys in valid if keys is not None]
            runnable = [(waiting.opened, keys) for waiting, keys in valid if keys is not None]
            if not runnable and not view.due(now, 1):
                self._next_due = next((due for due, _ in view.waiting(NEVER)), NEVER)
                return None
            self._last_block = wall
            executed = self._machine.execute(now, runnable, view)
        try:
            start, end = self._log.append(self._machine.height + 1, executed.payload)
        except OSError as fault:
            if fault.errno not in FULL:
                raise
            self._settle()
            self._machine = self._recovered()
            return self._wait_for_room(wall)
        self._machine.accept(executed, start, end)
        self._door.saw(executed.outcome.tables)
        self._plan(executed)
        self._answer(executed)
        self._tell_changed()
        if self._machine.wants_flush:
            self._flush()
        return None

    def _wait_for_room(self, wall: int) -> None:
        """Take nothing until there is room, which is looked for again when something comes, or when what is due waited."""
        self._next_due = max(self._next_due, wall + LOOK_AGAIN_MS)
        self._refuse_for_room()

    def _still_valid(self, waiting: Waiting, view: Snapshot, now: int) -> dict[bytes, SigningKey] | None:
        """The keys, if the transaction may still run; otherwise whoever waits is answered."""
        try:
            receipt = self._receipt_of(waiting.opened.id, view)
            if receipt is not None:
                waiting.resolve(receipt)
                return None
            keys = self._door.keys(waiting.opened, view, now)
            ensure_unexpired(waiting.opened, keys, now)
            return keys
        except Refused as refused:
            waiting.refuse(refused)
            return None

    def _answer(self, executed: Executed) -> None:
        in_hand, self._in_hand = self._in_hand, []
        results = executed.outcome.results
        for waiting, receipt in zip(in_hand, results[len(results) - len(in_hand) :], strict=True):
            waiting.resolve(receipt)

    def _plan(self, executed: Executed) -> None:
        """When the calendar next wants a block; what was due already is looked for when there is time for a block."""
        calendar = executed.outcome.calendar
        self._next_due = min([self._next_due, *(due for due, _, waiting in calendar if waiting)])
