"""Gives other nodes chunks of snapshots, beside the engine's thread: blocks do not wait for reads of megabytes."""

import logging
import queue
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from infoharbor.engine.cometbft.connections import Connection
from infoharbor.engine.cometbft.messages import Response
from infoharbor.engine.waking import Waking

BYTES_PER_SECOND = 16 * 1024 * 1024
"""To all other nodes together; CometBFT does not say which one asks. Each has one request at a time before CometBFT, which
takes them in the order in which they come: so who asks for much gets no more than the others who ask."""

logger = logging.getLogger(__name__)


class ChunkServing:
    """`answer` makes the response to a request for a chunk, and is called in a thread of its own. All else is used by the
    engine's thread, which waits on `selector`."""

    def __init__(self, selector: selectors.BaseSelector, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self._asked: queue.SimpleQueue[tuple[Connection, Any] | None] = queue.SimpleQueue()
        self._made: deque[tuple[Connection, Any]] = deque()
        self._over = threading.Event()
        self._waking = Waking(selector, self._give)
        self._thread = threading.Thread(target=self._run, name="chunks", daemon=True)
        self._thread.start()

    def ask(self, connection: Connection, request: Any) -> None:
        """Answer later: a connection waits with its other questions, so that no more than one of each is here."""
        self._asked.put((connection, request))

    def close(self) -> None:
        self._over.set()
        self._asked.put(None)
        self._thread.join()
        self._waking.close()

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            connection, request = asked
            response = self._made_for(request)
            self._over.wait(len(response.load_snapshot_chunk.chunk) / BYTES_PER_SECOND)
            self._made.append((connection, response))
            self._waking.wake()

    def _made_for(self, request: Any) -> Any:
        """A chunk that cannot be read is not there: who asks turns to another node, and this one goes on."""
        try:
            return self._answer(request)
        except Exception:
            logger.exception("a chunk of a snapshot cannot be read")
            response = Response()
            response.load_snapshot_chunk.SetInParent()
            return response

    def _give(self) -> None:
        while self._made:
            connection, response = self._made.popleft()
            connection.answer(response)
