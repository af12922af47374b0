"""The SQL tables that mirror the ledger's: one a record type, its columns from the type's fields; and the refusals."""

import enum
import json
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sql

from infoharbor.edgekit.indexes import Index, indexes_of
from infoharbor.edgekit.queries import plain
from infoharbor.edgekit.selecting import bare, properties_of
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry
from infoharbor.readmodel.database import SQLITE

PLACE = ("path", "version", "height", "deleted")
"""Columns beside a record's own fields; fields of these names get an underscore behind them."""
CURSOR, REFUSALS = "mirrored_to", "refusals"


def table_name(kind: RecordType) -> str:
    """`CONTRACT__TABLE`."""
    return f"{kind.contract}__{kind.table}"


def column_name(field: str) -> str:
    return f"{field}_" if field in PLACE else field


class Summary(NamedTuple):
    """What an index, in SQLite alone, has for totals: `fields` in its order, and all that it `holds` of the table."""

    fields: tuple[str, ...]
    holds: frozenset[str]


class Mirror:
    """The tables of every record type of a registry, and what turns a record into a row."""

    def __init__(self, registry: Registry) -> None:
        self.metadata = sql.MetaData()
        self.cursor, self.refusals = cursor_table(self.metadata), refusals_table(self.metadata)
        self._indexes = indexes_of(registry)
        self._columns = {name: self._mirrored(name, kind) for name, kind in registry.tables.items()}
        self.tables = {name: self._table(name, kind) for name, kind in sorted(registry.tables.items())}
        self.summaries = {name: list(self._add_indexes(name, kind)) for name, kind in sorted(registry.tables.items())}
        self._writers = {
            name: [(field, column_name(field), writer(of)) for field, of in columns.items()]
            for name, columns in self._columns.items()
        }

    @property
    def shape(self) -> str:
        """The tables with their columns, types and indexes: rows made for another shape are made again."""
        return json.dumps(
            {
                table.name: [f"{column.name} {column.type!r}" for column in table.columns]
                + sorted(" ".join((str(index.name), *index.columns.keys())) for index in table.indexes)
                for table in (self.refusals, *self.tables.values())
            }
        )

    def types(self, name: str) -> dict[str, Any]:
        """What of `CONTRACT/TABLE` has a column beside its place, each with its type: fields, and properties that an
        index names."""
        return self._columns[name]

    def _mirrored(self, name: str, kind: RecordType) -> dict[str, Any]:
        own, named = properties_of(kind), {each for index in self._indexes.get(name, ()) for each in index.fields}
        return fields_of(kind) | {each: own[each] for each in sorted(named & set(own))}

    def _add_indexes(self, name: str, kind: RecordType) -> Iterator[Summary]:
        """Give a table its indexes, numbered: one for each field that says by whose role it is read, and what pages
        declare."""
        for field in dict.fromkeys(each.field for each in kind.readers if isinstance(each, RoleOf)):
            self._index(name, (field,))
        for index in self._indexes.get(name, ()):
            if index.sums:
                yield self._summary(name, kind, index)
            else:
                # Equal ones lie in the order of answers.
                self._index(name, index.fields, "path")

    def _index(self, name: str, fields: Iterable[str], further: str = "") -> sql.Index:
        table = self.tables[name]
        columns = [column_name(each) for each in fields] + ([further] if further else [])
        return sql.Index(f"{table.name}__{len(table.indexes)}", *(table.c[each] for each in columns))

    def _summary(self, name: str, kind: RecordType, index: Index) -> Summary:
        readers = [each.field if isinstance(each, RoleOf) else each for each in kind.readers]
        held = tuple(dict.fromkeys((*index.fields, *index.sums, *readers)))
        # PostgreSQL adds up by hashing, as fast without; and would refuse a list that is too long for an index.
        self._index(name, held, "deleted").ddl_if(dialect=SQLITE)
        return Summary(index.fields, frozenset(held))

    def _table(self, name: str, kind: RecordType) -> sql.Table:
        columns: list[sql.Column[Any]] = [
            sql.Column("path", sql.String(400), primary_key=True),
            sql.Column("version", sql.BigInteger, nullable=False),
            sql.Column("height", sql.BigInteger, nullable=False),
            sql.Column("deleted", sql.Boolean, nullable=False),
        ]
        columns += [sql.Column(column_name(field), _column_type(of)) for field, of in self._columns[name].items()]
        return sql.Table(table_name(kind), self.metadata, *columns)

    def row(self, name: str, path: str, version: int, height: int, record: Any) -> dict[str, Any]:
        """A record's row; a deleted one keeps its place and loses its content."""
        row: dict[str, Any] = {"path": path, "version": version, "height": height, "deleted": record is None}
        for field, column, write in self._writers[name]:
            row[column] = None if record is None else write(getattr(record, field))
        return row


def cursor_table(metadata: sql.MetaData) -> sql.Table:
    """Which ledger is mirrored, up to which height, with which root of the header log there (in hex), and into tables of
    which shape: one row, if any."""
    return sql.Table(
        CURSOR,
        metadata,
        sql.Column("only", sql.Integer, primary_key=True),
        sql.Column("chain", sql.String(64), nullable=False),
        sql.Column("height", sql.BigInteger, nullable=False),
        sql.Column("root", sql.String(64), nullable=False),
        sql.Column("shape", sql.Text, nullable=False),
    )


def refusals_table(metadata: sql.MetaData) -> sql.Table:
    """Where the refused transactions are, by code: who may read of one is judged by the block itself."""
    return sql.Table(
        REFUSALS,
        metadata,
        sql.Column("height", sql.BigInteger, primary_key=True, autoincrement=False),
        sql.Column("position", sql.BigInteger, primary_key=True, autoincrement=False),
        sql.Column("code", sql.Text, nullable=False, index=True),
    )


def fields_of(kind: RecordType) -> dict[str, Any]:
    """Each field's type, without its bounds."""
    hints = typing.get_type_hints(kind.of)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(kind.of)}


def text_out(text: str) -> str:
    """A text as it is stored: PostgreSQL keeps no U+0000. No two texts are stored the same, and their order is kept."""
    return text.replace("\1", "\1\2").replace("\0", "\1\1") if "\0" in text or "\1" in text else text


def text_in(stored: str) -> str:
    """The text that is stored so."""
    return stored.replace("\1\1", "\0").replace("\1\2", "\1") if "\1" in stored else stored


def plain_type(of: Any) -> Any:
    """The type without its None."""
    if typing.get_origin(of) in (typing.Union, types.UnionType):
        return next(each for each in typing.get_args(of) if each is not type(None))
    return of


def _column_type(of: Any) -> Any:
    kinds: dict[Any, Any] = {bool: sql.Boolean(), int: sql.BigInteger(), bytes: sql.LargeBinary()}
    return kinds.get(plain_type(of), sql.Text())


def writer(of: Any) -> Callable[[Any], Any]:
    """What makes a field's value one that SQL takes: structures become JSON texts."""
    of = plain_type(of)
    if of in (bool, int, bytes):
        return _same
    if of is str:
        return _text
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return _choice
    return _as_json


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    return None if value is None else text_out(value)


def _choice(value: Any) -> Any:
    return None if value is None else text_out(str(bare(value)))


def _as_json(value: Any) -> Any:
    return None if value is None else json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
