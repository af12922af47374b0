"""Makes a failing plan smaller: fewer blocks, fewer kinds of faults, fewer organisations, as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from infoharbor.edgekit.story import Story
from infoharbor.simulation.faults import Plan
from infoharbor.simulation.history import Result, simulate

TRIES_MOST = 60
ORGANISATIONS_LEAST = 2


def shrunk(failing: Result, stories: Sequence[Story] = (), *, run: Callable[..., Result] = simulate) -> Result:
    """The smallest failure that is found greedily; any violation counts, also another than at first."""
    smallest, left = failing, TRIES_MOST
    candidates = _smaller(smallest.plan)
    while left and (plan := next(candidates, None)) is not None:
        left -= 1
        tried = run(plan, stories)
        if tried.violation is not None:
            smallest = tried
            candidates = _smaller(plan)
    return smallest


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans that do less, the boldest first."""
    for blocks in sorted({1, plan.blocks // 2, plan.blocks - 1}):
        if 0 < blocks < plan.blocks:
            yield plan._replace(blocks=blocks)
    for fault in sorted(plan.faults):
        yield plan._replace(faults=plan.faults - {fault})
    for organisations in sorted({4, plan.organisations - 3, plan.organisations - 1}):
        if ORGANISATIONS_LEAST <= organisations < plan.organisations and plan.hostile_count < organisations:
            yield plan._replace(organisations=organisations)
