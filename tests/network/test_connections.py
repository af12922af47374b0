"""Answers come in the order of the questions, and whatever is sent to the socket, the application lives."""

import contextlib
import selectors
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driven import Driven
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from votes import Votes

from infoharbor.engine.cometbft.answers import RETRY_LATER, Answers
from infoharbor.engine.cometbft.application import Diverged
from infoharbor.engine.cometbft.connections import CONNECTIONS_MAX, Connection, Server
from infoharbor.engine.cometbft.framing import Frames, frame
from infoharbor.engine.cometbft.messages import MESSAGES, REQUESTS, Request, Response, message_name
from infoharbor.engine.cometbft.telling import together
from infoharbor.engine.interface import Damaged


class Pool:
    """What came from other nodes; `full` refuses more."""

    def __init__(self) -> None:
        self.inserted: list[bytes] = []
        self.full = False

    def insert(self, raw: bytes) -> bool:
        if not self.full:
            self.inserted.append(raw)
        return not self.full

    def reap(self, most_bytes: int) -> list[bytes]:
        return self.inserted[:1]


class NoSnapshots:
    """Of a node that keeps none, and all blocks."""

    def kept(self) -> list[Any]:
        return []

    def chunk(self, order: int, index: int) -> bytes:
        return b""

    def retained(self, order: int, now: int) -> int:
        return 0


class Served:
    """A server, and clients of it, all in this thread."""

    def __init__(self, handle: Callable[[Connection, Any], Any]) -> None:
        # Short, whatever folder the tests have: a socket's path has at most 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="ih-")
        self.path = Path(self._folder.name) / "abci"
        self.selector = selectors.DefaultSelector()
        self.server = Server(self.selector, self.path, handle)

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(str(self.path))
        self.turn()
        return client

    def turn(self) -> None:
        """Serve until there is nothing more to do."""
        while ready := self.selector.select(0):
            for key, _ in ready:
                key.data()

    def ask(self, client: socket.socket, *requests: Any) -> list[Any]:
        client.sendall(b"".join(frame(request.SerializeToString()) for request in requests))
        self.turn()
        return self.answers(client)

    def answers(self, client: socket.socket) -> list[Any]:
        frames = Frames(2**25)
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while data := client.recv(2**20):
                frames.add(data)
        return [Response.FromString(message) for message in iter(frames.take, None)]

    def close(self) -> None:
        self.server.close()
        self.selector.close()
        self._folder.cleanup()


def echo(text: str) -> Any:
    request = Request()
    request.echo.message = text
    return request


@pytest.fixture
def held() -> list[tuple[Connection, Any]]:
    return []


@pytest.fixture
def served(held: list[tuple[Connection, Any]]) -> Iterator[Served]:
    """Echoes; what says `wait` is held."""

    def handle(connection: Connection, request: Any) -> Any:
        if request.echo.message == "wait":
            held.append((connection, request))
            return None
        response = Response()
        response.echo.message = request.echo.message
        return response

    served = Served(handle)
    yield served
    served.close()


