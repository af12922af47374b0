"""The snapshots that a node makes while it runs, and serves to nodes that come new.

Every node makes one at the same heights of CometBFT. The store is brought to that height, a process of its own opens it
there, and from then on the store is written again: blocks never wait for more than that.
"""

import contextlib
import logging
import os
import selectors
import subprocess
import sys
from pathlib import Path

from infoharbor.engine.cometbft.order import Place
from infoharbor.engine.cometbft.retention import Retention
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.state_export import DONE, OPENED
from infoharbor.engine.state_shelf import KEPT_LEAST, Kept, Shelf

SAID_BYTES = 4096

logger = logging.getLogger(__name__)


class Snapshots:
    """Used by the engine's thread alone, which waits on `selector`, but for `chunk`. `every` is in heights of CometBFT; with 0
    none are made."""

    def __init__(self, selector: selectors.BaseSelector, data: Path, every: int, retention: Retention) -> None:
        self._selector, self._data, self._every, self._retention = selector, data, every, retention
        self._shelf = Shelf(DataFolder(data).snapshots)
        self._place: Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._opened, self._said = False, b""
        self._tidy()

    def kept(self) -> list[Kept]:
        return self._kept

    def chunk(self, order: int, index: int) -> bytes:
        return self._shelf.chunk(order, index)

    def retained(self, order: int, now: int) -> int:
        """No block goes that a node may need which begins with one of the kept snapshots."""
        oldest = self._kept[0].manifest.order if self._kept else 0
        return min(oldest, self._retention.retained(order, now))

    @property
    def first_height(self) -> int | None:
        """Our block of the oldest snapshot."""
        return self._kept[0].manifest.height if self._kept else None

    # Making one

    def is_due(self, place: Place) -> bool:
        """Whether one is to be made here. While one is being made, no other is begun."""
        # A pilot's blocks are older than the network: nobody who comes new could begin with the first of them.
        begins_grown = place.order == 1 < place.height
        return self._every > 0 and (place.order % self._every == 0 or begins_grown) and self._place is None

    @property
    def holds_store(self) -> bool:
        """Whether the store has to stay as it is once it is at the height."""
        return self._place is not None and not self._opened

    def begin(self, place: Place) -> None:
        """Make one of this place, once the store is there."""
        self._place = place
        newest = self._kept[-1] if self._kept else None
        if newest is not None and newest.manifest.height == place.height:
            try:
                self._shelf.repeat(newest, place.order)  # An idle network: the state is the same.
            except OSError as fault:
                return self.give_up(str(fault))
            self._end()
            self._tidy()
        return None

    def stored(self, height: int) -> None:
        """The store holds everything up to this height."""
        place = self._place
        if place is None or self._process is not None or place.height != height:
            return None
        command = [sys.executable, "-P", "-m", "infoharbor.engine.state_export", *map(str, (self._data, *place))]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # Closed with this process, however it ends: then that one ends too.
                stdout=subprocess.PIPE,
                start_new_session=True,  # An interrupt from the keyboard is for the node, which ends its processes.
            )
        except OSError as fault:
            return self.give_up(str(fault))
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._receive)
        return None

    def give_up(self, why: str) -> None:
        """Let the store go on without it; the next one is made in its time."""
        logger.warning("no snapshot is made at height %s: %s", self._place, why)
        self._end()

    def close(self) -> None:
        self._end()

    def _receive(self) -> None:
        if self._process is None:
            return None  # It was ended between the selector's word and this one's turn.
        assert self._process.stdout is not None
        try:
            said = os.read(self._process.stdout.fileno(), SAID_BYTES)
        except BlockingIOError:
            return None  # That word was of the process before this one.
        self._said = (self._said + said)[-SAID_BYTES:]
        lines = self._said.decode(errors="replace").splitlines()
        self._opened = OPENED in lines[:1]
        if not said:
            if DONE not in lines[-1:]:
                return self.give_up(lines[-1] if lines else "its process has ended")
            self._end()
            self._tidy()
        return None

    def _end(self) -> None:
        if self._process is not None:
            assert self._process.stdout is not None
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._process.stdout)
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._place, self._process, self._opened, self._said = None, None, False, b""

    def _tidy(self) -> None:
        self._shelf.clear(KEPT_LEAST)
        self._kept = self._shelf.kept()
