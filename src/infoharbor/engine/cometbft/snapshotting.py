"""The engine's part in making snapshots: the store stands still at the right height until one has been begun."""

from infoharbor.engine.cometbft.order import Place
from infoharbor.engine.cometbft.snapshots import Snapshots
from infoharbor.engine.node import NodeEngine


class SnapshottingEngine(NodeEngine):
    """An engine whose state is kept for new nodes at some heights of CometBFT."""

    _snapshots: Snapshots

    def _keep_state(self, place: Place) -> None:
        """Bring the store to this place, where the node just is, and keep its state from there."""
        self._settle()
        self._snapshots.begin(place)
        super()._flush()
        self._snapshots.stored(self._machine.flushed)

    def _flush(self) -> None:
        if self._snapshots.holds_store:
            if not self._machine.overfull:
                return
            self._snapshots.give_up("too many blocks wait for the store")
        super()._flush()

    def _written(self, fault: OSError | None) -> None:
        super()._written(fault)
        self._snapshots.stored(self._machine.flushed)

    def _flushes_when_idle(self) -> bool:
        return not self._snapshots.holds_store and super()._flushes_when_idle()

    def _kept_from(self) -> int:
        """What is kept beyond a snapshot can be checked by it."""
        first = self._snapshots.first_height
        return min(super()._kept_from(), self._current().height if first is None else first + 1)
