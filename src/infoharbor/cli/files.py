"""Reads what comes in as a file, and no more of it than may come in."""

from pathlib import Path


def start_of(file: Path, most: int) -> bytes:
    """A file's bytes, and one more than it may have, which whoever reads it refuses."""
    with file.open("rb") as opened:
        return opened.read(most + 1)
