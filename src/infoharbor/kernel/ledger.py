"""The ledger as an action sees it: read, write, move, call; with the authority of this one action."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from infoharbor.kernel import limits
from infoharbor.kernel.acting import Acting, Kind, Surroundings
from infoharbor.kernel.authority import (
    CALENDAR_ACTOR,
    contract_actor,
)
from infoharbor.kernel.encoding import tagged_hash
from infoharbor.kernel.records import NEW, Record, RecordType, record_type
from infoharbor.kernel.refusal import Refusal, ensure
from infoharbor.kernel.skips import HELD
from infoharbor.kernel.state import Work


class Parameter(NamedTuple):
    """A number that the members may vote to change, between `least` and `most`; `default` holds until they do. `since` is
    the contract's version that brings it."""

    name: str
    default: int
    unit: str
    least: int = 0
    most: int = limits.INTEGER_MAX
    since: int = 1


class Ledger(Acting):
    """One action's sight of the ledger; `now` is block time in milliseconds since 1970 UTC."""

    __slots__ = ("_depth", "transaction")

    def __init__(
        self,
        around: Surroundings,
        work: Work,
        contract: str,
        organisations: tuple[str, ...],
        transaction: bytes,
        depth: int = 0,
    ) -> None:
        super().__init__(around, work, contract, organisations)
        self.transaction, self._depth = transaction, depth

    # What is known of the moment

    @property
    def now(self) -> int:
        return self._around.now

    @property
    def height(self) -> int:
        return self._around.height

    def fresh_id(self, kind: str) -> str:
        """An id that no other call gives: the transaction's id, and a counter within it; 26 hex digits after `kind`."""
        self._work.fresh_ids += 1
        seed = self.transaction + self._work.fresh_ids.to_bytes(4, "big")
        return f"{kind}-{tagged_hash(self._around.registry.suite, 'fresh-id', seed)[:13].hex()}"

    # Reading

    def find(self, of: type[Kind], *key: Any) -> Kind | None:
        """The record with this key, or None."""
        kind = record_type(of)
        path = kind.path(key)
        record: Kind | None = self._work.find(kind, path)
        if kind.may_wait(record):
            record = self._lapse(kind, path, record)
        return record

    def get(self, of: type[Kind], *key: Any, field: str = "") -> Kind:
        """The record with this key; refused as `record_unknown` if there is none. `field` names where the key came from."""
        record = self.find(of, *key)
        if record is None:
            kind = record_type(of)
            raise Refusal(
                "ledger.record_unknown", field=field or kind.key[-1], expected=f"{kind.contract}/{kind.table}"
            )
        return record

    def scan(self, of: type[Kind], *prefix: Any, after: str = "") -> Iterator[Kind]:
        """Live records whose leading key fields are `prefix`, ascending by key; each counts as a read."""
        kind = record_type(of)
        for path, record in self._work.scan(kind, kind.prefix_of(prefix), after and kind.prefix + after):
            current = self._lapse(kind, path, record) if kind.may_wait(record) else record
            if current is not None:
                yield current

    def parameter(self, parameter: Parameter) -> int:
        """The voted value, or the default."""
        voted = self._around.registry.governance.parameter(self._reader, parameter.name)
        return parameter.default if voted is None else int(voted)

    def known_parameter(self, name: str) -> Parameter | None:
        """The parameter of this name that some contract's rules declare, in the version in force."""
        found: Parameter | None = self._around.registry.parameters.get(name)
        return found if found is not None and found.since <= self._version(name.partition(".")[0]) else None

    # Writing

    def create(self, record: Record) -> None:
        """Write a new record; refused as `record_known` if there is one with its key."""
        kind = record_type(type(record))
        path = kind.path_of(record)
        ensure(
            self._owned(kind, path) is None,
            "ledger.record_known",
            field=kind.key[-1],
            expected="a key of its own",
        )
        if kind.moves:
            self._permit(kind, NEW, record.status, record)  # type: ignore[attr-defined]
        self._work.write(kind, path, record)

    def put(self, record: Record) -> None:
        """Create or replace a record of this contract. A creation is the move from `NEW`; a status cannot change here."""
        kind = record_type(type(record))
        path = kind.path_of(record)
        before = self._owned(kind, path)
        if kind.moves:
            status = record.status  # type: ignore[attr-defined]
            if before is None:
                self._permit(kind, NEW, status, record)
            else:
                ensure(before.status == status, "ledger.status_by_put", field="status", expected=before.status)
        self._work.write(kind, path, record)

    def move(self, of: type[Kind], key: Any, status: Any, **changes: Any) -> Kind:
        """Give the record its next status; refuses what `moves` does not list and whom it does not name.

        Returns the record as it stands after the move. `key` is the key's value, or a tuple of them.
        """
        kind = record_type(of)
        record = self.get(of, *(key if type(key) is tuple else (key,)))
        self._permit(kind, record.status, status, record)  # type: ignore[attr-defined]
        moved = record.replace(status=status, **changes)
        path = kind.path_of(moved)
        if path != kind.path_of(record):
            raise Fault(f"{self.contract} moves {kind.path_of(record)} to another key")
        self._owned(kind, path)
        self._work.write(kind, path, moved)
        return moved

    def delete(self, record: Record) -> None:
        """Leave a tombstone; the key is never used again."""
        kind = record_type(type(record))
        path = kind.path_of(record)
        ensure(self._owned(kind, path) is not None, "ledger.record_unknown", field=kind.key[-1])
        self._work.write(kind, path, None)

    def call(self, action: Any) -> Any:
        """Run an action of a contract below, which sees this contract as its actor."""
        ensure(self._depth < limits.CALLS_DEEP, "ledger.calls_too_deep", expected=limits.CALLS_DEEP)
        name = action.__action__.contract
        ensure(name in self._around.active, "ledger.contract_inactive", field="contract", expected=name)
        callee = Ledger(
            self._around,
            self._work,
            name,
            (contract_actor(self.contract),),
            self.transaction,
            self._depth + 1,
        )
        return run(callee, action)

    # How the rules above are held

    def _owned(self, kind: RecordType, path: str) -> Any:
        if kind.contract != self.contract:
            raise Fault(f"{self.contract} writes {path}, which is not its own")
        if len(path) > limits.KEY_BYTES or not path.isascii() or not path.isprintable():
            raise Refusal(
                "ledger.key",
                field=kind.key[-1],
                expected=f"printable ASCII, at most {limits.KEY_BYTES} bytes",
            )
        before = self._work.find(kind, path)
        if before is None:
            used = path in self._work.writes or self._work.block.entry(path) is not None
            ensure(not used, "ledger.key_reused", field=kind.key[-1], expected="a key that was never used")
        return before

    def _lapse(self, kind: RecordType, path: str, record: Any) -> Any:
        """A due move runs before any access, so that a late calendar cannot let an expired record move."""
        due = path not in self._work.lapsing and is_due(kind, record, self._around.now, self._version(kind.contract))
        if not due:
            return record
        run_due(self._around, self._work, kind, path, record, self.transaction)
        return self._work.find(kind, path)


