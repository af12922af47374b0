"""Runs a block: due moves, then each bundle, all or nothing; out come receipts, written records and the header."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from infoharbor.crypto.hashes import SM3, HashSuite
from infoharbor.kernel import block as blocks
from infoharbor.kernel import limits, merkle
from infoharbor.kernel.activation import Active
from infoharbor.kernel.authority import GENESIS, BrokenAuthority, SigningKey
from infoharbor.kernel.block import Genesis, Header, Receipt, Signer
from infoharbor.kernel.encoding import Malformed, encode, tagged_hash
from infoharbor.kernel.leaf import LEAF_TAG, NO_LEAF, Leaf, blind, path_hash
from infoharbor.kernel.ledger import Fault, Ledger, Surroundings, is_due, run, run_due
from infoharbor.kernel.records import Entry, RecordType, View, record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.state import BlockState, Work
from infoharbor.kernel.transaction import Opened, SaltedAction, action_codec
from infoharbor.kernel.tree import Tree

AUTHORISED_MAX = 100_000
"""How many answers of the authority are remembered between blocks."""
FIELD_BYTES, EXPECTED_BYTES = 100, 300
"""With a code of up to 100 bytes a refusal stays within `limits.REFUSAL_BYTES`."""
DECLARED_FORM = "the declared fields with their types"
NODE_FAULTS = (MemoryError, OSError, BrokenAuthority)
"""Faults of the machine, or of who answers for identities, halt the node before anything is committed; every other one
is the contract's."""


class BlockView(View, Protocol):
    """The state before a block, with the calendar's index."""

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        """Times and paths of records with a move due at or before `until`, by time and then path."""
        ...


class Chain(NamedTuple):
    """What is the same for every block of a chain. `id` is the genesis hash, `secret` makes the blinds."""

    id: bytes
    suite: HashSuite
    secret: bytes
    registry: Registry


class Write(NamedTuple):
    """One version of one record, with the position of the receipt that accounts for it."""

    path: str
    entry: Entry
    position: int


class Outcome(NamedTuple):
    """What a block did. `calendar` lists (time, path, whether it now waits); `receipts` are encoded, in order."""

    header: Header
    header_bytes: bytes
    receipts: list[bytes]
    results: list[Receipt]
    writes: list[Write]
    calendar: list[tuple[int, str, bool]]


class Executor:
    """Executes block after block; keeps the tree, the replay digest, the activations and, on an `sm3` chain, the second
    log between them. `sm3_log` is its frontier as it stood after the last block."""

    def __init__(self, chain: Chain, tree: Tree, replay: ReplayDigest, sm3_log: merkle.Frontier | None = None) -> None:
        self.chain, self.tree, self.replay = chain, tree, replay
        self._active = Active(chain.registry)
        self._authorised: dict[tuple[object, ...], int] = {}
        self.sm3_log = sm3_log or (merkle.Frontier(digest=SM3.digest) if chain.suite.name == SM3.name else None)

    def found(self, genesis: Genesis, view: BlockView) -> Outcome:
        """Run the genesis as block 0. Any refusal is an error of who wrote it, and is raised."""
        names = {name: contract.version for name, contract in self.chain.registry.contracts.items()}
        around = Surroundings(genesis.time, 0, self.chain.registry, self.chain.registry.authority, names)
        running = _Running(self.chain, BlockState(view), around, {})
        identifier = bytes(4) + tagged_hash(self.chain.suite, "genesis-actions", self.chain.id)[:28]
        work = Work(running.state, None)
        for encoded in genesis.actions:
            action = running.decode(action_codec.decode(encoded))
            run(Ledger(around, work, action.__action__.contract, (GENESIS,), identifier), action)
        running.settle(work, identifier, ())
        return self._close(running, [], [])

    def execute(
        self,
        height: int,
        time: int,
        transactions: Sequence[tuple[Opened, dict[bytes, SigningKey]]],
        view: BlockView,
        *,
        again: bool = False,
    ) -> Outcome:
        """Run one block whose transactions are all well formed, signed, unexpired and new (the engine sees to that).
        `again`: it ran before, and the caller compares the result."""
        state = BlockState(view)
        active = self._active.at(state, time, again=again)
        around = Surroundings(time, height, self.chain.registry, self.chain.registry.authority, active)
        if len(self._authorised) > AUTHORISED_MAX:
            self._authorised.clear()
        running = _Running(self.chain, state, around, self._authorised)
        for due, path in view.due(time, limits.DUE_MOVES_PER_BLOCK):
            running.lapse(due, path)
        for opened, keys in transactions:
            running.bundle(opened, keys)
        self._active.saw(running.writes)
        leaves = [merkle.leaf_hash(opened.raw, self.chain.suite.digest) for opened, _ in transactions]
        return self._close(running, leaves, [opened.id for opened, _ in transactions])

    def _close(self, running: "_Running", transactions: list[bytes], ids: list[bytes]) -> Outcome:
        chain, around = self.chain, running.around
        suite = chain.suite
        receipts = [encode(receipt) for receipt in running.receipts]
        leaves = [
            merkle.leaf_hash(
                blocks.receipt_leaf(raw, blocks.receipt_blind(suite, chain.secret, receipt.transaction)),
                suite.digest,
            )
            for raw, receipt in zip(receipts, running.receipts, strict=True)
        ]
        root = self.tree.update(
            {path_hash(suite, path): entry.leaf_hash for path, entry in running.state.entries.items()}
        )
        header = Header(
            blocks.FORMAT,
            chain.id,
            around.height,
            around.now,
            len(transactions),
            merkle.root(transactions, suite.digest),
            len(leaves),
            merkle.root(leaves, suite.digest),
            root,
            self.replay.advance(around.now, ids),
            running.attesters_root(),
            self.sm3_log.root() if self.sm3_log is not None else b"",
        )
        encoded = encode(header)
        if self.sm3_log is not None:
            self.sm3_log.append(merkle.leaf_hash(encoded, SM3.digest))
        return Outcome(header, encoded, receipts, running.receipts, running.writes, running.calendar)


