"""The connection on which CometBFT asks for signatures: we call where it listens, and call again."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infoharbor.engine.cometbft import signer
from infoharbor.engine.cometbft.framing import Frames, frame
from infoharbor.engine.cometbft.signer import MESSAGE_BYTES, Signer
from infoharbor.engine.cometbft.signing_messages import Message

PATIENCE = 30


class Listening:
    """CometBFT's side."""

    def __init__(self, path: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.settimeout(PATIENCE)
        self._listening.bind(str(path))
        self._listening.listen()

    def accept(self) -> socket.socket:
        accepted, _ = self._listening.accept()
        accepted.settimeout(PATIENCE)
        return accepted

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    made = Listening(tmp_path / "signer")
    yield made
    made.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Callable[[Any], Any]], Signer]]:
    started: list[Signer] = []

    def one(answer: Callable[[Any], Any]) -> Signer:
        started.append(Signer(tmp_path / "signer", answer))
        started[-1].start()
        return started[-1]

    yield one
    for calling in started:
        calling.stop()
    assert "signer" not in [thread.name for thread in threading.enumerate()]


def told(connection: socket.socket) -> Any:
    frames = Frames(MESSAGE_BYTES)
    while (found := frames.take()) is None:
        data = connection.recv(1)
        assert data
        frames.add(data)
    return Message.FromString(found)


PING = frame(Message(ping_request={}).SerializeToString())


def test_it_calls_and_answers_in_order(listening: Listening, start: Callable[[Callable[[Any], Any]], Signer]) -> None:
    def answer(request: Any) -> Any:
        if request.WhichOneof("value") == "ping_request":
            return Message(ping_response={})
        return Message(signed_vote_response={"vote": request.sign_vote_request.vote})

    start(answer)
    with listening.accept() as asking:
        vote = frame(Message(sign_vote_request={"vote": {"height": 5}}).SerializeToString())
        asking.sendall(PING + vote[:5])
        assert told(asking).WhichOneof("value") == "ping_response"
        asking.sendall(vote[5:] + PING)
        assert told(asking).signed_vote_response.vote.height == 5
        assert told(asking).WhichOneof("value") == "ping_response"


def test_it_waits_for_who_listens(tmp_path: Path, start: Callable[[Callable[[Any], Any]], Signer]) -> None:
    start(lambda request: Message(ping_response={}))
    listening = Listening(tmp_path / "signer")
    listening.accept().close()
    listening.close()


@pytest.mark.parametrize("nonsense", [b"\xff" * 10, frame(b"\xff\xff"), b"\xff\xff\xff\xff\x07"])
def test_what_is_no_message_ends_the_connection_and_it_calls_again(
    nonsense: bytes, listening: Listening, start: Callable[[Callable[[Any], Any]], Signer]
) -> None:
    start(lambda request: Message(ping_response={}))
    with listening.accept() as asking:
        asking.sendall(nonsense)
        assert asking.recv(1) == b""
    with listening.accept() as asking:
        asking.sendall(PING)
        assert told(asking).WhichOneof("value") == "ping_response"


def test_a_fault_in_an_answer_ends_the_connection_and_it_calls_again(
    listening: Listening, start: Callable[[Callable[[Any], Any]], Signer]
) -> None:
    faults = iter([KeyError("a fault of ours")])

    def answer(request: Any) -> Any:
        for fault in faults:
            raise fault
        return Message(ping_response={})

    start(answer)
    for expected in (False, True):
        with listening.accept() as asking:
            asking.sendall(PING)
            assert bool(asking.recv(1)) == expected


def test_it_stops_while_it_waits(listening: Listening, start: Callable[[Callable[[Any], Any]], Signer]) -> None:
    calling = start(lambda request: Message(ping_response={}))
    with listening.accept():
        calling.stop()


def test_it_stops_while_a_token_does_not_answer(
    listening: Listening, start: Callable[[Callable[[Any], Any]], Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def answer(request: Any) -> Any:
        asked.set()
        answered.wait(PATIENCE)
        return Message(ping_response={})

    monkeypatch.setattr(signer, "STOP_SECONDS", 0.1)
    calling = start(answer)
    with listening.accept() as asking:
        asking.sendall(PING)
        assert asked.wait(PATIENCE)
        calling.stop()
        assert not answered.is_set()
        answered.set()
    monkeypatch.undo()
