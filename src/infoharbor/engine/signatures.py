"""Checks signatures beside the engine's thread, in worker processes; in place while there is little to do."""

import fcntl
import os
import selectors
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from infoharbor.engine.mempool import Waiting
from infoharbor.engine.signature_worker import Check, check
from infoharbor.kernel.encoding import encode

BATCH_CHECKS = 200
INLINE_CHECKS = 4
PIPE_BYTES = 1024 * 1024
DEATHS_IN_A_ROW = 5
HALF_FULL = 2
"""A pipe's pages may be partly used, so a worker is never sent more than this part of it: no write ever
blocks."""


class Job(NamedTuple):
    """A transaction with the checks of all its signatures."""

    waiting: Waiting
    checks: list[Check]
    size: int


class Checked(NamedTuple):
    waiting: Waiting
    valid: bool


class Worker:
    """One worker process and the batches that it has not answered. A process that dies is started again. The selector's
    data is what to call when there is something to read; `admit` takes the verdicts."""

    def __init__(self, selector: selectors.BaseSelector, admit: Callable[[list[Checked]], None]) -> None:
        self._selector, self._admit = selector, admit
        self.sent: deque[tuple[list[Job], int, int]] = deque()
        self.in_flight = self._deaths = 0
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "infoharbor.engine.signature_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # An interrupt from the keyboard is for the node, which ends its workers.
        )
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None
        self._requests, self._replies = requests.fileno(), replies.fileno()
        self.room = _widen(self._requests) // HALF_FULL
        os.set_blocking(self._replies, False)
        self._answers = b""
        self._selector.register(self._replies, selectors.EVENT_READ, self._receive)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def send(self, jobs: list[Job]) -> None:
        """Hand over a batch; it is answered also if the process dies in between."""
        batch = encode([each for job in jobs for each in job.checks])
        self.sent.append((jobs, sum(len(job.checks) for job in jobs), len(batch)))
        self.in_flight += len(batch)
        self._write(batch)

    def _write(self, batch: bytes) -> None:
        try:
            view = memoryview(len(batch).to_bytes(4, "big") + batch)
            while view:
                view = view[os.write(self._requests, view) :]
        except BrokenPipeError:
            return  # The end of its replies tells, and brings the batch back.

    def _receive(self) -> None:
        done: list[Checked] = []
        try:
            while answers := os.read(self._replies, 65536):
                self._answers += answers
        except BlockingIOError:
            pass
        else:
            self._restart()
            return
        while self.sent and len(self._answers) >= self.sent[0][1]:
            jobs, count, size = self.sent.popleft()
            done.extend(_verdicts(jobs, self._answers[:count]))
            self._deaths = 0
            self._answers = self._answers[count:]
            self.in_flight -= size
        self._admit(done)

    def _restart(self) -> None:
        """The process has died: start another, and send again what was not answered."""
        self._deaths += 1
        if self._deaths > DEATHS_IN_A_ROW:
            raise ChildProcessError("the signature workers die without an answer")
        unanswered = [jobs for jobs, _, _ in self.sent]
        self.close()
        self.sent.clear()
        self.in_flight = 0
        self._start()
        for jobs in unanswered:
            self.send(jobs)

    def close(self) -> None:
        self._selector.unregister(self._replies)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


class Signatures:
    """Takes jobs, gives verdicts to `admit`. Used by the engine's thread alone, which waits on `selector`."""

    def __init__(
        self, selector: selectors.BaseSelector, admit: Callable[[list[Checked]], None], *, workers: int
    ) -> None:
        self._admit = admit
        self._workers = [Worker(selector, self._answer) for _ in range(workers)]
        self._waiting: deque[Job] = deque()
        self._unanswered = 0

    def __len__(self) -> int:
        """How many transactions have no verdict yet; any thread may ask."""
        return self._unanswered

    @property
    def process_ids(self) -> list[int]:
        return [worker.process_id for worker in self._workers]

    def put(self, waiting: Waiting, checks: list[Check]) -> None:
        self._waiting.append(Job(waiting, checks, sum(len(part) for each in checks for part in each) + 32))
        self._unanswered += 1

    def run(self) -> None:
        """Hand waiting jobs to the workers; a few, when nothing else is under way, are checked in place."""
        if not self._workers or self._few():
            jobs = list(self._waiting)
            self._waiting.clear()
            return self._check(jobs)
        while self._waiting:
            worker = min(self._workers, key=lambda each: each.in_flight)
            batch = self._batch(worker.room - worker.in_flight)
            if batch:
                worker.send(batch)
            elif self._waiting[0].size > worker.room:
                self._check([self._waiting.popleft()])  # No pipe will ever hold it.
            else:
                break
        return None

    def _few(self) -> bool:
        idle = len(self._waiting) <= INLINE_CHECKS and not any(worker.sent for worker in self._workers)
        return idle and sum(len(job.checks) for job in self._waiting) <= INLINE_CHECKS

    def _check(self, jobs: list[Job]) -> None:
        self._answer(_verdicts(jobs, check([each for job in jobs for each in job.checks])))

    def _answer(self, checked: list[Checked]) -> None:
        self._unanswered -= len(checked)
        self._admit(checked)

    def _batch(self, room: int) -> list[Job]:
        batch: list[Job] = []
        checks = 0
        while self._waiting and checks < BATCH_CHECKS and self._waiting[0].size <= room:
            job = self._waiting.popleft()
            batch.append(job)
            checks += len(job.checks)
            room -= job.size
        return batch

    def drain(self) -> Iterable[Waiting]:
        """Everything that has not been answered, taken out."""
        jobs = [job for worker in self._workers for batch, _, _ in worker.sent for job in batch]
        jobs += self._waiting
        self._waiting.clear()
        self._unanswered = 0
        return [job.waiting for job in jobs]

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        self._workers = []


def _verdicts(jobs: list[Job], answers: bytes) -> list[Checked]:
    """A transaction is valid if every one of its signatures is."""
    done, at = [], 0
    for waiting, checks, _ in jobs:
        done.append(Checked(waiting, all(answers[at : at + len(checks)])))
        at += len(checks)
    return done


def _widen(pipe: int) -> int:
    """Make a pipe as wide as the system allows; its size in bytes."""
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        return 16 * 1024
    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except PermissionError:
        return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