def waiting_times(kind: RecordType, record: Any) -> set[int]:
    """When the calendar has to look at a record, as it stands."""
    return {due.waits_until(record) for due in kind.due} - {0}


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


class _Running:
    """One block under way."""

    def __init__(
        self, chain: Chain, state: BlockState, around: Surroundings, authorised: dict[tuple[object, ...], int]
    ) -> None:
        self.chain, self.state, self.around, self.authorised = chain, state, around, authorised
        self.receipts: list[Receipt] = []
        self.writes: list[Write] = []
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
            for index, salted in enumerate(opened.actions):  # noqa: B007
                action = self.decode(salted)
                self._authorise(work, keys, salted)
                run(Ledger(self.around, work, salted.contract, salted.by, opened.id), action)
            self.settle(work, opened.id, signers)
        except Refusal as refusal:
            self._refuse(opened.id, index, refusal, signers, work)
        except Malformed as malformed:
            # A library's wording may change with its version, and receipts are hashed.
            expected = DECLARED_FORM if malformed.code == "ledger.malformed" else malformed.expected
            told = Refusal(malformed.code, field=malformed.field, expected=expected)
            self._refuse(opened.id, index, told, signers, work)
        except NODE_FAULTS:
            raise
        except Exception as fault:
            self._refuse(opened.id, index, Refusal("contract.fault", expected=type(fault).__name__), signers, work)

    def _authorise(self, work: Work, keys: dict[bytes, SigningKey], salted: SaltedAction) -> None:
        """Ask the authority, unless it has answered the same and nothing of what it goes by has changed since."""

        def find(of: type, *key: object) -> object:
            kind = record_type(of)
            return work.peek(kind, kind.path(key))

        asked = (*keys, *salted.by, salted.contract, salted.name)
        if self.authorised.get(asked, 0) > self.around.now and not work.rewrites_authority:
            return
        until = self.around.authority.authorise(find, keys, salted, self.around.now)
        if type(until) is not int:
            raise BrokenAuthority(f"authorise gave {until!r}, not the time until which its answer holds")
        if not work.rewrites_authority:
            self.authorised[asked] = until

    def lapse(self, due: int, path: str) -> None:
        """Make a record's due move; its receipt has the calendar's id, made from height and position. One that fails is
        tried again later, behind everything that is due by then, so that it keeps nobody's place."""
        kind = self.chain.registry.table(path)
        place = encode([self.chain.id, self.around.height, len(self.receipts)])
        identifier = bytes(4) + tagged_hash(self.chain.suite, "calendar", place)[:28]
        work = Work(self.state, None)
        if kind is None:
            return
        try:
            record = work.find(kind, path)
            if due not in waiting_times(kind, record):
                self.calendar.append((due, path, False))  # It stood there for another try only.
            if record is not None and is_due(kind, record, self.around.now):
                run_due(self.around, work, kind, path, record, identifier)
                self.settle(work, identifier, ())
        except NODE_FAULTS:
            raise
        except Exception as fault:
            code = fault.code if isinstance(fault, Refusal) else "contract.fault"
            self._refuse(identifier, 0, Refusal(code), (), work)
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
        leaf = Leaf(path, version, height, identifier, previous, kind.schema_hash, hidden, value)
        hashed = chain.suite.digest(LEAF_TAG + encode(leaf))
        return Entry(version, height, identifier, previous, previous_height, kind.schema_hash, value, hashed)

    def _reschedule(self, kind: RecordType, path: str, record: object) -> list[tuple[int, str, bool]]:
        before = self.state.record(kind, path)
        was, waits = waiting_times(kind, before), waiting_times(kind, record)
        gone = [(time, path, False) for time in sorted(was - waits)]
        return gone + [(time, path, True) for time in sorted(waits - was)]

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
