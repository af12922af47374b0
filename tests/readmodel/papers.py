"""A ledger in memory for the mirror: real identities from a trial, and papers with a field of every kind."""

import copy
import enum
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from infoharbor.contractkit import PUBLIC, Record, Role, Status
from infoharbor.contractkit.types import Amount, Count, Instant, Integer
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import IMPORTER, PLAYERS
from infoharbor.contracts.identity.records import Organisation
from infoharbor.edgekit.indexes import Index
from infoharbor.edgekit.selecting import Linked
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import Block, Refused
from infoharbor.engine.trial import MemoryView, Trial
from infoharbor.kernel.block import FORMAT, Receipt, header_codec
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.execution import Outcome
from infoharbor.kernel.leaf import NO_LEAF
from infoharbor.kernel.merkle import sha256
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.records import Entry, record_type
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.rulefiles import find_contracts
from infoharbor.kernel.running import Write
from infoharbor.readmodel.rows import SqlRows

SUPERVISOR = Role("supervisor")


class PaperStatus(Status):
    OPEN = "open"
    CLOSED = "closed"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Terms(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    price: Count
    note: str
    seal: bytes


class Paper(Record, table="papers", key=("owner", "number")):
    """Every kind of field, and every kind of reader."""

    owner: str
    number: Count
    country: str
    party: str | None
    audience: tuple[str, ...]
    height: Integer
    amount: Amount
    limit: Count | None
    at: Instant
    text: str
    seal: bytes
    signed: bool
    colour: Colour
    terms: Terms | None
    pair: tuple[Integer, Integer]
    status: PaperStatus

    readers = ("owner", "party", "audience", SUPERVISOR.of("owner"), SUPERVISOR.within("country"))

    @property
    def heading(self) -> str:
        """A text that is no field."""
        return f"{self.country}: {self.text[:1]}"

    @property
    def is_long(self) -> bool:
        return len(self.text) > 1

    @property
    def length(self) -> int:
        return len(self.text)


class Letter(Record, table="letters", key=("owner", "number")):
    """Lies in its owner's folder."""

    owner: str
    number: str
    country: str | None
    place: str
    other: str
    counts: bool
    audience: tuple[str, ...]

    readers = ("owner", "audience", SUPERVISOR.of("owner"))

    @property
    def is_here(self) -> bool:
        return bool(self.place)


class Notice(Record, table="notices", visible=PUBLIC):
    """Anyone reads it."""

    id: str
    amount: Integer


class Folder(Record, table="folders", key="owner", visible=PUBLIC):
    """Leads to the letters of its owner."""

    owner: str
    country: str | None
    amount: Integer


class Copy(Record, table="copies", key=("owner", "number"), visible=PUBLIC):
    """Of a letter, for anyone."""

    owner: str
    number: str
    place: str


class Minute(Record, table="minutes"):
    """Every member reads it."""

    id: str
    amount: Integer


MIRRORED = (Organisation, Paper, Letter, Copy, Folder, Notice, Minute)
LETTERS_PLACE = Linked(Letter, ("place", "other"), {"counts": True}, {"country": "country"})
COPYS_PLACE = Linked(Copy, ("place",))
INDEXES = {
    "papers/papers": [
        Index(Paper, ("owner", "at")),
        Index(
            Paper,
            ("number", "owner", "party", "status", "colour", "signed", "limit", "text", "heading", "is_long", "at"),
            sums=("amount",),
        ),
    ],
    "papers/folders": [Index(Folder, ("country", LETTERS_PLACE, COPYS_PLACE), sums=("amount",))],
}
"""What pages would declare."""


def registry() -> Registry:
    """The contracts that know organisations."""
    return Registry([each for each in find_contracts() if each.name in ("identity", "governance")])


class PaperSnapshot:
    """The newest state."""

    def __init__(self, ledger: "PaperLedger") -> None:
        self.height = len(ledger.kept) - 1
        self._view = ledger.view

    def entry(self, path: str) -> Entry | None:
        return self._view.entry(path)

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        return self._view.scan(prefix, after)

    def __enter__(self) -> "PaperSnapshot":
        return self

    def __exit__(self, *fault: object) -> None: ...


class PaperLedger:
    """Blocks of written records, read as any ledger is; the importer supervises in China."""

    first_block = 0

    def __init__(self) -> None:
        self.registry = registry()
        trial = Trial(PLAYERS, registry=self.registry)
        decide(trial, GrantRole(IMPORTER.id, "supervisor", "CN", 0, 0, "example"), id="supervise", reason="")
        mirrored = {f"{kind.contract}/{kind.table}": kind for kind in map(record_type, MIRRORED)}
        self.registry.tables = mirrored
        self.chain, self.now = trial.chain.id, trial.now
        self.header = trial.headers[-1]
        self.view = MemoryView()
        self.kept: list[Block] = []
        self._keep([Write(path, entry, 0) for path, entry in sorted(trial.view.entries.items())])

    def copy(self) -> "PaperLedger":
        """Another ledger that begins with the same blocks."""
        other = copy.copy(self)
        other.view, other.kept = copy.deepcopy(self.view), list(self.kept)
        return other

    def write(self, *records: Record, deleted: Sequence[Record] = ()) -> None:
        """One block that writes these records, and deletes those."""
        said = [*((each, encode(each)) for each in records), *((each, b"") for each in deleted)]
        self._keep([self._write(record_type(type(each)).path_of(each), type(each), value) for each, value in said])

    def holds(self, record: Record) -> bool:
        """Whether there is a record with this key, not deleted."""
        entry = self.view.entry(record_type(type(record)).path_of(record))
        return entry is not None and bool(entry.value)

    def refuse(self, *codes: str) -> None:
        """One block whose bundles were refused with these codes; an empty one took effect."""
        height = len(self.kept)
        receipts = tuple(
            encode(Receipt(FORMAT, bytes(32), height, at, code, 0, "", "", (), (), ())) for at, code in enumerate(codes)
        )
        self._keep([])
        self.kept[-1] = msgspec.structs.replace(self.kept[-1], receipts=receipts)

    def _write(self, path: str, of: type[Record], value: bytes) -> Write:
        before = self.view.entry(path)
        version = before.version + 1 if before is not None else 1
        schema = record_type(of).schema_hash
        return Write(path, Entry(version, len(self.kept), bytes(32), NO_LEAF, 0, schema, value, bytes(32)), 0)

    def _keep(self, writes: list[Write]) -> None:
        height = len(self.kept)
        writes = [each._replace(entry=msgspec.structs.replace(each.entry, height=height)) for each in writes]
        header = msgspec.structs.replace(header_codec.decode(self.header), height=height)
        written = tuple((each.path, encode(each.entry), each.position) for each in writes)
        self.view.apply(Outcome(header, b"", [], [], writes, []))
        self.kept.append(Block(encode(header), (), (), written, ()))

    def blocks(self, after: int, limit: int = 100) -> Iterator[Block]:
        return iter(self.kept[after + 1 : after + 1 + limit])

    def root(self, size: int) -> bytes:
        if size > len(self.kept):
            raise Refused("ledger.proof_range", "size", f"0 to {len(self.kept)}")
        return sha256(encode(self.kept[:size]))

    def part(self, height: int) -> None:
        """Go back to this block, as a node does whose ledger was not the network's."""
        self.kept = self.kept[: height + 1]
        self.view = MemoryView()
        for block in self.kept:
            self.view.apply(Outcome(block.header, b"", [], [], list(block.writes), []))

    def block(self, height: int) -> Block:
        return self.kept[height]

    def snapshot(self) -> PaperSnapshot:
        return PaperSnapshot(self)

    def wait_beyond(self, height: int, timeout: float | None = None) -> int:
        return len(self.kept) - 1

    def sight(self, organisation: str, rows: SqlRows | None = None) -> Sight:
        """The papers as the organisation may see them; by a scan if there are no rows."""
        view: Any = self.view
        height = len(self.kept) - 1
        return Sight(
            view, lambda path: iter(()), self.registry, self.now, Reader(organisation), rows=rows, height=height
        )
