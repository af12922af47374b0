"""Compares the SQL mirror with the ledger, row by row: part of an audit."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import sqlalchemy as sql

from infoharbor.engine.interface import HeightGone
from infoharbor.kernel.records import RecordType
from infoharbor.readmodel.database import consistent
from infoharbor.readmodel.follower import BLOCKS_AT_ONCE, Follower, refusals_in
from infoharbor.readmodel.ways import untrue

ROWS_AT_ONCE = 1_000


def differences(follower: Follower) -> Iterator[str]:
    """Paths whose row is missing, is too much, or differs from the record, and likewise `refusals/HEIGHT/POSITION`; catches
    up first.

    Both may go on meanwhile. The rows are looked at first, so that the ledger is seen as it stood then, or later: what
    was written since is left out.
    """
    follower.catch_up()
    with consistent(follower.database) as connection:
        height = connection.execute(sql.select(follower.mirror.cursor.c.height)).scalar_one()
        for name, table in follower.mirror.tables.items():
            rows = _rows(follower, connection, table)
            yield from _differing(follower, follower.registry.tables[name], name, rows, height)
        for way in follower.mirror.ways:
            yield from untrue(connection, way)
        yield from _differing_refusals(follower, connection, height)


def _rows(follower: Follower, connection: sql.Connection, table: sql.Table) -> Iterator[dict[str, Any]]:
    ordered = sql.select(*follower.mirror.own(table)).order_by(table.c.path)
    found = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(ordered)
    return (dict(row) for row in found.mappings())


def _differing(
    follower: Follower, kind: RecordType, name: str, rows: Iterator[dict[str, Any]], height: int
) -> Iterator[str]:
    """Walks rows and records by path, side by side."""
    row = next(rows, None)
    with follower.reading.snapshot() as snapshot:
        for path, entry in snapshot.scan(kind.prefix):
            while row is not None and row["path"] < path:
                yield row["path"]
                row = next(rows, None)
            mine = row if row is not None and row["path"] == path else None
            if entry.height <= height:
                wanted = follower.mirror.row(name, path, entry.version, entry.height, kind.read(entry))
                if mine != wanted:
                    yield path
            if mine is not None:
                row = next(rows, None)
        if row is not None:
            yield from (each["path"] for each in chain((row,), rows))


def _differing_refusals(follower: Follower, connection: sql.Connection, height: int) -> Iterator[str]:
    """Compares the refusals of the blocks that are kept: of earlier ones nothing here tells what was refused."""
    table, reading = follower.mirror.refusals, follower.reading
    after = reading.first_block - 1
    while True:
        last = min(after + BLOCKS_AT_ONCE, height)
        try:
            kept = {tuple(row.values()) for block in reading.blocks(after, last - after) for row in refusals_in(block)}
        except HeightGone:  # Dropped meanwhile.
            after = reading.first_block - 1
            continue
        found = sql.select(table).where(table.c.height > after)
        if last < height:
            found = found.where(table.c.height <= last)
        mirrored = set(map(tuple, connection.execute(found)))
        yield from (f"{table.name}/{at}/{position}" for at, position in sorted({row[:2] for row in kept ^ mirrored}))
        if last >= height:
            return
        after = last
