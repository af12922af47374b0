"""An index of the events' facts: finds what may answer a query among many events. It has no say in what does.

It follows the ledger's blocks into a file of its own, which can be deleted at any time: it is made anew. What owners
withhold is indexed by keyed digests alone, which only their own queries can make.
"""

import hashlib
import hmac
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Final, NamedTuple

from infoharbor.contracts.trace.records import EVERYONE, Event
from infoharbor.engine.folder import PRIVATE_FILE
from infoharbor.engine.interface import Reading
from infoharbor.gateway.epcis.conditions import EventQuery
from infoharbor.gateway.epcis.facts import Facts, Value
from infoharbor.gateway.epcis.plans import PRESENT, Plan, column_of, marks, number_of, plan
from infoharbor.gateway.epcis.sequence import Numbered, events_in, events_of, newest_in
from infoharbor.gateway.epcis.tables import FORM, NAMES, TABLES
from infoharbor.kernel.records import record_type

FILE: Final = "epcis_index.sqlite"
BLOCKS_AT_ONCE: Final = 64
EVENTS_AT_ONCE: Final = 5_000
NUMBERS_KEPT: Final = 100_000
BATCH: Final = 500
SAMPLES: Final = 20


class Described(NamedTuple):
    """An event's facts as anyone may have them, and those that only its owner has, where they are kept here."""

    shown: Facts
    held: Facts


class Rows(NamedTuple):
    """What is to be written of several events: rows of the three tables of facts."""

    facts: set[tuple[int, int]]
    numbers: set[tuple[int, float, int]]
    held: set[tuple[int, int]]


class Candidate(NamedTuple):
    """An event that may fit: its sequence number, its key (`OWNER/DIGEST`), and what it is ordered by."""

    seq: int
    key: str
    place: int


class Asker(NamedTuple):
    """Whose query it is. `owners` are members all of whose events the asker may read; `secret` keys the digests of its
    own events, and is empty for who has none here."""

    organisation: str
    owners: tuple[str, ...]
    secret: bytes


