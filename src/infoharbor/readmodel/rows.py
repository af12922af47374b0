"""Chooses and sums records in SQL, within what a reader may read: `edgekit.selecting` says what is asked."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sql
import structlog

from infoharbor.edgekit.selecting import (
    GROUPS_MAX,
    Bucket,
    Choice,
    Group,
    Linked,
    Total,
    field_of,
    fields_of_groups,
    in_order,
    value_type,
)
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.readers import EVERYONE
from infoharbor.kernel.records import PUBLIC
from infoharbor.readmodel.database import POSTGRESQL, SQLITE, consistent
from infoharbor.readmodel.follower import Follower
from infoharbor.readmodel.grouping import LOW_BITS, group, grouped, halves, through, unindexed
from infoharbor.readmodel.tables import Summary, column_name, fits, full_name, plain_type, text_in
from infoharbor.readmodel.ways import resolved

WAIT_S: Final = 2.0
"""How long a question waits for the rows of the newest block; then the ledger is scanned instead."""
VALUES_MAX: Final = 10_000
"""Different values, such as organisations, for which a role is looked up."""
logger = structlog.get_logger()


Answer = TypeVar("Answer")
Plain = str | Bucket


class TooMany(Exception):
    """SQL is not the way to answer this."""


class SqlRows:
    """The mirror that a follower keeps, as `edgekit.selecting.Rows`."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def paths(self, choice: Choice, order_by: str, limit: int, height: int) -> list[str] | None:
        def ask(connection: sql.Connection, table: sql.FromClause) -> list[str]:
            order: list[Any] = [table.c.path]
            if order_by:
                first = table.c[column_name(order_by.removeprefix("-"))]
                order.insert(0, first.desc().nulls_last() if order_by.startswith("-") else first.asc().nulls_first())
            chosen = self._chosen(connection, table, choice)
            return list(connection.scalars(sql.select(table.c.path).where(*chosen).order_by(*order).limit(limit)))

        return self._answer(choice, height, ask, *filter(None, (order_by.removeprefix("-"),)))

    def totals(self, choice: Choice, by: tuple[Group, ...], sums: tuple[str, ...], height: int) -> list[Total] | None:
        def ask(connection: sql.Connection, table: sql.FromClause) -> list[Total]:
            summary = self._summary(choice, columns, sums)
            chosen = list(self._chosen(connection, table, choice, by_index=summary is None))
            added = [part for name in sums for part in halves(table.c[column_name(name)])]
            if summary is not None:
                statement = through(summary, table, chosen, columns, added)
            else:
                groups = [group(table.c, each) for each in columns]
                statement = grouped(groups, [sql.func.count(), *added]).where(*chosen)
            found = list(self._totals(choice, columns, connection.execute(statement.limit(GROUPS_MAX + 1))))
            if any(ways) and len(found) > GROUPS_MAX:
                raise TooMany  # Several may come together where the reader's way leads.
            return in_order(resolved(found, ways, choice))

        ways = [self._follower.mirror.way(choice.kind, each) if isinstance(each, Linked) else None for each in by]
        found = [each if way is None else way.column for each, way in zip(by, ways, strict=True)]
        columns = tuple(each for each in found if not isinstance(each, Linked))
        if len(columns) < len(by):
            return None  # There is no column for a way.
        return self._answer(choice, height, ask, *fields_of_groups(by))

    def _summary(self, choice: Choice, by: tuple[Plain, ...], sums: tuple[str, ...]) -> Summary | None:
        """The index that holds all that is asked, where the database is SQLite and there is one."""
        groups = set(map(field_of, by))
        some = (
            self._follower.mirror.summaries[full_name(choice.kind)]
            if self._follower.database.dialect.name == SQLITE
            else []
        )
        return next(
            (each for each in some if groups <= set(each.fields) and {*choice.where, *sums} <= each.holds), None
        )

    def refusals(self, codes: Collection[str], height: int, limit: int) -> list[tuple[int, int]] | None:
        """Height and position of the refusals with these codes up to `height`, the newest first; None where the mirror
        cannot answer now."""
        table = self._follower.mirror.refusals
        chosen = sql.select(table.c.height, table.c.position).where(table.c.code.in_(codes), table.c.height <= height)
        newest = chosen.order_by(table.c.height.desc(), table.c.position.desc()).limit(limit)
        return self._asked(
            height, lambda connection: [(row.height, row.position) for row in connection.execute(newest)]
        )

    def _answer(
        self, choice: Choice, height: int, ask: Callable[[sql.Connection, sql.FromClause], Answer], *fields: str
    ) -> Answer | None:
        """None too where what is asked for is a property that no index names."""
        table, types = (
            self._follower.mirror.tables[full_name(choice.kind)],
            self._follower.mirror.types(full_name(choice.kind)),
        )
        if not types.keys() >= {*choice.where, *fields}:
            return None
        return self._asked(height, lambda connection: ask(connection, table))

    def _asked(self, height: int, ask: Callable[[sql.Connection], Answer]) -> Answer | None:
        if not self._follower.has_reached(height, WAIT_S):
            return None
        try:
            with consistent(self._follower.database) as connection:
                return ask(connection)
        except TooMany:
            return None
        except sql.exc.SQLAlchemyError as fault:
            logger.error("the read model did not answer; the ledger is scanned", fault=str(fault)[:300])
            return None

    def _chosen(
        self, connection: sql.Connection, table: sql.FromClause, choice: Choice, *, by_index: bool = True
    ) -> Iterator[Any]:
        """The conditions: not deleted, as asked for, and to be read by the reader; `by_index` lets SQLite look for rows
        by them, where else it is to go through all."""
        columns = {name: column if by_index else unindexed(column) for name, column in table.c.items()}
        yield columns["deleted"].is_(False)
        types = self._follower.mirror.types(full_name(choice.kind))
        for name, wanted in choice.where.items():
            yield fits(columns[column_name(name)], wanted, types[name])
        yield from self._readable(connection, table, columns, choice)

    def _readable(
        self, connection: sql.Connection, table: sql.FromClause, columns: dict[str, Any], choice: Choice
    ) -> Iterator[Any]:
        """The same as `kernel.readers.Readers.may_read` says of every record."""
        kind, reader = choice.kind, choice.reader
        if kind.visible == PUBLIC:
            return
        if not kind.readers:
            yield sql.literal(reader.is_member)
            return
        types = self._follower.mirror.types(full_name(choice.kind))
        organisations = (EVERYONE, *((reader.organisation,) if reader.is_member else ()))
        roles = [named for named in kind.readers if isinstance(named, RoleOf)] if reader.is_member else []
        held = _holding(connection, table, choice, roles)
        ways: list[Any] = [columns[column].in_(values) for column, values in held if values]
        named = {each: plain_type(types[each]) for each in kind.readers if not isinstance(each, RoleOf)}
        # What costs little goes first: in most rows one of these is true, and no list is looked through.
        for each in sorted(named, key=lambda each: named[each] is not str):
            ways.append(self._names(columns[column_name(each)], named[each], organisations))
        yield sql.or_(sql.false(), *ways)

    def _names(self, column: Any, of: Any, organisations: tuple[str, ...]) -> Any:
        """Whether a field names one of these organisations: it holds one, or a list of them as JSON."""
        if of is str:
            return column.in_(organisations)
        # An id in quotes is in the text where a list holds it, and nowhere else: ids hold nothing that JSON escapes.
        place = sql.func.strpos if self._follower.database.dialect.name == POSTGRESQL else sql.func.instr
        return sql.or_(*(place(column, f'"{each}"') > 0 for each in organisations))

    def _totals(self, choice: Choice, by: tuple[Plain, ...], found: Any) -> Iterator[Total]:
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
    connection: sql.Connection, table: sql.FromClause, choice: Choice, roles: Sequence[RoleOf]
) -> Iterator[tuple[str, list[str]]]:
    """For each of these roles the column that it is bound to, and the values for which the reader has it."""
    values = {column: _values(connection, table.c[column]) for column in {column_name(each.field) for each in roles}}
    for named in roles:
        column = column_name(named.field)
        yield column, [value for value in values[column] if choice.holds(named, text_in(value))]


def _values(connection: sql.Connection, column: Any) -> list[str]:
    """The different values of a column, from one to the next in its index: it does not matter how many rows have each."""
    found = sql.select(sql.func.min(column).label("value")).cte(recursive=True)
    further = sql.select(sql.func.min(column)).where(column > found.c.value).scalar_subquery()
    found = found.union_all(sql.select(further).where(found.c.value.is_not(None)))
    statement = sql.select(found.c.value).where(found.c.value.is_not(None)).limit(VALUES_MAX + 1)
    values = list(connection.scalars(statement))
    if len(values) > VALUES_MAX:
        raise TooMany
    return values


def _value(value: Any, of: type | None) -> Any:
    if of is not None and value is not None:
        return of(text_in(value))
    return text_in(value) if isinstance(value, str) else value
