"""The embedded engine: one thread opens, orders, executes, makes durable; workers check signatures."""

import contextlib
import errno
import logging
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.backup import copy_ledger
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.door import Door
from infoharbor.engine.folder import DataFolder, Founded
from infoharbor.engine.interface import Refused, Status
from infoharbor.engine.machine import Executed, Machine
from infoharbor.engine.mempool import Mempool, Waiting
from infoharbor.engine.reading import LedgerReading
from infoharbor.engine.signatures import Checked, Signatures
from infoharbor.engine.snapshot import Snapshot, State
from infoharbor.engine.store import Store
from infoharbor.engine.store_process import StoreProcess
from infoharbor.engine.validity import checks_of, ensure_unexpired, organisation_of, signature_units
from infoharbor.kernel import limits
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.kernel.transaction import Opened

BLOCK_INTERVAL_MS = 100
"""No transaction waits longer for the next block to begin, once its signatures are checked."""
BLOCK_PAUSE_MS = 20
"""While nothing else is on its way, the next block begins this long after the last: waiting would gather
nobody."""
BLOCK_SOON = 250
"""With so many waiting the next block begins at once."""
IDLE_FLUSH_MS = 200
INBOX_TRANSACTIONS = 20_000
INBOX_BYTES = 64 * 1024 * 1024
OPENED_AT_ONCE = 500
FREE_BYTES_LEAST = 64 * 1024 * 1024
"""The node stops taking transactions before the disk is full, so that a block is never written by half."""
NEVER = 2**62
FULL = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)
Submitted = tuple[bytes, "Future[Receipt]"]


