"""A vault's folder: contents encrypted one by one, found by their commitments, erased without a trace.

`key` 32 bytes that wrap every content's own key · `sealing_key` the organisation's X25519 key, private and public ·
`contents.sqlite` everything else. One SQLite file holds small and large contents alike: of what was measured, only
SQLite overwrites what it deletes (`secure_delete`), and in batches it takes in thousands of small contents a second.
A backup of the folder holds what it held then: after restoring one, erase again what the ledger tells was erased.
"""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from infoharbor.contractkit.commitment import HASH_BYTES, SALT_BYTES, Place
from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.sealing import CONTENT_BYTES, SealBroken, decrypt, encrypt, new_sealing_key
from infoharbor.engine.folder import PRIVATE_FILE, PRIVATE_FOLDER, write_private
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.kernel.encoding import encode, tag
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.limits import KEY_BYTES as PATH_MAX
from infoharbor.vault.granted import KEY_BYTES, Granted, Held, open_granted, seal_for

FORMAT = 1
BATCH_CONTENTS = 10_000
PAGE_ENTRIES = 1_000
NAME_MAX = 128
WRAP_TAG, CHECK_TAG = tag("vault-wrap"), tag("vault-key")
SCHEMA = """
CREATE TABLE vault (format INTEGER, chain BLOB, organisation TEXT, key_check BLOB);
CREATE TABLE contents (
    commitment BLOB PRIMARY KEY, owner TEXT, record TEXT, field TEXT, version INTEGER, size INTEGER,
    wrapped BLOB, encrypted BLOB
);
CREATE INDEX contents_by_record ON contents (record, commitment);
"""
PLACE = "owner, record, field, version"


class Item(NamedTuple):
    """Content to be kept; an `owner` other than the vault's organisation is who a document is issued to."""

    record: str
    field: str
    content: bytes
    version: int = 1
    owner: str = ""


class Opening(NamedTuple):
    """A commitment for the ledger, and what opens it together with the content."""

    place: Place
    salt: bytes
    commitment: bytes


class Entry(NamedTuple):
    """What a vault lists of a content; `size` in bytes."""

    place: Place
    commitment: bytes
    size: int


