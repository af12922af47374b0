"""Makes a failing plan smaller: fewer blocks, fewer kinds of faults, fewer organisations, as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from infoharbor.edgekit.story import Story
from infoharbor.simulation.faults import Fault, Plan
from infoharbor.simulation.history import Result, simulate

TRIES_MOST = 100
ORGANISATIONS_LEAST = 2
Step = Callable[[Plan], Plan]


def shrunk(failing: Result, stories: Sequence[Story] = (), *, run: Callable[..., Result] = simulate) -> Result:
    """The smallest failure that is found greedily; any violation counts, also another than at first."""
    smallest, left, progress = failing, TRIES_MOST, True
    while progress:
        progress = False
        for step in _steps():
            while left and (plan := step(smallest.plan)) != smallest.plan:
                left -= 1
                tried = run(plan, stories)
                if tried.violation is None:
                    break
                smallest, progress = tried, True
    return smallest


def _steps() -> Iterator[Step]:
    """Ways to do less, the boldest first; each is taken as often as it still fails."""
    yield lambda plan: plan._replace(blocks=max(1, plan.blocks // 2))
    yield lambda plan: plan._replace(blocks=max(1, plan.blocks - 1))
    for fault in Fault:
        yield lambda plan, fault=fault: plan._replace(faults=plan.faults - {fault})  # type: ignore[misc]
    yield lambda plan: _with_organisations(plan, min(plan.organisations, 4))
    yield lambda plan: _with_organisations(plan, plan.organisations - 1)


def _with_organisations(plan: Plan, organisations: int) -> Plan:
    few = plan._replace(organisations=max(ORGANISATIONS_LEAST, organisations))
    return few if few.hostile_count < few.organisations else plan
