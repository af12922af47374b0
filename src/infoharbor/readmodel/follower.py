"""Keeps the SQL mirror abreast of the ledger: follows the blocks by a cursor that is stored with the rows."""

import itertools
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import sqlalchemy as sql
import structlog
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from infoharbor.engine.interface import Block, Reading, Refused
from infoharbor.kernel.block import receipt_codec
from infoharbor.kernel.registry import Registry
from infoharbor.readmodel.database import POSTGRESQL
from infoharbor.readmodel.tables import CURSOR, Mirror
from infoharbor.readmodel.ways import ROWS_AT_ONCE, concerned, every_path, keep

BLOCKS_AT_ONCE: Final = 64
WAIT_SECONDS: Final = 1.0
NOTHING: Final = -1
"""The height of a mirror that holds no block."""
logger = structlog.get_logger()


class OtherChain(RuntimeError):
    """The database mirrors another ledger."""

    code = "readmodel.other_chain"

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"the database mirrors {found}, not {wanted}")
        self.field, self.expected = "--readmodel-url", f"a database of its own for the ledger {wanted}"


class Ahead(RuntimeError):
    """The rows are of blocks that this ledger does not have (yet): whether they are of its history shows once it does."""

    def __init__(self, height: int) -> None:
        super().__init__(f"the database mirrors up to block {height}, which is not here yet")


class Overtaken(RuntimeError):
    """Somebody else moved the cursor: what was to be written may be older than what is there."""


class Condition(NamedTuple):
    """How far the mirror is; `fault` says why it does not go on, and is empty while it does."""

    height: int
    fault: str


