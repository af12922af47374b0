"""What blocks leave in the store, and what the store says of itself."""

from typing import NamedTuple

from infoharbor.engine.blocklog import Place
from infoharbor.kernel.encoding import Codec, Wire

FORMAT = 2


class Meta(Wire, frozen=True):
    """What the store holds: everything up to block `height` (-1: nothing), whose log record ends at `end`.
    `peaks` are the header log's frontier; `sm3_peaks` that of an `sm3` chain's second log."""

    format: int
    chain: bytes
    height: int
    header_bytes: bytes
    root: bytes
    replay: tuple[tuple[int, bytes], ...]
    peaks: tuple[bytes, ...]
    sm3_peaks: tuple[bytes, ...]
    end: tuple[int, int]


meta_codec = Codec(Meta, limit=1024 * 1024)


class StoredBlock(NamedTuple):
    place: Place
    header_bytes: bytes


class Batch(NamedTuple):
    """What several blocks leave in the store, written in one transaction; `calendar` is True where a record
    waits."""

    meta: Meta
    records: dict[str, bytes]
    nodes: dict[bytes, bytes]
    transactions: dict[bytes, tuple[int, int]]
    subtrees: dict[tuple[int, int], bytes]
    blocks: dict[int, StoredBlock]
    calendar: dict[tuple[int, str], bool]
