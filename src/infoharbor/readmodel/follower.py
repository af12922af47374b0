"""Keeps the SQL mirror abreast of the ledger: follows the blocks by a cursor that is stored with the rows."""

import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import sqlalchemy as sql
import structlog
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from infoharbor.engine.interface import Block, Reading
from infoharbor.kernel.registry import Registry
from infoharbor.readmodel.tables import Mirror

BLOCKS_AT_ONCE = 64
WAIT_SECONDS = 1.0
logger = structlog.get_logger()


class OtherChain(RuntimeError):
    """The database mirrors another ledger."""


def open_database(url: str) -> sql.Engine:
    """The database of a URL; SQLite is set to write ahead, so that readers go on while the mirror writes."""
    engine = sql.create_engine(url)
    if engine.dialect.name == "sqlite":

        @sql.event.listens_for(engine, "connect")
        def _write_ahead(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def default_url(data: Path) -> str:
    """The mirror of a node's data folder, where no other database is named."""
    return f"sqlite:///{data / 'readmodel.sqlite'}"


class Follower:
    """Mirrors one ledger into one database. `chain` is the ledger's id; rows and cursor change in one SQL transaction."""

    def __init__(self, reading: Reading, registry: Registry, chain: bytes, database: sql.Engine) -> None:
        self.reading, self.registry, self.chain, self.database = reading, registry, chain.hex(), database
        self.mirror = Mirror(registry)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.mirror.metadata.create_all(database)

    @property
    def height(self) -> int:
        """The newest height whose rows are in the database; -1 before the first."""
        with self.database.connect() as connection:
            found = connection.execute(sql.select(self.mirror.cursor.c.chain, self.mirror.cursor.c.height)).first()
        if found is not None and found.chain != self.chain:
            raise OtherChain(f"the database mirrors {found.chain}, not {self.chain}")
        return -1 if found is None else int(found.height)

    def catch_up(self) -> int:
        """Mirror every block that there is; returns the height reached."""
        height = self.height
        while blocks := list(self.reading.blocks(height, BLOCKS_AT_ONCE)):
            height = self._apply(blocks)
        return height

    def rebuild(self) -> int:
        """Drop every row and mirror the ledger from its first block."""
        self.mirror.metadata.drop_all(self.database)
        self.mirror.metadata.create_all(self.database)
        return self.catch_up()

    def start(self) -> None:
        """Follow from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="readmodel", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.reading.wait_beyond(self.catch_up(), WAIT_SECONDS)
            except (sql.exc.SQLAlchemyError, OSError) as fault:
                logger.error("the read model fell behind and tries again", fault=str(fault)[:300])
                self._stop.wait(WAIT_SECONDS)

    def _apply(self, blocks: list[Block]) -> int:
        newest: dict[str, tuple[int, Any]] = {}
        height = -1
        for block in blocks:
            height = block.header.height
            for write in block.writes:
                newest[write.path] = (height, write.entry)
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for path, (written, entry) in newest.items():
            kind = self.registry.table(path)
            if kind is not None:
                record = kind.read(entry)
                name = f"{kind.contract}/{kind.table}"
                rows[name].append(self.mirror.row(name, path, entry.version, written, record))
        with self.database.begin() as connection:
            for name, changed in sorted(rows.items()):
                connection.execute(self._upsert(self.mirror.tables[name], "path"), changed)
            place = {"only": 1, "chain": self.chain, "height": height}
            connection.execute(self._upsert(self.mirror.cursor, "only"), [place])
        return height

    def _upsert(self, table: sql.Table, key: str) -> Any:
        insert = postgresql_insert if self.database.dialect.name == "postgresql" else sqlite_insert
        statement = insert(table)
        others = {column.name: statement.excluded[column.name] for column in table.columns if column.name != key}
        return statement.on_conflict_do_update(index_elements=[key], set_=others)
