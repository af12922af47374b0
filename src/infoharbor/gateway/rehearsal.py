"""What an action would do now: run against the present state, without a trace."""

from typing import Any

from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.acting import Surroundings
from infoharbor.kernel.actions import Action
from infoharbor.kernel.activation import Active
from infoharbor.kernel.ledger import Ledger, run
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.state import BlockState, Work
from infoharbor.kernel.transaction import HIGHEST
from infoharbor.sdk.building import now_ms


class Rehearsal:
    """The state as `sight` has it, and what one organisation's actions would make of it, each for itself.

    The rules see all of the state, as they will when it is done in earnest; so the asker is told what a receipt would
    tell, and no more: a refusal's `expected` may show a record that only others read.
    """

    def __init__(self, sight: Sight, organisation: str) -> None:
        registry = sight.registry
        self._state, self._organisation = BlockState(sight.view), organisation
        # A chain that is idle has its newest block's time, which may be long past.
        now = max(sight.now, now_ms())
        active = Active(registry).at(self._state, now, again=True)
        self._around = Surroundings(now, 0, registry, registry.authority, active)

    def of(self, action: Action) -> dict[str, Any]:
        """The records that the action would write, by path; raises its `Refusal`."""
        contract = action.__action__.contract
        if contract not in self._around.active:
            raise Refusal("ledger.action_unknown", field="action", expected="an action of an active contract")
        work = Work(self._state, HIGHEST)
        try:
            run(Ledger(self._around, work, contract, (self._organisation,), bytes(32)), action)
        except Refusal as refusal:
            raise Refusal(refusal.code, field=refusal.field) from None
        return {path: record for path, (_, record) in work.writes.items()}
