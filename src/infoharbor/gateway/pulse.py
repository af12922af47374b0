"""Tells the streams of one process that there is a new block, or that the node is about to stop."""

import asyncio
import contextlib
import threading

from infoharbor.engine.interface import Engine

LOOK_S = 0.5
"""How long the watching thread sleeps at most, so that it ends soon after it is asked to."""


class Pulse:
    """One thread waits on the engine for all streams."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.height = engine.status().height
        self.closing = False
        self._changed: asyncio.Event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._watch, name="gateway-pulse", daemon=True)
        self._thread.start()

    def end_streams(self) -> None:
        """Let every stream end after what it is just sending. Callable from a signal handler or any thread."""
        self.closing = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                self._loop.call_soon_threadsafe(self._beat)

    async def stop(self) -> None:
        self.end_streams()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, 2 * LOOK_S + 1)

    async def beyond(self, height: int, seconds: float) -> bool:
        """Sleeps until there is a block beyond `height`, at most so long; whether there is one."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self.height <= height and not self.closing:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                break
        return self.height > height

    def _watch(self) -> None:
        while not self.closing and self._loop is not None:
            height = self._engine.wait_beyond(self.height, LOOK_S)
            if height > self.height:
                self.height = height
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._beat)

    def _beat(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()
