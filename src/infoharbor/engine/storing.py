"""The engine's part in writing the store: when, beside which blocks, and what becomes of a disk that is full."""

import errno
import logging
import os
import selectors
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from infoharbor.engine.backup import copy_ledger
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.folder import DataFolder, Founded
from infoharbor.engine.machine import Machine
from infoharbor.engine.reading import LedgerReading
from infoharbor.engine.snapshot import State
from infoharbor.engine.store import Store
from infoharbor.engine.store_process import StoreProcess

IDLE_FLUSH_MS = 200
FREE_BYTES_LEAST = 64 * 1024 * 1024
"""The node stops taking transactions before the disk is full, so that a block is never written by half."""
FULL = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)


class Running(NamedTuple):
    """How an engine runs: how many processes check signatures (with none, its thread does that and writes the store too),
    the store's lock as a file descriptor, how many of the newest blocks stay at least (0: all), and the clock, in
    milliseconds since 1970 UTC."""

    workers: int
    writing: int
    keep_blocks: int
    clock: Callable[[], int]


class StoringEngine(LedgerReading):
    """A machine whose blocks reach the store a while after the block log. Used by the engine's thread, but for what the
    reading side asks."""

    def __init__(self, data: Path, founded: Founded, store: Store, log: BlockLog, how: Running) -> None:
        super().__init__(data, founded, store, log)
        self._data, self._milliseconds, self._keep_blocks = DataFolder(data), how.clock, how.keep_blocks
        self._machine = self._recovered()
        self.ensure_signer()
        self.check_signed(self._data.last_signed())
        self._condition, self._reason = "running", ""
        self._last_block = self._last_flush = 0
        self._selector = selectors.DefaultSelector()
        self._store_process = None
        if how.workers:
            self._store_process = StoreProcess(self._selector, self._data.state, how.writing, self._written)

    def backup(self, target: Path, progress: Callable[[int], None] | None = None) -> int:
        """A checked copy in an empty folder, made while blocks go on; returns its height. See
        `backup.backup`."""
        return copy_ledger(self._data, self._store, target, progress)

    def _current(self) -> State:
        state = self._machine.state
        assert state is not None
        return state

    def _recovered(self) -> Machine:
        """The state as the log has it; also the way back after a block that could not be written."""
        machine = self._new_machine()
        self._log.append_from(machine.resume(self._milliseconds()))
        return machine

    def _new_machine(self) -> Machine:
        return Machine(self.chain, self.genesis, self._store, self._log)

    @abstractmethod
    def _refuse_for_room(self) -> None:
        """Take nothing more until there is room."""

    def _writes_store(self) -> bool:
        return self._store_process is not None and self._store_process.busy

    def _settle(self) -> None:
        """Wait for the write of the store that is under way, if one is."""
        if self._store_process is not None:
            self._store_process.wait()

    def _flushes_when_idle(self) -> bool:
        return self._machine.unflushed > 0 and not self._writes_store()

    def _idle_flush_at(self) -> int:
        return max(self._last_block, self._last_flush) + IDLE_FLUSH_MS

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

    def _not_written(self, fault: OSError) -> None:
        if fault.errno not in FULL:
            raise fault
        self._refuse_for_room()

    def _trim(self) -> None:
        """Drop blocks that the operator does not want to keep, once the store has them."""
        if self._keep_blocks:
            self._log.trim(min(self._machine.flushed, self._kept_from()))

    def _kept_from(self) -> int:
        """The lowest height that has to stay."""
        return self._current().height + 1 - self._keep_blocks

    def _has_room(self) -> bool:
        disk = os.statvfs(self._data.blocks)
        enough = disk.f_bavail * disk.f_frsize >= FREE_BYTES_LEAST
        if enough and self._condition == "disk_full":
            self._settle()
            enough = self._flush_here()
            if enough:
                self._condition, self._reason = "running", ""
        return enough