class EmbeddedEngine(LedgerReading):
    """Orders alone what it is sent, in one process. Open it with `lifecycle.open_engine`."""

    attestation: Attestation | None = None
    """Of an engine that orders blocks with others."""

    def __init__(
        self,
        data: Path,
        founded: Founded,
        store: Store,
        log: BlockLog,
        *,
        workers: int,
        writing: int,
        keep_blocks: int = 0,
        clock: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(data, founded, store, log)
        self._held = contextlib.ExitStack()
        self._data, self._milliseconds = DataFolder(data), clock or milliseconds
        self._keep_blocks = keep_blocks
        self._machine = self._recovered()
        self.check_signed(self._data.last_signed())
        self._door, self._mempool = Door(self.chain), Mempool()
        self._inbox: deque[Submitted] = deque()
        self._inbox_bytes = self._checking_bytes = 0
        self._entrance = threading.Lock()
        self._changed = threading.Condition()
        self._condition, self._reason = "running", ""
        self._in_hand: list[Waiting] = []
        self._last_block = self._last_flush = self._next_due = 0
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        self._signatures = Signatures(self._selector, self._admit, workers=workers)
        self._store_process = None
        if workers:
            self._store_process = StoreProcess(self._selector, self._data.state, writing, self._written)
        self._asleep = self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def take_over(self, held: contextlib.ExitStack) -> None:
        """Release what is held (the folder's lock, store and log) when the engine closes."""
        self._held = held

    # From any thread

    def submit(self, raw: bytes) -> "Future[Receipt]":
        future: Future[Receipt] = Future()
        future.set_running_or_notify_cancel()
        if len(raw) > limits.TRANSACTION_BYTES:
            future.set_exception(
                Refused("ledger.too_large", "transaction", f"at most {limits.TRANSACTION_BYTES} bytes")
            )
            return future
        with self._entrance:
            if self._closing or self._condition == "halted":
                future.set_exception(self._refusal())
                return future
            if len(self._inbox) >= INBOX_TRANSACTIONS or self._inbox_bytes + len(raw) > INBOX_BYTES:
                future.set_exception(Refused("node.busy", "", "fewer transactions at once; try again soon"))
                return future
            self._inbox_bytes += len(raw)
            self._inbox.append((raw, future))
        if self._asleep:
            self._wake()
        return future

    def status(self) -> Status:
        state = self._current()
        waiting = len(self._inbox) + len(self._signatures) + len(self._mempool)
        return Status(
            self.chain.id, self.genesis.name, state.height, state.header.time, self._machine.flushed, waiting,
            self._condition, self._reason,
        )  # fmt: skip

    @property
    def unchecked(self) -> int:
        """How many of those that wait have not had their signatures checked; any thread may ask."""
        return len(self._signatures)

    def wait_beyond(self, height: int, timeout: float | None = None) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._current().height > height or self._closing, timeout)
        return self._current().height

    def backup(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        """A checked copy in an empty folder, made while blocks go on; returns its height. See
        `backup.backup`."""
        return copy_ledger(self._data, self._store, target, progress)

    def close(self) -> None:
        """Refuse what waits, write the store, end the workers. Reads end too."""
        with self._entrance:
            if self._closing:
                return
            self._closing = True
        self._wake()
        self._thread.join()
        self._signatures.close()
        if self._store_process is not None:
            self._store_process.close()
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        with self._changed:
            self._changed.notify_all()
        self._held.close()

    def __enter__(self) -> "EmbeddedEngine":
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _current(self) -> State:
        state = self._machine.state
        assert state is not None
        return state

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    def _refusal(self) -> Refused:
        if self._closing:
            return Refused("node.closed", "", "a node that runs")
        if self._condition == "halted":
            return Refused("node.halted", "", "a node that runs; its status says why it stopped")
        return Refused("node.disk_full", "", "room on the node's disk; nothing was recorded")

    # The engine's thread

    def _run(self) -> None:
        try:
            while not self._closing:
                self._turn()
            self._settle()
            self._machine.flush()
        except Exception as fault:
            logger.exception("the engine has halted")
            with self._entrance:
                notes = "; ".join(["", *getattr(fault, "__notes__", ())])
                self._condition, self._reason = "halted", f"{type(fault).__name__}: {fault}{notes}"
        finally:
            self._refuse_all()

    def _turn(self) -> None:
        self._asleep = True
        ready = self._selector.select(0 if self._takes_more() else self._patience() / 1000)
        self._asleep = False
        for key, _ in ready:
            key.data()
        if self._takes_more():
            self._open_inbox()
        self._signatures.run()
        now = self._clock()
        if self._is_time(now):
            self._make_block(now)
        elif self._flushes_when_idle() and now >= self._idle_flush_at():
            self._flush()

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def _clock(self) -> int:
        """The wall clock; where it was set back, the pace of blocks begins anew instead of waiting for it."""
        now = self._milliseconds()
        self._last_block, self._last_flush = min(self._last_block, now), min(self._last_flush, now)
        return now

    def _takes_more(self) -> bool:
        """Whether the inbox may be opened: what waits for its signatures' checks is bounded like the inbox itself."""
        few = len(self._signatures) < INBOX_TRANSACTIONS and self._checking_bytes < INBOX_BYTES
        return bool(self._inbox) and few

    def _patience(self) -> int:
        """Milliseconds until there is something to do without being woken."""
        now = self._clock()
        moments = [self._next_due, now + 60_000]
        if len(self._mempool):
            moments.append(self._last_block + self._interval())
        if self._flushes_when_idle():
            moments.append(self._idle_flush_at())
        return max(0, min(moments) - now)

    def _flushes_when_idle(self) -> bool:
        return self._machine.unflushed > 0 and not self._writes_store()

    def _idle_flush_at(self) -> int:
        return max(self._last_block, self._last_flush) + IDLE_FLUSH_MS

    def _is_time(self, now: int) -> bool:
        waiting = len(self._mempool)
        soon = waiting >= BLOCK_SOON or self._mempool.bytes >= limits.BLOCK_BYTES
        return soon or (waiting > 0 and now - self._last_block >= self._interval()) or now >= self._next_due

    def _interval(self) -> int:
        return BLOCK_INTERVAL_MS if self._inbox or len(self._signatures) else BLOCK_PAUSE_MS

    def _open_inbox(self) -> None:
        now = max(self._milliseconds(), self._current().header.time)
        with self._machine.view() as view:
            for _ in range(min(len(self._inbox), OPENED_AT_ONCE, INBOX_TRANSACTIONS - len(self._signatures))):
                with self._entrance:
                    raw, future = self._inbox.popleft()
                    self._inbox_bytes -= len(raw)
                try:
                    self._take_in(raw, future, view, now)
                except Refused as refused:
                    future.set_exception(refused)

    def _take_in(self, raw: bytes, future: "Future[Receipt]", view: Snapshot, now: int) -> None:
        opened = self._door.open(raw)
        if not self._is_wanted(opened, future, view):
            return
        try:
            keys = self._door.keys(opened, view, now)
            ensure_unexpired(opened, keys, now)
        except Refused:
            # What ran already is answered by its receipt, whatever has changed since.
            receipt = self._receipt_of(opened.id, view)
            if receipt is None:
                raise
            future.set_result(receipt)
            return
        self._checking_bytes += len(raw)
        waiting = Waiting(opened, organisation_of(opened, keys), future, signature_units=signature_units(keys))
        self._signatures.put(waiting, checks_of(opened, keys))

    def _is_wanted(self, opened: Opened, future: "Future[Receipt]", view: Snapshot) -> bool:
        """Whether anybody is to be answered, or the transaction to run."""
        return True

    def _receipt_of(self, identifier: bytes, view: Snapshot) -> Receipt | None:
        found = view.transaction(identifier)
        if found is None:
            return None
        receipt: Receipt = receipt_codec.decode(self._block(view, found[0]).receipts[found[1]])
        return receipt

    def _admit(self, checked: list[Checked]) -> None:
        for waiting, valid in checked:
            self._checking_bytes -= len(waiting.opened.raw)
            if not valid:
                waiting.refuse(Refused("ledger.signature_invalid", "signatures", "a valid signature of each named key"))
                continue
            try:
                self._mempool.add(waiting)
            except Refused as refused:
                waiting.refuse(refused)

    def _make_block(self, wall: int) -> None:
        self._last_block = wall
        if not self._has_room():
            return self._refuse_for_room()
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
            executed = self._machine.execute(now, runnable, view)
        try:
            start, end = self._log.append(self._machine.height + 1, executed.payload)
        except OSError as fault:
            if fault.errno not in FULL:
                raise
            self._settle()
            self._machine = self._recovered()
            return self._refuse_for_room()
        self._machine.accept(executed, start, end)
        self._door.saw(executed.entries)
        self._plan(executed)
        self._answer(executed)
        with self._changed:
            self._changed.notify_all()
        if self._machine.wants_flush:
            self._flush()
        return None

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

    def _writes_store(self) -> bool:
        return self._store_process is not None and self._store_process.busy

    def _settle(self) -> None:
        """Wait for the write of the store that is under way, if one is."""
        if self._store_process is not None:
            self._store_process.wait()

    def _flush(self) -> None:
        """Write the store, beside what follows if a process is there for it."""
        if self._writes_store() and self._machine.overfull:
            self._settle()
        if self._writes_store():
            return
        self._last_flush = self._milliseconds()
        if self._store_process is None:
            self._flush_here()
        elif (batch := self._machine.gather()) is not None:
            self._store_process.write(batch)

    def _written(self, fault: OSError | None) -> None:
        self._last_flush = self._milliseconds()
        if fault is None:
            self._machine.stored()
            self._trim()
        else:
            self._not_written(fault)

    def _flush_here(self) -> bool:
        """Write the store now; False if the disk is full, and then again later."""
        try:
            self._machine.flush()
        except OSError as fault:
            self._not_written(fault)
            return False
        self._trim()
        return True

    def _trim(self) -> None:
        """Drop blocks that the operator does not want to keep, once the store has them."""
        if self._keep_blocks:
            self._log.trim(min(self._machine.flushed, self._kept_from()))

    def _kept_from(self) -> int:
        """The lowest height that has to stay."""
        return self._current().height + 1 - self._keep_blocks

    def _not_written(self, fault: OSError) -> None:
        if fault.errno not in FULL:
            raise fault
        self._refuse_for_room()

    def _has_room(self) -> bool:
        disk = os.statvfs(self._data.blocks)
        enough = disk.f_bavail * disk.f_frsize >= FREE_BYTES_LEAST
        if enough and self._condition == "disk_full":
            self._settle()
            enough = self._flush_here()
            if enough:
                self._condition, self._reason = "running", ""
        return enough

    def _refuse_for_room(self) -> None:
        self._condition, self._reason = "disk_full", f"less than {FREE_BYTES_LEAST} bytes are free"
        refused = self._refusal()
        for waiting in [*self._in_hand, *self._mempool.drain()]:
            waiting.refuse(refused)
        self._in_hand = []

    def _refuse_all(self) -> None:
        refused = self._refusal()
        with self._entrance:
            for _, future in self._inbox:
                future.set_exception(refused)
            self._inbox.clear()
        for waiting in [*self._in_hand, *self._mempool.drain(), *self._signatures.drain()]:
            waiting.refuse(refused)
        self._in_hand = []

    def _recovered(self) -> Machine:
        """The state as the log has it; also the way back after a block that could not be written."""
        machine = Machine(self.chain, self.genesis, self._store, self._log)
        self._log.append_from(machine.resume(self._milliseconds()))
        return machine


def milliseconds() -> int:
    """The wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
