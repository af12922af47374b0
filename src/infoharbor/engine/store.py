"""The state store: records, tree nodes, indexes and the header log's hashes in one LMDB environment.

Every value carries a CRC-32 over key and value, which is checked before the value is used.
"""

import os
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lmdb

from infoharbor.engine.batch import Batch, Meta, StoredBlock, meta_codec
from infoharbor.engine.blocklog import Place
from infoharbor.engine.interface import Damaged, decode_entry
from infoharbor.engine.store_file import as_os_error, check_not_truncated, used_bytes
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import Entry

TABLES = ("records", "nodes", "transactions", "subtrees", "blocks", "calendar", "meta")
MAP_BYTES_LEAST = 64 * 1024**3
"""Address space, which costs nothing: only a store beyond it has to be mapped anew, once nobody reads."""
RESERVE_BYTES = 256 * 1024**2
NODE_KEY = b"n"
META_KEY = b"meta"
FOUND_BLOCK = struct.Struct(">QQ")
FOUND_TRANSACTION = struct.Struct(">QI")


class Store:
    """One writer, many readers, one environment a process. `map_bytes` is the address space taken at
    first. Unless it is `durable`, what is written is on the disk only after `sync`."""

    def __init__(
        self, folder: Path, *, readonly: bool = False, map_bytes: int = MAP_BYTES_LEAST, durable: bool = True
    ) -> None:
        self.file = folder / "data.mdb"
        check_not_truncated(self.file)
        used = self.file.stat().st_size if self.file.exists() else 0
        try:
            self._environment = lmdb.open(
                str(folder), map_size=max(map_bytes, 2 * used), readonly=readonly, create=not readonly,
                mode=0o600, max_dbs=len(TABLES), max_readers=1024, max_spare_txns=16, readahead=False,
                meminit=False, sync=durable,
            )  # fmt: skip
            self._tables = {name: self._environment.open_db(name.encode(), create=not readonly) for name in TABLES}
        except lmdb.Error as fault:
            raise Damaged("state/data.mdb", str(fault)) from None
        self._readers = 0
        self._gate = threading.Condition()

    def read(self) -> "Stored":
        """The store as of its newest commit; close it soon."""
        with self._gate:
            self._readers += 1
        try:
            return Stored(self, self._begin())
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        with self._gate:
            self._readers -= 1
            self._gate.notify_all()

    def write(self, batch: Batch) -> None:
        """Commit durably, or raise `OSError` and leave the store as it was."""
        while True:
            try:
                self._reserve()
                self._environment.reader_check()
                with self._environment.begin(write=True) as transaction:
                    self._put(transaction, batch)
                return
            except lmdb.MapFullError:
                self._grow()
            except lmdb.Error as fault:
                raise as_os_error(fault, self.file.parent) from None

    def copy(self, folder: Path) -> None:
        """A consistent, compact copy, made beside a running writer."""
        try:
            self._environment.copy(str(folder), compact=True)
        except lmdb.Error as fault:
            raise as_os_error(fault, folder) from None

    def sync(self) -> None:
        self._environment.sync(True)

    def close(self) -> None:
        self._environment.close()

    def _begin(self) -> lmdb.Transaction:
        try:
            return self._environment.begin()
        except lmdb.MapResizedError:
            # The writer in another process has grown the map; zero takes over its size.
            with self._gate:
                self._gate.wait_for(lambda: self._readers <= 1)
                self._environment.set_mapsize(0)
            return self._environment.begin()

    def _put(self, transaction: lmdb.Transaction, batch: Batch) -> None:
        def put(table: str, items: Iterable[tuple[bytes, bytes]]) -> None:
            sealed = [
                (key, zlib.crc32(value, zlib.crc32(key)).to_bytes(4, "big") + value) for key, value in sorted(items)
            ]
            transaction.cursor(self._tables[table]).putmulti(sealed)

        put("records", ((path.encode(), entry) for path, entry in batch.records.items()))
        put("nodes", ((NODE_KEY + prefix, node) for prefix, node in batch.nodes.items()))
        put(
            "transactions",
            ((key, FOUND_TRANSACTION.pack(*place)) for key, place in batch.transactions.items()),
        )
        put("subtrees", ((subtree_key(*place), digest) for place, digest in batch.subtrees.items()))
        put(
            "blocks",
            (
                (height_key(at), FOUND_BLOCK.pack(*block.place) + block.header_bytes)
                for at, block in batch.blocks.items()
            ),
        )
        put("calendar", ((calendar_key(*due), b"") for due, waits in batch.calendar.items() if waits))
        for due, waits in batch.calendar.items():
            if not waits:
                transaction.delete(calendar_key(*due), db=self._tables["calendar"])
        put("meta", [(META_KEY, encode(batch.meta))])

    def _reserve(self) -> None:
        # The file is kept longer than its used pages (a hole costs nothing), so that any file that is shorter than them
        # has been truncated: reading beyond its end would kill the process.
        wanted = used_bytes(self.file) + RESERVE_BYTES
        if self.file.stat().st_size < wanted:
            os.truncate(self.file, wanted)

    def _grow(self) -> None:
        with self._gate:
            self._gate.wait_for(lambda: self._readers == 0)
            self._environment.set_mapsize(self._environment.info()["map_size"] * 2)


