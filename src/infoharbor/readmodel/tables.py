"""The SQL tables that mirror the ledger's: one a record type, its columns from the type's fields."""

import enum
import json
import types
import typing
from typing import Any

import msgspec
import sqlalchemy as sql

from infoharbor.edgekit.queries import plain
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry

PLACE = ("path", "version", "height", "deleted")
"""Columns beside a record's own fields; fields of these names get an underscore behind them."""


def table_name(kind: RecordType) -> str:
    """`CONTRACT__TABLE`."""
    return f"{kind.contract}__{kind.table}"


def column_name(field: str) -> str:
    return f"{field}_" if field in PLACE else field


class Mirror:
    """The tables of every record type of a registry, and what turns a record into a row."""

    def __init__(self, registry: Registry) -> None:
        self.metadata = sql.MetaData()
        self.cursor = sql.Table(
            "mirror_cursor",
            self.metadata,
            sql.Column("only", sql.Integer, primary_key=True),
            sql.Column("chain", sql.String(64), nullable=False),
            sql.Column("height", sql.BigInteger, nullable=False),
        )
        self.tables = {name: self._table(kind) for name, kind in sorted(registry.tables.items())}
        self._writers = {name: [_writer(of) for _, of in _fields(kind)] for name, kind in registry.tables.items()}
        self._columns = {
            name: [column_name(field) for field, _ in _fields(kind)] for name, kind in registry.tables.items()
        }

    def _table(self, kind: RecordType) -> sql.Table:
        columns: list[sql.Column[Any]] = [
            sql.Column("path", sql.String(400), primary_key=True),
            sql.Column("version", sql.BigInteger, nullable=False),
            sql.Column("height", sql.BigInteger, nullable=False),
            sql.Column("deleted", sql.Boolean, nullable=False),
        ]
        columns += [sql.Column(column_name(field), _column_type(of), nullable=True) for field, of in _fields(kind)]
        return sql.Table(table_name(kind), self.metadata, *columns)

    def row(self, name: str, path: str, version: int, height: int, record: Any) -> dict[str, Any]:
        """A record's row; a deleted one keeps its place and loses its content."""
        row: dict[str, Any] = {"path": path, "version": version, "height": height, "deleted": record is None}
        for column, write, field in zip(self._columns[name], self._writers[name], _names(record), strict=False):
            row[column] = write(getattr(record, field))
        if record is None:
            row |= dict.fromkeys(self._columns[name])
        return row


def _names(record: Any) -> tuple[str, ...]:
    return () if record is None else record.__struct_fields__


def _fields(kind: RecordType) -> list[tuple[str, Any]]:
    hints = typing.get_type_hints(kind.of)
    return [(field.name, hints[field.name]) for field in msgspec.structs.fields(kind.of)]


def _plain_type(of: Any) -> Any:
    """The type without its None."""
    if typing.get_origin(of) in (typing.Union, types.UnionType):
        return next(each for each in typing.get_args(of) if each is not type(None))
    return of


def _column_type(of: Any) -> Any:
    of = _plain_type(of)
    if of is bool:
        return sql.Boolean
    if of is int:
        return sql.BigInteger
    if of is bytes:
        return sql.LargeBinary
    return sql.Text


def _writer(of: Any) -> Any:
    """What makes a field's value one that SQL takes: structures become JSON texts."""
    of = _plain_type(of)
    if of in (bool, int, bytes, str):
        return _same
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return _choice
    return _as_json


def _same(value: Any) -> Any:
    return value


def _choice(value: Any) -> Any:
    return None if value is None else str(value.value)


def _as_json(value: Any) -> Any:
    return None if value is None else json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
