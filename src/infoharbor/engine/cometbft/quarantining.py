"""What an engine does once it knows that its ledger is not the network's: it tells how it is, and nothing else."""

import contextlib
import logging
import threading

from infoharbor.engine.cometbft.divergence import Own, explained, verdict_in
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.interface import Refused, Status
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.proving import root_with
from infoharbor.engine.quarantine import Quarantine
from infoharbor.engine.reading import frontier_at
from infoharbor.engine.snapshot import Snapshot, State

logger = logging.getLogger(__name__)


class QuarantiningEngine(NodeEngine):
    """An engine whose CometBFT may find that a quorum goes another way: `_hear` is called with each line of its errors."""

    _quarantine: Quarantine | None = None
    _asking: threading.Thread | None = None

    def status(self) -> Status:
        known = self._quarantine
        if known is None:
            return super().status()
        header, flushed = super()._current().header, self._machine.flushed
        return Status(
            self.chain.id, self.genesis.name, header.height, header.time, flushed, 0, "quarantined", known.told
        )

    def wait_beyond(self, height: int, timeout: float | None = None) -> int:
        with contextlib.suppress(Refused):
            return super().wait_beyond(height, timeout)
        with self._changed:
            self._changed.wait_for(lambda: self._closing, timeout)
        return height

    def _current(self) -> State:
        """Nothing is read as if it were true, and so nothing signed."""
        if self._quarantine is not None:
            raise self._refusal()
        return super()._current()

    def _refusal(self) -> Refused:
        if self._quarantine is not None:
            return Refused("node.quarantined", "", self._quarantine.told)
        return super()._refusal()

    def _turn(self) -> None:
        super()._turn()
        if self._quarantine is not None:
            raise self._refusal()

    def _hear(self, line: bytes) -> bool:
        """Whether CometBFT says that a quorum goes another way. Called in the thread that watches it."""
        found = verdict_in(line, self._machine.height)
        if found is None:
            return False
        logger.error("this node's ledger is not the network's: %s", found.told)
        self._keep(found)
        with self._entrance:
            self._condition = "halted"
        self._wake()
        self._asking = threading.Thread(target=self._explain, args=(found,), name="explaining", daemon=True)
        self._asking.start()
        return True

    def _explain(self, found: Quarantine) -> None:
        """Ask the other members' nodes where the ledgers part."""
        with Snapshot.open(self._store, super()._current) as snapshot:
            block = self._block(snapshot, found.height)
            before = frontier_at(snapshot, found.height)
        own = Own(before, block, self._root_with)
        told = explained(found, self.chain, own, ConsensusHome(self._data.path).config().gateways)
        logger.error("where it parts from the network: %s", told.told)
        self._keep(told)

    def _root_with(self, leaves: dict[str, bytes]) -> bytes:
        with Snapshot.open(self._store, super()._current) as snapshot:
            return root_with(self.chain.suite, snapshot, leaves)

    def _keep(self, quarantine: Quarantine) -> None:
        """In the folder first: who is told of it by the node finds it there."""
        try:
            self._data.write_quarantine(quarantine)
        except OSError:
            logger.exception("the quarantine is not kept; CometBFT will find it again")
        self._quarantine = quarantine

    def _end_asking(self) -> None:
        if self._asking is not None:
            self._asking.join()