class Fault(Exception):
    """Our own error inside a contract: the bundle is refused as `contract.fault` and the node goes on."""


def run(ledger: Ledger, action: Any) -> Any:
    """Apply the action; a bare refusal code gets the contract's name before it."""
    ledger.action = action.__action__.name
    try:
        return action.apply(ledger)
    except Refusal as refusal:
        refusal.name_after(ledger.contract)
        raise


def is_due(kind: RecordType, record: Any, now: int, version: int) -> bool:
    return any(0 < due.waits_until(record) <= now for due in kind.due_in(version))


def run_due(around: Surroundings, work: Work, kind: RecordType, path: str, record: Any, transaction: bytes) -> None:
    """Make the moves that time makes on this record. Whoever meets one that is held goes no further: past its time the
    record is not what it seems."""
    if path in around.held:
        raise Refusal(HELD, field=kind.table, expected="a later version of its contract")
    ledger = Ledger(around, work, kind.contract, (CALENDAR_ACTOR,), transaction)
    work.lapsing.add(path)
    for due in kind.due_in(around.active.get(kind.contract, 1)):
        if 0 < due.waits_until(record) <= around.now:
            try:
                due.run(ledger, record)
            except Refusal as refusal:
                refusal.name_after(kind.contract)
                raise
            record = work.find(kind, path)
    work.lapsing.discard(path)
