"""Whatever is tested of the mirror is tested on both databases; PostgreSQL is a real one on a socket of its own."""

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sql

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from papers import INDEXES, PaperLedger

from bench import postgres_server
from infoharbor.readmodel import tables
from infoharbor.readmodel.database import open_database

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=30")


class Databases:
    """Databases of one PostgreSQL server, used again and again: to make one takes long."""

    def __init__(self, server: postgres_server.Server) -> None:
        self.server = server
        self.free: list[str] = []
        self._made = 0

    def take(self) -> str:
        if not self.free:
            self._made += 1
            self.free.append(f"mirror{self._made}")
            with self.server.connect() as connection:
                connection.execute(f"CREATE DATABASE mirror{self._made} STRATEGY = FILE_COPY")
        return self.free.pop()

    def give_back(self, name: str) -> None:
        with psycopg.connect(host=str(self.server.folder), user=postgres_server.USER, dbname=name) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        self.free.append(name)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with postgres_server.running(FAST) as running:
        yield Databases(running)


Fresh = Callable[[], sql.Engine]


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Papers have no pages to declare their indexes."""
    monkeypatch.setattr(tables, "indexes_of", lambda _: INDEXES)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Makes an empty database."""
    if request.param == "sqlite":
        yield lambda: open_database(f"sqlite:///{tmp_path / uuid.uuid4().hex}")
        return
    databases: Databases = request.getfixturevalue("databases")
    taken: dict[str, sql.Engine] = {}

    def make() -> sql.Engine:
        name = databases.take()
        taken[name] = open_database(databases.server.url(name))
        return taken[name]

    yield make
    for name, engine in taken.items():
        engine.dispose()
        databases.give_back(name)


@pytest.fixture
def database(fresh: Fresh) -> sql.Engine:
    return fresh()


@pytest.fixture(scope="session")
def founded() -> PaperLedger:
    return PaperLedger()


@pytest.fixture
def ledger(founded: PaperLedger) -> PaperLedger:
    """A ledger with its founders and no paper."""
    return founded.copy()
