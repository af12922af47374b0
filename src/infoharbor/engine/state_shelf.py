"""The snapshots that a node keeps and serves: `snapshots/ORDER/` with `manifest` and a file for each chunk."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from infoharbor.engine.folder import PRIVATE_FILE, PRIVATE_FOLDER, sync_folder, write_private
from infoharbor.engine.state_format import BadSnapshot, Manifest, decode_manifest, manifest_hash
from infoharbor.kernel.encoding import encode

KEPT_LEAST = 2
"""Whoever fetches one has time to end while the next one is made."""
MAKING = ".making-"


class Kept(NamedTuple):
    """A snapshot that is whole: its manifest, and that as it is sent."""

    manifest: Manifest
    raw: bytes

    @property
    def hash(self) -> bytes:
        return manifest_hash(self.raw)


class Making:
    """A snapshot under way; nobody sees it until it is finished."""

    def __init__(self, folder: Path, final: Path) -> None:
        self.folder, self._final = folder, final

    def put(self, index: int, chunk: bytes) -> None:
        """Write a chunk, or write it anew."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with open(os.open(chunk_file(self.folder, index), flags, PRIVATE_FILE), "wb") as file:
            file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def finish(self, manifest: Manifest) -> None:
        """Let it stand on the shelf, durably."""
        write_private(self.folder / "manifest", encode(manifest))
        shutil.rmtree(self._final, ignore_errors=True)
        self.folder.rename(self._final)
        sync_folder(self._final.parent)


class Shelf:
    """All snapshots of a data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kept(self) -> list[Kept]:
        """The snapshots that are whole, ascending by CometBFT's height. What cannot be read is left out."""
        found = []
        for order in self._orders():
            with contextlib.suppress(OSError, BadSnapshot):
                raw = (self._path(order) / "manifest").read_bytes()
                found.append(Kept(decode_manifest(raw), raw))
        return found

    def chunk(self, order: int, index: int) -> bytes:
        """A chunk as it is sent; no bytes if it is not there."""
        try:
            return chunk_file(self._path(order), index).read_bytes()
        except OSError:
            return b""

    @contextlib.contextmanager
    def making(self, order: int) -> Iterator[Making]:
        """Make a snapshot; what is not finished when this ends is thrown away."""
        folder = self._folder / f"{MAKING}{order}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
        try:
            yield Making(folder, self._path(order))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def repeat(self, kept: Kept, order: int) -> None:
        """Let the same state stand for a later height of CometBFT too."""
        with self.making(order) as making:
            for index in range(len(kept.manifest.chunks)):
                os.link(chunk_file(self._path(kept.manifest.order), index), chunk_file(making.folder, index))
            making.finish(msgspec.structs.replace(kept.manifest, order=order))

    def clear(self, keep: int) -> None:
        """Drop all but the newest `keep`, and what was begun and never finished."""
        for order in self._orders()[: -max(keep, KEPT_LEAST)]:
            shutil.rmtree(self._path(order), ignore_errors=True)
        for left in self._folder.glob(f"{MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)

    def _orders(self) -> list[int]:
        try:
            return sorted(int(name) for name in os.listdir(self._folder) if name.isascii() and name.isdigit())
        except FileNotFoundError:
            return []

    def _path(self, order: int) -> Path:
        return self._folder / f"{order:012d}"


def chunk_file(folder: Path, index: int) -> Path:
    return folder / f"{index:05d}"
