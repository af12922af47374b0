"""Our node as a witness of other logs: it cosigns one growing history of each, and nothing takes it down."""

from pathlib import Path

import pytest
from another_log import LOG, WITNESS, submission, witness_in
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.engine.interface import Refused
from infoharbor.engine.trial import START
from infoharbor.engine.witness import WatchList, read_watch_list
from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import open_note
from infoharbor.evidence.submission import Submission
from infoharbor.evidence.trust import Witness
from infoharbor.kernel.encoding import Malformed


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1), st.booleans()), max_size=12))
@settings(max_examples=40, deadline=None)
def test_a_witness_cosigns_one_growing_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("witness")
    witness, signed = witness_in(folder), [(0, 0)]
    for old, size, fork, restarted in steps:
        witness = witness_in(folder) if restarted else witness
        asked = submission(old, size, fork)
        may = old == signed[-1][0] <= size and (signed[-1][0] == 0 or fork == signed[-1][1])
        if may:
            text, found = open_note(asked.note + witness.add(asked, START), [WITNESS.verifier])
            assert Checkpoint.parse(text).size == size
            assert found[0].time == START
            signed.append((size, fork if size else signed[-1][1]))
        else:
            with pytest.raises((Refused, NoteError)):
                witness.add(asked, START)


def test_a_submission_has_one_form() -> None:
    asked = submission(3, 7)
    assert Submission.parse(asked.encode()) == asked
    raw = asked.encode()
    for bad in (
        b"",
        raw[:4],
        raw.replace(b"old 3", b"old 03"),
        raw.replace(b"old 3", b"new 3"),
        raw.replace(b"old 3", b"old -3"),
        raw.replace(b"\n\n", b"\nAAAA\n\n", 1),
        raw.replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n" * 1 + b"A" * 43 + b"=\n" * 64 + b"\n", 1),
        b"old 3" + b"\n" * 70_000 + raw,
    ):
        with pytest.raises(Malformed):
            Submission.parse(bad)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_bytes_take_a_witness_down(raw: bytes) -> None:
    with pytest.raises(Malformed):
        Submission.parse(raw)


def test_who_watches_whom_stands_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "witnesses"
    file.write_text(
        f"# others\nlog {LOG.encode()}  # theirs\n\nwitness us {WITNESS.verifier.encode()} http://127.0.0.1:1\n"
    )
    watching = Witness("us", WITNESS.verifier, "http://127.0.0.1:1")
    assert read_watch_list(file) == WatchList({LOG.name: [LOG]}, [watching])
    for line in (f"logs {LOG.encode()}", f"witness {LOG.encode()}", "log", "#" * 300_000):
        file.write_text(f"{line}\n")
        with pytest.raises(Refused, match=r"witness\.list"):
            read_watch_list(file)
