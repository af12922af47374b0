"""Wakes a thread that waits on a selector, from any other thread."""

import contextlib
import os
import selectors
from collections.abc import Callable


class Waking:
    """Has `woken` called by the thread that waits on `selector`, whose data is what to call; once for many wakings."""

    def __init__(self, selector: selectors.BaseSelector, woken: Callable[[], None]) -> None:
        self._selector, self._woken = selector, woken
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        selector.register(self._read, selectors.EVENT_READ, self._ready)

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # It is full: the thread will wake.
            os.write(self._write, b"\0")

    def close(self) -> None:
        self._selector.unregister(self._read)
        os.close(self._read)
        os.close(self._write)

    def _ready(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)
        self._woken()
