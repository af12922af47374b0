"""The block log: what makes a block durable, one checksummed record a block in append-only segment files.

A record is a head (mark, height, payload length, CRC-32 of these), the SHA-256 of head and payload, and the
payload. The head has a checksum of its own so that a flipped length is told from a record that was cut off
by a crash."""

import errno
import hashlib
import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from infoharbor.engine.interface import Damaged, HeightGone

MARK = b"IHB1"
HEAD = struct.Struct(">4sQI")
CHECKED_HEAD = HEAD.size + 4
PREFIX_BYTES = CHECKED_HEAD + 32
SEGMENT_BYTES = 256 * 1024 * 1024
SECTOR = bytes(512)


class Place(NamedTuple):
    """Where a record begins: the first height of its segment, and the offset in bytes."""

    segment: int
    offset: int


BEGINNING = Place(0, 0)


class LogRecord(NamedTuple):
    """A whole record: its payload, where it begins and ends, and the bytes before the payload."""

    height: int
    payload: bytes
    place: Place
    end: Place
    prefix: bytes

    @property
    def raw(self) -> bytes:
        return self.prefix + self.payload


class BlockLog:
    """The segments in one folder. Any number of readers may read beside the one that appends. It begins where the node came
    to the chain, or where `trim` has left it."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder, self._segment_bytes = folder, segment_bytes
        self._file: int | None = None
        self._end = Place(0, 0)

    @property
    def first(self) -> int:
        """The lowest height whose block is kept."""
        return min(self.segments(), default=0)

    def trim(self, below: int) -> None:
        """Drop the oldest segments, as far as all their blocks lie below this height; never the newest segment. One after the
        other, durably: were a later one gone after a power cut and an earlier one there, the log would have a gap."""
        segments = self.segments()
        for segment, following in itertools.pairwise(segments):
            if following > below:
                return
            self.path(segment).unlink()
            self._sync_folder()

    def segments(self) -> list[int]:
        """The first heights of the segments, ascending."""
        return sorted(int(path.stem) for path in self.folder.glob("*.log"))

    def path(self, segment: int) -> Path:
        return self.folder / f"{segment:012d}.log"

    def read(self, place: Place, height: int) -> bytes:
        """The payload of the record at `place`; raises `Damaged` unless it is whole and of this height."""
        with self._opened(place.segment) as file:
            record = read_record(file, place, self._name(place.segment))
        if record is None or record.height != height:
            raise Damaged(self._name(place.segment), f"a whole record of block {height} at byte {place.offset}")
        return record.payload

    def scan(self, start: Place | None = None, height: int = 0) -> Iterator[LogRecord]:
        """The whole records from `start`, whose first is of `height`, by default all that are kept; ends before a record
        that a crash cut off."""
        if start is None:
            height = self.first
            start = Place(height, 0)
        place = start
        for segment in [each for each in self.segments() if each >= start.segment] or [start.segment]:
            if segment != place.segment:
                place = Place(segment, 0)
            if not self.path(segment).exists():
                return
            with self._opened(segment) as file:
                while (record := read_record(file, place, self._name(segment))) is not None:
                    if record.height != height:
                        raise Damaged(
                            self._name(segment), f"block {height} at byte {place.offset}, not {record.height}"
                        )
                    yield record
                    place, height = record.end, height + 1
            if height not in self.segments() and segment != self.segments()[-1]:
                raise Damaged(self._name(segment), f"block {height} at byte {place.offset}")

    def append_from(self, end: Place) -> None:
        """Get ready to append after the last whole record: what a crash left beyond it is cut off."""
        self.close()
        if end.offset == 0 and not self.path(end.segment).exists():
            return self._begin_segment(end.segment)
        self._file = os.open(self.path(end.segment), os.O_WRONLY | os.O_CLOEXEC)
        if os.fstat(self._file).st_size != end.offset:
            os.ftruncate(self._file, end.offset)
            os.fsync(self._file)
        os.lseek(self._file, end.offset, os.SEEK_SET)
        self._end = end
        return None

    def append(self, height: int, payload: bytes) -> tuple[Place, Place]:
        """Write one record and make it durable; where it begins and ends. After a failure the log is as
        before."""
        if self._end.offset >= self._segment_bytes:
            self._begin_segment(height)
        head = HEAD.pack(MARK, height, len(payload))
        head += zlib.crc32(head).to_bytes(4, "big")
        start, file = self._end, self._file
        if file is None:
            raise OSError(errno.EBADF, "the block log is closed")
        try:
            self._write(file, head + hashlib.sha256(head + payload).digest() + payload)
            self._sync(file)
        except OSError:
            os.ftruncate(file, start.offset)
            os.lseek(file, start.offset, os.SEEK_SET)
            raise
        self._end = Place(start.segment, start.offset + PREFIX_BYTES + len(payload))
        return start, self._end

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, file: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def _sync(self, file: int) -> None:
        os.fdatasync(file)

    def _begin_segment(self, height: int) -> None:
        self.close()
        self._file = os.open(self.path(height), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._sync_folder()
        self._end = Place(height, 0)

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _name(self, segment: int) -> str:
        return f"blocks/{self.path(segment).name}"

    def _opened(self, segment: int) -> BinaryIO:
        try:
            return self.path(segment).open("rb")
        except FileNotFoundError:
            if segment < self.first:
                raise HeightGone(self.first) from None
            raise Damaged(self._name(segment), "this segment of the log") from None


def read_record(file: BinaryIO, place: Place, name: str) -> LogRecord | None:
    """The record at `place`, or None if the file ends there or a crash cut the record off."""
    file.seek(place.offset)
    prefix = file.read(PREFIX_BYTES)
    if len(prefix) < PREFIX_BYTES or not any(prefix):
        return None
    head = prefix[:CHECKED_HEAD]
    mark, height, length = HEAD.unpack_from(head)
    if mark != MARK or zlib.crc32(head[: HEAD.size]).to_bytes(4, "big") != head[HEAD.size :]:
        raise Damaged(f"{name} at byte {place.offset}", "a record's head with its checksum")
    payload = file.read(length)
    if len(payload) < length:
        return None
    if hashlib.sha256(head + payload).digest() != prefix[CHECKED_HEAD:]:
        # After a power cut the last record may have its full length but sectors that were never written.
        if not file.read(1) and (SECTOR in payload or not any(payload)):
            return None
        raise Damaged(f"{name} at byte {place.offset}", "a payload with its checksum")
    end = Place(place.segment, place.offset + PREFIX_BYTES + length)
    return LogRecord(height, payload, place, end, prefix)
