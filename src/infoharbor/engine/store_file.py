"""LMDB's file from outside: whether it is whole before it is mapped, and what a fault of the disk is called."""

import errno
import os
import struct
from pathlib import Path

import lmdb

from infoharbor.engine.interface import Damaged

SHORT_OF_ROOM = 16 * 1024**2


def as_os_error(fault: lmdb.Error, folder: Path) -> OSError:
    """LMDB tells a full disk by its text, or calls a write that was cut short an input/output error."""
    disk = os.statvfs(folder)
    cut_short = os.strerror(errno.EIO) in str(fault) and disk.f_bavail * disk.f_frsize < SHORT_OF_ROOM
    if cut_short or os.strerror(errno.ENOSPC) in str(fault):
        return OSError(errno.ENOSPC, str(fault))
    return Damaged("state/data.mdb", str(fault))


# LMDB keeps two meta pages at the head of its file; the one with the higher transaction is in force. On 64-bit
# machines a page's header of 16 bytes comes before magic, version, address and map size, then two tables of
# 48 bytes (the first begins with the page size), last page and transaction.
MAGIC = 0xBEEFC0DE
META_PAGE = struct.Struct("=16xII8xQI44x48xQQ")


def used_bytes(file: Path) -> int:
    """How long the file must be to hold every page that is in use; raises `Damaged` if its head is not
    LMDB's."""
    with file.open("rb") as opened:
        first = _meta_page(opened.read(META_PAGE.size))
        opened.seek(first[1])
        second = _meta_page(opened.read(META_PAGE.size))
    newest = max(first, second)
    return (newest[2] + 1) * newest[1]


def _meta_page(raw: bytes) -> tuple[int, int, int]:
    """Transaction, page size, last page."""
    if len(raw) < META_PAGE.size:
        raise Damaged("state/data.mdb", "a store that has not been cut off")
    magic, version, _, page, last, transaction = META_PAGE.unpack(raw)
    if magic != MAGIC or version & 0xFF != 1 or not 256 <= page <= 65536:
        raise Damaged("state/data.mdb", "the head of an LMDB store")
    return transaction, page, last


def check_not_truncated(file: Path) -> None:
    """Raises `Damaged` before a shortened file is mapped: touching a page beyond its end would kill the
    process."""
    if not file.exists():
        return
    needed, there = used_bytes(file), file.stat().st_size
    if there < needed:
        raise Damaged("state/data.mdb", f"a file of {needed} bytes, this one has been cut to {there}")
