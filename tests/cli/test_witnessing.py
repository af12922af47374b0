"""What members' gateways answer about witnessed checkpoints is read within bounds, and never taken for what it is not."""

import functools
import itertools
from collections.abc import Iterator

import httpx
import pytest

from infoharbor.cli import witnessing
from infoharbor.cli.output import Failure
from infoharbor.cli.witnessing import Later, notes_at
from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import NOTE_BYTES, Note, SignatureLine

GATEWAY = "http://member.example"


def note(size: int) -> bytes:
    checkpoint = Checkpoint("ledger.example/member", size, bytes(32))
    return Note(checkpoint.encode(), (SignatureLine("ledger.example/member", bytes(4), bytes(64)),)).encode()


def answering(monkeypatch: pytest.MonkeyPatch, of_size: httpx.Response, newest: httpx.Response | None = None) -> None:
    """A gateway that gives `of_size` for a size, and `newest` without one."""

    def answer(request: httpx.Request) -> httpx.Response:
        return of_size if "size" in request.url.params or newest is None else newest

    monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, transport=httpx.MockTransport(answer)))
    monkeypatch.setattr(witnessing, "PATIENCE_S", 0)
    monkeypatch.setattr(witnessing, "PAUSE_S", 0)


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def told() -> Iterator[bytes]:
        for part in itertools.repeat(bytes(NOTE_BYTES // 4), 1_000):
            read.append(len(part))
            yield part

    answering(monkeypatch, httpx.Response(200, content=told()))
    with pytest.raises(Failure) as failed:
        notes_at([GATEWAY], 5)
    assert failed.value.code == "cli.not_witnessed"
    assert sum(read) <= 2 * NOTE_BYTES


def test_the_note_is_of_the_size_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, httpx.Response(200, content=note(5)))
    assert notes_at([GATEWAY], 5) == [note(5)]
    with pytest.raises(Failure) as failed:
        notes_at([GATEWAY], 6)
    assert failed.value.code == "cli.not_witnessed"


def test_who_has_shown_a_larger_size_only_will_not_have_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, httpx.Response(404), httpx.Response(200, content=note(7)))
    with pytest.raises(Later):
        notes_at([GATEWAY], 6)


def test_what_is_no_note_is_refused_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, httpx.Response(200, content=b"<html>"))
    with pytest.raises(NoteError):
        notes_at([GATEWAY], 6)
