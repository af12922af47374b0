"""What waits for a block, kept across restarts: an append-only file that is written anew when most of it is past.

It is not synced: after a power cut the sender, who has no receipt, sends again."""

import contextlib
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from infoharbor.engine.folder import write_private

HEAD_BYTES = 8
SPARE_BYTES = 4 * 1024 * 1024
PAST_SHARE = 2
"""The file is written anew once it is so many times as long as what waits."""


class Pending:
    """Used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.left = list(_read(path))
        """What the last run left."""
        self._open(self.left)

    def append(self, transactions: Iterable[bytes]) -> None:
        written = b"".join(map(_line, transactions))
        self._bytes += os.write(self._file, written) if written else 0

    def shrink(self, waiting_bytes: int, waiting: Iterable[bytes]) -> None:
        """Call after each block."""
        if self._bytes > SPARE_BYTES + PAST_SHARE * waiting_bytes:
            os.close(self._file)
            self._open(waiting)

    def close(self) -> None:
        os.close(self._file)

    def _open(self, waiting: Iterable[bytes]) -> None:
        whole = b"".join(map(_line, waiting))
        write_private(self._path, whole)
        self._file, self._bytes = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), len(whole)


def _line(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + zlib.crc32(raw).to_bytes(4, "big") + raw


def _read(path: Path) -> Iterator[bytes]:
    """Everything up to the first line that a crash cut off."""
    whole = b""
    with contextlib.suppress(FileNotFoundError):
        whole = path.read_bytes()
    at = 0
    while at + HEAD_BYTES <= len(whole):
        start = at + HEAD_BYTES
        at = start + int.from_bytes(whole[start - HEAD_BYTES : start - 4], "big")
        raw = whole[start:at]
        if zlib.crc32(raw) != int.from_bytes(whole[start - 4 : start], "big"):
            return
        yield raw
