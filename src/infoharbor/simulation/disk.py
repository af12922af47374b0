"""A disk in memory that keeps after a power cut only what was synced, and perhaps a part of what was not.

The engine's own file code runs on it, unchanged: `Disks.installed` puts it in the place of the operating system's calls in
the modules that write files.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, cast

from infoharbor.engine import blocklog, folder
from infoharbor.engine.cometbft import order, pending

WRITING_MODULES = (blocklog, folder, order, pending)
DESCRIPTORS_FROM = 1_000_000
"""Above all that a system gives."""


class PowerCut(BaseException):
    """The machine is gone in this moment; no code of the engine's may catch it."""


class File:
    """A file's bytes as programs see them, and as they are on the platter."""

    def __init__(self, content: bytes = b"") -> None:
        self.content, self.synced = bytearray(content), content

    def sync(self) -> None:
        self.synced = bytes(self.content)

    def after_cut(self, chance: Random) -> File:
        """What was appended is there in part; what was changed otherwise is there, or is not."""
        synced, content = self.synced, bytes(self.content)
        if content.startswith(synced):
            return File(content[: chance.randint(len(synced), len(content))])
        return File(chance.choice((synced, content)))


class Disk:
    """One machine's files, by path."""

    def __init__(self, chance: Random, files: dict[str, bytes] | None = None) -> None:
        self._chance = chance
        self.files = {name: File(content) for name, content in (files or {}).items()}
        self._synced_names = dict(self.files)
        self._renames: list[dict[str, File]] = []
        self.cut_after: int | None = None
        """After so many more operations the power goes."""

    def path(self, name: str) -> Path:
        return cast(Path, DiskPath(self, name))

    def files_now(self) -> dict[str, bytes]:
        return {name: bytes(file.content) for name, file in self.files.items()}

    def operate(self) -> None:
        """Every change of the disk passes here."""
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCut

    def put(self, name: str, file: File | None) -> None:
        """Give a file this name, or take the name away; durable once the folder is synced."""
        self.files.pop(name, None)
        if file is not None:
            self.files[name] = file
        self._renames.append(dict(self.files))

    def sync_names(self) -> None:
        self._synced_names, self._renames = dict(self.files), []

    def cut(self) -> None:
        """The power goes and comes back: the file system keeps the order of its names, contents may be torn."""
        names = self._chance.choice([self._synced_names, *self._renames])
        after = {id(file): file.after_cut(self._chance) for file in names.values()}
        self.files = {name: after[id(file)] for name, file in names.items()}
        self.cut_after = None
        self.sync_names()


class DiskPath:
    """As much of `pathlib.Path` as the engine's file code asks for."""

    def __init__(self, disk: Disk, text: str) -> None:
        self.disk, self.text = disk, text

    def __truediv__(self, name: str) -> DiskPath:
        return DiskPath(self.disk, f"{self.text}/{name}")

    @property
    def name(self) -> str:
        return self.text.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def parent(self) -> DiskPath:
        return DiskPath(self.disk, self.text.rpartition("/")[0])

    def with_name(self, name: str) -> DiskPath:
        return self.parent / name

    def exists(self) -> bool:
        return self.text in self.disk.files

    def glob(self, pattern: str) -> Iterator[DiskPath]:
        paths = [DiskPath(self.disk, name) for name in self.disk.files]
        return (path for path in paths if path.parent.text == self.text and fnmatch(path.name, pattern))

    def read_bytes(self) -> bytes:
        try:
            return bytes(self.disk.files[self.text].content)
        except KeyError:
            raise FileNotFoundError(self.text) from None

    def open(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.read_bytes())

    def rename(self, target: DiskPath) -> None:
        self.disk.operate()
        file = self.disk.files[self.text]
        self.disk.files.pop(self.text)
        self.disk.put(target.text, file)


class _Opened:
    """An open file, or a folder (`file` is None)."""

    def __init__(self, disk: Disk, file: File | None, at: int) -> None:
        self.disk, self.file, self.at = disk, file, at

    @property
    def bytes(self) -> bytearray:
        assert self.file is not None
        return self.file.content


class _Status(NamedTuple):
    st_size: int


class Disks:
    """The operating system's file calls, for all disks of a simulation. Files that do not lie on one of them stay the
    system's own, so that another ledger in this process goes on. A process that dies never closes its files."""

    def __init__(self) -> None:
        self._opened: dict[int, _Opened] = {}
        self._next = DESCRIPTORS_FROM

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        before = [vars(module)["os"] for module in WRITING_MODULES]
        for module in WRITING_MODULES:
            vars(module)["os"] = self
        try:
            yield
        finally:
            for module, was in zip(WRITING_MODULES, before, strict=True):
                vars(module)["os"] = was

    def __getattr__(self, name: str) -> Any:
        """What does not touch a file is the system's own."""
        return getattr(os, name)

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        if not isinstance(path, DiskPath):
            return os.open(path, flags, mode)
        disk = path.disk
        file = disk.files.get(path.text)
        if flags & os.O_DIRECTORY:
            file = None
        elif file is None:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(path.text)
            disk.operate()
            file = File()
            disk.put(path.text, file)
        elif flags & os.O_TRUNC:
            disk.operate()
            file.content.clear()
        self._next += 1
        self._opened[self._next] = _Opened(disk, file, len(file.content) if file and flags & os.O_APPEND else 0)
        return self._next

    def close(self, descriptor: int) -> None:
        if self._opened.pop(descriptor, None) is None:
            os.close(descriptor)

    def write(self, descriptor: int, data: bytes) -> int:
        opened = self._opened.get(descriptor)
        if opened is None:
            return os.write(descriptor, data)
        opened.disk.operate()
        opened.bytes[opened.at : opened.at + len(data)] = data
        opened.at += len(data)
        return len(data)

    def lseek(self, descriptor: int, offset: int, how: int) -> int:
        opened = self._opened.get(descriptor)
        if opened is None:
            return os.lseek(descriptor, offset, how)
        assert how == os.SEEK_SET
        opened.at = offset
        return offset

    def ftruncate(self, descriptor: int, size: int) -> None:
        opened = self._opened.get(descriptor)
        if opened is None:
            os.ftruncate(descriptor, size)
            return
        opened.disk.operate()
        del opened.bytes[size:]

    def fstat(self, descriptor: int) -> Any:
        opened = self._opened.get(descriptor)
        return os.fstat(descriptor) if opened is None else _Status(len(opened.bytes))

    def fdatasync(self, descriptor: int) -> None:
        self.fsync(descriptor)

    def fsync(self, descriptor: int) -> None:
        opened = self._opened.get(descriptor)
        if opened is None:
            os.fsync(descriptor)
            return
        opened.disk.operate()
        if opened.file is None:
            opened.disk.sync_names()
        else:
            opened.file.sync()
