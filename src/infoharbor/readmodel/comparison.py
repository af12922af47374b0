"""Compares the SQL mirror with the ledger, row by row: part of an audit."""

from collections.abc import Iterator

import sqlalchemy as sql

from infoharbor.readmodel.follower import Follower


def differences(follower: Follower) -> Iterator[str]:
    """Paths whose row is missing, is too much, or differs from the record; catches up first."""
    follower.catch_up()
    with follower.reading.snapshot() as snapshot, follower.database.connect() as connection:
        for name, table in follower.mirror.tables.items():
            kind = follower.registry.tables[name]
            rows = {row.path: row._asdict() for row in connection.execute(sql.select(table))}
            for path, entry in snapshot.scan(kind.prefix):
                record = kind.read(entry)
                if rows.pop(path, None) != follower.mirror.row(name, path, entry.version, entry.height, record):
                    yield path
            yield from sorted(rows)
