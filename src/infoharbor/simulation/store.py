"""The state store in memory: a batch is there as a whole and durable, or not at all, as LMDB's transactions are."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from infoharbor.engine.batch import Batch, Meta, StoredBlock
from infoharbor.engine.interface import decode_entry
from infoharbor.kernel.records import Entry


class MemoryStore:
    """Answers as `engine.store.Store` and what it reads do; a machine's store outlives its process."""

    def __init__(self) -> None:
        self._meta: Meta | None = None
        self._records: dict[str, bytes] = {}
        self._paths: list[str] = []
        self._nodes: dict[bytes, bytes] = {}
        self._transactions: dict[bytes, tuple[int, int]] = {}
        self._subtrees: dict[tuple[int, int], bytes] = {}
        self._blocks: dict[int, StoredBlock] = {}
        self._calendar: list[tuple[int, str]] = []

    def copy(self) -> MemoryStore:
        copied = MemoryStore()
        for name, value in vars(self).items():
            setattr(copied, name, value.copy() if isinstance(value, dict | list) else value)
        return copied

    def write(self, batch: Batch) -> None:
        self._meta = batch.meta
        for path in batch.records:
            if path not in self._records:
                bisect.insort(self._paths, path)
        self._records.update(batch.records)
        self._nodes.update(batch.nodes)
        self._transactions.update(batch.transactions)
        self._subtrees.update(batch.subtrees)
        self._blocks.update(batch.blocks)
        due = {*self._calendar, *(each for each, waits in batch.calendar.items() if waits)}
        self._calendar = sorted(due - {each for each, waits in batch.calendar.items() if not waits})

    def read(self) -> MemoryStore:
        return self

    def meta(self) -> Meta | None:
        return self._meta

    @property
    def height(self) -> int:
        return -1 if self._meta is None else self._meta.height

    def entry(self, path: str) -> Entry | None:
        raw = self._records.get(path)
        return None if raw is None else decode_entry(raw)

    def node(self, prefix: bytes) -> bytes | None:
        return self._nodes.get(prefix)

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        beyond = bisect.bisect_right(self._paths, after) if after > prefix else bisect.bisect_left(self._paths, prefix)
        for path in self._paths[beyond:]:
            if not path.startswith(prefix):
                return
            yield path, decode_entry(self._records[path])

    def due(self, until: int) -> Iterator[tuple[int, str]]:
        return (each for each in self._calendar if each[0] <= until)

    def transaction(self, identifier: bytes) -> tuple[int, int] | None:
        return self._transactions.get(identifier)

    def subtree(self, level: int, index: int) -> bytes | None:
        return self._subtrees.get((level, index))

    def block(self, height: int) -> StoredBlock | None:
        return self._blocks.get(height)

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> MemoryStore:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()
