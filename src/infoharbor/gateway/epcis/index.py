"""An index of the events' facts: finds what may answer a query among many events. It has no say in what does.

It follows the ledger's blocks into a file of its own, which can be deleted at any time: it is made anew. What owners
withhold is indexed by keyed digests alone, which only their own queries can make.
"""

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Final, NamedTuple

from infoharbor.contracts.trace.records import EVERYONE, Event
from infoharbor.engine.interface import Reading
from infoharbor.gateway.database import open_private
from infoharbor.gateway.epcis.conditions import EventQuery
from infoharbor.gateway.epcis.plans import PRESENT, Plan, column_of, marks, plan, times_of
from infoharbor.gateway.epcis.rows import Described, Writer, digest
from infoharbor.gateway.epcis.sequence import Numbered, events_in, events_of, newest_in
from infoharbor.gateway.epcis.tables import FORM, NAMES, TABLES
from infoharbor.kernel.records import record_type

FILE: Final = "epcis_index.sqlite"
BLOCKS_AT_ONCE: Final = 64
EVENTS_AT_ONCE: Final = 5_000
BATCH: Final = 500
SAMPLES: Final = 20
FEW: Final = 10_000
"""Events of the times that are asked for, below which no others are looked at."""


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
        self._reading, self._describe = reading, describe
        self._file, self._chain = data / FILE, chain.hex()
        self._writing = threading.Lock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._database = self._open()
        self._writer = Writer(self._database, secret_of)
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
        kind = record_type(Event)
        try:
            with self._database:
                self._database.execute("BEGIN")
                rows = self._writer.rows()
                for seq, path, entry in events:
                    key, record = path.removeprefix(kind.prefix), kind.read(entry)
                    if entry is None or entry.version > 1:
                        rows.remove(key)
                    if record is not None:
                        rows.add(seq, key, record, self._describe(record))
                rows.write()
                self._database.execute("UPDATE meta SET value = ? WHERE name = 'height'", (str(height),))
        except BaseException:
            self._writer.forget()  # some of what it knows was taken back
            raise
        self.height = height

    # Asking

    def candidates(
        self, query: EventQuery, asker: Asker, *, after: tuple[int, int] | None = None, beyond: int = -1
    ) -> Iterator[Candidate]:
        """Events that may fit, in the query's order, from behind `after` (the last one's place and sequence number);
        none with a sequence number up to `beyond`."""
        chosen = plan(query, lambda field, value: digest(asker.secret, field, value) if asker.secret else None)
        column = column_of(query.order)
        descending = query.order is not None and query.order.descending
        source = "events" if beyond >= 0 else self._source(query)
        while True:
            rows = self._batch(source, chosen, asker, column, after, beyond, descending=descending)
            yield from rows
            if len(rows) < BATCH:
                return
            after = (rows[-1].place, rows[-1].seq)

    def _source(self, query: EventQuery) -> str:
        """The events; by the times that are asked for, where few are of them: SQLite would not know, and go through all."""
        with self._reader() as database:
            for column, said in times_of(query).items():
                some = f"SELECT NULL FROM events WHERE {' AND '.join(said.wheres)} LIMIT {FEW}"
                [(found,)] = database.execute(f"SELECT count(*) FROM ({some})", said.values)
                if found < FEW:
                    return f"events INDEXED BY by_{column}"
        return "events"

    def _batch(
        self,
        source: str,
        chosen: Plan,
        asker: Asker,
        column: str,
        after: tuple[int, int] | None,
        beyond: int,
        *,
        descending: bool,
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
                f"SELECT seq, key, {column} FROM {source} WHERE {' AND '.join([where, *wheres])}"
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
        return open_private(self._file, "synchronous = NORMAL")

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
        self._writer.forget()
        for name in NAMES:
            self._database.execute(f"DROP TABLE IF EXISTS {name}")
        self._database.executescript(TABLES)
        first = (("chain", self._chain), ("form", FORM), ("height", "-1"))
        self._database.executemany("INSERT INTO meta VALUES (?, ?)", first)
        return -1