class Stored:
    """What one read transaction sees."""

    def __init__(self, store: Store, transaction: lmdb.Transaction) -> None:
        self._store, self._transaction = store, transaction
        self._tables = store._tables
        self._records, self._nodes = self._tables["records"], self._tables["nodes"]
        self._meta: Meta | None = None

    def meta(self) -> Meta | None:
        """None if nothing has been written yet."""
        if self._meta is None:
            raw = self._get("meta", META_KEY)
            self._meta = None if raw is None else meta_codec.decode(raw)
        return self._meta

    @property
    def height(self) -> int:
        meta = self.meta()
        return -1 if meta is None else meta.height

    def entry(self, path: str) -> Entry | None:
        key = path.encode()
        try:
            sealed: Any = self._transaction.get(key, db=self._records)
        except lmdb.Error as fault:
            raise Damaged("state/data.mdb", str(fault)) from None
        return None if sealed is None else decode_entry(unseal("records", key, sealed))

    def node(self, prefix: bytes) -> bytes | None:
        key = NODE_KEY + prefix
        try:
            sealed: Any = self._transaction.get(key, db=self._nodes)
        except lmdb.Error as fault:
            raise Damaged("state/data.mdb", str(fault)) from None
        return None if sealed is None else unseal("nodes", key, sealed)

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        wanted = prefix.encode()
        for key, value in self._range("records", max(prefix, after).encode()):
            if not key.startswith(wanted):
                return
            path = key.decode()
            if path > after:
                yield path, decode_entry(value)

    def due(self, until: int) -> Iterator[tuple[int, str]]:
        """What waits for a time up to `until`, by time and then path."""
        for key, _ in self._range("calendar", b""):
            time = int.from_bytes(key[:8], "big")
            if time > until:
                return
            yield time, key[8:].decode()

    def transaction(self, identifier: bytes) -> tuple[int, int] | None:
        """Height and position of a transaction that has run."""
        raw = self._get("transactions", identifier)
        return None if raw is None else FOUND_TRANSACTION.unpack(raw)

    def transactions(self, start: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
        """The ids from `start` on, ascending, with height and position."""
        for key, value in self._range("transactions", start):
            yield key, FOUND_TRANSACTION.unpack(value)

    def is_due(self, time: int, path: str) -> bool:
        """Whether the calendar holds this."""
        return self._get("calendar", calendar_key(time, path)) is not None

    def subtree(self, level: int, index: int) -> bytes | None:
        return self._get("subtrees", subtree_key(level, index))

    def block(self, height: int) -> StoredBlock | None:
        raw = self._get("blocks", height_key(height))
        if raw is None:
            return None
        return StoredBlock(Place(*FOUND_BLOCK.unpack_from(raw)), raw[FOUND_BLOCK.size :])

    def values(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Every key and checked value of a table, for scrubs and audits."""
        return self._range(table, b"")

    def close(self) -> None:
        if self._transaction is not None:
            self._transaction.abort()
            self._transaction = None  # type: ignore[assignment]
            self._store.leave()

    def __enter__(self) -> "Stored":
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _get(self, table: str, key: bytes) -> bytes | None:
        sealed: Any
        try:
            sealed = self._transaction.get(key, db=self._tables[table])
        except lmdb.Error as fault:
            raise Damaged("state/data.mdb", str(fault)) from None
        return None if sealed is None else unseal(table, key, sealed)

    def _range(self, table: str, start: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            cursor = self._transaction.cursor(self._tables[table])
            found = cursor.set_range(start) if start else cursor.first()
            while found:
                item: Any = cursor.item()
                key, sealed = item
                yield key, unseal(table, key, sealed)
                found = cursor.next()
        except lmdb.Error as fault:
            raise Damaged("state/data.mdb", str(fault)) from None


def unseal(table: str, key: bytes, sealed: bytes) -> bytes:
    """The value behind its checksum; raises `Damaged` if a bit has flipped in either."""
    value = sealed[4:]
    if zlib.crc32(value, zlib.crc32(key)) != int.from_bytes(sealed[:4], "big"):
        raise Damaged(f"state/data.mdb {table} {key[:80]!r}", "a value with its checksum")
    return value


def height_key(height: int) -> bytes:
    return height.to_bytes(8, "big")


def subtree_key(level: int, index: int) -> bytes:
    return bytes((level,)) + index.to_bytes(8, "big")


def calendar_key(time: int, path: str) -> bytes:
    return time.to_bytes(8, "big") + path.encode()
