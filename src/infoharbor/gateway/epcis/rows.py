"""Events and their facts as rows of the index, many written at once: each step of SQLite's gives the processor away."""

import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.contracts.trace.records import Event
from infoharbor.gateway.epcis.facts import Facts, Value
from infoharbor.gateway.epcis.plans import PRESENT, number_of

KNOWN_MAX: Final = 100_000
EXACT: Final = 2**53
"""Below it every integer is a number that SQLite has exactly."""
Name = tuple[str, str]
"""A field and one of its values; or the empty text, for its being there."""


class Described(NamedTuple):
    """An event's facts as anyone may have them, and those that only its owner has, where they are kept here."""

    shown: Facts
    held: Facts


class Writer:
    """What writes to one index. It knows the numbers of what is written once and named often."""

    def __init__(self, database: sqlite3.Connection, secret_of: Callable[[str], bytes]) -> None:
        self._database, self.secret_of = database, secret_of
        self._names: dict[Name, int] = {}
        self._audiences: dict[tuple[str, ...], int] = {}

    def rows(self) -> "Rows":
        return Rows(self)

    def forget(self) -> None:
        """The tables are not as they were."""
        self._names.clear()
        self._audiences.clear()

    def delete(self, key: str) -> None:
        """Take an event away. What is left of its facts leads to no event any more."""
        self._database.execute("DELETE FROM events WHERE key = ?", (key,))

    def insert(self, table: str, columns: int, rows: Sequence[tuple[Any, ...]], further: str = "") -> None:
        """Write rows of integers and texts in one step."""
        if rows:
            picked = ", ".join(f"json_extract(value, '$[{at}]')" for at in range(columns))
            statement = f"INSERT INTO {table} SELECT {picked} FROM json_each(?) WHERE true {further}"
            self._database.execute(statement, (msgspec.json.encode(rows),))

    def insert_singly(self, table: str, rows: Iterable[tuple[int, float, int]]) -> None:
        """Write rows of three, among them numbers that are no integers: SQLite may read their digits as a neighbour's."""
        self._database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)

    def names(self, names: set[Name]) -> dict[Name, int]:
        """The number of each of these names."""
        known = {name: number for name in names if (number := self._names.get(name)) is not None}
        fresh = sorted(names - known.keys())
        if fresh:
            # JSON in SQLite ends a text at U+0000.
            several = [name for name in fresh if "\0" not in name[0] and "\0" not in name[1]]
            added = self._numbered(several) | {name: self._name(name) for name in set(fresh).difference(several)}
            if len(self._names) + len(added) > KNOWN_MAX:
                self._names.clear()
            self._names |= added
            known |= added
        return known

    def _numbered(self, names: list[Name]) -> dict[Name, int]:
        self.insert("names (field, value)", 2, names, "ON CONFLICT DO NOTHING")
        found = self._database.execute(
            "SELECT names.field, names.value, names.id FROM json_each(?) AS asked"
            " JOIN names ON names.field = json_extract(asked.value, '$[0]')"
            " AND names.value = json_extract(asked.value, '$[1]')",
            (msgspec.json.encode(names),),
        )
        return {(field, value): number for field, value, number in found}

    def _name(self, name: Name) -> int:
        return self._known("names", "field, value", name)

    def audience(self, readers: tuple[str, ...]) -> int:
        """The number of an audience."""
        known = self._audiences.get(readers)
        if known is None:
            known = self._known("audiences", "readers", ("\n".join(readers),))
            if len(self._audiences) >= KNOWN_MAX:
                self._audiences.clear()
            self._audiences[readers] = known
        return known

    def _known(self, table: str, columns: str, values: tuple[str, ...]) -> int:
        last, marks = columns.rpartition(" ")[2], ", ".join("?" for _ in values)
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        found = self._database.execute(f"{statement} ON CONFLICT DO UPDATE SET {last} = {last} RETURNING id", values)
        return int(found.fetchone()[0])


class Rows:
    """What is to be written of several events: their own rows, and those of the three tables of facts."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._events: dict[str, tuple[int, str, str, int, int, int]] = {}
        self._facts: dict[Name, set[int]] = {}
        self._numbers: dict[Name, set[tuple[float, int]]] = {}
        self._held: set[tuple[int, int]] = set()

    def remove(self, key: str) -> None:
        """An event's older version counts no more."""
        self._events.pop(key, None)
        self._writer.delete(key)

    def add(self, seq: int, key: str, record: Event, described: Described) -> None:
        owner, audience = record.captured_by, self._writer.audience(record.audience)
        self._events[key] = (seq, key, owner, audience, record.event_time, record.record_time)
        for field, values in described.shown.items():
            for value in values:
                number = None if type(value) is str else number_of(value)
                if number is None:
                    self._facts.setdefault((field, PRESENT if value is None else str(value)), set()).add(seq)
                else:
                    self._numbers.setdefault((field, PRESENT), set()).add((number, seq))
        if described.held:
            secret = self._writer.secret_of(owner)
            for field, values in described.held.items():
                self._held.update((digest(secret, field, value), seq) for value in (None, *values))

    def write(self) -> None:
        writer = self._writer
        names = writer.names(self._facts.keys() | self._numbers.keys())
        numbers = sorted([(names[name], *each) for name, several in self._numbers.items() for each in several])
        whole = [(name, int(value), seq) for name, value, seq in numbers if _is_exact(value)]
        writer.insert("events", 6, list(self._events.values()))
        writer.insert(
            "facts", 2, sorted([(names[name], seq) for name, several in self._facts.items() for seq in several])
        )
        writer.insert("numbers", 3, whole)
        writer.insert_singly("numbers", (each for each in numbers if not _is_exact(each[1])))
        writer.insert("held", 2, sorted(self._held))


def _is_exact(number: float) -> bool:
    return abs(number) < EXACT and number.is_integer()


def digest(secret: bytes, field: str, value: Value) -> int:
    """What a withheld fact is found by: numbers only by their being there."""
    text = value if isinstance(value, str) else PRESENT
    return int.from_bytes(hmac.digest(secret, f"{field}\n{text}".encode(), hashlib.sha256)[:8], "big", signed=True)
