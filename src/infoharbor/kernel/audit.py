"""Runs the contracts' invariants over a state and names the records that offend."""

from collections.abc import Iterator
from typing import Any

from infoharbor.kernel.acting import Surroundings
from infoharbor.kernel.authority import CALENDAR_ACTOR
from infoharbor.kernel.ledger import Ledger
from infoharbor.kernel.records import View
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.state import BlockState, Work


class Readable(Ledger):
    """The state as an invariant sees it: as stored, without the due moves that have not run yet."""

    __slots__ = ()

    def _lapse(self, kind: Any, path: str, record: Any) -> Any:
        return record


def offending(registry: Registry, view: View, now: int) -> Iterator[tuple[str, str]]:
    """Pairs of an invariant's name and the path of a record that breaks it."""
    for invariant in registry.invariants:
        contract = invariant.__module__.split(".")[-2]
        around = Surroundings(now, 0, registry, registry.authority, {})
        ledger = Readable(around, Work(BlockState(view), None), contract, (CALENDAR_ACTOR,), bytes(32))
        for path in invariant(ledger):
            yield f"{contract}.{invariant.__name__}", str(path)
