"""How rows are added up: by groups, in one pass over an index that holds all that is asked, and in halves of numbers."""

from typing import Any, Final

import sqlalchemy as sql

from infoharbor.edgekit.selecting import Bucket, field_of
from infoharbor.readmodel.tables import Summary, column_name

LOW_BITS: Final = 32


def grouped(groups: list[Any], found: list[Any]) -> Any:
    """What is `found` for each of these groups. Each is told once and then named, so that one that has to be looked up
    is not looked up twice."""
    named = [each.label(f"group_{at}") for at, each in enumerate(groups)]
    return sql.select(*named, *found).group_by(*(sql.literal_column(each.name) for each in named))


def through(summary: Summary, table: sql.FromClause, chosen: list[Any], by: tuple[Any, ...], added: list[Any]) -> Any:
    """The same in two steps, of rows that are `chosen` by no other index: first by the index's leading fields, whose rows
    come together there and need no sorting, then what is left, which is little, by what is asked."""
    groups = set(map(field_of, by))
    most = max((at for at, each in enumerate(summary.fields, 1) if each in groups), default=0)
    leading = [table.c[column_name(each)] for each in summary.fields[:most]]
    counted = [each.label(f"sum_{at}") for at, each in enumerate((sql.func.count(), *added))]
    steps = sql.select(*leading, *counted).where(*chosen).group_by(*leading).subquery()
    return grouped([group(steps.c, each) for each in by], [sql.func.sum(steps.c[each.name]) for each in counted])


def unindexed(column: Any) -> Any:
    """The same value. SQLite takes it for an expression, which no index answers: it cannot know how few rows one finds,
    and would prefer any to the summary."""
    return sql.UnaryExpression(column, operator=sql.sql.operators.custom_op("+"), type_=column.type)


def group(columns: Any, each: str | Bucket) -> Any:
    """What a question groups by."""
    column = columns[column_name(field_of(each))]
    if not isinstance(each, Bucket):
        return column
    width: Any = sql.literal_column(str(each.width))
    origin: Any = sql.literal_column(str(each.origin % each.width))
    return column - (column % width - origin + width) % width


def halves(column: Any) -> tuple[Any, Any]:
    """A sum in two parts, which cannot pass 64 bits together before there are two thousand million records."""
    low: Any = sql.literal_column(str((1 << LOW_BITS) - 1))
    shift: Any = sql.literal_column(str(LOW_BITS))
    return sql.func.sum(column.bitwise_rshift(shift)), sql.func.sum(column.bitwise_and(low))
