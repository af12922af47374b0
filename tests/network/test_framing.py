"""Frames are taken apart as they were put together, and no bytes do any harm."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.engine.cometbft.framing import BadFrame, Frames, frame

LIMIT = 1000


def taken(frames: Frames) -> list[bytes]:
    return list(iter(frames.take, None))


@given(st.lists(st.binary(max_size=LIMIT)), st.data())
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(map(frame, messages))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    frames, found = Frames(LIMIT), []
    for start, end in itertools.pairwise([0, *cuts, len(whole)]):
        frames.add(whole[start:end])
        found += taken(frames)
    assert found == messages


@given(st.binary(max_size=3 * LIMIT))
def test_any_bytes_are_messages_or_a_bad_frame(noise: bytes) -> None:
    frames = Frames(LIMIT)
    frames.add(noise)
    with contextlib.suppress(BadFrame):
        assert all(len(message) <= LIMIT for message in taken(frames))


@pytest.mark.parametrize("raw", [frame(bytes(LIMIT + 1))[:3], b"\xff" * 5])
def test_too_long_is_refused_before_it_has_come(raw: bytes) -> None:
    frames = Frames(LIMIT)
    frames.add(raw)
    with pytest.raises(BadFrame):
        frames.take()
