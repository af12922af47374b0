"""The block log: a torn tail is cut off, damage anywhere else is noticed, a failed append leaves nothing."""

import contextlib
import errno
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.engine.blocklog import PREFIX_BYTES, BlockLog, Place
from infoharbor.engine.interface import Damaged

PAYLOADS = st.lists(st.binary(min_size=1, max_size=900), min_size=1, max_size=12)


def filled(folder: Path, payloads: list[bytes], segment_bytes: int = 1000) -> BlockLog:
    log = BlockLog(folder, segment_bytes=segment_bytes)
    log.append_from(Place(0, 0))
    for height, payload in enumerate(payloads):
        log.append(height, payload)
    log.close()
    return log


def read(log: BlockLog) -> list[bytes]:
    return [record.payload for record in log.scan()]


@given(payloads=PAYLOADS, segment_bytes=st.integers(1, 4000))
def test_what_was_appended_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], segment_bytes: int
) -> None:
    log = filled(tmp_path_factory.mktemp("log"), payloads, segment_bytes)
    records = list(log.scan())
    assert [record.payload for record in records] == payloads
    for height, record in enumerate(records):
        assert log.read(record.place, height) == payloads[height]


@given(payloads=PAYLOADS, cut=st.integers(1, 900))
def test_a_torn_tail_is_cut_off_and_appending_goes_on(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], cut: int
) -> None:
    log = filled(tmp_path_factory.mktemp("log"), payloads, 10**6)
    last = log.path(0)
    whole = last.stat().st_size
    cut = min(cut, PREFIX_BYTES + len(payloads[-1]) - 1)
    with last.open("rb+") as file:
        file.truncate(whole - cut)
    records = list(log.scan())
    assert [record.payload for record in records] == payloads[:-1]
    log.append_from(records[-1].end if records else Place(0, 0))
    log.append(len(payloads) - 1, b"again")
    log.close()
    assert read(log) == [*payloads[:-1], b"again"]


@settings(max_examples=200)
@given(payloads=PAYLOADS, at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], at: int, bit: int
) -> None:
    log = filled(tmp_path_factory.mktemp("log"), payloads)
    files = [log.path(segment) for segment in log.segments()]
    path = files[at % len(files)]
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 1 << bit
    path.write_bytes(raw)
    with pytest.raises(Damaged):
        read(log)


def test_a_missing_segment_is_noticed(tmp_path: Path) -> None:
    log = filled(tmp_path, [bytes([number]) * 600 for number in range(1, 9)])
    assert len(log.segments()) > 2
    log.path(log.segments()[1]).unlink()
    with pytest.raises(Damaged):
        read(log)


def test_a_segment_cut_short_before_another_is_noticed(tmp_path: Path) -> None:
    log = filled(tmp_path, [bytes([number]) * 600 for number in range(1, 9)])
    with log.path(0).open("rb+") as file:
        file.truncate(500)
    with pytest.raises(Damaged):
        read(log)


def test_sectors_that_a_power_cut_left_unwritten_count_as_torn(tmp_path: Path) -> None:
    log = filled(tmp_path, [b"first", b"x" * 3000], 10**6)
    path = log.path(0)
    raw = bytearray(path.read_bytes())
    raw[-1024:] = bytes(1024)
    path.write_bytes(raw)
    assert read(log) == [b"first"]


class FullDisk(BlockLog):
    """Fails after half of a record, as a full disk does."""

    full = False

    def _write(self, file: int, data: bytes) -> None:
        super()._write(file, data[: len(data) // 2] if self.full else data)
        if self.full:
            raise OSError(errno.ENOSPC, "no space")


def test_a_failed_append_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    with contextlib.closing(FullDisk(tmp_path)) as log:
        log.append_from(Place(0, 0))
        log.append(0, b"first")
        before = log.path(0).read_bytes()
        log.full = True
        with pytest.raises(OSError, match="no space"):
            log.append(1, b"second")
        assert log.path(0).read_bytes() == before
        log.full = False
        log.append(1, b"second")
        assert read(log) == [b"first", b"second"]
