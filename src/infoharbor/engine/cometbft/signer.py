"""The connection on which CometBFT asks for signatures: it listens, and we call."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from infoharbor.engine.cometbft.framing import BadFrame, Frames, frame
from infoharbor.engine.cometbft.signing_messages import Message

MESSAGE_BYTES = 2 * 1024 * 1024
"""What a vote brings along is the most of it."""
READ_BYTES = 64 * 1024
STOP_SECONDS = 10
CALLS_EVERY_SECONDS = 0.1
"""CometBFT waits three seconds for the first call."""

logger = logging.getLogger(__name__)


class Signer:
    """A thread that calls at `path`, answers one request after the other, and calls again when the connection ends."""

    def __init__(self, path: Path, answer: Callable[[Any], Any]) -> None:
        self._path, self._answer = path, answer
        self._stopping = threading.Event()
        self._gate = threading.Lock()
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="signer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._gate, contextlib.suppress(OSError):
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)  # A token that never answers does not keep the node from ending.

    def _run(self) -> None:
        while not self._stopping.wait(CALLS_EVERY_SECONDS):
            with socket.socket(socket.AF_UNIX) as called:
                try:
                    called.connect(str(self._path))
                except OSError:  # CometBFT does not listen yet, or no more.
                    continue
                with self._gate:
                    self._connection = called
                try:
                    self._serve(called)
                except (BadFrame, DecodeError, OSError) as fault:
                    logger.warning("CometBFT's connection for signatures has ended: %s", fault)
                except Exception:  # A fault of ours: without this thread the validator would not vote any more.
                    logger.exception("a request for a signature has no answer")
                finally:
                    with self._gate:
                        self._connection = None

    def _serve(self, connection: socket.socket) -> None:
        frames = Frames(MESSAGE_BYTES)
        while not self._stopping.is_set() and (data := connection.recv(READ_BYTES)):
            frames.add(data)
            while (message := frames.take()) is not None:
                connection.sendall(frame(self._answer(Message.FromString(message)).SerializeToString()))
