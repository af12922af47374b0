"""The database of a mirror, by its URL: SQLite, or PostgreSQL with the extra `infoharbor[postgresql]`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql

POSTGRESQL: Final = "postgresql"
SQLITE: Final = "sqlite"
PATIENCE_S: Final = 30
"""How long a statement waits for another writer, and a reader for its answer."""
CONNECT_S: Final = 5
MAPPED_BYTES: Final = 64 * 1024**3
"""A report reads whole tables: from the system's cache, without a copy of every page."""


class Unusable(ValueError):
    """The URL names no database that can mirror a ledger."""

    code = "readmodel.url"

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.field, self.expected = "--readmodel-url", expected


def default_url(data: Path) -> str:
    """The mirror of a node's data folder, where no other database is named."""
    return f"sqlite:///{data / 'readmodel.sqlite'}"


def open_database(url: str) -> sql.Engine:
    """The database of a URL; nothing is asked of it yet, so that it may be away. Raises `Unusable`."""
    try:
        parsed = sql.make_url(url)
    except sql.exc.ArgumentError:
        raise Unusable("sqlite:///FILE or postgresql://USER@HOST/DATABASE") from None
    if parsed.drivername == SQLITE:
        return _sqlite(parsed)
    if parsed.drivername in (POSTGRESQL, "postgresql+psycopg", "postgres"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise Unusable("sqlite:///FILE or postgresql://USER@HOST/DATABASE")


def _sqlite(url: sql.URL) -> sql.Engine:
    """Written ahead, so that readers go on while the mirror writes."""
    engine = sql.create_engine(url, connect_args={"timeout": PATIENCE_S})

    @sql.event.listens_for(engine, "connect")
    def _write_ahead(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")

    return engine


def _postgresql(url: sql.URL) -> sql.Engine:
    """Nobody waits long for a server that has gone away, and a connection that it dropped is made again."""
    waits = {
        "connect_timeout": CONNECT_S,
        "tcp_user_timeout": PATIENCE_S * 1000,
        "options": f"-c statement_timeout={PATIENCE_S}s",
    }
    try:
        return sql.create_engine(url, connect_args=waits, pool_pre_ping=True)
    except ModuleNotFoundError:
        raise Unusable("the extra infoharbor[postgresql], which is not installed") from None


@contextmanager
def consistent(database: sql.Engine) -> Iterator[sql.Connection]:
    """A connection that sees the database at one moment, however many statements it runs."""
    if database.dialect.name == POSTGRESQL:
        with database.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection
        return
    with database.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        yield connection
