"""The socket on which CometBFT asks: its connections, and answers strictly in the order of the questions."""

import contextlib
import logging
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from infoharbor.engine.cometbft.framing import BadFrame, Frames, frame
from infoharbor.engine.cometbft.messages import Request

CONNECTIONS_MAX = 16
"""CometBFT opens four, and four new ones when it is started again."""
MESSAGE_BYTES = 32 * 1024 * 1024
UNSENT_BYTES = 64 * 1024 * 1024
"""Who does not read the answers is asked for no more questions."""
READ_BYTES = 1024 * 1024

logger = logging.getLogger(__name__)
Handle = Callable[["Connection", Any], Any]
"""Answers a request; or gives None, and `Connection.answer` is called later."""


class Connection:
    """One connection. While a question has no answer, those behind it wait."""

    def __init__(self, server: "Server", opened: socket.socket) -> None:
        self._server, self.socket = server, opened
        self._frames, self._unsent = Frames(MESSAGE_BYTES), bytearray()
        self._owes_answer = self.closed = False

    def ready(self) -> None:
        """Send and read what goes without waiting, and answer what was asked."""
        self._guarded(self._read)
        self._serve()

    def answer(self, response: Any) -> None:
        """The answer to the question for which the handler gave None."""
        self._owes_answer = False
        self._unsent += frame(response.SerializeToString())
        self._serve()

    def _serve(self) -> None:
        while (request := self._guarded(self._next)) is not None:
            # What goes wrong in an answer is the node's own fault, also where it is an OSError: it ends more than this.
            response = self._server.handle(self, request)
            if response is None:
                self._owes_answer = True
            else:
                self._unsent += frame(response.SerializeToString())
        self._guarded(self._send)

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """What is no request, or a connection that the other side ends, ends this connection and nothing else."""
        if self.closed:
            return None
        try:
            return act()
        except (BadFrame, DecodeError, OSError) as fault:
            self._server.drop(self, fault)
            return None

    def _next(self) -> Any:
        """The next question that is there as a whole, if it is its turn."""
        if self._owes_answer or (message := self._frames.take()) is None:
            return None
        return Request.FromString(message)

    def _read(self) -> None:
        if len(self._unsent) > UNSENT_BYTES:
            return
        with contextlib.suppress(BlockingIOError):
            data = self.socket.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the other side has closed the connection")
            self._frames.add(data)

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        self._server.wait_for(self, writable=bool(self._unsent))


class Server:
    """Listens at `path`. Used by one thread, which waits on `selector`; the selector's data is what to call."""

    def __init__(self, selector: selectors.BaseSelector, path: Path, handle: Handle) -> None:
        self._selector, self._path, self.handle = selector, path, handle
        self._connections: dict[Connection, bool] = {}
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        os.chmod(path, 0o600)
        self._listening.listen()
        self._listening.setblocking(False)
        selector.register(self._listening, selectors.EVENT_READ, self._accept)

    def wait_for(self, connection: Connection, *, writable: bool) -> None:
        """Call the connection when there is something to read, and if `writable`, room to write."""
        if self._connections[connection] != writable:
            self._connections[connection] = writable
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writable else 0)
            self._selector.modify(connection.socket, events, connection.ready)

    def drop(self, connection: Connection, why: Exception) -> None:
        logger.info("a connection of CometBFT has ended: %s", why)
        del self._connections[connection]
        connection.closed = True
        self._selector.unregister(connection.socket)
        connection.socket.close()

    def close(self) -> None:
        for connection in list(self._connections):
            self.drop(connection, ConnectionAbortedError("the node stops"))
        self._selector.unregister(self._listening)
        self._listening.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            opened, _ = self._listening.accept()
            if len(self._connections) >= CONNECTIONS_MAX:
                opened.close()
                return
            opened.setblocking(False)
            connection = Connection(self, opened)
            self._connections[connection] = False
            self._selector.register(opened, selectors.EVENT_READ, connection.ready)
