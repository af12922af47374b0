"""What anything above may ask of the engine, whichever one orders the blocks."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from infoharbor.kernel.block import Header, Receipt, header_codec
from infoharbor.kernel.encoding import Wire
from infoharbor.kernel.records import Entry, Record
from infoharbor.kernel.running import Write
from infoharbor.kernel.tree import TreeProof

Kind = TypeVar("Kind", bound=Record)
decode_entry = msgspec.msgpack.Decoder(Entry).decode


class Refused(Exception):
    """The engine says no, and nothing is recorded: a stable code, the field, and what would be right."""

    def __init__(self, code: str, field: str = "", expected: object = "") -> None:
        super().__init__(code, field, str(expected))
        self.code, self.field, self.expected = code, field, str(expected)

    def __str__(self) -> str:
        return " ".join(part for part in (self.code, self.field, self.expected) if part)


class HeightGone(Refused):
    """What is asked for lies below the blocks that this node keeps, of which `first` is the lowest."""

    def __init__(self, first: int) -> None:
        super().__init__("ledger.height_gone", "height", f"{first} or higher: older blocks are not kept here")


class Damaged(OSError):
    """What is stored is not what was written; `field` names the place. Nothing of it is served.

    It is an `OSError` so that the kernel takes it for a fault of the machine, which halts the node, and
    never for a contract's.
    """

    code = "node.damaged"

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field, self.expected = field, expected


class Block(Wire, frozen=True):
    """One block as the log keeps it. `facts` are the encoded actions by which the engine told what it had found;
    `written` holds path, encoded entry and the receipt's position of each
    write; `calendar` holds time, path and whether the record now waits. The calendar's receipts come before
    the bundles', and the facts' before both."""

    header_bytes: bytes
    transactions: tuple[bytes, ...]
    receipts: tuple[bytes, ...]
    written: tuple[tuple[str, bytes, int], ...]
    calendar: tuple[tuple[int, str, bool], ...]
    facts: tuple[bytes, ...] = ()

    @property
    def header(self) -> Header:
        header: Header = header_codec.decode(self.header_bytes)
        return header

    @property
    def writes(self) -> Iterator[Write]:
        """Every version of a record that this block wrote, in the order of writing."""
        return (Write(path, decode_entry(entry), position) for path, entry, position in self.written)

    def writes_of(self, path: str) -> Iterator[Write]:
        """The versions of one record that this block wrote, the oldest first."""
        return (Write(path, decode_entry(entry), at) for written, entry, at in self.written if written == path)


class Status(NamedTuple):
    """How the engine is. `condition` is `running`, `disk_full`, `halted` or `closed`; `reason` says why it
    is not running. `waiting` counts bundles that are not in a block yet; `flushed` is the height that the
    state store holds."""

    chain: bytes
    name: str
    height: int
    time: int
    flushed: int
    waiting: int
    condition: str
    reason: str


class ProvedRecord(NamedTuple):
    """One path with what proves it; `entry` is None if there is no such record."""

    path: str
    entry: Entry | None
    proof: TreeProof


class ProofMaterial(NamedTuple):
    """Records proved under one header, and that header under the checkpoint of a log of `size` headers."""

    height: int
    header_bytes: bytes
    records: tuple[ProvedRecord, ...]
    size: int
    inclusion: tuple[bytes, ...]
    checkpoint: str


class Snapshot(Protocol):
    """The ledger at one height, unmoved by later blocks; close it soon, since it holds old pages of the
    store."""

    @property
    def height(self) -> int: ...
    @property
    def time(self) -> int:
        """Block time, in milliseconds since 1970 UTC."""
        ...

    @property
    def header(self) -> Header: ...
    def entry(self, path: str) -> Entry | None:
        """The newest version of the record at `CONTRACT/TABLE/KEY`; a tombstone's value is empty."""
        ...

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        """Entries whose path starts with `prefix`, ascending, from beyond `after`; tombstones included."""
        ...

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        """The decoded record, or None if it never was or is deleted."""
        ...

    def close(self) -> None: ...
    def __enter__(self) -> "Snapshot": ...
    def __exit__(self, *fault: object) -> None: ...


class Reading(Protocol):
    """Everything that reads a ledger; the same of an engine and of a reader beside it. All of it may be
    called from any thread, and never waits for the writer."""

    def snapshot(self) -> Snapshot: ...
    def status(self) -> Status: ...
    def blocks(self, after: int, limit: int = 100) -> Iterator[Block]:
        """Up to `limit` blocks from beyond height `after` (-1 for all), ascending: the followers' cursor."""
        ...

    @property
    def first_block(self) -> int:
        """The lowest height whose block is kept: what reads a lower one is refused as `ledger.height_gone`."""
        ...

    def block(self, height: int) -> Block: ...
    def header(self, height: int) -> bytes:
        """The encoded header; `Refused("ledger.height_unknown")` beyond the newest."""
        ...

    def receipt(self, transaction: bytes) -> Receipt | None:
        """What became of the transaction with this id, if it has run."""
        ...

    def history(self, path: str) -> Iterator[Entry]:
        """Every version of a record, the newest first."""
        ...

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree of the header log (RFC 9162), for tiles and proofs."""
        ...

    def root(self, size: int | None = None) -> bytes:
        """The header log's root at `size`, by default of all headers."""
        ...

    def inclusion(self, height: int, size: int | None = None) -> tuple[bytes, ...]:
        """The hashes that prove header `height` in the log of `size` headers."""
        ...

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """The hashes that prove that the log of `new` headers begins with the one of `old`."""
        ...

    def checkpoint(self) -> str:
        """The newest header log's size and root as a signed note (C2SP tlog-checkpoint)."""
        ...

    def proof(self, paths: Sequence[str], *, witnessed: bool = False) -> ProofMaterial:
        """Proofs of presence or absence of these records' newest versions, for
        `evidence.making.make_evidence`. `witnessed`: under the next checkpoint that outside witnesses cosigned, for which
        it waits."""
        ...

    def wait_beyond(self, height: int, timeout: float | None = None) -> int:
        """Sleeps until there is a block beyond `height`, at most `timeout` seconds; the newest height."""
        ...

    def close(self) -> None: ...


class Engine(Reading, Protocol):
    """A ledger that also takes transactions."""

    def submit(self, raw: bytes) -> "Future[Receipt]":
        """Resolves once the block that holds the transaction is durable; a replay gets the receipt of the
        first run.

        Fails with `Refused` if the transaction never enters a block: it is malformed, of another chain,
        badly signed, expired, or there is no room. Callbacks of the future run on the engine's thread and
        must be short."""
        ...
