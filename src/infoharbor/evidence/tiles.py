"""Where a log's hashes and entries are served, and what is in each file (C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infoharbor.evidence.checkpoint import NoteError
from infoharbor.kernel.merkle import HASH_BYTES, SIZE_MAX, SubtreeAt

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVEL_MAX = 63
ENTRIES = "entries"
ENTRY_BYTES = 0xFFFF


@dataclass(frozen=True)
class Tile:
    """The first `width` of the 256 hashes of tile `index` of `level`; `level` -1 stands for the entries."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def path(self) -> str:
        """The path below the log's prefix, such as `tile/0/x001/x234/067.p/12`."""
        level = ENTRIES if self.level < 0 else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        partial = f".p/{self.width}" if self.width < TILE_WIDTH else ""
        return f"tile/{level}/" + "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]]) + partial

    @classmethod
    def parse(cls, path: str) -> Tile:
        """The tile at `path`; each tile has one path, every other spelling is refused."""
        refusal = NoteError("tile.path", "path", "tile/LEVEL/INDEX or tile/LEVEL/INDEX.p/WIDTH")
        if len(path) > 64 or not path.isascii():
            raise refusal
        whole, _, width = path.partition(".p/")
        folder, level, *groups = whole.split("/") if whole.count("/") >= 2 else ("", "", "")
        numbers = ["".join(group.removeprefix("x") for group in groups), width or str(TILE_WIDTH)]
        if level != ENTRIES:
            numbers.append(level)
        if folder != "tile" or not all(number.isdigit() for number in numbers):
            raise refusal
        tile = cls(-1 if level == ENTRIES else int(level), int(numbers[0]), int(numbers[1]))
        in_range = tile.level <= LEVEL_MAX and tile.index <= SIZE_MAX and 0 < tile.width <= TILE_WIDTH
        if not in_range or tile.path() != path:
            raise refusal
        return tile

    def is_within(self, size: int) -> bool:
        """Whether a log of `size` leaves has all the hashes of this tile."""
        return self.index * TILE_WIDTH + self.width <= size >> TILE_HEIGHT * max(self.level, 0)

    def hashes(self, subtree: SubtreeAt) -> bytes:
        """The tile's content: `width` hashes of 32 bytes, from the complete subtrees that the store keeps."""
        level = self.level * TILE_HEIGHT
        return b"".join(subtree(level, self.index * TILE_WIDTH + at) for at in range(self.width))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile that a log of `size` leaves serves, the partial ones of this size included."""
    level = 0
    while (hashes := size >> TILE_HEIGHT * level) > 0:
        full, rest = divmod(hashes, TILE_WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if rest:
            yield Tile(level, full, rest)
        level += 1


def subtrees_in(tile: bytes) -> list[bytes]:
    """The hashes of a tile's content."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > TILE_WIDTH * HASH_BYTES:
        raise NoteError("tile.length", "tile", f"1 to {TILE_WIDTH} hashes of {HASH_BYTES} bytes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """The content of an entries tile: each entry behind its length of two bytes."""
    if any(len(entry) > ENTRY_BYTES for entry in entries):
        raise NoteError("tile.entry", "entries", f"at most {ENTRY_BYTES} bytes an entry")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
