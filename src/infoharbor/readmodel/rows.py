"""Chooses and sums records in SQL, within what a reader may read: `edgekit.selecting` says what is asked."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sql
import structlog

from infoharbor.edgekit.selecting import GROUPS_MAX, Bucket, Choice, Total, field_of, in_order, value_type
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.limits import INTEGER_MAX, INTEGER_MIN
from infoharbor.kernel.readers import EVERYONE
from infoharbor.kernel.records import PUBLIC
from infoharbor.readmodel.database import POSTGRESQL, in_bytes
from infoharbor.readmodel.follower import Follower
from infoharbor.readmodel.tables import column_name, fields_of, plain_type, text_in, writer

WAIT_S: Final = 2.0
"""How long a question waits for the rows of the newest block; then the ledger is scanned instead."""
VALUES_MAX: Final = 10_000
"""Different values, such as organisations, for which a role is looked up."""
LOW_BITS: Final = 32
logger = structlog.get_logger()


Answer = TypeVar("Answer")


class TooMany(Exception):
    """SQL is not the way to answer this."""


class SqlRows:
    """The mirror that a follower keeps, as `edgekit.selecting.Rows`."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def paths(self, choice: Choice, order_by: str, limit: int, height: int) -> list[str] | None:
        def ask(connection: sql.Connection, table: sql.Table) -> list[str]:
            by_path = table.c.path.collate(self._collation)
            order = [by_path]
            if order_by:
                first = self._in_order(table, choice, order_by.removeprefix("-"))
                order.insert(0, first.desc().nulls_last() if order_by.startswith("-") else first.asc().nulls_first())
            chosen = self._chosen(connection, table, choice)
            return list(connection.scalars(sql.select(table.c.path).where(*chosen).order_by(*order).limit(limit)))

        return self._answer(choice, height, ask)

    def totals(
        self, choice: Choice, by: tuple[str | Bucket, ...], sums: tuple[str, ...], height: int
    ) -> list[Total] | None:
        def ask(connection: sql.Connection, table: sql.Table) -> list[Total]:
            groups = [_group(table, each) for each in by]
            added = [part for name in sums for part in _halves(table.c[column_name(name)])]
            statement = sql.select(*groups, sql.func.count(), *added)
            statement = (
                statement.where(*self._chosen(connection, table, choice)).group_by(*groups).limit(GROUPS_MAX + 1)
            )
            return in_order(list(self._totals(choice, by, connection.execute(statement))))

        return self._answer(choice, height, ask)

    def refusals(self, codes: Collection[str], height: int, limit: int) -> list[tuple[int, int]] | None:
        """Height and position of the refusals with these codes up to `height`, the newest first; None where the mirror
        cannot answer now."""
        table = self._follower.mirror.refusals
        chosen = sql.select(table.c.height, table.c.position).where(table.c.code.in_(codes), table.c.height <= height)
        newest = chosen.order_by(table.c.height.desc(), table.c.position.desc()).limit(limit)
        return self._asked(
            height, lambda connection: [(row.height, row.position) for row in connection.execute(newest)]
        )

    def _answer(self, choice: Choice, height: int, ask: Callable[[sql.Connection, sql.Table], Answer]) -> Answer | None:
        table = self._follower.mirror.tables[f"{choice.kind.contract}/{choice.kind.table}"]
        return self._asked(height, lambda connection: ask(connection, table))

    def _asked(self, height: int, ask: Callable[[sql.Connection], Answer]) -> Answer | None:
        if not self._follower.has_reached(height, WAIT_S):
            return None
        try:
            with self._follower.database.connect() as connection:
                return ask(connection)
        except TooMany:
            return None
        except sql.exc.SQLAlchemyError as fault:
            logger.error("the read model did not answer; the ledger is scanned", fault=str(fault)[:300])
            return None

    @property
    def _collation(self) -> str:
        return in_bytes(self._follower.database)

    def _in_order(self, table: sql.Table, choice: Choice, field: str) -> Any:
        column = table.c[column_name(field)]
        is_text = isinstance(column.type, sql.Text)
        return column.collate(self._collation) if is_text else column

    def _chosen(self, connection: sql.Connection, table: sql.Table, choice: Choice) -> Iterator[Any]:
        """The conditions: not deleted, as asked for, and to be read by the reader."""
        yield table.c.deleted.is_(False)
        types = fields_of(choice.kind)
        for name, wanted in choice.where.items():
            yield _fits(table.c[column_name(name)], wanted, writer(types[name]))
        yield from self._readable(connection, table, choice)

    def _readable(self, connection: sql.Connection, table: sql.Table, choice: Choice) -> Iterator[Any]:
        """The same as `kernel.readers.Readers.may_read` says of every record."""
        kind, reader = choice.kind, choice.reader
        if kind.visible == PUBLIC:
            return
        if not kind.readers:
            yield sql.literal(reader.is_member)
            return
        types = fields_of(kind)
        organisations = (EVERYONE, *((reader.organisation,) if reader.is_member else ()))
        roles = [named for named in kind.readers if isinstance(named, RoleOf)] if reader.is_member else []
        ways: list[Any] = [column.in_(values) for column, values in _holding(connection, table, choice, roles)]
        for named in kind.readers:
            if not isinstance(named, RoleOf):
                ways.append(self._names(table.c[column_name(named)], plain_type(types[named]), organisations))
        yield sql.or_(sql.false(), *ways)

    def _names(self, column: Any, of: Any, organisations: tuple[str, ...]) -> Any:
        """Whether a field names one of these organisations: it holds one, or a list of them as JSON."""
        if of is str:
            return column.in_(organisations)
        # An id in quotes is in the text where a list holds it, and nowhere else: ids hold nothing that JSON escapes.
        place = sql.func.strpos if self._follower.database.dialect.name == POSTGRESQL else sql.func.instr
        return sql.or_(*(place(column, f'"{each}"') > 0 for each in organisations))

    def _totals(self, choice: Choice, by: tuple[str | Bucket, ...], found: Any) -> Iterator[Total]:
        size = len(by)
        enums = [value_type(choice.kind, field_of(each)) for each in by]
        for row in found:
            if not row[size]:
                continue
            halves = [int(each or 0) for each in row[size + 1 :]]
            sums = tuple((high << LOW_BITS) + low for high, low in zip(halves[::2], halves[1::2], strict=True))
            group = tuple(_value(value, of) for value, of in zip(row[:size], enums, strict=True))
            yield Total(group, int(row[size]), sums)