class Index:
    """The index of one data folder. Reading and writing may happen in any thread."""

    def __init__(
        self,
        data: Path,
        reading: Reading,
        chain: bytes,
        *,
        describe: Callable[[Event], Described],
        secret_of: Callable[[str], bytes],
    ) -> None:
        self._reading, self._describe, self._secret_of = reading, describe, secret_of
        self._file, self._chain = data / FILE, chain.hex()
        self._writing = threading.Lock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._numbers: dict[tuple[str, ...], int] = {}
        self._database = self._open()
        self.height = self._prepare()

    # Following

    def catch_up(self) -> int:
        """Take in every block that there is: the highest sequence number that one of their events may have."""
        newest = self._reading.status().height
        if self.height < newest:
            with self._writing:
                if self.height + 1 < self._reading.first_block:
                    self._take_state()
                while blocks := list(self._reading.blocks(self.height, BLOCKS_AT_ONCE)):
                    self._take(events_in(blocks), blocks[-1].header.height)
        return newest_in(self.height)

    def _take_state(self) -> None:
        """Begin anew with the events as they stand, in the place of blocks that are not kept."""
        with self._reading.snapshot() as snapshot:
            self.height = self._begin()
            events = events_of(snapshot)
            while some := list(itertools.islice(events, EVENTS_AT_ONCE)):
                self._take(some, self.height)
            self._take((), snapshot.height)

    def _take(self, events: Iterable[Numbered], height: int) -> None:
        """Take in events: everything up to `height` is there then."""
        kind, rows = record_type(Event), Rows(set(), set(), set())
        try:
            with self._database:
                self._database.execute("BEGIN")
                for seq, path, entry in events:
                    self._put(seq, path.removeprefix(kind.prefix), kind.read(entry), rows)
                self._database.executemany("INSERT INTO facts VALUES (?, ?)", sorted(rows.facts))
                self._database.executemany("INSERT INTO numbers VALUES (?, ?, ?)", sorted(rows.numbers))
                self._database.executemany("INSERT INTO held VALUES (?, ?)", sorted(rows.held))
                self._database.execute("UPDATE meta SET value = ? WHERE name = 'height'", (str(height),))
        except BaseException:
            self._numbers.clear()  # some of them were taken back
            raise
        self.height = height

    def _put(self, seq: int, key: str, record: Event | None, rows: Rows) -> None:
        # What is left of an older version's facts leads to no event any more.
        self._database.execute("DELETE FROM events WHERE key = ?", (key,))
        if record is None:
            return
        described = self._describe(record)
        self._database.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
            (seq, key, record.captured_by, self._audience(record.audience), record.event_time, record.record_time),
        )
        for field, values in described.shown.items():
            for value in values:
                number = number_of(value)
                if number is None:
                    rows.facts.add((self._name(field, PRESENT if value is None else str(value)), seq))
                else:
                    rows.numbers.add((self._name(field, PRESENT), number, seq))
        if described.held:
            secret = self._secret_of(record.captured_by)
            for field, values in described.held.items():
                rows.held.update((digest(secret, field, value), seq) for value in (None, *values))

    def _name(self, field: str, value: str) -> int:
        return self._known("names", "field, value", (field, value))

    def _audience(self, readers: tuple[str, ...]) -> int:
        return self._known("audiences", "readers", ("\n".join(readers),))

    def _known(self, table: str, columns: str, values: tuple[str, ...]) -> int:
        """The number of what is written once and named often."""
        known = self._numbers.get((table, *values))
        if known is None:
            last = columns.rpartition(" ")[2]
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks(values)})"
            found = self._database.execute(
                f"{statement} ON CONFLICT DO UPDATE SET {last} = {last} RETURNING id", values
            ).fetchone()
            if len(self._numbers) >= NUMBERS_KEPT:
                self._numbers.clear()
            known = self._numbers[(table, *values)] = int(found[0])
        return known

    # Asking

    def candidates(
        self, query: EventQuery, asker: Asker, *, after: tuple[int, int] | None = None, beyond: int = -1
    ) -> Iterator[Candidate]:
        """Events that may fit, in the query's order, from behind `after` (the last one's place and sequence number);
        none with a sequence number up to `beyond`."""
        chosen = plan(query, lambda field, value: digest(asker.secret, field, value) if asker.secret else None)
        column = column_of(query.order)
        descending = query.order is not None and query.order.descending
        while True:
            rows = self._batch(chosen, asker, column, after, beyond, descending=descending)
            yield from rows
            if len(rows) < BATCH:
                return
            after = (rows[-1].place, rows[-1].seq)

    def _batch(
        self, chosen: Plan, asker: Asker, column: str, after: tuple[int, int] | None, beyond: int, *, descending: bool
    ) -> list[Candidate]:
        wheres, values = [*chosen.wheres], [*chosen.values]
        if beyond >= 0:
            wheres.append("seq > ?")
            values.append(beyond)
        if after is not None:
            wheres.append(f"({column}, seq) {'<' if descending else '>'} (?, ?)")
            values += after
        way = "DESC" if descending else "ASC"
        with self._reader() as database:
            where, bound = self._visible(database, asker)
            statement = (
                f"SELECT seq, key, {column} FROM events WHERE {' AND '.join([where, *wheres])}"
                f" ORDER BY {column} {way}, seq {way} LIMIT {BATCH}"
            )
            return [Candidate(*row) for row in database.execute(statement, (*bound, *values))]

    def values(self, fields: tuple[str, ...], asker: Asker, *, after: str, limit: int) -> list[str]:
        """The first values of these fields beyond `after`, ascending, that events of the asker have."""
        found: set[str] = set()
        with self._reader() as database:
            where, bound = self._visible(database, asker)
            of_an_event = f"SELECT 1 FROM facts JOIN events USING (seq) WHERE facts.name = names.id AND {where}"
            statement = (
                f"SELECT value FROM names WHERE field = ? AND value > ? AND EXISTS ({of_an_event})"
                f" ORDER BY value LIMIT {limit}"
            )
            for field in fields:
                found.update(value for (value,) in database.execute(statement, (field, after or PRESENT, *bound)))
        return sorted(found)[:limit]

    def keys(self, fields: tuple[str, ...], value: str, asker: Asker) -> list[str]:
        """The keys of some events that have this value in one of these fields."""
        with self._reader() as database:
            where, bound = self._visible(database, asker)
            found = database.execute(
                f"SELECT events.key FROM names JOIN facts ON facts.name = names.id JOIN events USING (seq)"
                f" WHERE field IN ({marks(fields)}) AND value = ? AND {where} LIMIT {SAMPLES}",
                (*fields, value, *bound),
            )
            return [key for (key,) in found]

    def owners(self) -> list[str]:
        """Who has captured events."""
        # One step through the keys for each owner, however many events there are.
        statement = """
            WITH RECURSIVE found (owner) AS (
                SELECT min(owner) FROM events UNION ALL
                SELECT (SELECT min(owner) FROM events WHERE owner > found.owner) FROM found WHERE found.owner NOT NULL
            ) SELECT owner FROM found WHERE owner NOT NULL
        """
        with self._reader() as database:
            return [owner for (owner,) in database.execute(statement)]

    def _visible(self, database: sqlite3.Connection, asker: Asker) -> tuple[str, list[int | str]]:
        """What keeps out most of what the asker may not read; each event is judged again when it is read."""
        audiences = [
            number
            for number, readers in database.execute("SELECT id, readers FROM audiences")
            if not {EVERYONE, asker.organisation}.isdisjoint(readers.split())
        ]
        where = f"(audience IN ({marks(audiences)}) OR owner IN ({marks(asker.owners)}))"
        return where, [*audiences, *asker.owners]

    # The file

    def close(self) -> None:
        with self._writing:
            self._database.close()
            while not self._readers.empty():
                self._readers.get().close()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for a moment: readers neither wait for one another nor for the writer."""
        try:
            database = self._readers.get_nowait()
        except Empty:
            database = self._open()
        try:
            yield database
        finally:
            self._readers.put(database)

    def _open(self) -> sqlite3.Connection:
        self._file.touch(mode=PRIVATE_FILE)
        database = sqlite3.connect(self._file, timeout=10, check_same_thread=False, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        return database

    def _prepare(self) -> int:
        """Make the tables unless they are there, for this ledger and in this form; the height that they are at."""
        try:
            meta = dict(self._database.execute("SELECT name, value FROM meta"))
        except sqlite3.OperationalError:
            meta = {}
        of_this = (meta.get("chain"), meta.get("form")) == (self._chain, FORM)
        # A ledger that was restored from a backup may be behind what was indexed of it.
        if of_this and int(meta["height"]) <= self._reading.status().height:
            return int(meta["height"])
        return self._begin()

    def _begin(self) -> int:
        """Empty tables; the height that they are of."""
        self._numbers.clear()
        for name in NAMES:
            self._database.execute(f"DROP TABLE IF EXISTS {name}")
        self._database.executescript(TABLES)
        first = (("chain", self._chain), ("form", FORM), ("height", "-1"))
        self._database.executemany("INSERT INTO meta VALUES (?, ?)", first)
        return -1


def digest(secret: bytes, field: str, value: Value) -> int:
    """What a withheld fact is found by: numbers only by their being there."""
    text = value if isinstance(value, str) else PRESENT
    return int.from_bytes(hmac.digest(secret, f"{field}\n{text}".encode(), hashlib.sha256)[:8], "big", signed=True)
