"""Writes the state store in a process of its own, so that blocks are made while it is written."""

import errno
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import connection
from pathlib import Path
from typing import BinaryIO

import msgspec

from infoharbor.engine.batch import Batch
from infoharbor.engine.interface import Damaged
from infoharbor.engine.store import Store
from infoharbor.kernel.encoding import encode

DEATHS_IN_A_ROW = 5
ANSWER_BYTES = 4096
DAMAGED = -1

decode_batch = msgspec.msgpack.Decoder(Batch).decode
encode_answer = msgspec.msgpack.Encoder().encode
decode_answer = msgspec.msgpack.Decoder(tuple[int, str, str]).decode
"""Error number (0: written, or `DAMAGED`), the place that is damaged, and the text."""


class StoreProcess:
    """Takes one batch at a time; holds `lock` (`DataFolder.writing`) as long as it lives. Used by the engine's thread
    alone, which waits on `selector`. A process that dies is started again and given the batch again: writing one twice
    leaves the same."""

    def __init__(
        self, selector: selectors.BaseSelector, folder: Path, lock: int, ended: Callable[[OSError | None], None]
    ) -> None:
        self._selector, self._folder, self._lock, self._ended = selector, folder, lock, ended
        self._batch: bytes | None = None
        self._sender: threading.Thread | None = None
        self._deaths = 0
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "infoharbor.engine.store_process", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(self._lock,),
            start_new_session=True,  # An interrupt from the keyboard is for the node, which ends its processes.
        )
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None
        assert replies is not None
        self._requests, self._replies = requests, replies
        os.set_blocking(self._replies.fileno(), False)
        self._selector.register(self._replies, selectors.EVENT_READ, self._receive)

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def busy(self) -> bool:
        return self._batch is not None

    def write(self, batch: Batch) -> None:
        """Begin to write; `ended` is called once the batch is durable, or with why nothing of it is."""
        self._batch = encode(batch)
        self._send(self._batch)

    def wait(self) -> None:
        """Sleep until nothing is under way."""
        while self.busy:
            connection.wait([self._replies.fileno()])
            self._receive()

    def _send(self, batch: bytes) -> None:
        # The pipe is narrower than a batch: a thread waits for the other side to take it.
        self._sender = threading.Thread(target=send, args=(self._requests.fileno(), batch), daemon=True)
        self._sender.start()

    def _receive(self) -> None:
        try:
            answer = os.read(self._replies.fileno(), ANSWER_BYTES)
        except BlockingIOError:
            return None  # What the selector told of was waited for, and read, before it was this one's turn.
        if not answer:
            return self._restart()
        self._batch, self._deaths = None, 0
        number, place, text = decode_answer(answer)
        if number == DAMAGED:
            return self._ended(Damaged(place, text))
        return self._ended(OSError(number, text) if number else None)

    def _restart(self) -> None:
        self._deaths += 1
        if self._deaths > DEATHS_IN_A_ROW:
            raise ChildProcessError("the process that writes the store dies without an answer")
        self.close()
        self._start()
        if self._batch is not None:
            self._send(self._batch)

    def close(self) -> None:
        self._selector.unregister(self._replies)
        if self._sender is not None:
            self._sender.join()
        self._requests.close()
        self._process.wait()
        self._replies.close()


def send(pipe: int, batch: bytes) -> None:
    """The length in eight bytes, then the batch."""
    try:
        view = memoryview(len(batch).to_bytes(8, "big") + batch)
        while view:
            view = view[os.write(pipe, view) :]
    except OSError:
        return  # The end of its replies tells, and brings the batch back.


def serve(folder: Path, requests: BinaryIO, replies: BinaryIO) -> None:
    """Write batch after batch, until the parent closes its end, or dies."""
    store = Store(folder)
    while length := requests.read(8):
        raw = requests.read(int.from_bytes(length, "big"))
        if len(raw) < int.from_bytes(length, "big"):
            break
        replies.write(encode_answer(written(store, raw)))
        replies.flush()
    store.close()


def written(store: Store, raw: bytes) -> tuple[int, str, str]:
    try:
        store.write(decode_batch(raw))
    except Damaged as damaged:
        return DAMAGED, damaged.field, damaged.expected
    except OSError as fault:
        return fault.errno or errno.EIO, "", str(fault)
    return 0, "", ""


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