def _holding(
    connection: sql.Connection, table: sql.Table, choice: Choice, roles: Sequence[RoleOf]
) -> Iterator[tuple[Any, list[str]]]:
    """For each of these roles the column that it is bound to, and the values for which the reader has it."""
    columns = {named.field: table.c[column_name(named.field)] for named in roles}
    if not columns:
        return
    statement = sql.select(*columns.values()).distinct().where(table.c.deleted.is_(False)).limit(VALUES_MAX + 1)
    found = connection.execute(statement).all()
    if len(found) > VALUES_MAX:
        raise TooMany
    values = dict(zip(columns, map(set, zip(*found, strict=True)), strict=False)) if found else {}
    for named in roles:
        some = values.get(named.field, set())
        yield (
            columns[named.field],
            [value for value in some if value is not None and choice.holds(named, text_in(value))],
        )


def _fits(column: Any, wanted: Any, write: Any) -> Any:
    if isinstance(wanted, range):
        start, stop = max(wanted.start, INTEGER_MIN), min(wanted.stop, INTEGER_MAX + 1)
        return sql.and_(column >= start, column <= stop - 1) if start < stop else sql.false()
    if isinstance(wanted, set):
        some = column.in_([write(each) for each in wanted if each is not None and not _is_wide(each)])
        return sql.or_(some, column.is_(None)) if None in wanted else some
    if _is_wide(wanted):
        return sql.false()
    return column.is_(None) if wanted is None else column == write(wanted)


def _is_wide(value: Any) -> bool:
    """Whether no column can hold it."""
    return isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX


def _group(table: sql.Table, each: str | Bucket) -> Any:
    column = table.c[column_name(field_of(each))]
    if not isinstance(each, Bucket):
        return column
    width: Any = sql.literal_column(str(each.width))
    origin: Any = sql.literal_column(str(each.origin % each.width))
    return column - (column % width - origin + width) % width


def _halves(column: Any) -> tuple[Any, Any]:
    """A sum in two parts, which cannot pass 64 bits together before there are two thousand million records."""
    low: Any = sql.literal_column(str((1 << LOW_BITS) - 1))
    shift: Any = sql.literal_column(str(LOW_BITS))
    return sql.func.sum(column.bitwise_rshift(shift)), sql.func.sum(column.bitwise_and(low))


def _value(value: Any, of: type | None) -> Any:
    if of is not None and value is not None:
        return of(text_in(value))
    return text_in(value) if isinstance(value, str) else value
