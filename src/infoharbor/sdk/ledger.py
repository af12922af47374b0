"""One engine with the contracts that give its bytes a meaning, and what it lets a reader see."""

import contextlib
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infoharbor.edgekit.languages import Words
from infoharbor.edgekit.pages import (
    alarming_of,
    desks_of,
    enclosed_of,
    measures_of,
    queries_of,
    references_of,
    reports_of,
)
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import HeightGone, Refused
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.records import Entry
from infoharbor.readmodel.follower import Follower
from infoharbor.readmodel.rows import SqlRows
from infoharbor.sdk.building import Chain
from infoharbor.sdk.cursors import Cursors
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import Node
from infoharbor.sdk.refused import find_refused


class Ledger:
    """One engine with the contracts that give its bytes a meaning. Shared by every client in the process.

    `follower` keeps an SQL mirror, which then answers what queries choose and sum by fields.
    """

    def __init__(self, engine: Node, *, cursors: Cursors | None = None, follower: Follower | None = None) -> None:
        self.engine, self.registry, self.follower = engine, engine.chain.registry, follower
        self._rows = None if follower is None else SqlRows(follower)
        self.words, self.queries = Words(self.registry), queries_of(self.registry)
        self.reports, self.desks = reports_of(self.registry), desks_of(self.registry)
        self.alarming = alarming_of(self.registry)
        self.references, self.enclosed = references_of(self.registry), enclosed_of(self.registry)
        self.measures = measures_of(self.registry)
        self.cursors = cursors or Cursors()
        self.chain = Chain(engine.chain.id, engine.chain.suite)

    @contextmanager
    def sight(self, reader: Reader) -> Iterator[Sight]:
        """The newest state as the reader may see it."""
        with self.engine.snapshot() as snapshot:
            yield Sight(
                snapshot, self._kept_history, self.registry, snapshot.time, reader,
                rows=self._rows, height=snapshot.height,
                refusals=functools.partial(find_refused, self.engine, self._rows, snapshot.height),
            )  # fmt: skip

    def _kept_history(self, path: str) -> Iterator[Entry]:
        """The versions of a record as far back as this node keeps them."""
        with contextlib.suppress(HeightGone):
            yield from self.engine.history(path)

    def problem(self, code: str, field: str = "", expected: str = "", **receipt: Any) -> Problem:
        return Problem(code, field=field, expected=expected, sentence=self.words.refusal(code), **receipt)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Whatever is refused inside leaves as a `Problem` with its sentences."""
        try:
            yield
        except (Refused, Malformed) as refused:
            raise self.problem(refused.code, refused.field, refused.expected) from None
        except Problem as problem:
            problem.sentence = self.words.refusal(problem.code)
            raise
