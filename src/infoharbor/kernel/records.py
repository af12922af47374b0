"""What a contract keeps: typed tables, their keys, readers and declared moves."""

import enum
import json
import operator
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

from infoharbor.crypto.hashes import SHA256
from infoharbor.kernel.description import describe_record
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.refusal import Refusal

PUBLIC = "public"
"""Anyone may read the record."""
CONSORTIUM = "consortium"
"""Members read it through its declared readers; every member's operator can."""


class Status(enum.StrEnum):
    """A record's state; a contract lists its own by subclassing."""

    def __str__(self) -> str:
        return str(self.value)


NEW = "new"
"""Where a record's first move comes from."""


class Move(NamedTuple):
    """A status that may follow another, and who may make it so.

    `by` holds field names (of the record, before the move; of the new record at creation), roles, `ANYONE`,
    `CALENDAR`, `Contract(name)` or `all_of(…)`; one that fits is enough. `via` names the actions that may make the move,
    where a pair of statuses alone would let one action pass for another; empty: any. It does not bind the calendar.
    `since` is the contract's version that brings the move.
    """

    before: str
    after: str
    by: Any = ()
    via: tuple[str, ...] = ()
    since: int = 1

    @property
    def parties(self) -> tuple[Any, ...]:
        return (self.by,) if isinstance(self.by, str) or type(self.by) is not tuple else self.by


class Due(NamedTuple):
    """A move that time makes: while `status` holds, `run(ledger, record)` once block time reaches the field `at`.

    A time of 0 never comes. `since` is the contract's version that brings it; it takes the place of an earlier one that
    waits for the same.
    """

    at: str
    status: str
    run: Callable[[Any, Any], None]
    since: int = 1

    def replaces(self, other: "Due") -> bool:
        return self.since > other.since and (self.at, str(self.status)) == (other.at, str(other.status))

    def waits_until(self, record: Any) -> int:
        """When the move is due for this record as it stands; 0 if it is not waiting."""
        return int(getattr(record, self.at)) if record is not None and record.status == self.status else 0


class EarlierForm(NamedTuple):
    """How records were written up to and with a version of the contract: fewer fields, and another schema in the leaf."""

    until: int
    schema_hash: bytes
    fields: int


class RecordType:
    """What the kernel knows of one table; `schema_hash` stands in every leaf that the newest version writes."""

    def __init__(self, of: "type[Record]", contract: str, table: str, key: tuple[str, ...], visible: str) -> None:
        self.of, self.contract, self.table, self.key, self.visible = of, contract, table, key, visible
        self.prefix = f"{contract}/{table}/"
        self._key_of = operator.attrgetter(*key)
        self.plan([])

    def complete(self) -> None:
        """Derive what needs the finished class: field types are known only then.

        Raises `TypeError` for a field, or a part of the key, that the ledger cannot keep.
        """
        self._ensure_key_is_text()
        self.decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(self.of)
        self.moves: tuple[Move, ...] = self.of.moves
        self.readers: tuple[Any, ...] = self.of.readers
        self.schema = json.dumps(describe_record(self), ensure_ascii=False, separators=(",", ":")).encode()
        self.schema_hash = tagged_hash(SHA256, "schema", self.schema)
        self.earlier = tuple(self._earlier(until, text) for until, text in self.of.earlier_schemas)
        self.allowed: dict[tuple[str, str], list[Move]] = {}
        for move in self.moves:
            self.allowed.setdefault((str(move.before), str(move.after)), []).append(move)

    def _ensure_key_is_text(self) -> None:
        """What else there is has no one spelling as text, which paths need."""
        hints = typing.get_type_hints(self.of)
        for name in self.key:
            of = hints.get(name)
            if of not in (str, int) and not (isinstance(of, type) and issubclass(of, enum.Enum)):
                raise TypeError(f"{self.of.__name__}.{name} is no key: say str, int or an enum, and name a field")

    def _earlier(self, until: int, text: str) -> EarlierForm:
        """Raises `TypeError` unless the table has since gained fields at its end only, each with a default: then old
        records are read as new ones, and new ones can be written in the old form."""
        names = [name for name, _ in json.loads(text)["fields"]]
        fields = msgspec.structs.fields(self.of)
        if names != [field.name for field in fields[: len(names)]] or any(
            each.required for each in fields[len(names) :]
        ):
            raise TypeError(f"{self.of.__name__}: after version {until}, add fields at the end, each with a default")
        return EarlierForm(until, tagged_hash(SHA256, "schema", text.encode()), len(names))

    def _form(self, version: int) -> EarlierForm | None:
        for form in self.earlier:
            if version <= form.until:
                return form
        return None

    def encode(self, record: Any, version: int) -> bytes:
        """The record as this version of the contract writes it, whichever version's files are here."""
        form = self._form(version)
        return encode(record if form is None else msgspec.structs.astuple(record)[: form.fields])

    def schema_in(self, version: int) -> bytes:
        """The schema hash that this version of the contract writes into leaves."""
        form = self._form(version)
        return self.schema_hash if form is None else form.schema_hash

    def plan(self, dues: "list[Due]") -> None:
        """Let time make these moves."""
        self.due = sorted(dues, key=operator.attrgetter("since"))
        self._awaited = frozenset(str(due.status) for due in dues)

    def may_wait(self, record: Any) -> bool:
        """Whether time may move this record as it stands: most do not wait, and are passed over at once."""
        return bool(self._awaited) and record is not None and record.status in self._awaited

    def due_in(self, version: int) -> list[Due]:
        """The moves that time makes in this version of the contract."""
        if not self.due or self.due[-1].since == 1:
            return self.due
        begun = [due for due in self.due if due.since <= version]
        return [due for due in begun if not any(later.replaces(due) for later in begun)]

    def path(self, key: tuple[Any, ...]) -> str:
        """Where the record with this key lies. Only the last part may hold a slash, so that no two keys share a path."""
        if len(key) == 1:
            return f"{self.prefix}{key[0]}"
        return f"{self.prefix_of(key[:-1])}{key[-1]}"

    def prefix_of(self, parts: tuple[Any, ...]) -> str:
        """What the paths of all records begin with whose leading key fields are these."""
        path = self.prefix
        for at, part in enumerate(parts):
            text = str(part)
            if "/" in text:
                raise Refusal("ledger.key", field=self.key[at], expected="no slash")
            path += f"{text}/"
        return path

    def path_of(self, record: Any) -> str:
        key = self._key_of(record)
        return self.path(key if len(self.key) > 1 else (key,))

    def decode(self, raw: bytes) -> Any:
        return self.decoder.decode(raw)

    def read(self, entry: "Entry | None") -> Any:
        """The record that an entry holds; None for a tombstone, and where there is no entry."""
        return self.decoder.decode(entry.value) if entry is not None and entry.value else None


