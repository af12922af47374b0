"""Half-signed bundles on the gateway's disk: off the ledger, and there again after a restart."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.gateway.database import open_private

FILE: Final = "pending.sqlite"
TABLES: Final = """
    CREATE TABLE IF NOT EXISTS bundles (
        id BLOB PRIMARY KEY,
        proposer TEXT NOT NULL,
        received INTEGER NOT NULL,
        expiry INTEGER NOT NULL,
        size INTEGER NOT NULL,
        keys INTEGER NOT NULL,
        body BLOB NOT NULL,
        actions BLOB NOT NULL,
        ended INTEGER NOT NULL DEFAULT 0,
        declined_by TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_proposer ON bundles (proposer, ended);
    CREATE INDEX IF NOT EXISTS by_end ON bundles (ended, expiry);
    CREATE TABLE IF NOT EXISTS signatures (
        id BLOB NOT NULL REFERENCES bundles (id) ON DELETE CASCADE,
        key BLOB NOT NULL,
        signature BLOB NOT NULL,
        PRIMARY KEY (id, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS parties (
        organisation TEXT NOT NULL,
        received INTEGER NOT NULL,
        id BLOB NOT NULL REFERENCES bundles (id) ON DELETE CASCADE,
        PRIMARY KEY (organisation, received, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS party_of ON parties (id);
"""
COLUMNS: Final = "id, proposer, received, expiry, keys, body, actions, ended, declined_by, reason"
FORGET_OLDEST: Final = """
    DELETE FROM bundles WHERE id IN
        (SELECT id FROM bundles WHERE proposer = ? AND ended > 0 ORDER BY ended DESC LIMIT -1 OFFSET ?)
"""
"""Of those that ended, one proposer has as many kept as it may have waiting."""
_actions = msgspec.msgpack.Decoder(tuple[bytes, ...])


class Kept(NamedTuple):
    """A bundle as it is kept: `keys` are to sign it. `ended` 0: it still waits. Times are milliseconds since 1970 UTC."""

    id: bytes
    proposer: str
    received: int
    expiry: int
    keys: int
    body: bytes
    actions: tuple[bytes, ...]
    ended: int
    declined_by: str
    reason: str
    signatures: dict[bytes, bytes]

    @property
    def size(self) -> int:
        return len(self.body) + sum(map(len, self.actions))


class Room(NamedTuple):
    """How many bundles wait, and their bytes."""

    bundles: int
    size: int


class Store:
    """The bundles of one data folder. Callable from any thread."""

    def __init__(self, data: Path) -> None:
        self._lock = threading.RLock()
        self._database = open_private(data / FILE, "foreign_keys = ON")
        self._database.executescript(TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def put(self, kept: Kept, parties: Iterable[str], *, own: Room, all_of_them: Room) -> bool:
        """Keep a new bundle with its signatures; whether there was room for it, its proposer's and everybody's."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            for proposer, most in ((kept.proposer, own), ("", all_of_them)):
                taken = self.room(proposer)
                if taken.bundles + 1 > most.bundles or taken.size + kept.size > most.size:
                    return False
            row = (*kept[:5], kept.size, kept.body, msgspec.msgpack.encode(kept.actions))
            self._database.execute(
                "INSERT OR IGNORE INTO bundles (id, proposer, received, expiry, keys, size, body, actions)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            self._sign(kept.id, kept.signatures)
            self._database.execute(FORGET_OLDEST, (kept.proposer, own.bundles))
            self._database.executemany(
                "INSERT OR IGNORE INTO parties VALUES (?, ?, ?)",
                [(each, kept.received, kept.id) for each in sorted(set(parties))],
            )
        return True

    def room(self, proposer: str = "") -> Room:
        """What waits: of one proposer, or of all."""
        where = "AND proposer = ?" if proposer else ""
        with self._lock:
            found = self._database.execute(
                f"SELECT count(*), coalesce(sum(size), 0) FROM bundles WHERE ended = 0 {where}",
                (proposer,) if proposer else (),
            ).fetchone()
        return Room(*found)

    def sign(self, identifier: bytes, signatures: dict[bytes, bytes]) -> None:
        """Keep further signatures; the first one of a key stays."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._sign(identifier, signatures)

    def end(self, identifier: bytes, now: int, *, declined_by: str = "", reason: str = "") -> bool:
        """Nobody waits for it any more; whether it did until now."""
        with self._lock:
            done = self._database.execute(
                "UPDATE bundles SET ended = ?, declined_by = ?, reason = ? WHERE id = ? AND ended = 0",
                (now, declined_by, reason, identifier),
            )
        return done.rowcount == 1

    def get(self, identifier: bytes) -> Kept | None:
        with self._lock:
            row = self._database.execute(f"SELECT {COLUMNS} FROM bundles WHERE id = ?", (identifier,)).fetchone()
            return None if row is None else self._kept(row)

    def concerns(self, identifier: bytes, organisation: str) -> bool:
        """Whether one of the organisation's keys is to sign it."""
        with self._lock:
            found = self._database.execute(
                "SELECT 1 FROM parties WHERE id = ? AND organisation = ?", (identifier, organisation)
            ).fetchone()
        return found is not None

    def of(self, organisation: str, *, waiting: bool, before: tuple[int, bytes], limit: int) -> list[Kept]:
        """Bundles that concern the organisation, the newest first, from before the one that came at `before`."""
        which = "AND ended = 0" if waiting else ""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM parties JOIN bundles USING (id, received) WHERE organisation = ? {which}"
                " AND (received, id) < (?, ?) ORDER BY received DESC, id DESC LIMIT ?",
                (organisation, *before, limit),
            ).fetchall()
            return [self._kept(row) for row in rows]

    def waiting(self, proposer: str) -> list[bytes]:
        """Ids of what this organisation has waiting."""
        with self._lock:
            rows = self._database.execute(
                "SELECT id FROM bundles WHERE proposer = ? AND ended = 0", (proposer,)
            ).fetchall()
        return [row[0] for row in rows]

    def complete(self) -> list[Kept]:
        """Waiting bundles that every key has signed."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM bundles WHERE ended = 0 AND"
                " (SELECT count(*) FROM signatures WHERE signatures.id = bundles.id) = keys"
            ).fetchall()
            return [self._kept(row) for row in rows]

    def forget(self, now: int, *, ended_before: int) -> None:
        """End what has lapsed, and drop what ended long ago."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("UPDATE bundles SET ended = expiry WHERE ended = 0 AND expiry < ?", (now,))
            self._database.execute("DELETE FROM bundles WHERE ended > 0 AND ended < ?", (ended_before,))

    def _sign(self, identifier: bytes, signatures: dict[bytes, bytes]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO signatures VALUES (?, ?, ?)",
            [(identifier, key, signature) for key, signature in signatures.items()],
        )

    def _kept(self, row: Sequence[Any]) -> Kept:
        signatures = self._database.execute("SELECT key, signature FROM signatures WHERE id = ?", (row[0],)).fetchall()
        return Kept._make([*row, dict(signatures)])._replace(actions=_actions.decode(row[6]))