class Follower:
    """Mirrors one ledger into one database, which may be away. `chain` is the ledger's id.

    Rows and cursor change in one SQL transaction, and the cursor only from where this follower knew it to be: several
    may follow into one database. Rows of a history that is not the ledger's, such as of a node that went back to the
    network's, are dropped, and the ledger is mirrored anew.
    """

    def __init__(self, reading: Reading, registry: Registry, chain: bytes, database: sql.Engine) -> None:
        self.reading, self.registry, self.chain, self.database = reading, registry, chain.hex(), database
        self.mirror = Mirror(registry)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._moved = threading.Condition()
        self._condition = Condition(NOTHING, "")

    @property
    def condition(self) -> Condition:
        return self._condition

    def stored_height(self) -> int:
        """The height of the rows that are there; changes nothing. -1 where there are none of this ledger."""
        with self.database.connect() as connection:
            found = self._found(connection)
        if found is not None and found.chain != self.chain:
            raise OtherChain(found.chain, self.chain)
        return NOTHING if found is None else int(found.height)

    def has_reached(self, height: int, seconds: float) -> bool:
        """Whether the rows are those of `height`, or later ones; waits for them if they are on their way."""
        with self._moved:
            waits = seconds if self._thread is not None else 0
            self._moved.wait_for(lambda: self._condition.height >= height or self._condition.fault, waits)
            return self._condition.height >= height and not self._condition.fault

    def catch_up(self) -> int:
        """Mirror every block that there is; returns the height reached. Where the next block is not kept any more, or was never
        here, the state takes its place."""
        height = self._prepare()
        while True:
            self._tell(height)
            try:
                if height + 1 < self.reading.first_block:
                    height = self._apply_state(height)
                elif blocks := list(self.reading.blocks(height, BLOCKS_AT_ONCE)):
                    height = self._apply(height, blocks)
                else:
                    return height
            except Overtaken:
                height = self._prepare()

    def rebuild(self) -> int:
        """Drop every row and mirror the ledger from its first block."""
        self._prepare(anew=True)
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
            except Exception as fault:
                self._tell(self._condition.height, str(fault).partition("\n")[0][:300])
                self._stop.wait(WAIT_SECONDS)

    def _tell(self, height: int, fault: str = "") -> None:
        if fault and fault != self._condition.fault:
            logger.error("the read model does not follow, and tries again", fault=fault)
        with self._moved:
            self._condition = Condition(height, fault)
            self._moved.notify_all()

    def _prepare(self, *, anew: bool = False) -> int:
        """Make the tables if they are not there, or not of this shape; the height that their rows are of."""
        cursor = self.mirror.cursor
        with self.database.begin() as connection:
            found = self._found(connection)
            if found is not None and found.chain != self.chain:
                raise OtherChain(found.chain, self.chain)
            if found is not None and found.shape == self.mirror.shape and not anew and self._is_of_this_history(found):
                return int(found.height)
            # First the cursor: whoever comes after a crash in between begins here again.
            connection.execute(sql.schema.DropTable(cursor, if_exists=True))
            for name in json.loads(found.shape) if found is not None else ():
                connection.execute(sql.schema.DropTable(sql.Table(name, sql.MetaData()), if_exists=True))
            self.mirror.metadata.drop_all(connection)
            self.mirror.metadata.create_all(connection)
            connection.execute(
                sql.insert(cursor).values(
                    only=1, chain=self.chain, height=NOTHING, root=self._root(NOTHING), shape=self.mirror.shape
                )
            )
            return NOTHING

    def _found(self, connection: sql.Connection) -> Any:
        """The cursor's row, held until the transaction ends; None if it is not there, or of an older version."""
        cursor, inspector = self.mirror.cursor, sql.inspect(connection)
        if not inspector.has_table(CURSOR):
            return None
        if {each["name"] for each in inspector.get_columns(CURSOR)} != set(cursor.columns.keys()):
            return None
        return connection.execute(sql.select(cursor).with_for_update()).first()

    def _is_of_this_history(self, found: Any) -> bool:
        try:
            same = bool(found.root == self._root(found.height))
        except Refused:
            raise Ahead(found.height) from None
        if not same:
            logger.warning("the read model mirrors another history, and is made anew", height=found.height)
        return same

    def _root(self, height: int) -> str:
        """Of the header log up to this block."""
        return self.reading.root(height + 1).hex()

    def _apply(self, before: int, blocks: list[Block]) -> int:
        newest: dict[str, tuple[int, Any]] = {}
        refused: list[dict[str, Any]] = []
        height = before
        for block in blocks:
            height = block.header.height
            refused += refusals_in(block)
            for write in block.writes:
                newest[write.path] = (height, write.entry)
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        led = [(way, set[str]()) for way in self.mirror.ways]
        for path, (written, entry) in newest.items():
            kind = self.registry.table(path)
            if kind is not None:
                record = kind.read(entry)
                name = f"{kind.contract}/{kind.table}"
                rows[name].append(self.mirror.row(name, path, entry.version, written, record))
                for way, paths in led:
                    paths.update(concerned(way, kind, path, entry, record))
        with self.database.begin() as connection:
            self._move(connection, before, height)
            for name, changed in sorted(rows.items()):
                connection.execute(self._upsert(self.mirror.tables[name]), changed)
            for way, paths in led:
                keep(connection, way, sorted(paths))
            if refused:
                connection.execute(sql.insert(self.mirror.refusals), refused)
        return height

    def _apply_state(self, before: int) -> int:
        """Mirror every record as it stands, a table after the other, and the refusals of the blocks that are kept."""
        with self.reading.snapshot() as snapshot, self.database.begin() as connection:
            self._move(connection, before, snapshot.height)
            for name, kind in sorted(self.registry.tables.items()):
                found = snapshot.scan(kind.prefix)
                while some := list(itertools.islice(found, ROWS_AT_ONCE)):
                    rows = [
                        self.mirror.row(name, path, entry.version, entry.height, kind.read(entry))
                        for path, entry in some
                    ]
                    connection.execute(self._upsert(self.mirror.tables[name]), rows)
            for way in self.mirror.ways:
                keep(connection, way, every_path(connection, way))
            first = self.reading.first_block
            for block in self.reading.blocks(first - 1, snapshot.height + 1 - first):
                if refused := list(refusals_in(block)):
                    connection.execute(sql.insert(self.mirror.refusals), refused)
            return snapshot.height

    def _move(self, connection: sql.Connection, before: int, height: int) -> None:
        """Put the cursor from one height to another; `Overtaken` if it is not where it was."""
        cursor = self.mirror.cursor
        here = (cursor.c.chain == self.chain) & (cursor.c.height == before) & (cursor.c.shape == self.mirror.shape)
        if (
            connection.execute(sql.update(cursor).where(here).values(height=height, root=self._root(height))).rowcount
            != 1
        ):
            raise Overtaken

    def _upsert(self, table: sql.Table) -> Any:
        insert = postgresql_insert if self.database.dialect.name == POSTGRESQL else sqlite_insert
        statement = insert(table)
        own = self.mirror.own(table)
        others = {column.name: statement.excluded[column.name] for column in own if column.name != "path"}
        return statement.on_conflict_do_update(index_elements=["path"], set_=others)


def refusals_in(block: Block) -> Iterator[dict[str, Any]]:
    """The rows of what this block refused."""
    for at, raw in enumerate(block.receipts):
        if code := receipt_codec.decode(raw).code:
            yield {"height": block.header.height, "position": at, "code": code}