class RecordMeta(msgspec.StructMeta):
    """Takes a table's declaration from the class line: `class Lot(Record, table="lots", key="id", visible=PUBLIC)`."""

    def __new__(
        metaclass,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        table: str = "",
        key: str | tuple[str, ...] = "id",
        visible: str = CONSORTIUM,
    ) -> Any:
        made: Any = super().__new__(
            metaclass,
            name,
            bases,
            namespace,
            frozen=True,
            array_like=True,
            forbid_unknown_fields=True,
            gc=False,
        )
        if bases and bases[0] is not msgspec.Struct:
            contract = made.__module__.split(".")[-2] if "." in made.__module__ else made.__module__
            keys = (key,) if isinstance(key, str) else key
            made.__record__ = RecordType(made, contract, table or name.lower() + "s", keys, visible)
        return made

    def __init__(self, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any) -> None:
        super().__init__(name, bases, namespace)


class Record(msgspec.Struct, metaclass=RecordMeta):
    """One row of a table: frozen, its fields typed; a field called `status` moves only as `moves` declares."""

    __record__: ClassVar[RecordType]
    readers: ClassVar[tuple[Any, ...]] = ()
    moves: ClassVar[tuple[Move, ...]] = ()
    earlier_schemas: ClassVar[tuple[tuple[int, str], ...]] = ()
    """The descriptions that this table had in earlier versions of its contract, as `describe_record` gave them, each
    with the last version that had it; ascending."""

    def replace(self, **changes: Any) -> typing.Self:
        """The same record with these fields changed."""
        return msgspec.structs.replace(self, **changes)


def record_type(of: type) -> RecordType:
    """The table behind a record class, completed on first use."""
    found: RecordType = of.__record__  # type: ignore[attr-defined]
    if not hasattr(found, "schema_hash"):
        found.complete()
    return found


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record as it is stored: its leaf's fields beside the encoded value; an empty value is a tombstone."""

    version: int
    height: int
    transaction: bytes
    previous: bytes
    previous_height: int
    schema: bytes
    value: bytes
    leaf_hash: bytes


class View(typing.Protocol):
    """The state before a block, as execution reads it."""

    def entry(self, path: str) -> Entry | None: ...

    def scan(self, prefix: str, after: str = "") -> Iterator[tuple[str, Entry]]:
        """Entries whose path starts with `prefix`, ascending by path, tombstones included; from beyond `after`."""
        ...
