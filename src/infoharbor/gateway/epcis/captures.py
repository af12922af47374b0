"""Capturing: documents become jobs, jobs become bundles that the organisation's agent signs, and get their outcome."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.engine.interface import Refused
from infoharbor.gateway.epcis.headers import ROLLBACK
from infoharbor.gateway.epcis.intake import EVENT_LIST, Intake, Ready, Received, Sorted, read, refused_event, too_large
from infoharbor.gateway.epcis.jobs import Job, Jobs
from infoharbor.gateway.epcis.problems import epcis_form, from_fault
from infoharbor.gateway.problems import as_problem
from infoharbor.gateway.service import Gateway
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.transaction import HIGHEST, Ceilings
from infoharbor.sdk.problems import Problem

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
RUNNING_MAX: Final = 16
"""How many jobs are worked on at once; the others wait."""
WAITING_MAX: Final = 1_000
ATTEMPTS: Final = 25
"""How often a job is tried again without an event that was refused, before the rest of it fails too."""
BUSY_S: Final = 0.25


class Outcome(NamedTuple):
    """What became of events: how many are recorded, how many were before, and the problems of the others."""

    captured: int
    present: int
    problems: tuple[Problem, ...]


class Captures:
    """The capture jobs of a gateway."""

    def __init__(self, gateway: Gateway, jobs: Jobs, intake: Intake) -> None:
        self._gateway, self.jobs, self._intake = gateway, jobs, intake
        self._running = asyncio.Semaphore(RUNNING_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        # One thread: more would not compute faster, only take turns with the engine's more often.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="epcis")
        # Jobs wait for the disk twice, and the documents behind them need not.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="epcis-jobs")

    async def start(self) -> None:
        """Take up what a stop or a crash left unfinished: an event that is recorded already counts as present."""
        for job, raw in await self._on_disk(self.jobs.unfinished):
            self._begin(job, raw, None)

    async def stop(self) -> None:
        """Leave the jobs that are under way; the next start takes them up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()
        self._disk.shutdown()
        self.jobs.close()

    async def accept(self, reader: Reader, raw: bytes, behaviour: str) -> Job:
        """A job for this document. Under `rollback` a document with any fault is refused here, as an `EventFault`."""
        if len(self._tasks) >= WAITING_MAX:
            raise Problem("trace.epcis_jobs_full", expected="another try in a few seconds")
        found = await self._aside(self._checked, reader, raw, behaviour)
        job = await self._on_disk(self.jobs.add, reader.organisation, reader.user, behaviour, raw)
        self._begin(job, raw, found)
        return job

    async def find(self, organisation: str, identifier: str) -> Job | None:
        """The organisation's own job with this id."""
        running = self.jobs.running(organisation, identifier)
        return running or await self._on_disk(self.jobs.find, organisation, identifier)

    async def capture_one(self, reader: Reader, raw: bytes) -> Received:
        """Record a single event and wait for it. Refused as `trace.event_known` if it is there already."""
        document = await self._aside(read, raw, events_max=1)
        if document.type.startswith("EPCIS"):
            raise EventFault("epcis_one_event", "one event, with its own @context", "type")
        found = await self._aside(self._intake.sort, reader.organisation, document)
        if found.faults:
            raise found.faults[0]
        if found.present:
            raise Problem("trace.event_known", field="eventID", expected="an event that was not captured before")
        outcome = await self._record(reader, found.fresh, rollback=True)
        if outcome.problems:
            raise outcome.problems[0]
        if outcome.present:
            raise Problem("trace.event_known", field="eventID", expected="an event that was not captured before")
        return found.fresh[0]

    async def _aside(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Do what computes, or keeps in the vault, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments, **named))

    async def _on_disk(self, work: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
        """Do what the jobs' file keeps, beside the event loop and what computes."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, partial(work, *arguments, **named))

    def _checked(self, reader: Reader, raw: bytes, behaviour: str) -> Sorted:
        """The document's events told apart; whatever makes the whole of it useless is raised."""
        document = read(raw, events_max=EVENTS_PER_ACTION)
        self._gateway.ensure_agent(reader)
        found = self._intake.sort(reader.organisation, document)
        if behaviour == ROLLBACK and found.faults:
            raise found.faults[0]
        return found

    def _begin(self, job: Job, raw: bytes, checked: Sorted | None) -> None:
        task = asyncio.create_task(self._work(job, raw, checked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job, raw: bytes, checked: Sorted | None) -> None:
        reader = Reader(job.organisation, job.user)
        async with self._running:
            try:
                found = checked
                if found is None:
                    found = await self._aside(self._checked, reader, raw, job.behaviour)
                outcome = await self._record(reader, found.fresh, rollback=job.behaviour == ROLLBACK)
                problems = (*map(from_fault, found.faults), *outcome.problems)
                captured, present = outcome.captured, outcome.present + len(found.present)
            except EventFault as fault:
                problems, captured, present = (from_fault(fault),), 0, 0
            except (Problem, Refused, Malformed) as fault:
                if fault.code in ("node.closed", "node.halted", "node.quarantined", "node.disk_full"):
                    return
                problems, captured, present = (as_problem(fault),), 0, 0
            except Exception:
                logger.exception("fault in capture job %s", job.id)
                problems, captured, present = (Problem("trace.epcis_capture_failed"),), 0, 0
            words = self._gateway.ledger.words
            errors: list[dict[str, Any]] = [epcis_form(each, words) for each in problems]
            await self._on_disk(self.jobs.finish, job, captured=captured, present=present, errors=errors)

    async def _record(self, reader: Reader, received: Sequence[Received], *, rollback: bool) -> Outcome:
        """Put the events on the ledger: all in one bundle under `rollback`, else as many as can be."""
        waiting, captured, present = list(received), 0, 0
        problems: list[Problem] = []
        for _ in range(ATTEMPTS):
            if not waiting:
                return Outcome(captured, present, tuple(problems))
            ready, signed = await self._aside(self._prepare, reader, waiting)
            if signed is None:
                if rollback or len(waiting) == 1:
                    expected = f"events of at most {limits.ACTION_BYTES} bytes together"
                    too_much = Problem("trace.epcis_too_large", field=EVENT_LIST, expected=expected)
                    return Outcome(captured, present, (*problems, too_much))
                return await self._halves(reader, waiting, Outcome(captured, present, tuple(problems)))
            receipt = await self._submit(reader, ready, signed)
            if not receipt.code:
                return Outcome(captured + len(waiting), present, tuple(problems))
            await self._let_go(reader, ready)
            named = refused_event(receipt.field)
            if receipt.code == "trace.event_known":
                waiting, known = await self._aside(self._intake.still_fresh, reader.organisation, waiting)
                present += len(known)
            elif rollback:
                return Outcome(0, present, (self._problem(receipt, waiting),))
            elif named is not None and named[0] < len(waiting):
                problems.append(self._problem(receipt, waiting))
                del waiting[named[0]]
            elif len(waiting) == 1:
                return Outcome(captured, present, (*problems, self._problem(receipt, waiting)))
            else:
                return await self._halves(reader, waiting, Outcome(captured, present, tuple(problems)))
        failed = Problem("trace.epcis_capture_failed", field=EVENT_LIST, expected="fewer events that are refused")
        return Outcome(captured, present, (*problems, failed))

    async def _halves(self, reader: Reader, waiting: list[Received], so_far: Outcome) -> Outcome:
        """Too much for one bundle: each half by itself."""
        middle = len(waiting) // 2
        for half in (waiting[:middle], waiting[middle:]):
            done = await self._record(reader, half, rollback=False)
            so_far = Outcome(
                so_far.captured + done.captured, so_far.present + done.present, (*so_far.problems, *done.problems)
            )
        return so_far

    def _prepare(self, reader: Reader, waiting: Sequence[Received]) -> tuple[Ready, bytes | None]:
        """The events with their held parts in the vault, and their signed bundle; none if they are too large for one."""
        ready = self._intake.hold(reader.organisation, waiting)
        if too_large(ready):
            self._intake.let_go(reader.organisation, ready.commitments)
            return ready, None
        return ready, self._signed(reader, ready)

    def _signed(self, reader: Reader, ready: Ready, ceilings: Ceilings | None = None) -> bytes:
        return self._gateway.sign_as_agent(reader, [(ready.action, (reader.organisation,))], ceilings=ceilings)

    async def _submit(self, reader: Reader, ready: Ready, signed: bytes) -> Receipt:
        """The receipt of the bundle; one that declared too little work is sent again with all the room there is."""
        try:
            receipt = await self._sent(signed)
            if receipt.code == "ledger.ceiling":
                receipt = await self._sent(self._signed(reader, ready, HIGHEST))
        except Refused:
            await self._let_go(reader, ready)
            raise
        return receipt

    async def _sent(self, signed: bytes) -> Receipt:
        """Send a bundle, as often as the node is busy."""
        while True:
            try:
                return await asyncio.wrap_future(self._gateway.engine.submit(signed))
            except Refused as refused:
                if refused.code != "node.busy":
                    raise
            await asyncio.sleep(BUSY_S)

    async def _let_go(self, reader: Reader, ready: Ready) -> None:
        await self._aside(self._intake.let_go, reader.organisation, ready.commitments)

    def _problem(self, receipt: Receipt, waiting: Sequence[Received]) -> Problem:
        """A refusal by the ledger, its field as the document has it."""
        named, field = refused_event(receipt.field), receipt.field
        if named is not None and named[0] < len(waiting):
            field = f"{EVENT_LIST}[{waiting[named[0]].position}]" + (f".{named[1]}" if named[1] else "")
        return Problem(receipt.code, field=field, expected=receipt.expected)
