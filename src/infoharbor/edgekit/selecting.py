"""Records chosen by their fields, and totals over them: how a report asks, and what a scan answers.

    read.select(Leaf, {"holder": bank, "status": {HELD, ASKED}}, order_by="due_on", limit=100)
    read.totals(Leaf, {"due_on": range(today, last)}, by=("debtor", Bucket("due_on", 7)), sums=("face",))

The first gives records; the second one `Total` a group. Both go over what the reader may read, and nothing else. Where
the node keeps an SQL mirror it answers, in a second for a million records; else the table is scanned: the same answer,
more slowly. A mirror may be some blocks ahead of the ledger as the rest of the query sees it, never behind it.

What each field has to be: a value, a set of values, a `range` of step 1, or for texts a `Span`. Fields are texts, numbers,
truths, bytes and statuses; what lies in a structure or a list cannot be asked for, but by a property of the record class
that is a text or a truth. Totals may go by a text of another table's record, which a `Linked` leads to. `edgekit.indexes`
says how pages tell the mirror what they ask often: a property or a `Linked` that no index names is no column there, and a scan
answers.
"""

import enum
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from msgspec import inspect

from infoharbor.edgekit.json_form import shape_of, without_none
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.records import Record, RecordType, record_type

SELECTED_MAX: Final = 10_000
GROUPS_MAX: Final = 100_000
SCALARS: Final = (inspect.StrType, inspect.IntType, inspect.BoolType, inspect.BytesType, inspect.EnumType)
Where = Mapping[str, Any]


class Span(NamedTuple):
    """The texts from `start` on and before `stop`, as Python sorts them."""

    start: str
    stop: str


class Bucket(NamedTuple):
    """Groups a field that is never negative, such as a day or an instant, by steps of `width` from `origin`; the group
    is named by where it starts."""

    field: str
    width: int
    origin: int = 0

    def start(self, value: int) -> int:
        return value - (value - self.origin) % self.width


class Linked(NamedTuple):
    """Groups a record by a text of another table's records: of those whose key goes on from the record's own, whose fields
    are as `where` says, and `same`: their field to the record's that it equals. It is the first of `fields` that is not
    empty, of the first by key that the reader may read and that has one; else the empty text."""

    of: type[Record]
    fields: tuple[str, ...]
    where: Mapping[str, Any] = {}
    same: Mapping[str, str] = {}


Group = str | Bucket | Linked


class Total(NamedTuple):
    """One group: what its records have in common, how many they are, and the sum of each field asked for."""

    by: tuple[Any, ...]
    records: int
    sums: tuple[int, ...]


class Choice(NamedTuple):
    """Which records of a table; `holds(role, value)` says whether the reader has that role where a field says `value`, and
    `may_read(kind, record)` whether it may read a record of any table."""

    kind: RecordType
    where: Where
    reader: Reader
    holds: Callable[[RoleOf, str], bool]
    may_read: Callable[[RecordType, Any], bool]


class Rows(Protocol):
    """An SQL mirror as it is asked; None where it cannot answer now, so that a scan has to."""

    def paths(self, choice: Choice, order_by: str, limit: int, height: int) -> list[str] | None:
        """Paths of the chosen records at `height` or later; order_by as `Sight.select` has it."""
        ...

    def totals(
        self, choice: Choice, by: tuple[Group, ...], sums: tuple[str, ...], height: int
    ) -> list[Total] | None: ...


def ensure_fields(kind: RecordType, fields: Iterable[str], *, summed: bool = False, own: bool = False) -> None:
    """TypeError unless the table has these fields, and they can be compared, or summed; `own` ones are no properties."""
    known = types_of(kind)
    for name in fields:
        if not summed and not own and name in properties_of(kind):
            continue
        if not isinstance(known.get(name), inspect.IntType if summed else SCALARS):
            raise TypeError(f"{kind.prefix}: {name} is no field that can be {'summed' if summed else 'asked for'}")


def types_of(kind: RecordType) -> dict[str, inspect.Type]:
    """Each field's type, without its None."""
    return {field.name: without_none(field.type) for field in shape_of(kind.of).fields}


