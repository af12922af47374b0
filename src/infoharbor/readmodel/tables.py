"""The SQL tables that mirror the ledger's: one a record type, its columns from the type's fields; and the refusals."""

import enum
import json
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sql

from infoharbor.edgekit.indexes import Index, indexes_of
from infoharbor.edgekit.queries import plain
from infoharbor.edgekit.selecting import Linked, Span, bare, plain_where, properties_of
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.limits import INTEGER_MAX, INTEGER_MIN
from infoharbor.kernel.records import RecordType, record_type
from infoharbor.kernel.registry import Registry
from infoharbor.readmodel.database import POSTGRESQL, SQLITE

PLACE = ("path", "version", "height", "deleted")
"""Columns beside a record's own fields; fields of these names get an underscore behind them."""
CURSOR, REFUSALS = "mirrored_to", "refusals"
TEXT: Final = sql.Text().with_variant(sql.Text(collation="C"), POSTGRESQL)
"""Sorted by its bytes, as Python does, in SQLite too: so that an index of it has the order that is asked for."""


def table_name(kind: RecordType) -> str:
    """`CONTRACT__TABLE`."""
    return f"{kind.contract}__{kind.table}"


def full_name(kind: RecordType) -> str:
    """`CONTRACT/TABLE`."""
    return kind.prefix[:-1]


def column_name(field: str) -> str:
    return f"{field}_" if field in PLACE else field


class Summary(NamedTuple):
    """What an index, in SQLite alone, has for totals: `fields` in its order, and all that it `holds` of the table."""

    fields: tuple[str, ...]
    holds: frozenset[str]


class Way(NamedTuple):
    """That rows of `table` keep in `column` what a `Linked` leads to: rows of the table `there`."""

    linked: Linked
    kind: RecordType
    table: sql.Table
    column: str
    there: sql.Table


class Mirror:
    """The tables of every record type of a registry, and what turns a record into a row."""

    def __init__(self, registry: Registry) -> None:
        self.metadata = sql.MetaData()
        self.cursor, self.refusals = cursor_table(self.metadata), refusals_table(self.metadata)
        self._indexes = indexes_of(registry)
        self._columns = {name: self._mirrored(name, kind) for name, kind in registry.tables.items()}
        self.tables = {name: self._table(name, kind) for name, kind in sorted(registry.tables.items())}
        self.ways = [way for name, kind in sorted(registry.tables.items()) for way in self._add_ways(name, kind)]
        self.summaries = {name: list(self._add_indexes(name, kind)) for name, kind in sorted(registry.tables.items())}
        self._writers = {
            name: [(field, column_name(field), writer(of)) for field, of in columns.items()]
            for name, columns in self._columns.items()
        }

    @property
    def shape(self) -> str:
        """The tables with their columns, types, indexes and ways: rows made for another shape are made again."""
        return json.dumps(
            {
                table.name: [f"{column.name} {column.type!r}" for column in table.columns]
                + sorted(" ".join((str(index.name), *index.columns.keys())) for index in table.indexes)
                + [_meaning(way) for way in self.ways if way.table is table]
                for table in (self.refusals, *self.tables.values())
            }
        )

    def way(self, kind: RecordType, linked: Linked) -> Way | None:
        """What there is a column of, if there is one."""
        some = (each for each in self.ways if each.kind.prefix == kind.prefix)
        return next((each for each in some if each.linked == linked), None)

    def own(self, table: sql.Table) -> list[sql.Column[Any]]:
        """The columns that tell of a row's record alone."""
        kept = {way.column for way in self.ways if way.table is table}
        return [each for each in table.columns if each.name not in kept]

    def types(self, name: str) -> dict[str, Any]:
        """What of `CONTRACT/TABLE` has a column beside its place, each with its type: fields, and properties that an
        index names."""
        return self._columns[name]

    def _mirrored(self, name: str, kind: RecordType) -> dict[str, Any]:
        own = properties_of(kind)
        named = {each for index in self._indexes.get(name, ()) for each in index.fields if isinstance(each, str)}
        return fields_of(kind) | {each: own[each] for each in sorted(named & set(own))}

    def _add_ways(self, name: str, kind: RecordType) -> Iterator[Way]:
        """Give a table a column for each way that an index names, and where the way leads an index to find the ends."""
        table, known = self.tables[name], list[Linked]()
        for each in (each for index in self._indexes.get(name, ()) for each in index.fields):
            if isinstance(each, str) or each in known:
                continue
            column, other = f"linked_{len(known)}", record_type(each.of)
            known.append(each)
            table.append_column(sql.Column(column, TEXT, nullable=False, server_default=""))
            self._index(full_name(other), dict.fromkeys((*other.key[: len(kind.key)], *each.same)))
            yield Way(each, kind, table, column, self.tables[full_name(other)])

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
                self._index(name, self._fields(kind, index), "path")

    def _index(self, name: str, fields: Iterable[str], *further: str) -> sql.Index:
        table = self.tables[name]
        columns = [column_name(each) for each in fields] + list(further)
        return sql.Index(f"{table.name}__{len(table.indexes)}", *(table.c[each] for each in columns))

    def _summary(self, name: str, kind: RecordType, index: Index) -> Summary:
        fields = self._fields(kind, index)
        held = tuple(dict.fromkeys((*fields, *index.sums, *says_who_reads(kind))))
        # PostgreSQL adds up by hashing, as fast without; and would refuse a list that is too long for an index.
        self._index(name, held, "deleted").ddl_if(dialect=SQLITE)
        return Summary(fields, frozenset(held))

    def _fields(self, kind: RecordType, index: Index) -> tuple[str, ...]:
        """What the index names, a way by its column."""
        ways = [(each, None if isinstance(each, str) else self.way(kind, each)) for each in index.fields]
        return tuple(way.column if way is not None else str(each) for each, way in ways)

    def _table(self, name: str, kind: RecordType) -> sql.Table:
        columns: list[sql.Column[Any]] = [
            sql.Column("path", TEXT, primary_key=True),
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


def says_who_reads(kind: RecordType) -> list[str]:
    """The fields that say who may read a record, each once."""
    return list(dict.fromkeys(each.field if isinstance(each, RoleOf) else each for each in kind.readers))


def _meaning(way: Way) -> str:
    of, fields, where, same = way.linked
    asked = plain_where(where)
    wanted = {name: sorted(value, key=repr) if isinstance(value, set) else value for name, value in asked.items()}
    return f"{way.column} {record_type(of).prefix} {fields} {wanted} {same}"


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


def fits(column: Any, wanted: Any, of: Any) -> Any:
    """The condition that a column of this type is as a plain `where` says."""
    write = writer(of)
    if isinstance(wanted, range):
        start, stop = max(wanted.start, INTEGER_MIN), min(wanted.stop, INTEGER_MAX + 1)
        return sql.and_(column >= start, column <= stop - 1) if start < stop else sql.false()
    if isinstance(wanted, Span):
        return sql.and_(column >= write(wanted.start), column < write(wanted.stop))
    if isinstance(wanted, set):
        some = column.in_([write(each) for each in wanted if each is not None and not _is_wide(each)])
        return sql.or_(some, column.is_(None)) if None in wanted else some
    if _is_wide(wanted):
        return sql.false()
    return column.is_(None) if wanted is None else column == write(wanted)


def _is_wide(value: Any) -> bool:
    """Whether no column can hold it."""
    return isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX


def _column_type(of: Any) -> Any:
    kinds: dict[Any, Any] = {bool: sql.Boolean(), int: sql.BigInteger(), bytes: sql.LargeBinary()}
    return kinds.get(plain_type(of), TEXT)


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
