"""Capture jobs, kept in the data folder: a job that was accepted is there after a crash, with its document."""

import secrets
import threading
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.contracts.trace.exchange import times
from infoharbor.gateway.database import open_private
from infoharbor.sdk.building import now_ms

FILE: Final = "epcis_jobs.sqlite"
KEPT_MS: Final = 30 * 24 * 60 * 60 * 1000
"""How long a finished job can be asked for."""
TABLE: Final = """
    CREATE TABLE IF NOT EXISTS jobs (
        id TEXT PRIMARY KEY,
        organisation TEXT NOT NULL,
        user TEXT NOT NULL,
        behaviour TEXT NOT NULL,
        created INTEGER NOT NULL,
        finished INTEGER,
        captured INTEGER NOT NULL DEFAULT 0,
        present INTEGER NOT NULL DEFAULT 0,
        errors TEXT NOT NULL DEFAULT '[]',
        document BLOB
    ) STRICT, WITHOUT ROWID
"""
COLUMNS: Final = "id, organisation, user, behaviour, created, finished, captured, present, errors"


class Job(NamedTuple):
    """A capture job. `captured` counts the events that it put on the ledger, `present` those known before; `errors`
    is JSON, a list of problems. Times are milliseconds since 1970 UTC; a running job has no `finished`."""

    id: str
    organisation: str
    user: str
    behaviour: str
    created: int
    finished: int | None
    captured: int
    present: int
    errors: str

    @property
    def form(self) -> dict[str, Any]:
        """The job as the standard shows it, with our two counts."""
        errors = msgspec.json.decode(self.errors)
        form: dict[str, Any] = {
            "captureID": self.id,
            "createdAt": times.utc(self.created),
            "running": self.finished is None,
            "success": not errors,
            "captureErrorBehaviour": self.behaviour,
            "errors": errors,
            "captured": self.captured,
            "present": self.present,
        }
        return form if self.finished is None else form | {"finishedAt": times.utc(self.finished)}


class Jobs:
    """The jobs of one data folder."""

    def __init__(self, data: Path) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Job] = {}
        self._database = open_private(data / FILE, "synchronous = FULL", "secure_delete = ON")
        self._database.execute(TABLE)
        self._database.execute("DELETE FROM jobs WHERE finished < ?", (now_ms() - KEPT_MS,))

    def add(self, organisation: str, user: str, behaviour: str, document: bytes) -> Job:
        """A new job with the document it is to capture; on the disk when this returns."""
        now = now_ms()
        job = Job(f"{now:012x}{secrets.token_hex(10)}", organisation, user, behaviour, now, None, 0, 0, "[]")
        with self._lock:
            self._database.execute(
                "INSERT INTO jobs (id, organisation, user, behaviour, created, document) VALUES (?, ?, ?, ?, ?, ?)",
                (*job[:5], document),
            )
        self._running[job.id] = job
        return job

    def finish(self, job: Job, *, captured: int, present: int, errors: list[dict[str, Any]]) -> None:
        """The job's outcome; its document is no longer kept here."""
        with self._lock:
            self._database.execute(
                "UPDATE jobs SET finished = ?, captured = ?, present = ?, errors = ?, document = NULL WHERE id = ?",
                (now_ms(), captured, present, msgspec.json.encode(errors).decode(), job.id),
            )
        self._running.pop(job.id, None)

    def running(self, organisation: str, identifier: str) -> Job | None:
        """The organisation's own job with this id while it runs, from memory: whoever waits for it asks often."""
        job = self._running.get(identifier)
        return job if job is not None and job.organisation == organisation else None

    def find(self, organisation: str, identifier: str) -> Job | None:
        """The organisation's own job with this id."""
        with self._lock:
            row = self._database.execute(
                f"SELECT {COLUMNS} FROM jobs WHERE organisation = ? AND id = ?", (organisation, identifier)
            ).fetchone()
        return None if row is None else Job(*row)

    def page(self, organisation: str, *, after: str, limit: int) -> list[Job]:
        """The organisation's jobs in the order of their making, from beyond the id `after`."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM jobs WHERE organisation = ? AND id > ? ORDER BY id LIMIT ?",
                (organisation, after, limit),
            ).fetchall()
        return [Job(*row) for row in rows]

    def unfinished(self) -> list[tuple[Job, bytes]]:
        """The jobs that no outcome was written for, with their documents."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS}, document FROM jobs WHERE finished IS NULL ORDER BY id"
            ).fetchall()
        found = [(Job(*row[:-1]), row[-1]) for row in rows]
        self._running |= {job.id: job for job, _ in found}
        return found

    def close(self) -> None:
        with self._lock:
            self._database.close()