def properties_of(kind: RecordType) -> dict[str, type]:
    """The texts and truths that records of this table tell of themselves beside their fields."""
    found = {}
    for name, value in vars(kind.of).items():
        if isinstance(value, property) and value.fget is not None:
            of = typing.get_type_hints(value.fget).get("return")
            if of in (str, bool):
                found[name] = of
    return found


def ensure_groups(kind: RecordType, by: Iterable[Group]) -> None:
    """TypeError for a bucket of what may be negative, and for a way that does not lead from texts to texts."""
    known = {field.name: field.type for field in shape_of(kind.of).fields}
    for each in by:
        if isinstance(each, Linked):
            there = record_type(each.of)
            ensure_fields(there, (*each.where, *each.same), own=True)
            ensure_fields(kind, each.same.values(), own=True)
            size = len(kind.key)
            texts = [types_of(there).get(name) for name in (*there.key[:size], *each.fields)]
            texts += [types_of(kind).get(name) for name in kind.key]
            if len(there.key) <= size or not all(isinstance(of, inspect.StrType) for of in texts):
                raise TypeError(f"{kind.prefix}: its key does not lead on to texts of {there.prefix}")
        if isinstance(each, Bucket):
            of = known.get(each.field)
            if not isinstance(of, inspect.IntType) or of.ge is None or of.ge < 0 or not 1 <= each.width < 2**53:
                raise TypeError(f"{kind.prefix}: {each.field} cannot be grouped by {each.width}")


def plain_where(where: Where) -> Where:
    """The same with the values of enums, as SQL has them; TypeError for a range with gaps."""
    for name, wanted in where.items():
        if isinstance(wanted, range) and wanted.step != 1:
            raise TypeError(f"{name}: a range of step 1")
    return {
        name: {bare(each) for each in wanted} if isinstance(wanted, (set, frozenset)) else bare(wanted)
        for name, wanted in where.items()
    }


def fits(record: Any, where: Where) -> bool:
    """Whether the record's fields are as a plain `where` says."""
    return all(_fits(bare(getattr(record, name)), wanted) for name, wanted in where.items())


def fields_of_groups(by: Iterable[Group]) -> list[str]:
    """The fields of the records themselves that groups go by."""
    return [name for each in by for name in (each.same.values() if isinstance(each, Linked) else (field_of(each),))]


def field_of(each: str | Bucket) -> str:
    return each.field if isinstance(each, Bucket) else each


def sort_key(order_by: str) -> Callable[[Any], Any]:
    """Sorts records by a field; what has none comes first."""
    name = order_by.removeprefix("-")

    def key(record: Any) -> tuple[bool, Any]:
        return _first_none(getattr(record, name))

    return key


def totalled(
    records: Iterable[Any], by: tuple[Group, ...], sums: tuple[str, ...], linked: Callable[[Any, Linked], str]
) -> list[Total]:
    """The totals by a scan, in the order of their groups; `linked` goes a record's way."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for record in records:
        group = tuple(linked(record, each) if isinstance(each, Linked) else _group(record, each) for each in by)
        row = found.setdefault(group, [0] * (len(sums) + 1))
        row[0] += 1
        for at, name in enumerate(sums, 1):
            row[at] += getattr(record, name) or 0
    return in_order([Total(group, row[0], tuple(row[1:])) for group, row in found.items()])


def in_order(totals: list[Total]) -> list[Total]:
    """Sorted by group; what has no value comes first."""
    return sorted(totals, key=lambda total: [_first_none(each) for each in total.by])


def _first_none(value: Any) -> tuple[bool, Any]:
    return value is not None, 0 if value is None else bare(value)


def _group(record: Any, each: str | Bucket) -> Any:
    value = getattr(record, field_of(each))
    return each.start(value) if isinstance(each, Bucket) else value


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, (set, range)):
        return value in wanted
    if isinstance(wanted, Span):
        return value is not None and wanted.start <= value < wanted.stop
    return bool(value == wanted)


def bare(value: Any) -> Any:
    """The value of an enum's member; everything else as it is."""
    return value.value if isinstance(value, enum.Enum) else value


def value_type(kind: RecordType, field: str) -> type | None:
    """The enum of a field, if it is one: SQL gives its value."""
    plain = types_of(kind).get(field)
    return typing.cast(type, plain.cls) if isinstance(plain, inspect.EnumType) else None
