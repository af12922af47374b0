"""A block under way: each bundle, due move and fact runs whole or leaves nothing, and has a receipt."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import msgspec

from infoharbor.kernel import block as blocks
from infoharbor.kernel import limits, merkle
from infoharbor.kernel.acting import Surroundings
from infoharbor.kernel.authority import ENGINE, BrokenAuthority, SigningKey
from infoharbor.kernel.block import Receipt, Signer
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed, encode, tagged_hash
from infoharbor.kernel.leaf import LEAF_TAG, NO_LEAF, Leaf, blind
from infoharbor.kernel.ledger import Fault, Ledger, is_due, run, run_due
from infoharbor.kernel.records import Due, Entry, RecordType, record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.skips import POISON
from infoharbor.kernel.state import AUTHORITY, BlockState, Work
from infoharbor.kernel.transaction import Opened, SaltedAction, action_codec

FIELD_BYTES, EXPECTED_BYTES = 100, 300
"""With a code of up to 100 bytes a refusal stays within `limits.REFUSAL_BYTES`."""
DECLARED_FORM = "the declared fields with their types"
NODE_FAULTS = (MemoryError, OSError, BrokenAuthority)
"""Faults of the machine, or of who answers for identities, halt the node before anything is committed; every other one
is the contract's."""


class Write(NamedTuple):
    """One version of one record, with the position of the receipt that accounts for it."""

    path: str
    entry: Entry
    position: int


def waiting_times(dues: Iterable[Due], record: Any) -> set[int]:
    """When the calendar has to look at a record, as it stands."""
    return {due.waits_until(record) for due in dues} - {0}


