"""Chooses and sums records in SQL, within what a reader may read: `edgekit.selecting` says what is asked."""

import functools
import operator
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sql
import structlog

from infoharbor.edgekit.selecting import (
    GROUPS_MAX,
    Choice,
    Group,
    Linked,
    Total,
    field_of,
    fields_of_groups,
    in_order,
    plain_where,
    value_type,
)
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.limits import INTEGER_MAX, INTEGER_MIN
from infoharbor.kernel.readers import EVERYONE
from infoharbor.kernel.records import PUBLIC, record_type
from infoharbor.readmodel.database import POSTGRESQL, SQLITE, consistent, in_bytes
from infoharbor.readmodel.follower import Follower
from infoharbor.readmodel.grouping import LOW_BITS, group, grouped, halves, through, told_apart, unindexed
from infoharbor.readmodel.tables import Summary, column_name, plain_type, text_in, writer

WAIT_S: Final = 2.0
"""How long a question waits for the rows of the newest block; then the ledger is scanned instead."""
VALUES_MAX: Final = 10_000
"""Different values, such as organisations, for which a role is looked up."""
logger = structlog.get_logger()


Answer = TypeVar("Answer")


class TooMany(Exception):
    """SQL is not the way to answer this."""


class SqlRows:
    """The mirror that a follower keeps, as `edgekit.selecting.Rows`."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def paths(self, choice: Choice, order_by: str, limit: int, height: int) -> list[str] | None:
        def ask(connection: sql.Connection, table: sql.FromClause) -> list[str]:
            by_path = table.c.path.collate(self._collation)
            order = [by_path]
            if order_by:
                first = self._in_order(table, choice, order_by.removeprefix("-"))
                order.insert(0, first.desc().nulls_last() if order_by.startswith("-") else first.asc().nulls_first())
            chosen = self._chosen(connection, table, choice)
            return list(connection.scalars(sql.select(table.c.path).where(*chosen).order_by(*order).limit(limit)))

        return self._answer(choice, height, ask, *filter(None, (order_by.removeprefix("-"),)))

    def totals(self, choice: Choice, by: tuple[Group, ...], sums: tuple[str, ...], height: int) -> list[Total] | None:
        plain = tuple(each for each in by if not isinstance(each, Linked))

        def ask(connection: sql.Connection, table: sql.FromClause) -> list[Total]:
            summary = self._summary(choice, plain, sums)
            chosen = list(self._chosen(connection, table, choice, by_index=summary is None))
            added = [part for name in sums for part in halves(table.c[column_name(name)])]
            if summary is not None:
                statement = through(summary, table, chosen, plain, added)
            else:
                groups = [group(table.c, each) for each in plain]
                statement = grouped(groups, [sql.func.count(), *added]).where(*chosen)
            found = list(self._totals(choice, plain, connection.execute(statement.limit(GROUPS_MAX + 1))))
            for at, way in enumerate(by):
                if isinstance(way, Linked) and len(found) <= GROUPS_MAX:
                    # Only rows that lead somewhere are looked at one by one: the others are what is left.
                    text, begins = self._linked(connection, table, choice, way)
                    groups = [text if isinstance(each, Linked) else group(table.c, each) for each in by]
                    statement = grouped(groups, [sql.func.count(), *added]).where(*chosen, begins)
                    led = list(self._totals(choice, by, connection.execute(statement.limit(GROUPS_MAX + 1))))
                    found = led if len(led) > GROUPS_MAX else list(told_apart(found, led, at))
            return in_order(found)

        return self._answer(choice, height, ask, *fields_of_groups(by))

    def _linked(
        self, connection: sql.Connection, table: sql.FromClause, choice: Choice, way: Linked
    ) -> tuple[Any, Any]:
        """The text that links lead to from a row of this table, looked up for each row; and whether there is a first step,
        which is told soon."""
        before: Any = table
        ends: list[Any] = []
        order: list[Any] = []
        begins: Any = None
        for link in way.links:
            kind = record_type(link.of)
            asked = choice._replace(kind=kind, where=plain_where(link.where))
            there = self._follower.mirror.tables[_name(asked)].alias()
            ends += self._chosen(connection, there, asked)
            if link.is_one:
                parts = [part for name in link.key for part in ("/", sql.cast(before.c[column_name(name)], sql.Text))]
                ends.append(there.c.path == functools.reduce(operator.add, parts[1:], sql.literal(kind.prefix)))
            else:
                pairs = zip(kind.key, link.key, strict=False)
                ends += [there.c[column_name(name)] == before.c[column_name(mine)] for name, mine in pairs]
                order.append(there.c.path.collate(self._collation))
            ends += [there.c[column_name(name)] == table.c[column_name(mine)] for name, mine in link.same.items()]
            before = there
            if begins is None:
                begins = sql.exists().where(*ends).correlate(table)
        text = sql.func.coalesce(*(sql.func.nullif(before.c[column_name(name)], "") for name in way.fields), sql.null())
        first = sql.select(text).where(*ends, text.is_not(None)).order_by(*order).limit(1)
        return sql.func.coalesce(first.correlate(table).scalar_subquery(), ""), begins

    def _summary(self, choice: Choice, by: tuple[Group, ...], sums: tuple[str, ...]) -> Summary | None:
        """The index that holds all that is asked, where the database is SQLite and there is one."""
        groups = set(fields_of_groups(by))
        some = self._follower.mirror.summaries[_name(choice)] if self._follower.database.dialect.name == SQLITE else []
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
        """None too where a property is asked for that no index names."""
        table, types = self._follower.mirror.tables[_name(choice)], self._follower.mirror.types(_name(choice))
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

    @property
    def _collation(self) -> str:
        return in_bytes(self._follower.database)

    def _in_order(self, table: sql.FromClause, choice: Choice, field: str) -> Any:
        column = table.c[column_name(field)]
        is_text = isinstance(column.type, sql.Text)
        return column.collate(self._collation) if is_text else column

    def _chosen(
        self, connection: sql.Connection, table: sql.FromClause, choice: Choice, *, by_index: bool = True
    ) -> Iterator[Any]:
        """The conditions: not deleted, as asked for, and to be read by the reader; `by_index` lets SQLite look for rows
        by them, where else it is to go through all."""
        columns = {name: column if by_index else unindexed(column) for name, column in table.c.items()}
        yield columns["deleted"].is_(False)
        types = self._follower.mirror.types(_name(choice))
        for name, wanted in choice.where.items():
            yield _fits(columns[column_name(name)], wanted, writer(types[name]))
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
        types = self._follower.mirror.types(_name(choice))
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

    def _totals(self, choice: Choice, by: tuple[Group, ...], found: Any) -> Iterator[Total]:
        size = len(by)
        enums = [None if isinstance(each, Linked) else value_type(choice.kind, field_of(each)) for each in by]
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


def _name(choice: Choice) -> str:
    return f"{choice.kind.contract}/{choice.kind.table}"


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


def _value(value: Any, of: type | None) -> Any:
    if of is not None and value is not None:
        return of(text_in(value))
    return text_in(value) if isinstance(value, str) else value
