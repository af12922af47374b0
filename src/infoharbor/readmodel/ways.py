"""What rows keep of the records that a way leads to, so that totals over a million need to look none of them up.

A row keeps the texts that its record may be grouped by, in the order of the keys of the records that have them, each with
what those say of who may read them. Of several with the same readers only the first can ever be it, and is kept.
"""

import functools
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Final

import sqlalchemy as sql

from infoharbor.edgekit import selecting
from infoharbor.edgekit.selecting import Choice, Total
from infoharbor.kernel.records import Entry, RecordType, record_type
from infoharbor.readmodel.tables import Way, column_name, fields_of, fits, plain_type, says_who_reads, text_in

ROWS_AT_ONCE: Final = 1_000
NOWHERE: Final = ""


# As it is kept


def concerned(way: Way, kind: RecordType, path: str, entry: Entry, record: Any) -> Iterator[str]:
    """The paths of the rows whose way may lead elsewhere since this was written."""
    if kind.prefix == way.kind.prefix:
        yield path
    there = record_type(way.linked.of).prefix
    if kind.prefix != there:
        return
    # What is new and not wanted was no end before, and is none now.
    wanted = record is not None and selecting.fits(record, selecting.plain_where(way.linked.where))
    if wanted or entry.version > 1:
        yield way.kind.prefix + "/".join(path.removeprefix(there).split("/")[: len(way.kind.key)])


def keep(connection: sql.Connection, way: Way, paths: Iterable[str]) -> None:
    """Have the rows at these paths say where the way leads now."""
    path, found = sql.bindparam("at", type_=sql.Text()), sql.bindparam("found", type_=sql.Text())
    statement = sql.update(way.table).where(way.table.c.path == path).values({way.column: found})
    for changed in _changes(connection, way, paths):
        if changed:
            connection.execute(statement, changed)


def untrue(connection: sql.Connection, way: Way) -> Iterator[str]:
    """Paths of the rows that do not say where the way leads."""
    for changed in _changes(connection, way, every_path(connection, way)):
        yield from (each["at"] for each in changed)


def every_path(connection: sql.Connection, way: Way) -> Iterator[str]:
    path, after = way.table.c.path, ""
    while some := connection.scalars(sql.select(path).where(path > after).order_by(path).limit(ROWS_AT_ONCE)).all():
        yield from some
        after = some[-1]


def _changes(connection: sql.Connection, way: Way, paths: Iterable[str]) -> Iterator[list[dict[str, str]]]:
    """For those of these rows that do not keep what they should, their path and what it is; some at a time."""
    rest, given = iter(paths), sql.bindparam("paths", type_=sql.Text(), expanding=True)
    statement = _ends(way).where(way.table.c.path.in_(given))
    while some := list(itertools.islice(rest, ROWS_AT_ONCE)):
        found = itertools.groupby(connection.execute(statement, {"paths": some}), key=operator.itemgetter(0, 1))
        told = [(path, kept, _kept(rows)) for (path, kept), rows in found]
        yield [{"at": path, "found": found} for path, kept, found in told if kept != found]


def _ends(way: Way) -> Any:
    """Path and column of each row with each record that its way leads to: its text, and who may read it; all in order."""
    here, there, other = way.table, way.there.alias(), record_type(way.linked.of)
    types, where = fields_of(other), selecting.plain_where(way.linked.where)
    texts = [sql.func.nullif(there.c[column_name(each)], "") for each in way.linked.fields]
    text = sql.func.coalesce(*texts, sql.null())
    keys = zip(other.key, way.kind.key, strict=False)
    ends: list[Any] = [there.c.deleted.is_(False), text.is_not(None)]
    ends += [there.c[column_name(name)] == here.c[column_name(own)] for name, own in keys]
    ends += [
        there.c[column_name(name)].is_not_distinct_from(here.c[column_name(own)])
        for name, own in way.linked.same.items()
    ]
    ends += [fits(there.c[column_name(name)], wanted, types[name]) for name, wanted in where.items()]
    whose = [there.c[column_name(each)] for each in says_who_reads(other)]
    chosen = sql.select(here.c.path, here.c[way.column], text, *whose)
    return chosen.select_from(here.outerjoin(there, sql.and_(*ends))).order_by(here.c.path, there.c.path)


def _kept(rows: Iterable[Any]) -> str:
    """What a row keeps of these ends."""
    first: dict[tuple[Any, ...], str] = {}
    for _, _, text, *readers in rows:
        if text is not None:
            first.setdefault(tuple(readers), text)
    return json.dumps([(text, *readers) for readers, text in first.items()]) if first else NOWHERE


# As it is read


def resolved(totals: list[Total], ways: Sequence[Way | None], choice: Choice) -> list[Total]:
    """Totals by what rows keep of these ways, as totals by where they lead this reader."""
    if not any(ways):
        return totals
    texts = [_same if way is None else _for_reader(way, choice) for way in ways]
    merged: dict[tuple[Any, ...], Total] = {}
    for total in totals:
        by = tuple(text(each) for text, each in zip(texts, total.by, strict=True))
        known = merged.get(by, Total(by, 0, (0,) * len(total.sums)))
        sums = tuple(one + more for one, more in zip(known.sums, total.sums, strict=True))
        merged[by] = Total(by, known.records + total.records, sums)
    return list(merged.values())


def _same(value: Any) -> Any:
    return value


def _for_reader(way: Way, choice: Choice) -> Callable[[Any], Any]:
    """What makes of that which a row keeps the text that this reader's way leads to."""
    kind = record_type(way.linked.of)
    types = fields_of(kind)

    def value(field: str, stored: Any) -> Any:
        if stored is None:
            return None
        return text_in(stored) if plain_type(types[field]) is str else json.loads(stored)

    @functools.cache
    def text(kept: str) -> str:
        for found, *readers in json.loads(kept) if kept else ():
            said = zip(says_who_reads(kind), readers, strict=True)
            if choice.may_read(kind, SimpleNamespace(**{field: value(field, stored) for field, stored in said})):
                return text_in(found)
        return NOWHERE

    return text
