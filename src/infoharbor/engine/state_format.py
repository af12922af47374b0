"""The form in which a ledger's state travels from node to node: a manifest, and chunks that it names by their hashes.

The state at one height: every header, the newest version of every record, the ids of transactions that could still come
again, and where the calendar is not what the records say. The same bytes on every node; `docs/reference/formats.md`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

from infoharbor.engine.interface import Refused
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel import limits
from infoharbor.kernel.activation import Active
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Codec, Malformed, Wire, encode, tag
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.running import waiting_times
from infoharbor.kernel.state import BlockState

FORMAT = 1
MANIFEST_TAG = tag("snapshot")
CHUNK_BYTES = 8 * 1024 * 1024
"""CometBFT carries chunks below 16 MB."""
CHUNKS_MOST = 16_384
MANIFEST_BYTES = 1024 * 1024


class Section(IntEnum):
    """What a chunk holds: its first byte. Sections come in this order."""

    HEADERS = 0
    RECORDS = 1
    EXECUTED = 2
    CALENDAR = 3


class Manifest(Wire, frozen=True):
    """What is offered: the state after our block `height`, which was the newest at CometBFT's height `order`. `size` counts
    the bytes of all chunks, `chunks` are their SHA-256 hashes."""

    format: int
    chain: bytes
    order: int
    height: int
    size: int
    chunks: tuple[bytes, ...]


class RecordState(Wire, frozen=True):
    """A record's newest version: what its leaf hash is made of, but for the blind, which every member can make."""

    path: str
    version: int
    height: int
    transaction: bytes
    previous: bytes
    schema: bytes
    value: bytes


class Deviation(Wire, frozen=True):
    """A place in which the calendar is not what the records say: an entry that `stands` there besides, or is missing."""

    time: int
    path: str
    stands: bool


class Chunk(NamedTuple):
    """A decoded chunk: encoded headers, `RecordState`s, groups of ids that one block executed, or `Deviation`s."""

    section: Section
    items: tuple[Any, ...]


_CODECS = {
    Section.HEADERS: Codec(tuple[bytes, ...], limit=CHUNK_BYTES),
    Section.RECORDS: Codec(tuple[RecordState, ...], limit=CHUNK_BYTES),
    Section.EXECUTED: Codec(tuple[tuple[bytes, ...], ...], limit=CHUNK_BYTES),
    Section.CALENDAR: Codec(tuple[Deviation, ...], limit=CHUNK_BYTES),
}
_manifest_codec = Codec(Manifest, limit=MANIFEST_BYTES)


class BadSnapshot(Refused):
    """What was offered is not the state that the network agreed on, or too much of it."""

    def __init__(self, field: str, expected: object) -> None:
        super().__init__("network.snapshot", field, expected)


def manifest_hash(raw: bytes) -> bytes:
    return hashlib.sha256(MANIFEST_TAG + raw).digest()


def decode_manifest(raw: bytes) -> Manifest:
    """The manifest, if it keeps all limits; raises `BadSnapshot`."""
    try:
        manifest: Manifest = _manifest_codec.decode(raw)
    except Malformed as malformed:
        raise BadSnapshot("manifest", malformed.expected) from None
    counts = (manifest.order, manifest.height, manifest.size)
    if manifest.format != FORMAT or not all(0 <= count <= limits.INTEGER_MAX for count in counts):
        raise BadSnapshot("manifest", f"format {FORMAT} and counts from 0")
    if not 1 <= len(manifest.chunks) <= CHUNKS_MOST or any(len(each) != 32 for each in manifest.chunks):
        raise BadSnapshot("chunks", f"1 to {CHUNKS_MOST} hashes")
    if not 0 < manifest.size <= len(manifest.chunks) * CHUNK_BYTES:
        raise BadSnapshot("size", f"at most {CHUNK_BYTES} for each chunk")
    return manifest


def encode_chunks(section: Section, items: Iterable[Any]) -> Iterator[bytes]:
    """A section's chunks, each as full as it can be; none for no items."""
    gathered: list[msgspec.Raw] = []
    size = 0
    for item in items:
        encoded = encode(item)
        if size + len(encoded) > CHUNK_BYTES - 16:  # Room for the section and the count.
            yield _chunk(section, gathered)
            gathered, size = [], 0
        gathered.append(msgspec.Raw(encoded))
        size += len(encoded)
    if gathered:
        yield _chunk(section, gathered)


def decode_chunk(raw: bytes) -> Chunk:
    """The items, each of the section's type; raises `BadSnapshot`."""
    if not 1 < len(raw) <= CHUNK_BYTES or raw[0] not in _CODECS:
        raise BadSnapshot("chunk", f"a section and its items, at most {CHUNK_BYTES} bytes")
    section = Section(raw[0])
    try:
        items = _CODECS[section].decode(raw[1:])
    except Malformed as malformed:
        raise BadSnapshot("chunk", malformed.expected) from None
    if not items:
        raise BadSnapshot("chunk", "at least one item")
    return Chunk(section, items)


def _chunk(section: Section, items: list[msgspec.Raw]) -> bytes:
    return bytes((section,)) + encode(items)


class CalendarRule:
    """What the calendar holds if the records alone decide: the time-driven moves of the contract versions in force."""

    def __init__(self, chain: Chain, view: Snapshot) -> None:
        self._registry, self._soon = chain.registry, view.time + limits.DUE_RETRY_MS
        self._versions = Active(chain.registry).at(BlockState(view), view.time, again=True)

    @property
    def tables(self) -> list[RecordType]:
        """Those whose records may wait for a time, by their paths."""
        kinds = (kind for kind in self._registry.tables.values() if kind.due)
        return sorted(kinds, key=lambda kind: kind.prefix)

    def times(self, path: str, value: bytes) -> set[int]:
        """When the record with this value waits to be looked at."""
        kind = self._registry.table(path)
        if kind is None or not value:
            return set()
        return waiting_times(kind.due_in(self._versions.get(kind.contract, 1)), kind.decode(value))

    def can_be(self, deviation: Deviation, value: bytes) -> bool:
        """Whether a ledger can come to this, the record at the path having this value. What is due, and was refused, is tried
        again soon: only what a later contract version brought can be missing for long. So a lie shows soon too."""
        kind = self._registry.table(deviation.path)
        if deviation.time <= self._soon:
            return True
        if deviation.stands or kind is None or not value:
            return False
        return deviation.time not in waiting_times(kind.due_in(1), kind.decode(value))
