"""Makes a ledger's store from a snapshot, and believes nothing of it that the app hash does not answer for.

The app hash is the header log's root, which CometBFT's light client has verified. Headers must give it; the records must
give the last header's state root and attester set; the executed ids its replay digest. All indexes are made anew. Where
the calendar is not what the records say, no header tells: a snapshot that lies about that gives a node that diverges at
the next block that it matters to, and stops. That comes within the hour after which a refused move is tried again, since
nothing later may differ: no lie waits in many nodes for one day.
"""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from infoharbor.crypto.hashes import SM3
from infoharbor.engine.batch import FORMAT, Batch, Meta, StoredBlock
from infoharbor.engine.blocklog import Place
from infoharbor.engine.folder import PRIVATE_FOLDER
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.state_export import BUCKET_BYTES, bucket_of, view_of
from infoharbor.engine.state_format import (
    BadSnapshot,
    CalendarRule,
    Chunk,
    Deviation,
    Manifest,
    RecordState,
    Section,
    decode_chunk,
)
from infoharbor.engine.store import MAP_BYTES_LEAST, Store
from infoharbor.kernel import limits, merkle
from infoharbor.kernel.block import Header, header_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.kernel.leaf import LEAF_TAG, Leaf, blind, path_hash
from infoharbor.kernel.records import Entry, record_type
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.tree import EMPTY_ROOT, Tree

NOWHERE = Place(0, 0)
"""Where a block lies that this node never had: its log begins later."""
NOTHING = -1
STORED_BYTES = 4
"""How much of a store each byte of a snapshot makes, at most: entries, tree, indexes, and the leaves on the way."""
LEAF_BYTES = 64
WAITING_AT_ONCE = 50_000


