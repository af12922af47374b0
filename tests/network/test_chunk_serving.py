"""Whoever fetches a snapshot keeps no node from its blocks: chunks are read beside them, and only so many a second."""

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from infoharbor.engine.cometbft import chunk_serving
from infoharbor.engine.cometbft.chunk_serving import ChunkServing
from infoharbor.engine.cometbft.messages import Request, Response

CHUNK = bytes(100_000)


class Asking:
    """In the place of a connection of CometBFT."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def answer(self, response: Any) -> None:
        self.answers.append(response)


def given(request: Any) -> Any:
    response = Response()
    response.load_snapshot_chunk.chunk = CHUNK
    return response


def serve(selector: selectors.BaseSelector, asking: Asking, count: int, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while len(asking.answers) < count:
        assert time.monotonic() < until
        for key, _ in selector.select(0.1):
            key.data()


def test_a_chunk_is_read_while_the_engine_does_something_else() -> None:
    reading, engine = threading.Event(), threading.get_ident()
    readers = set()

    def slow(request: Any) -> Any:
        readers.add(threading.get_ident())
        assert reading.wait(20)
        return given(request)

    selector, asking = selectors.DefaultSelector(), Asking()
    with contextlib.closing(ChunkServing(selector, slow)) as serving:
        for _ in range(2):
            serving.ask(asking, Request())  # type: ignore[arg-type]
        assert selector.select(0) == []
        reading.set()
        serve(selector, asking, 2)
    assert engine not in readers
    assert [answer.load_snapshot_chunk.chunk for answer in asking.answers] == [CHUNK, CHUNK]


def test_no_more_than_so_many_bytes_a_second_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_serving, "BYTES_PER_SECOND", 4 * len(CHUNK))
    selector, asking = selectors.DefaultSelector(), Asking()
    began = time.monotonic()
    with contextlib.closing(ChunkServing(selector, given)) as serving:
        for _ in range(3):
            serving.ask(asking, Request())  # type: ignore[arg-type]
        serve(selector, asking, 3)
        assert time.monotonic() - began >= 0.75
        serving.ask(asking, Request())  # type: ignore[arg-type]
    assert time.monotonic() - began < 20  # Who closes does not wait for what nobody will read.


def test_the_process_that_makes_a_snapshot_ends_with_the_node(tmp_path: Path) -> None:
    """Even where it waits for something, such as a disk: else it would write where the next node has begun."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(tell, bytes(4096))  # What it says finds no room: it waits.
    os.set_blocking(tell, True)
    command = [sys.executable, "-P", "-m", "infoharbor.engine.state_export", str(tmp_path), "1", "1"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=tell)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 1
    finally:
        process.kill()
        process.wait()
        os.close(told)
        os.close(tell)


def test_a_chunk_that_cannot_be_read_ends_nothing() -> None:
    def broken(request: Any) -> Any:
        raise MemoryError

    selector, asking = selectors.DefaultSelector(), Asking()
    with contextlib.closing(ChunkServing(selector, broken)) as serving:
        for count in (1, 2):
            serving.ask(asking, Request())  # type: ignore[arg-type]
            serve(selector, asking, count)
    assert [answer.load_snapshot_chunk.chunk for answer in asking.answers] == [b"", b""]
    assert all(answer.HasField("load_snapshot_chunk") for answer in asking.answers)
