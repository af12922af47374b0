"""The ledger at one height: the state store, and over it the blocks that it does not hold yet."""

import bisect
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

from infoharbor.engine.batch import StoredBlock
from infoharbor.engine.interface import Kind
from infoharbor.engine.store import Store, Stored
from infoharbor.kernel.block import Header
from infoharbor.kernel.records import Entry, record_type


class Layer:
    """What one block wrote, by path; never changed once made."""

    def __init__(
        self,
        height: int,
        block: StoredBlock,
        entries: dict[str, Entry],
        transactions: dict[bytes, tuple[int, int]],
        subtrees: dict[tuple[int, int], bytes],
        calendar: tuple[tuple[int, str, bool], ...],
    ) -> None:
        self.height, self.block, self.entries = height, block, entries
        self.transactions, self.subtrees, self.calendar = transactions, subtrees, calendar

    @functools.cached_property
    def paths(self) -> list[str]:
        return sorted(self.entries)


class State(NamedTuple):
    """The newest block, the header log's root with it, and the layers beyond the store's height,
    ascending."""

    header: Header
    header_bytes: bytes
    root: bytes
    layers: tuple[Layer, ...]

    @property
    def height(self) -> int:
        return self.header.height

    @property
    def base(self) -> int:
        """The least height that the store may have for the layers to reach down to it."""
        return self.layers[0].height - 1 if self.layers else self.header.height


class Snapshot:
    """Reads of one height, from any thread."""

    def __init__(self, state: State, stored: Stored) -> None:
        self.state, self.stored = state, stored
        self._layers = state.layers[::-1]

    @classmethod
    def open(cls, store: Store, current: Callable[[], State]) -> Self:
        """Take the store first and the layers after, so that no layer is missing; again if the store has
        overtaken."""
        while True:
            stored = store.read()
            try:
                state = current()
                if state.base <= stored.height <= state.height:
                    return cls(state, stored)
            except BaseException:
                stored.close()
                raise
            stored.close()

    @property
    def header(self) -> Header:
        return self.state.header

    @property
    def height(self) -> int:
        return self.state.header.height

    @property
    def time(self) -> int:
        return self.state.header.time

    def entry(self, path: str) -> Entry | None:
        for layer in self._layers:
            found = layer.entries.get(path)
            if found is not None:
                return found
        return self.stored.entry(path)

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        kind = record_type(of)
        found: Kind | None = kind.read(self.entry(kind.path(key)))
        return found

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        written: dict[str, Entry] = {}
        for layer in self.state.layers:
            paths = layer.paths
            start = bisect.bisect_right(paths, after) if after > prefix else bisect.bisect_left(paths, prefix)
            for path in paths[start:]:
                if not path.startswith(prefix):
                    break
                written[path] = layer.entries[path]
        fresh, at = sorted(written), 0
        for stored, entry in self.stored.scan(prefix, after):
            while at < len(fresh) and fresh[at] < stored:
                yield fresh[at], written[fresh[at]]
                at += 1
            if stored not in written:
                yield stored, entry
        for path in fresh[at:]:
            yield path, written[path]

    def waiting(self, until: int) -> Iterator[tuple[int, str]]:
        """What the calendar holds up to this time, by time and then path."""
        changes = {(time, path): waits for layer in self.state.layers for time, path, waits in layer.calendar}
        added = sorted(due for due, waits in changes.items() if waits and due[0] <= until)
        at = 0
        for due in self.stored.due(until):
            while at < len(added) and added[at] < due:
                yield added[at]
                at += 1
            if due not in changes:
                yield due
        yield from added[at:]

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        """The first of what the calendar holds up to this time."""
        return list(itertools.islice(self.waiting(until), most))

    def transaction(self, identifier: bytes) -> tuple[int, int] | None:
        """Height and position of a transaction that has run."""
        for layer in self._layers:
            found = layer.transactions.get(identifier)
            if found is not None:
                return found
        return self.stored.transaction(identifier)

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree of the header log; KeyError if it is not complete yet."""
        for layer in self._layers:
            found = layer.subtrees.get((level, index))
            if found is not None:
                return found
        stored = self.stored.subtree(level, index)
        if stored is None:
            raise KeyError((level, index))
        return stored

    def block(self, height: int) -> StoredBlock | None:
        """Where a block lies in the log, and its header."""
        for layer in self._layers:
            if layer.height == height:
                return layer.block
        return self.stored.block(height)

    def close(self) -> None:
        self.stored.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()