@given(texts=st.lists(st.text(max_size=20)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_answers_come_in_the_order_of_the_questions(served: Served, texts: list[str]) -> None:
    with served.connect() as client:
        assert [each.echo.message for each in served.ask(client, *map(echo, texts))] == texts
    served.turn()


def test_nothing_is_answered_before_what_was_asked_before(served: Served, held: list[tuple[Connection, Any]]) -> None:
    with served.connect() as client, served.connect() as other:
        assert [each.echo.message for each in served.ask(client, echo("a"), echo("wait"), echo("b"))] == ["a"]
        assert [each.echo.message for each in served.ask(other, echo("c"))] == ["c"]
        connection, _ = held[0]
        response = Response()
        response.echo.message = "waited"
        connection.answer(response)
        assert [each.echo.message for each in served.answers(client)] == ["waited", "b"]


@pytest.mark.parametrize("fault", [Damaged("store", "what was written"), OSError(28, "no space"), MemoryError()])
def test_a_fault_of_the_node_in_an_answer_is_not_the_connections(fault: Exception) -> None:
    """The engine halts on it: with the connection alone ended, CometBFT would be started again and ask the same for ever."""

    def handle(connection: Connection, request: Any) -> Any:
        raise fault

    served = Served(handle)
    with served.connect() as client, pytest.raises(type(fault)):
        served.ask(client, echo("a"))
    served.close()


def test_a_late_answer_to_who_has_gone_is_no_fault(served: Served, held: list[tuple[Connection, Any]]) -> None:
    with served.connect() as client:
        served.ask(client, echo("wait"))
    served.turn()
    held[0][0].answer(Response())


def test_a_long_answer_is_sent_as_the_other_side_reads(served: Served) -> None:
    text = "x" * 10_000_000
    with served.connect() as client:
        whole = frame(echo(text).SerializeToString())
        received = Frames(2**25)
        client.setblocking(False)
        found = None
        while found is None:
            with contextlib.suppress(BlockingIOError):
                whole = whole[client.send(whole) :] if whole else whole
            served.turn()
            with contextlib.suppress(BlockingIOError):
                received.add(client.recv(2**20))
            found = received.take()
        assert Response.FromString(found).echo.message == text


def test_connections_are_bounded(served: Served) -> None:
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(served.connect()) for _ in range(CONNECTIONS_MAX + 1)]
        assert clients[-1].recv(1) == b""
        assert served.ask(clients[0], echo("a"))[0].echo.message == "a"


@given(noise=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
def test_noise_ends_its_own_connection_at_most(served: Served, noise: bytes) -> None:
    with served.connect() as client, served.connect() as other:
        client.sendall(noise)
        served.turn()
        assert served.ask(other, echo("still here"))[0].echo.message == "still here"
    served.turn()


scalars = {
    "bytes": st.binary(max_size=40),
    "string": st.text(max_size=10),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
}


@st.composite
def filled(draw: st.DrawFn, message: Any, name: str) -> Any:
    """This message with fields of any value."""
    for field in MESSAGES[name].split():
        label, kind, _ = field.split(":")
        kind, is_list = kind.removesuffix("*"), kind.endswith("*")
        for _ in range(draw(st.integers(0, 2 if is_list else 1))):
            if kind in MESSAGES:
                draw(filled(getattr(message, label).add() if is_list else getattr(message, label), kind))
            elif is_list:
                getattr(message, label).append(draw(scalars[kind]))
            else:
                setattr(message, label, draw(scalars[kind]))
    return message


@st.composite
def requests(draw: st.DrawFn) -> Any:
    request, kind = Request(), draw(st.sampled_from(sorted(REQUESTS)))
    getattr(request, kind).SetInParent()
    draw(filled(getattr(request, kind), message_name("Request", kind)))
    return request


@pytest.fixture
def node(drive: Callable[..., Driven]) -> Driven:
    return drive()


@given(asked=st.lists(requests(), max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_any_request_has_the_answer_of_its_kind_or_stops_the_node_in_order(node: Driven, asked: list[Any]) -> None:
    """Out of order, CometBFT and the node cannot be at the same place: then the node says so, and keeps what it has."""
    answers, before = Answers(node.application, Pool(), Votes(), NoSnapshots()), node.height
    for request in asked:
        kind = request.WhichOneof("value")
        try:
            assert answers.answer(request, 0).WhichOneof("value") == kind
        except Diverged:
            assert node.height == before


def test_a_request_of_another_version_is_told_so(node: Driven) -> None:
    answer = Answers(node.application, Pool(), Votes(), NoSnapshots()).answer(Request(), 0)
    assert answer.WhichOneof("value") == "exception"


def test_a_full_pool_asks_to_be_offered_again(node: Driven) -> None:
    pool = Pool()
    answers, request = Answers(node.application, pool, Votes(), NoSnapshots()), Request()
    (request.insert_tx.tx,) = together([b"raw", b"other"])
    assert answers.answer(request, 0).insert_tx.code == 0
    pool.full = True
    assert answers.answer(request, 0).insert_tx.code == RETRY_LATER
    assert pool.inserted == [b"raw", b"other"]
