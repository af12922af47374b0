"""Named queries and their subscriptions, kept in the data folder: whatever was accepted is there after a crash."""

import sqlite3
import threading
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

from infoharbor.gateway.database import open_private
from infoharbor.gateway.epcis.headers import USUAL, Manner
from infoharbor.sdk.problems import Problem

FILE: Final = "epcis_queries.sqlite"
QUERIES_MAX: Final = 200
SUBSCRIPTIONS_MAX: Final = 100
"""Each for one organisation."""
NOTHING: Final = -1
"""Before the sequence number of every event."""
MANNER: Final = (
    "xml INTEGER NOT NULL DEFAULT 0", f"epcs TEXT NOT NULL DEFAULT '{USUAL.epcs}'",
    f"words TEXT NOT NULL DEFAULT '{USUAL.words}'",
)  # fmt: skip
"""Columns that a folder made by an earlier version does not have."""
TABLES: Final = f"""
    CREATE TABLE IF NOT EXISTS queries (
        organisation TEXT NOT NULL, name TEXT NOT NULL, user TEXT NOT NULL, definition TEXT NOT NULL,
        PRIMARY KEY (organisation, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS subscriptions (
        id TEXT PRIMARY KEY, organisation TEXT NOT NULL, query TEXT NOT NULL, user TEXT NOT NULL, target TEXT NOT NULL,
        secret TEXT NOT NULL, schedule TEXT NOT NULL, report_if_empty INTEGER NOT NULL, initial INTEGER NOT NULL,
        created INTEGER NOT NULL, executed INTEGER NOT NULL, notified INTEGER NOT NULL, after INTEGER NOT NULL,
        due INTEGER NOT NULL, failures INTEGER NOT NULL, failure TEXT NOT NULL, {", ".join(MANNER)},
        FOREIGN KEY (organisation, query) REFERENCES queries (organisation, name) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_due ON subscriptions (due);
    CREATE INDEX IF NOT EXISTS by_query ON subscriptions (organisation, query, id);
"""


class NamedQuery(NamedTuple):
    """A query that an organisation named; `definition` is the JSON object as it came."""

    organisation: str
    name: str
    user: str
    definition: str


class Subscription(NamedTuple):
    """A query whose results are sent to `target`, on a schedule (JSON) or, where there is none, as they come; `xml`, `epcs`
    and `words` say how they are written.

    Times are milliseconds since 1970 UTC. `after` is the sequence number of the last event that the target has taken,
    or need not have; `executed` is when it had everything until then, `notified` when it last took something. Nothing
    is tried before `due`; `failures` counts attempts since the last that went well, and `failure` says why.
    """

    id: str
    organisation: str
    query: str
    user: str
    target: str
    secret: str
    schedule: str
    report_if_empty: bool
    xml: bool
    epcs: str
    words: str
    initial: int
    created: int
    executed: int
    notified: int
    after: int
    due: int
    failures: int
    failure: str

    @classmethod
    def new(
        cls,
        query: NamedQuery,
        *,
        user: str,
        target: str,
        secret: str,
        schedule: str,
        report_if_empty: bool,
        created: int,
        initial: int,
        after: int,
        due: int,
        manner: Manner = USUAL,
    ) -> "Subscription":
        """One that has had nothing yet."""
        wanted = (target, secret, schedule, report_if_empty, *manner, initial)
        return cls(str(uuid4()), query.organisation, query.name, user, *wanted, created, initial, 0, after, due, 0, "")

    @property
    def manner(self) -> Manner:
        """How its events are written."""
        return Manner(self.xml, self.epcs, self.words)


COLUMNS: Final = ", ".join(Subscription._fields)
MARKS: Final = ", ".join("?" * len(Subscription._fields))