def shortened(text: str, most: int) -> str:
    """As much of the text as `most` bytes of UTF-8 hold."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")


def check_value(path: str, kind: RecordType, value: bytes) -> None:
    """What is stored has the size and the types that its table declares: a contract that writes another is at fault."""
    if len(value) > limits.RECORD_BYTES:
        raise Refusal("ledger.record_too_large", field=kind.table, expected=f"at most {limits.RECORD_BYTES} bytes")
    try:
        if value:
            kind.decode(value)
    except msgspec.ValidationError as wrong:
        raise Fault(f"{path}: {wrong}") from None


def _code_of(fault: Exception) -> str:
    return fault.code if isinstance(fault, Refusal) else "contract.fault"


class RunningBlock:
    """One block under way."""

    def __init__(
        self,
        chain: Chain,
        state: BlockState,
        around: Surroundings,
        authorised: dict[tuple[object, ...], int],
        skipped: Collection[bytes] = (),
    ) -> None:
        self.chain, self.state, self.around, self.authorised = chain, state, around, authorised
        self.skipped = skipped
        self.receipts: list[Receipt] = []
        self.writes: list[Write] = []
        self.tables: set[str] = set()
        self.calendar: list[tuple[int, str, bool]] = []

    def decode(self, action: SaltedAction) -> Any:
        version = self.around.active.get(action.contract)
        kind = self.chain.registry.action(action.contract, action.name, version) if version else None
        if kind is None:
            raise Refusal("ledger.action_unknown", field="action", expected="an action of an active contract")
        return kind.decode(action.arguments)

    def bundle(self, opened: Opened, keys: dict[bytes, SigningKey]) -> None:
        """Run one transaction's actions; a refusal undoes all of them and is itself recorded."""
        signers = tuple(Signer(key, known.user, known.organisation) for key, known in keys.items())
        work = Work(self.state, opened.body.ceilings, signers)
        index = 0
        try:
            self._ensure_runs(opened.id)
            for index, salted in enumerate(opened.actions):  # noqa: B007
                action = self.decode(salted)
                if not self._authorise(work, keys, salted):
                    of_authority = Ledger(self.around, work, AUTHORITY, salted.by, opened.id)
                    self.around.authority.hold_to_limits(of_authority, keys, salted, action)
                run(Ledger(self.around, work, salted.contract, salted.by, opened.id), action)
            self.settle(work, opened.id, signers)
        except Refusal as refusal:
            self._refuse(opened.id, index, refusal, signers, work)
        except Malformed as malformed:
            # A library's wording may change with its version, and receipts are hashed.
            expected = DECLARED_FORM if malformed.code == "ledger.malformed" else malformed.expected
            told = Refusal(malformed.code, field=malformed.field, expected=expected)
            self._refuse(opened.id, index, told, signers, work)
        except NODE_FAULTS as fault:
            self._name(opened.id, fault, work)
            raise
        except Exception as fault:
            self._refuse(opened.id, index, Refusal("contract.fault", expected=type(fault).__name__), signers, work)

    def _authorise(self, work: Work, keys: dict[bytes, SigningKey], salted: SaltedAction) -> bool:
        """Ask the authority, unless it has answered the same and nothing of what it goes by has changed since.

        Returns whether the answer holds for more than this once.
        """
        asked = (*keys, *salted.by, salted.contract, salted.name)
        if self.authorised.get(asked, 0) > self.around.now and not work.rewrites_authority:
            return True

        def find(of: type, *key: object) -> object:
            kind = record_type(of)
            return work.peek(kind, kind.path(key))

        until = self.around.authority.authorise(find, keys, salted, self.around.now)
        if type(until) is not int:
            raise BrokenAuthority(f"authorise gave {until!r}, not the time until which its answer holds")
        if not work.rewrites_authority:
            self.authorised[asked] = until
        return until > self.around.now

    def fact(self, encoded: bytes) -> None:
        """Run what the engine tells; its receipt has an id made from height and position, as the calendar's has."""
        identifier = self._identifier("fact")
        work = Work(self.state, None)
        try:
            salted = action_codec.decode(encoded)
            action = self.decode(salted)
            run(Ledger(self.around, work, salted.contract, (ENGINE,), identifier), action)
            self.settle(work, identifier, ())
        except NODE_FAULTS:
            raise
        except Exception as fault:
            self._refuse(identifier, 0, Refusal(_code_of(fault)), (), work)

    def _identifier(self, kind: str) -> bytes:
        """Of a receipt that belongs to no transaction."""
        place = encode([self.chain.id, self.around.height, len(self.receipts)])
        return bytes(4) + tagged_hash(self.chain.suite, kind, place)[:28]

    def _ensure_runs(self, identifier: bytes) -> None:
        if identifier in self.skipped:
            raise Refusal(POISON)

    def _name(self, identifier: bytes, fault: Exception, work: Work) -> None:
        """Say on what the machine failed: should every node's fail on it, those who keep the ledger can skip it."""
        due = "".join(f", due move of {path}" for path in sorted(work.lapsing))
        fault.add_note(f"block {self.around.height}, transaction {identifier.hex()}{due}")

    def lapse(self, due: int, path: str) -> None:
        """Make a record's due move; its receipt has the calendar's id, made from height and position. One that fails is
        tried again later, behind everything that is due by then, so that it keeps nobody's place."""
        kind = self.chain.registry.table(path)
        identifier = self._identifier("calendar")
        work = Work(self.state, None)
        if kind is None:
            return
        try:
            self._ensure_runs(identifier)
            record = work.find(kind, path)
            version = self._version(kind)
            if due not in waiting_times(kind.due_in(version), record):
                self.calendar.append((due, path, False))  # It stood there for another try only.
            if record is not None and is_due(kind, record, self.around.now, version):
                run_due(self.around, work, kind, path, record, identifier)
                self.settle(work, identifier, ())
        except NODE_FAULTS as fault:
            self._name(identifier, fault, work)
            raise
        except Exception as fault:
            self._refuse(identifier, 0, Refusal(_code_of(fault)), (), work)
            self.calendar += [(due, path, False), (self.around.now + limits.DUE_RETRY_MS, path, True)]

    def attesters_root(self) -> bytes:
        """What the header says of who attests checkpoints, as the block so far has left it."""

        def find(of: type, *key: object) -> object:
            kind = record_type(of)
            return self.state.record(kind, kind.path(key))

        root = self.around.authority.attesters_root(find)
        if type(root) is not bytes or len(root) != merkle.HASH_BYTES:
            raise BrokenAuthority(f"attesters_root gave {root!r}, not 32 bytes")
        return root

    def settle(self, work: Work, identifier: bytes, signers: tuple[Signer, ...]) -> None:
        """Turn a finished transaction's writes into entries and leaves, and write its receipt."""
        height, position = self.around.height, len(self.receipts)
        written = work.encoded()
        for path, kind, _, value in written:
            check_value(path, kind, value)
        calendar = [
            each for path, kind, record, _ in written if kind.due for each in self._reschedule(kind, path, record)
        ]
        # Nothing is kept before everything that a contract's own code might fail at is done.
        self.calendar += calendar
        marks = []
        if work.rewrites_authority:
            self.authorised.clear()
        for path, kind, record, value in written:
            entry = self._entry(path, kind, value, identifier, height)
            self.state.keep(path, entry, record)
            self.tables.add(kind.prefix)
            self.writes.append(Write(path, entry, position))
            marks.append((path, entry.version))
        receipt = Receipt(
            blocks.FORMAT,
            identifier,
            height,
            position,
            "",
            0,
            "",
            "",
            signers,
            tuple(sorted(work.relied)),
            tuple(marks),
        )
        self.receipts.append(receipt)

    def _entry(self, path: str, kind: RecordType, value: bytes, identifier: bytes, height: int) -> Entry:
        chain = self.chain
        before = self.state.entry(path)
        if before is None:
            version, previous, previous_height = 1, NO_LEAF, 0
        else:
            version, previous, previous_height = before.version + 1, before.leaf_hash, before.height
        hidden = blind(chain.suite, chain.secret, path, version)
        schema = kind.schema_in(self._version(kind))
        leaf = Leaf(path, version, height, identifier, previous, schema, hidden, value)
        hashed = chain.suite.digest(LEAF_TAG + encode(leaf))
        return Entry(version, height, identifier, previous, previous_height, schema, value, hashed)

    def _version(self, kind: RecordType) -> int:
        return self.around.active.get(kind.contract, 1)

    def _reschedule(self, kind: RecordType, path: str, record: object) -> list[tuple[int, str, bool]]:
        before = self.state.record(kind, path)
        if not kind.may_wait(before) and not kind.may_wait(record):
            return []
        dues = kind.due_in(self._version(kind))
        was, waits = waiting_times(dues, before), waiting_times(dues, record)
        gone = [(time, path, False) for time in sorted(was - waits)]
        # What a later version brought, the calendar may not have heard of when `before` was written.
        since_ever = [due for due in dues if due.since == 1]
        heard = was if len(since_ever) == len(dues) else waiting_times(since_ever, before)
        return gone + [(time, path, True) for time in sorted(waits - heard)]

    def _refuse(self, identifier: bytes, index: int, refusal: Refusal, signers: tuple[Signer, ...], work: Work) -> None:
        field, expected = shortened(refusal.field, FIELD_BYTES), shortened(refusal.expected, EXPECTED_BYTES)
        receipt = Receipt(
            blocks.FORMAT,
            identifier,
            self.around.height,
            len(self.receipts),
            refusal.code,
            index,
            field,
            expected,
            signers,
            tuple(sorted(work.relied)),
            (),
        )
        self.receipts.append(receipt)
