"""How many of its own blocks CometBFT keeps: those by which misbehaviour can still be proved, and no more.

Evidence of it lapses once it is older than a number of blocks and a time, both. When CometBFT was where is noted once an
hour; a node that is new keeps everything until it knows.
"""

import contextlib
from pathlib import Path

import msgspec

from infoharbor.engine.cometbft.settings import EVIDENCE_BLOCKS, EVIDENCE_NANOSECONDS
from infoharbor.engine.folder import write_private

EVIDENCE_MS = EVIDENCE_NANOSECONDS // 1_000_000
NOTED_EVERY_MS = 60 * 60 * 1000
AT_ONCE = 1_000
"""How much further back nothing is kept with each block: CometBFT deletes while it commits."""


class Retention:
    """`file` holds pairs of a height and when CometBFT came to it. Used by one thread."""

    def __init__(self, file: Path, *, blocks: int = EVIDENCE_BLOCKS, milliseconds: int = EVIDENCE_MS) -> None:
        self._file, self._blocks, self._milliseconds = file, blocks, milliseconds
        self._notes: list[tuple[int, int]] = []
        self._told = 0
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            self._notes = msgspec.json.decode(file.read_bytes(), type=list[tuple[int, int]])

    def retained(self, order: int, now: int) -> int:
        """The lowest height to keep once `order` is committed at `now`; 0 keeps everything."""
        lapsed = [note for note in self._notes if note[1] <= now - self._milliseconds]
        if not self._notes or now - self._notes[-1][1] >= NOTED_EVERY_MS:
            # Of those that have lapsed only the newest matters.
            self._notes = [*lapsed[-1:], *self._notes[len(lapsed) :], (order, now)]
            write_private(self._file, msgspec.json.encode(self._notes))
        if not lapsed:
            return 0
        self._told = max(0, min(lapsed[-1][0], order - self._blocks, self._told + AT_ONCE))
        return self._told