class Store:
    """What one gateway keeps for its organisations."""

    def __init__(self, data: Path) -> None:
        self._lock = threading.Lock()
        settings = ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON")
        self._database = open_private(data / FILE, *settings)
        self._database.executescript(TABLES)
        known = {row[1] for row in self._database.execute("PRAGMA table_info(subscriptions)")}
        for column in MANNER:
            if column.partition(" ")[0] not in known:
                self._database.execute(f"ALTER TABLE subscriptions ADD COLUMN {column}")

    def close(self) -> None:
        with self._lock:
            self._database.close()

    # Queries

    def add_query(self, query: NamedQuery) -> None:
        """Raises a `Problem` if the name is taken, or the organisation has as many as it may."""
        with self._lock:
            if self._count("queries", query.organisation) >= QUERIES_MAX:
                expected = f"at most {QUERIES_MAX} named queries; delete one first"
                raise Problem("trace.epcis_queries_full", field="name", expected=expected)
            try:
                self._database.execute("INSERT INTO queries VALUES (?, ?, ?, ?)", query)
            except sqlite3.IntegrityError:
                expected = "a name that no query of your organisation has"
                raise Problem("trace.epcis_query_known", field="name", expected=expected) from None

    def find_query(self, organisation: str, name: str) -> NamedQuery | None:
        with self._lock:
            row = self._database.execute(
                "SELECT organisation, name, user, definition FROM queries WHERE organisation = ? AND name = ?",
                (organisation, name),
            ).fetchone()
        return None if row is None else NamedQuery(*row)

    def queries(self, organisation: str, *, after: str, limit: int) -> list[NamedQuery]:
        """The organisation's queries by name, from beyond `after`."""
        with self._lock:
            rows = self._database.execute(
                "SELECT organisation, name, user, definition FROM queries"
                " WHERE organisation = ? AND name > ? ORDER BY name LIMIT ?",
                (organisation, after, limit),
            ).fetchall()
        return [NamedQuery(*row) for row in rows]

    def remove_query(self, organisation: str, name: str) -> list[str]:
        """Remove the query with its subscriptions: the ids of these."""
        removed = self.of_query(organisation, name, after="", limit=SUBSCRIPTIONS_MAX)
        with self._lock:
            self._database.execute("DELETE FROM queries WHERE organisation = ? AND name = ?", (organisation, name))
        return [each.id for each in removed]

    # Subscriptions

    def add_subscription(self, subscription: Subscription) -> None:
        """Raises a `Problem` if the organisation has as many as it may, or the query is gone."""
        with self._lock:
            if self._count("subscriptions", subscription.organisation) >= SUBSCRIPTIONS_MAX:
                expected = f"at most {SUBSCRIPTIONS_MAX} subscriptions; delete one first"
                raise Problem("trace.epcis_queries_full", field="dest", expected=expected)
            try:
                self._database.execute(f"INSERT INTO subscriptions ({COLUMNS}) VALUES ({MARKS})", subscription)
            except sqlite3.IntegrityError:
                raise Problem("trace.epcis_query_unknown", field="queryName") from None

    def find(self, organisation: str, query: str, identifier: str) -> Subscription | None:
        return next(
            iter(self._select("organisation = ? AND query = ? AND id = ?", organisation, query, identifier)), None
        )

    def of_query(self, organisation: str, query: str, *, after: str, limit: int) -> list[Subscription]:
        """A query's subscriptions by id, from beyond `after`."""
        where = "organisation = ? AND query = ? AND id > ? ORDER BY id LIMIT ?"
        return self._select(where, organisation, query, after, limit)

    def due(self, now: int) -> list[Subscription]:
        """What may be run now; streams always are."""
        return self._select("due <= ?", now)

    def next_due(self, now: int) -> int | None:
        """When something becomes due after `now`."""
        with self._lock:
            found = self._database.execute("SELECT min(due) FROM subscriptions WHERE due > ?", (now,)).fetchone()
        return None if found[0] is None else int(found[0])

    def change(self, subscription: Subscription) -> None:
        """Write what has changed of a subscription that is still there."""
        with self._lock:
            self._database.execute(
                "UPDATE subscriptions SET executed = ?, notified = ?, after = ?, due = ?, failures = ?, failure = ?"
                " WHERE id = ?",
                (*subscription[-6:], subscription.id),
            )

    def exists(self, identifier: str) -> bool:
        return bool(self._select("id = ?", identifier))

    def remove(self, organisation: str, query: str, identifier: str) -> bool:
        with self._lock:
            found = self._database.execute(
                "DELETE FROM subscriptions WHERE organisation = ? AND query = ? AND id = ?",
                (organisation, query, identifier),
            )
            return found.rowcount > 0

    def _select(self, where: str, *values: Any) -> list[Subscription]:
        with self._lock:
            rows = self._database.execute(f"SELECT {COLUMNS} FROM subscriptions WHERE {where}", values).fetchall()
        found = map(Subscription._make, rows)
        return [each._replace(report_if_empty=bool(each.report_if_empty), xml=bool(each.xml)) for each in found]

    def _count(self, table: str, organisation: str) -> int:
        found = self._database.execute(f"SELECT count(*) FROM {table} WHERE organisation = ?", (organisation,))
        return int(found.fetchone()[0])
