"""How a query is looked up in the index: each condition becomes a set of events that holds all that fit, maybe more."""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from infoharbor.gateway.epcis.conditions import AnyOf, Compared, Condition, EventQuery, Exists, Order
from infoharbor.gateway.epcis.facts import Value

COLUMNS: Final = {"eventTime": "event_time", "recordTime": "record_time"}
SIGNS: Final = {"GT": ">", "GE": ">=", "LT": "<", "LE": "<="}
PRESENT: Final = ""
"""Stands in the index for a field's being there."""
Digest = Callable[[str, Value], int | None]


class Plan(NamedTuple):
    """Conditions of SQL over `events`, with what is bound in them."""

    wheres: list[str]
    values: list[Any]


def plan(query: EventQuery, digest: Digest) -> Plan:
    """`digest` makes what a withheld fact of the asker's own is found by; None for who has none."""
    wheres: list[str] = []
    values: list[Any] = []
    for condition in query.conditions:
        where, bound = _where(condition, digest)
        wheres.append(where)
        values += bound
    return Plan(wheres, values)


def times_of(query: EventQuery) -> dict[str, Plan]:
    """What a query says of each time that has a column, by the column."""
    found: dict[str, Plan] = {}
    for condition in query.conditions:
        if isinstance(condition, Compared) and condition.field in COLUMNS:
            where, bound = _compared(condition)
            said = found.setdefault(COLUMNS[condition.field], Plan([], []))
            said.wheres.append(where)
            said.values.append(bound)
    return found


def column_of(order: Order | None) -> str:
    """The column that events are ordered by; those ordered by a fact are sorted once they are read."""
    return COLUMNS[order.field] if order is not None and order.is_indexed else "seq"


def number_of(value: Value) -> float | None:
    """A number as the index has it: nearly. None for what is no number, or is beyond all that are asked for."""
    try:
        return None if value is None or isinstance(value, str) else float(value)
    except OverflowError:
        return None


def _where(condition: Condition, digest: Digest) -> tuple[str, list[Any]]:
    if isinstance(condition, Compared) and condition.field in COLUMNS:
        where, moment = _compared(condition)
        return where, [moment]
    sets: list[str] = []
    values: list[Any] = []
    for statement, bound in _sets(condition):
        sets.append(statement)
        values += bound
    digests = [one for field, value in _probes(condition) if (one := digest(field, value)) is not None]
    if digests:
        sets.append(f"SELECT seq FROM held WHERE digest IN ({marks(digests)})")
        values += digests
    return f"seq IN ({' UNION ALL '.join(sets)})", values


def _compared(condition: Compared) -> tuple[str, int]:
    """A condition of a time that has a column, and the bound in it."""
    return f"{COLUMNS[condition.field]} {SIGNS[condition.comparison]} ?", int(condition.bound)


def _sets(condition: Condition) -> list[tuple[str, list[Any]]]:
    """Statements that each give sequence numbers of events that fit."""
    named = "SELECT seq FROM facts WHERE name IN (SELECT id FROM names WHERE field = ? AND {})"
    counted = "SELECT seq FROM numbers WHERE name IN (SELECT id FROM names WHERE field = ? AND value = ?) AND {}"
    found: list[tuple[str, list[Any]]] = []
    match condition:
        case Exists(field):
            found.append((named.format("value = ?"), [field, PRESENT]))
        case Compared(field, comparison, bound):
            # The index rounds: it looks a little beyond, and the event itself decides.
            near = float(bound)
            near = math.nextafter(near, -math.inf if comparison in ("GT", "GE") else math.inf)
            sign = ">=" if comparison in ("GT", "GE") else "<="
            found.append((counted.format(f"value {sign} ?"), [field, PRESENT, near]))
        case AnyOf(fields, texts, numbers, globs):
            for field in fields:
                if texts:
                    found.append((named.format(f"value IN ({marks(texts)})"), [field, *sorted(texts)]))
                found += [(named.format("value GLOB ?"), [field, glob.pattern]) for glob in globs]
                for number in numbers:
                    near = float(number)
                    low, high = math.nextafter(near, -math.inf), math.nextafter(near, math.inf)
                    found.append((counted.format("value BETWEEN ? AND ?"), [field, PRESENT, low, high]))
    return found


def _probes(condition: Condition) -> list[tuple[str, Value]]:
    """The withheld facts that an event which fits may have: of numbers and patterns, only the field."""
    match condition:
        case Exists(field) | Compared(field):
            return [(field, None)]
        case AnyOf(fields, texts, numbers, globs):
            exact = [(field, text) for field in fields for text in texts]
            return exact + ([(field, None) for field in fields] if numbers or globs else [])


def marks(many: Any) -> str:
    """A question mark for each."""
    return ", ".join("?" * len(many))
