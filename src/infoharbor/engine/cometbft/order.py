"""Which height of CometBFT made which block of ours: what CometBFT is told after a restart.

A block's line is durable before the block is: so the newest line whose block is in the block log tells where this node
is, whatever moment a crash chose, and the block's own append stays the one step that commits it.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

from infoharbor.engine.folder import write_private
from infoharbor.engine.interface import Damaged

LINE = struct.Struct(">QQ")
LINE_BYTES = LINE.size + 4
LINES_MOST = 50_000
SYNCED_EVERY = 1_000
"""Heights without a block of ours are run again after a power cut, which costs little: but not too many of them."""


class Place(NamedTuple):
    """Up to `order`, CometBFT's height, the chain has our blocks up to `height`."""

    order: int
    height: int


class Order:
    """The file of places, appended to by one thread."""

    def __init__(self, path: Path, height: int) -> None:
        """`height` is the newest block in the block log."""
        self._path, self._unsynced = path, 0
        known = [place for place in read_places(path) if place.height <= height]
        if not known or known[-1].height != height:
            raise Damaged(path.name, f"the place of block {height} among CometBFT's")
        self.newest = known[-1]
        self._begin()

    @staticmethod
    def create(path: Path, height: int, *, order: int = 0) -> None:
        """For a chain that CometBFT orders from now on, or from beyond its height `order`, with blocks up to `height` before
        that."""
        write_private(path, line(Place(order, height)))

    def append(self, place: Place) -> None:
        """Note a height of CometBFT; durably if it makes a block of ours."""
        makes_block = place.height > self.newest.height
        if self._lines >= LINES_MOST:
            os.close(self._file)
            self._begin()
        os.write(self._file, line(place))
        self._lines += 1
        self._unsynced += 1
        if makes_block or self._unsynced >= SYNCED_EVERY:
            os.fdatasync(self._file)
            self._unsynced = 0
        self.newest = place

    def close(self) -> None:
        os.close(self._file)

    def _begin(self) -> None:
        """Only the newest place is ever needed."""
        write_private(self._path, line(self.newest))
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._lines = 1


def line(place: Place) -> bytes:
    packed = LINE.pack(*place)
    return packed + zlib.crc32(packed).to_bytes(4, "big")


def read_places(path: Path) -> list[Place]:
    """The places up to the first line that a crash cut off."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise Damaged(path.name, "the file that says which block CometBFT is at") from None
    places = []
    for at in range(0, len(raw) - LINE_BYTES + 1, LINE_BYTES):
        place = Place(*LINE.unpack_from(raw, at))
        if line(place) != raw[at : at + LINE_BYTES]:
            break
        places.append(place)
    return places
