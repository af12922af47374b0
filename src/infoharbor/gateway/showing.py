"""Shows this node's ledger to the outside witnesses that its folder names, as it grows.

A ledger is witnessed once enough members have shown the witness the same size. So all nodes show the same ones, without a
word between them: the last block of each period of block time. An idle network's newest block is soon one.
"""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Final

import httpx

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import NodeAttester
from infoharbor.engine.interface import Damaged, Reading, Refused
from infoharbor.engine.witness import read_watch_list
from infoharbor.engine.witnessed_notes import WitnessedNotes
from infoharbor.evidence.trust import Witness
from infoharbor.gateway.witness import Feeder
from infoharbor.kernel.block import Header, header_codec
from infoharbor.kernel.encoding import Malformed
from infoharbor.sdk.building import now_ms

logger = logging.getLogger(__name__)
PERIOD_MS: Final = 5_000
LATE_MS: Final = 1_000
"""How far block time may lie behind the clock: only then no other block of the period is to come."""
PAUSE_S: Final = 1
PAUSE_REFUSED_S: Final = 5


class Showing:
    """What all of the witnesses cosigned goes to `witnessed`. Who changes the file need not start the node again. A thread of
    its own runs from `start` to `stop`."""

    def __init__(self, engine: Reading, attestation: Attestation, file: Path, witnessed: WitnessedNotes) -> None:
        self._engine, self._attestation, self._file, self._witnessed = engine, attestation, file, witnessed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="showing", daemon=True)
        self._feeder: Feeder | None = None
        self._for: tuple[NodeAttester, list[Witness]] | None = None
        self._shown = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(PAUSE_S):
            try:
                asyncio.run(self._show())
            except (Refused, Malformed, TokenFault, httpx.HTTPError) as fault:
                logger.warning("the ledger is not witnessed: %s", fault)
                self._over.wait(PAUSE_REFUSED_S)
            except Damaged:
                logger.exception("the ledger is shown to no witness any more")
                return

    async def _show(self) -> None:
        """Show the size that is due, if it has not been shown."""
        size = size_to_show(self._engine, now_ms())
        feeder = self._fed()
        if feeder is None or size <= self._shown:
            return
        root = self._engine.root(size)
        # Only what a quorum goes by: a witness never lets a log take anything back.
        attested = self._attestation.at(size, root)
        async with httpx.AsyncClient() as client:
            own = await feeder.feed(client, size, root)
        if own is not None:
            self._witnessed.keep(attested, own.decode())
        self._shown = size

    def _fed(self) -> Feeder | None:
        """What feeds the witnesses that the file names now with this node's key as it is now; None if there are none."""
        own = self._attestation.own
        witnesses = read_watch_list(self._file).witnesses if self._file.exists() else []
        if own is None or not witnesses:
            return None
        if self._for != (own, witnesses):
            self._for, self._shown = (own, witnesses), 0
            self._feeder = Feeder(own, self._engine, witnesses)
        return self._feeder


def size_to_show(engine: Reading, now: int) -> int:
    """How many headers there are up to the last block of the newest period that is over; 0 if none is. `now` is the clock,
    in milliseconds since 1970 UTC."""
    height = engine.status().height
    period = _period(engine, height)
    if now - LATE_MS >= (period + 1) * PERIOD_MS:
        return height + 1
    while height >= 0 and _period(engine, height) == period:
        height -= 1
    return height + 1


def _period(engine: Reading, height: int) -> int:
    header: Header = header_codec.decode(engine.header(height))
    return header.time // PERIOD_MS
