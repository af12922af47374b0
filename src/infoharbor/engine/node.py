"""What every engine is, whoever orders the blocks: one thread that takes in, has signatures checked, and keeps the ledger."""

import contextlib
import logging
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Protocol, Self

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.door import Door
from infoharbor.engine.folder import Founded
from infoharbor.engine.interface import Refused, Status
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.signatures import Checked, Signatures
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.store import Store
from infoharbor.engine.storing import FREE_BYTES_LEAST, Running, StoringEngine
from infoharbor.engine.validity import checks_of, ensure_unexpired, organisation_of, signature_units
from infoharbor.engine.waking import Waking
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.kernel.transaction import Opened

INBOX_TRANSACTIONS = 20_000
INBOX_BYTES = 64 * 1024 * 1024
OPENED_AT_ONCE = 500

logger = logging.getLogger(__name__)
Submitted = tuple[bytes, "Future[Receipt]"]


class Waitlist(Protocol):
    """Where checked transactions wait for a block; used by the engine's thread alone."""

    def __len__(self) -> int: ...
    def add(self, waiting: Waiting) -> None: ...
    def drain(self) -> Iterator[Waiting]: ...


class NodeEngine(StoringEngine):
    """Takes transactions up to the mempool, in a thread of its own; who orders the blocks says what comes next. Open it with
    `lifecycle.open_engine`."""

    _mempool: Waitlist
    attestation: Attestation | None = None
    """Of an engine that orders blocks with others."""

    def __init__(self, data: Path, founded: Founded, store: Store, log: BlockLog, how: Running) -> None:
        super().__init__(data, founded, store, log, how)
        self._held = contextlib.ExitStack()
        self._door, self._mempool = Door(self.chain), self._waitlist()
        self._inbox: deque[Submitted] = deque()
        self._inbox_bytes = self._checking_bytes = 0
        self._entrance = threading.Lock()
        self._changed = threading.Condition()
        self._in_hand: list[Waiting] = []
        self._waking = Waking(self._selector, lambda: None)
        self._signatures = Signatures(self._selector, self._admit, workers=how.workers)
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
        elif not self._put_in(raw, future):
            future.set_exception(Refused("node.busy", "", "fewer transactions at once; try again soon"))
        elif self._asleep:
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
        self._waking.close()
        self._selector.close()
        self._tell_changed()
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _put_in(self, raw: bytes, future: "Future[Receipt]") -> bool:
        """Into the inbox; False without room there. A node that takes nothing refuses at once."""
        with self._entrance:
            if self._closing or self._condition == "halted":
                future.set_exception(self._refusal())
                return True
            if len(self._inbox) >= INBOX_TRANSACTIONS or self._inbox_bytes + len(raw) > INBOX_BYTES:
                return False
            self._inbox_bytes += len(raw)
            self._inbox.append((raw, future))
        return True

    def _wake(self) -> None:
        self._waking.wake()

    def _tell_changed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _refusal(self) -> Refused:
        if self._closing:
            return Refused("node.closed", "", "a node that runs")
        if self._condition == "halted":
            return Refused("node.halted", "", "a node that runs; its status says why it stopped")
        return Refused("node.disk_full", "", "room on the node's disk; nothing was recorded")

    # Who orders the blocks

    @abstractmethod
    def _waitlist(self) -> Waitlist:
        """A new one."""

    @abstractmethod
    def _advance(self, now: int) -> bool:
        """Do what it is time for; whether that was a block."""

    @abstractmethod
    def _moments(self, now: int) -> list[int]:
        """When there is something to do without being woken, one at least."""

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
        if not self._advance(now) and self._flushes_when_idle() and now >= self._idle_flush_at():
            self._flush()

    def _clock(self) -> int:
        """The wall clock; where it was set back, the pace of blocks begins anew instead of waiting for it."""
        now = self._milliseconds()
        self._last_block, self._last_flush = min(self._last_block, now), min(self._last_flush, now)
        return now

    def _patience(self) -> int:
        """Milliseconds until there is something to do without being woken."""
        now = self._clock()
        moments = self._moments(now)
        if self._flushes_when_idle():
            moments.append(self._idle_flush_at())
        return max(0, min(moments) - now)

    def _takes_more(self) -> bool:
        """Whether the inbox may be opened: what waits for its signatures' checks is bounded like the inbox itself."""
        few = len(self._signatures) < INBOX_TRANSACTIONS and self._checking_bytes < INBOX_BYTES
        return bool(self._inbox) and few

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

    def _refuse_for_room(self) -> None:
        self._condition, self._reason = "disk_full", f"less than {FREE_BYTES_LEAST} bytes are free"
        self._refuse([*self._in_hand, *self._mempool.drain()])

    def _refuse_all(self) -> None:
        refused = self._refusal()
        with self._entrance:
            for _, future in self._inbox:
                future.set_exception(refused)
            self._inbox.clear()
        self._refuse([*self._in_hand, *self._mempool.drain(), *self._signatures.drain()])

    def _refuse(self, those: list[Waiting]) -> None:
        refused = self._refusal()
        for waiting in those:
            waiting.refuse(refused)
        self._in_hand = []