class Vault:
    """One organisation's vault on one chain, for one process and any number of its threads."""

    def __init__(self, folder: Path, *, chain: bytes, organisation: str) -> None:
        """Open the vault in `folder`, or make one. Refused as `vault.locked`, `vault.other`, `vault.key_missing`,
        `vault.key_exposed` or `vault.key_wrong`."""
        self.chain, self.organisation = chain, organisation
        self._folder, self._lock = folder, threading.Lock()
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)
        self._database = _connect(folder / "contents.sqlite")
        try:
            self._found_or_check()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @property
    def sealing_key(self) -> bytes:
        """The public key that the organisation publishes with `SetSealingKey`: grants to it open here."""
        return self._sealing[KEY_BYTES:]

    # Keeping

    def put(self, record: str, field: str, content: bytes, *, version: int = 1, owner: str = "") -> Opening:
        """Keep `content` (at most 64 MiB) under a fresh salt; on the disk when this returns."""
        return self.put_many([Item(record, field, content, version, owner)])[0]

    def put_many(self, items: Sequence[Item]) -> list[Opening]:
        """Keep up to 10,000 contents, 64 MiB together, all or none; refused as `vault.too_large`."""
        held = [
            Held(
                Place(self.chain, item.owner or self.organisation, item.record, item.field, item.version),
                os.urandom(SALT_BYTES),
                item.content,
            )
            for item in items
        ]
        commitments = self._keep(held)
        return [Opening(each.place, each.salt, made) for each, made in zip(held, commitments, strict=True)]

    def keep(self, held: Held) -> bytes:
        """Keep what another vault granted, under its own place and salt; returns the commitment it opens."""
        if held.place.chain != self.chain:
            raise Refused("vault.other", "place.chain", self.chain.hex())
        return self._keep([held])[0]

    # Reading

    def get(self, commitment: bytes) -> Held:
        """The content with place and salt; refused as `vault.unknown`, or `Damaged` if it is not what was kept."""
        place, wrapped, encrypted = self._row(commitment)
        secret = self._unwrap(place, wrapped)
        try:
            held = Held(place, secret[KEY_BYTES:], decrypt(secret[:KEY_BYTES], encrypted, encode(place)))
        except SealBroken:
            raise Damaged(f"vault/{commitment.hex()}", "the content that was kept") from None
        if held.commitment != commitment:
            raise Damaged(f"vault/{commitment.hex()}", "the content that this commitment binds")
        return held

    def entries(self, record: str, *, after: bytes = b"", most: int = PAGE_ENTRIES) -> list[Entry]:
        """What is kept for the record at this path, ascending by commitment, from beyond `after`; at most 1,000."""
        query = f"SELECT {PLACE}, commitment, size FROM contents WHERE record = ? AND commitment > ? ORDER BY commitment LIMIT ?"
        with self._lock:
            rows = self._database.execute(query, (record, after, min(most, PAGE_ENTRIES))).fetchall()
        return [Entry(Place(self.chain, *row[:4]), row[4], row[5]) for row in rows]

    # Handing over

    def grant(self, commitment: bytes, reader: bytes) -> Granted:
        """The content for the holder of the X25519 key `reader`. For documents, `release` asks the ledger first."""
        place, wrapped, encrypted = self._row(commitment)
        return seal_for(reader, place, commitment, self._unwrap(place, wrapped), encrypted)

    def open_granted(self, granted: Granted) -> Held:
        """What another vault granted to this one's sealing key; see `granted.open_granted`."""
        return open_granted(self._sealing[:KEY_BYTES], granted)

    # Erasing

    def erase(self, *commitments: bytes) -> int:
        """Erase contents, their keys and salts, and overwrite where they lay; returns how many there were.

        Without key and salt neither a copy of the ciphertext nor the commitment tells anything of the content.
        """
        with self._transaction() as database:
            found = [
                database.execute("DELETE FROM contents WHERE commitment = ?", (each,)).rowcount for each in commitments
            ]
        with self._lock:
            # The write-ahead log holds pages from before: fold it into the file and cut it to nothing.
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(found)

    # How it is held

    def _keep(self, many: Sequence[Held]) -> list[bytes]:
        if len(many) > BATCH_CONTENTS:
            raise Refused("vault.too_large", "items", f"at most {BATCH_CONTENTS} contents at once")
        if sum(len(each.content) for each in many) > CONTENT_BYTES:
            raise Refused("vault.too_large", "content", f"at most {CONTENT_BYTES} bytes at once")
        for each in many:
            _ensure_place(each.place)
        rows = [self._encrypted(each) for each in many]
        with self._transaction() as database:
            # Equal commitments have equal place, salt and content: it is kept already.
            database.executemany("INSERT OR IGNORE INTO contents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return [row[0] for row in rows]

    def _encrypted(self, held: Held) -> tuple[bytes, str, str, str, int, int, bytes, bytes]:
        place, key = held.place, os.urandom(KEY_BYTES)
        associated = encode(place)
        wrapped = encrypt(self._wrapping(associated), key + held.salt, associated)
        encrypted = encrypt(key, held.content, associated)
        return held.commitment, *place[1:], len(held.content), wrapped, encrypted

    def _unwrap(self, place: Place, wrapped: bytes) -> bytes:
        associated = encode(place)
        try:
            return decrypt(self._wrapping(associated), wrapped, associated)
        except SealBroken:
            raise Damaged(f"vault/{place.record}", "the key that was kept") from None

    def _wrapping(self, associated: bytes) -> bytes:
        """A wrapping key for each place: under one key for all, random nonces would run out at 2^32 contents."""
        return SHA256.keyed(self._key, WRAP_TAG + associated)

    def _row(self, commitment: bytes) -> tuple[Place, bytes, bytes]:
        query = f"SELECT {PLACE}, wrapped, encrypted FROM contents WHERE commitment = ?"
        with self._lock:
            row = self._database.execute(query, (commitment,)).fetchone()
        if row is None:
            raise Refused("vault.unknown", "commitment", "a commitment whose content is kept here")
        return Place(self.chain, *row[:4]), row[4], row[5]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk at its end."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _found_or_check(self) -> None:
        if self._database.execute("PRAGMA user_version").fetchone()[0] == 0:
            self._found()
        self._key = _read_private(self._folder / "key", KEY_BYTES)
        self._sealing = _read_private(self._folder / "sealing_key", 2 * KEY_BYTES)
        known = self._database.execute("SELECT format, chain, organisation, key_check FROM vault").fetchone()
        if known[:3] != (FORMAT, self.chain, self.organisation):
            raise Refused("vault.other", "folder", f"the vault of {self.organisation} on this ledger, format {FORMAT}")
        if known[3] != SHA256.keyed(self._key, CHECK_TAG):
            raise Refused("vault.key_wrong", "key", "the key that this vault was made with")

    def _found(self) -> None:
        """Keys first, the database's version last, so that what was cut short is made again; no key is ever replaced."""
        if len(self.chain) != HASH_BYTES or not self.organisation:
            raise Refused("vault.other", "chain", "a chain id of 32 bytes and an organisation")
        for name, fresh in (("key", os.urandom(KEY_BYTES)), ("sealing_key", b"".join(new_sealing_key()))):
            if not (self._folder / name).exists():
                write_private(self._folder / name, fresh)
        check = SHA256.keyed(_read_private(self._folder / "key", KEY_BYTES), CHECK_TAG)
        row = (FORMAT, self.chain, self.organisation, check)
        with self._transaction() as database:
            for statement in SCHEMA.split(";"):
                database.execute(statement)
            database.execute("INSERT INTO vault VALUES (?, ?, ?, ?)", row)
            database.execute(f"PRAGMA user_version = {FORMAT}")


def _connect(path: Path) -> sqlite3.Connection:
    """The database, readable by its owner alone, held by this process alone, each commit on the disk."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE))
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    try:
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            database.execute(f"PRAGMA {setting}")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:
        database.close()
        raise Refused("vault.locked", "folder", "a vault that no other process has open") from None
    except sqlite3.DatabaseError as fault:
        database.close()
        raise Damaged(str(path.name), str(fault)) from None
    return database


def _ensure_place(place: Place) -> None:
    """The bounds that the ledger sets to what a place names."""
    small = len(place.record) <= PATH_MAX and len(place.field) <= NAME_MAX and len(place.owner) <= NAME_MAX
    if not small or not 1 <= place.version <= INTEGER_MAX:
        raise Refused("vault.place", "record", "the path, field, version and owner of a record of the ledger")


def _read_private(path: Path, size: int) -> bytes:
    try:
        mode, held = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        raise Refused("vault.key_missing", path.name, "the key file that this vault was made with") from None
    if stat.S_IMODE(mode) & 0o077:
        raise Refused("vault.key_exposed", path.name, "mode 0600: chmod 600")
    if len(held) != size:
        raise Refused("vault.key_wrong", path.name, f"{size} bytes")
    return held