class Restoring:
    """One snapshot on its way into an empty store at `folder`. Chunks come in order; used by one thread."""

    def __init__(self, chain: Chain, manifest: Manifest, app_hash: bytes, folder: Path) -> None:
        if manifest.chain != chain.id:
            raise BadSnapshot("chain", chain.id.hex())
        self.manifest, self.next, self._chain, self._app_hash = manifest, 0, chain, app_hash
        self._left, self._section = manifest.size, Section.HEADERS
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
        # What the store has read is not given up while it grows: its address space is taken at first.
        room = max(MAP_BYTES_LEAST, STORED_BYTES * manifest.size)
        self._store = Store(folder, map_bytes=room, durable=False)
        self._headers = _Headers(chain)
        self._records = _Records(chain, folder / "leaves")
        self._executed = _Executed(chain)
        self._deviated = (0, "")
        self._header: Header
        self._rule: CalendarRule
        self._meta = Meta(FORMAT, chain.id, NOTHING, b"", EMPTY_ROOT, (), (), (), (0, 0))

    def is_of(self, index: int, chunk: bytes) -> bool:
        """Whether these bytes are the chunk that the manifest names; if not, whoever sent them is at fault."""
        return hashlib.sha256(chunk).digest() == self.manifest.chunks[index]

    def put(self, chunk: bytes) -> None:
        """Take in the next chunk; raises `BadSnapshot` as soon as something does not fit. After the last one the store
        holds the ledger."""
        self._left -= len(chunk)
        if self._left < 0:
            raise BadSnapshot("size", f"{self.manifest.size} in all chunks")
        try:
            self._take(decode_chunk(chunk))
            self.next += 1
            if self.next == len(self.manifest.chunks):
                self._finish()
        except (Malformed, msgspec.MsgspecError) as fault:
            raise BadSnapshot("chunk", fault) from None

    def close(self) -> None:
        self._records.close()
        self._store.close()

    def _take(self, chunk: Chunk) -> None:
        if chunk.section < self._section:
            raise BadSnapshot("section", f"{self._section} or a later one")
        self._pass_to(chunk.section)
        if chunk.section == Section.HEADERS:
            self._write(**self._headers.take(chunk.items))
        elif chunk.section == Section.RECORDS:
            self._write(records=self._records.take(chunk.items, self.manifest.height))
        elif chunk.section == Section.EXECUTED:
            time = self._headers.time
            self._write(transactions=self._executed.take(chunk.items, time, self.manifest.height))
        else:
            self._deviate(chunk.items)

    def _pass_to(self, section: Section) -> None:
        """Check the sections that are whole now: whoever offers another state is found out before more is taken in."""
        for ended, check in enumerate((self._end_headers, self._end_records, self._end_executed)):
            if self._section <= ended < section:
                check()
        self._section = section

    def _finish(self) -> None:
        self._pass_to(Section.CALENDAR)
        if self._left:
            raise BadSnapshot("size", f"{self.manifest.size} in all chunks")
        self._store.sync()

    def _end_headers(self) -> None:
        self._header = self._headers.finish(self.manifest.height, self._app_hash)

    def _end_records(self) -> None:
        for nodes in self._records.nodes():
            self._write(nodes=nodes)
        if self._records.root != self._header.state_root:
            raise BadSnapshot("records", "the records of the last header's state root")

    def _end_executed(self) -> None:
        """The last of what headers answer for; with it the store can be read, and the calendar made."""
        header, headers, replay = self._header, self._headers, self._executed.replay
        if replay.advance(header.time, []) != header.replay_digest:
            raise BadSnapshot("executed", "the ids of the last header's replay digest")
        buckets = tuple(sorted(replay.buckets.items()))
        second = headers.sm3.peaks if headers.sm3 is not None else ()
        root, end = self._records.root, (header.height + 1, 0)
        self._meta = Meta(
            FORMAT, self._chain.id, header.height, headers.newest, root, buckets, headers.log.peaks, second, end
        )
        self._write()
        with self._store.read() as stored:
            view = view_of(stored)
            self._check_attesters(view)
            waiting: list[tuple[int, str]] = []
            self._rule = CalendarRule(self._chain, view)
            for kind in self._rule.tables:
                for path, entry in view.scan(kind.prefix):
                    waiting += [(time, path) for time in self._rule.times(path, entry.value)]
                    if len(waiting) >= WAITING_AT_ONCE:
                        self._write(calendar=dict.fromkeys(waiting, True))
                        waiting = []
        self._write(calendar=dict.fromkeys(waiting, True))

    def _check_attesters(self, view: Snapshot) -> None:
        def find(of: type, *key: object) -> object:
            kind = record_type(of)
            return kind.read(view.entry(kind.path(key)))

        if self._chain.registry.authority.attesters_root(find) != self._header.attesters_root:
            raise BadSnapshot("records", "the attester set of the last header")

    def _deviate(self, items: tuple[Deviation, ...]) -> None:
        """Put the calendar where it is said not to be what the records say."""
        changed = {}
        with self._store.read() as stored:
            for each in items:
                place = (each.time, each.path)
                if place <= self._deviated or not 0 < each.time <= limits.INTEGER_MAX or not is_path(each.path):
                    raise BadSnapshot("calendar", "times and paths, ascending")
                entry = stored.entry(each.path)
                if entry is None or stored.is_due(*place) is each.stands or not self._rule.can_be(each, entry.value):
                    raise BadSnapshot("calendar", "where it is not what the records say")
                self._deviated = place
                changed[place] = each.stands
        self._write(calendar=changed)

    def _write(self, **parts: Any) -> None:
        empty: dict[str, Any] = {name: {} for name in Batch._fields}
        self._store.write(Batch(**(empty | parts | {"meta": self._meta})))


class _Headers:
    """The headers from the first on; each must follow the one before it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.log = merkle.Frontier()
        self.sm3 = merkle.Frontier(digest=SM3.digest) if chain.suite is SM3 else None
        self.newest, self.time = b"", 0

    def take(self, items: tuple[bytes, ...]) -> dict[str, Any]:
        """What the store is given for these."""
        blocks, subtrees = {}, {}
        for raw in items:
            header = header_codec.decode(raw)
            second = self.sm3.root() if self.sm3 is not None else b""
            follows = header.chain == self._chain.id and header.height == self.log.size and header.time >= self.time
            if not follows or header.sm3_root != second:
                raise BadSnapshot("headers", f"header {self.log.size} of this chain")
            blocks[header.height] = StoredBlock(NOWHERE, raw)
            for level, index, digest in self.log.append(merkle.leaf_hash(raw)):
                subtrees[level, index] = digest
            if self.sm3 is not None:
                self.sm3.append(merkle.leaf_hash(raw, SM3.digest))
            self.newest, self.time = raw, header.time
        return {"blocks": blocks, "subtrees": subtrees}

    def finish(self, height: int, app_hash: bytes) -> Header:
        """The last header, once all of them give the log's root that the network agreed on."""
        if self.log.size != height + 1 or self.log.root() != app_hash:
            raise BadSnapshot("headers", f"{height + 1} headers whose log's root is {app_hash.hex()[:16]}")
        header: Header = header_codec.decode(self.newest)
        return header


