"""Where a contract's story happens in a simulated network: each act is sent to some node, and waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from infoharbor.contractkit import Action, Record
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.simulation.founding import Part

if TYPE_CHECKING:
    from infoharbor.simulation.history import History

Kind = TypeVar("Kind", bound=Record)
SKEW_MS = 10_000
ANSWER_MS = 120_000
"""How long an act may take while faults go on."""


class StoryWorld:
    """The story's acts drive the history on."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.cast = history.around.founding.cast
        self.things: dict[str, Any] = {}

    @property
    def now(self) -> int:
        return self._history.network.now

    def act(self, *actions: Action, by: str | Sequence[str], users: Sequence[Signer] = ()) -> Any:
        organisations = (by,) if isinstance(by, str) else tuple(by)
        return self.bundle([(action, organisations) for action in actions], users=users)

    def bundle(self, parts: Sequence[Part], *, users: Sequence[Signer] = ()) -> Any:
        """Send actions as one; raises the `Refusal` if the bundle is refused."""
        load = self._history.load
        sent = load.send(list(parts), users=users)
        self._history.step_until(lambda: sent.id in load.answers, ANSWER_MS, "a story's act is not answered")
        receipt = load.answers[sent.id]
        if receipt.code:
            raise Refusal(receipt.code, field=receipt.field, expected=receipt.expected)
        return receipt

    def get(self, of: type[Kind], *key: Any) -> Kind:
        """The record as it stands after everything that has been answered."""
        machine = self._newest()
        while machine is None:  # Whoever answered has fallen since, and the others are not so far yet.
            self._history.step()
            machine = self._newest()
        with machine.view() as view:
            found = view.find(of, *key)
        if found is None:
            raise KeyError(record_type(of).path(key))
        return found

    def _newest(self) -> OrderedMachine | None:
        height = self._history.checks.committed_height
        machines = (node.running.machine for node in self._history.nodes if node.is_up)
        return next((machine for machine in machines if machine.height >= height), None)

    def advance(self, milliseconds: int) -> None:
        """The network sleeps so long, and goes on until block time has followed."""
        history = self._history
        until = history.network.now + milliseconds
        history.network.pass_time(milliseconds)
        history.step_until(
            lambda: history.checks.time >= until - SKEW_MS, ANSWER_MS, "block time does not follow the clocks"
        )