class _Records:
    """The records by ascending path, and the leaves that they make: sorted on the disk by the first byte of their path
    hashes, so that the tree is built part by part."""

    def __init__(self, chain: Chain, folder: Path) -> None:
        self._chain, self._last, self._folder, self.root = chain, "", folder, EMPTY_ROOT
        folder.mkdir(mode=PRIVATE_FOLDER)

    def take(self, items: tuple[RecordState, ...], newest: int) -> dict[str, bytes]:
        """The encoded entries, by path."""
        suite, secret = self._chain.suite, self._chain.secret
        entries: dict[str, bytes] = {}
        parts: list[bytearray] = [bytearray() for _ in range(256)]
        for item in items:
            path, version, height, transaction, previous, schema, value = msgspec.structs.astuple(item)
            if path <= self._last or version < 1 or not 0 <= height <= newest:
                raise BadSnapshot("records", "versions of records up to the height, by ascending path")
            if not is_path(path) or len(value) > limits.RECORD_BYTES:
                raise BadSnapshot("records", "records within the ledger's limits")
            self._last = path
            hidden = blind(suite, secret, path, version)
            leaf = Leaf(path, version, height, transaction, previous, schema, hidden, value)
            hashed = suite.digest(LEAF_TAG + encode(leaf))
            # Where the version before lies is of no use here: that block is not kept.
            entries[path] = encode(Entry(version, height, transaction, previous, 0, schema, value, hashed))
            place = path_hash(suite, path)
            parts[place[0]] += place + hashed
        for first, part in enumerate(parts):
            if part:
                with (self._folder / f"{first:02x}").open("ab") as file:
                    file.write(part)
        return entries

    def nodes(self) -> Iterator[dict[bytes, bytes]]:
        """The tree over all of them, part by part; `root` is its root after the last."""
        tree = Tree(self._chain.suite, lambda prefix: None)
        for first in range(256):
            file = self._folder / f"{first:02x}"
            if file.exists():
                raw = file.read_bytes()
                starts = range(0, len(raw), LEAF_BYTES)
                self.root = tree.update({raw[at : at + 32]: raw[at + 32 : at + LEAF_BYTES] for at in starts})
                yield tree.take_changed()

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _Executed:
    """The ids that could still come again, by bucket and then by block, in the order in which they ran."""

    def __init__(self, chain: Chain) -> None:
        self.replay = ReplayDigest(chain.suite)
        self._bucket, self._groups = b"", 0

    def take(self, items: tuple[tuple[bytes, ...], ...], time: int, newest: int) -> dict[bytes, tuple[int, int]]:
        """Where the store says that each of them ran: in a block that is not kept, after those before it."""
        oldest, latest = (bucket_of(moment) for moment in (time, time + limits.JOINT_EXPIRY_MS))
        places = {}
        for group in items:
            bucket = group[0][:BUCKET_BYTES] if group else b""
            if any(len(each) != 32 or each[:BUCKET_BYTES] != bucket for each in group):
                raise BadSnapshot("executed", "ids of one bucket together")
            if not max(oldest, self._bucket) <= bucket <= latest:
                raise BadSnapshot("executed", "buckets that have not lapsed, ascending")
            self._groups = self._groups + 1 if bucket == self._bucket else 0
            self._bucket = bucket
            if self._groups > newest:
                raise BadSnapshot("executed", f"at most {newest} blocks")
            self.replay.advance(time, list(group))
            places.update({identifier: (self._groups, at) for at, identifier in enumerate(group)})
        return places


def is_path(path: str) -> bool:
    return path.isascii() and 0 < len(path) <= limits.KEY_BYTES
