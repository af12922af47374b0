"""What the files that are here make of a ledger's history: the same, to the byte, and what the next version would change.

History runs in shadow, in a store of its own that goes away. The blocks run twice at once: by the versions that were in
force, and, where a newer one is here, as if the members had voted it long ago.
"""

import contextlib
import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from infoharbor.engine.blocklog import BEGINNING, BlockLog
from infoharbor.engine.differences import ChangedRecord, Difference, changed_records, first_difference, told
from infoharbor.engine.folder import Founded
from infoharbor.engine.interface import Block, Refused
from infoharbor.engine.machine import Executed, Machine, block_codec
from infoharbor.engine.reader import Reader
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.store import Store
from infoharbor.engine.validity import Signed, ensure_valid_block, signing_keys
from infoharbor.kernel.activation import Active
from infoharbor.kernel.audit import offending
from infoharbor.kernel.authority import Find
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.governing import Activation, Governing, Scan
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.state import BlockState
from infoharbor.kernel.transaction import Opened, open_transaction

SHOWN = 20
"""So many differences are kept in detail, of records and of receipts; all are counted."""
BLOCKS_AT_ONCE = 100
CALENDAR = "calendar"
"""What a due move is called among the actions: nobody sent it."""
NOT_RUN = "not run"
"""What became of a transaction whose keys, in the other history, were not there to sign."""


class Upgrade(NamedTuple):
    """A contract whose version here is not the one in force; `before` is 0 for a contract that never was."""

    contract: str
    before: int
    after: int
    rules_hash: bytes


class ChangedReceipt(NamedTuple):
    """A transaction that ends otherwise: refusal codes, empty where it took effect."""

    height: int
    transaction: str
    actions: str
    before: str
    after: str


class AsIf(NamedTuple):
    """What would be otherwise had the upgrades been in force since a height: counts by table and by action, and the first
    ones in detail."""

    since: int
    records: dict[str, int]
    receipts: dict[str, int]
    changed_records: tuple[ChangedRecord, ...]
    changed_receipts: tuple[ChangedReceipt, ...]


class Rehearsal(NamedTuple):
    """`difference`: none if history comes out as it is. `offending`: pairs of an invariant's name and the path of a record
    of the present state that breaks it. `as_if`: none where nothing newer is here, or history differs already."""

    height: int
    upgrades: tuple[Upgrade, ...]
    difference: Difference | None
    offending: tuple[tuple[str, str], ...]
    as_if: AsIf | None


class AsIfVoted:
    """Answers for governance as if the members had voted these activations besides."""

    def __init__(self, real: Governing, more: Sequence[Activation]) -> None:
        self._real, self._more, self.table = real, more, real.table

    def parameter(self, find: Find, name: str) -> int | None:
        return self._real.parameter(find, name)

    def activations(self, scan: Scan) -> list[Activation]:
        return [*self._real.activations(scan), *self._more]


class Shadow:
    """A ledger made block by block in a folder of its own."""

    def __init__(self, founded: Founded, folder: Path) -> None:
        self._chain, self._store = founded.chain, Store(folder)
        self._machine = Machine(founded.chain, founded.genesis, self._store, BlockLog(folder))

    def view(self) -> Snapshot:
        return self._machine.view()

    def run(self, block: Block, sign: Callable[[Snapshot, int, list[Opened]], list[Signed]]) -> Block:
        """The block that its transactions make here; `sign` says which of them run, by which keys."""
        height = self._machine.height + 1
        if height == 0:
            executed = self._machine.found()
        else:
            with self._machine.view() as view:
                opened = [open_transaction(self._chain.suite, raw) for raw in block.transactions]
                time = block.header.time
                signed = sign(view, time, opened)
                executed = self._machine.execute(time, signed, view, facts=block.facts, again=True)
        self._accept(executed)
        made: Block = block_codec.decode(executed.payload)
        return made

    def as_it_was(self, view: Snapshot, time: int, opened: list[Opened]) -> list[Signed]:
        """Every transaction; `Refused` for the first that no block may hold."""
        return ensure_valid_block(self._chain, view, time, opened)

    def as_it_can(self, view: Snapshot, time: int, opened: list[Opened]) -> list[Signed]:
        """The transactions whose keys this history has."""
        signed: list[Signed] = []
        for one in opened:
            with contextlib.suppress(Refused):
                signed.append((one, signing_keys(self._chain, one, view, time)))
        return signed

    def _accept(self, executed: Executed) -> None:
        self._machine.accept(executed, BEGINNING, BEGINNING)
        if self._machine.wants_flush:
            self._machine.flush()

    def close(self) -> None:
        self._store.close()


def rehearse(reader: Reader, *, since: int = 0, progress: Callable[[int], None] | None = None) -> Rehearsal:
    """Run the ledger's history up to now by the reader's rule files. `since`: the height from which the newer versions are
    taken to have been in force. Refused as `node.rules_differ` if an older version is here than is in force."""
    last, upgrades = upgrades_here(reader)
    with contextlib.ExitStack() as held:

        def shadow(registry: Registry) -> Shadow:
            folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="rehearse-")))
            founded = Founded(reader.genesis, reader.chain._replace(registry=registry))
            return held.enter_context(contextlib.closing(Shadow(founded, folder)))

        real = shadow(reader.chain.registry)
        other = _Other(shadow(_as_if(reader, upgrades, since)), reader.chain.registry) if upgrades else None
        for height, block in enumerate(_blocks(reader, last)):
            difference = _run_as_it_was(real, height, block)
            if difference is not None:
                return Rehearsal(height, upgrades, difference, (), None)
            if other is not None:
                other.run(height, block)
            if progress is not None:
                progress(height)
        with real.view() as view:
            broken = tuple(itertools.islice(offending(reader.chain.registry, view, view.time), SHOWN))
            return Rehearsal(last, upgrades, None, broken, other.against(view, since) if other else None)


def upgrades_here(reader: Reader) -> tuple[int, tuple[Upgrade, ...]]:
    """The height, and the contracts of which another version is here than is in force there."""
    registry = reader.chain.registry
    with reader.snapshot() as snapshot:
        in_force = Active(registry).at(BlockState(snapshot), snapshot.time, again=True)
        height = snapshot.height
    for name, version in sorted(in_force.items()):
        here = registry.contracts.get(name)
        if here is None or here.version < version:
            has = f"version {here.version}" if here else "none"
            raise Refused("node.rules_differ", "contracts", f"contract {name} version {version}; this node has {has}")
    return height, tuple(
        Upgrade(name, in_force.get(name, 0), here.version, here.rules_hash)
        for name, here in sorted(registry.contracts.items())
        if here.version != in_force.get(name)
    )


def _run_as_it_was(real: Shadow, height: int, block: Block) -> Difference | None:
    try:
        return first_difference(height, block, real.run(block, real.as_it_was))
    except (Refused, Malformed) as refused:
        return Difference(height, "", "", refused.code)


def _blocks(reader: Reader, last: int) -> Iterator[Block]:
    for after in range(-1, last, BLOCKS_AT_ONCE):
        yield from reader.blocks(after, min(BLOCKS_AT_ONCE, last - after))


def _as_if(reader: Reader, upgrades: Sequence[Upgrade], since: int) -> Registry:
    registry = Registry(list(reader.chain.registry.contracts.values()), reader.chain.suite)
    # The genesis speaks as its own versions do.
    time = reader.block(since).header.time if since else reader.genesis.time + 1
    voted = [Activation(each.contract, each.after, each.rules_hash, time) for each in upgrades]
    registry.governance = AsIfVoted(registry.governance, voted)
    return registry


class _Other:
    """The history as if the upgrades had been in force, and what of it differs from the real one."""

    def __init__(self, shadow: Shadow, registry: Registry) -> None:
        self._shadow, self._registry = shadow, registry
        self._receipts: Counter[str] = Counter()
        self._changed: list[ChangedReceipt] = []

    def run(self, height: int, block: Block) -> None:
        made = self._shadow.run(block, self._shadow.as_it_can)
        after = {receipt.transaction: receipt for receipt in map(receipt_codec.decode, made.receipts)}
        opened = {one.id: one for one in (open_transaction(self._registry.suite, raw) for raw in block.transactions)}
        for raw in block.receipts:
            before: Receipt = receipt_codec.decode(raw)
            now = after.pop(before.transaction, None)
            if now is None or told(before) != told(now):
                self._count(height, opened, before, before.code, NOT_RUN if now is None else now.code)
        for now in after.values():
            self._count(height, opened, now, NOT_RUN, now.code)

    def _count(self, height: int, opened: dict[bytes, Opened], receipt: Receipt, before: str, after: str) -> None:
        one = opened.get(receipt.transaction)
        actions = ", ".join(f"{each.contract}.{each.name}" for each in one.actions) if one is not None else CALENDAR
        self._receipts[actions if one is None or len(one.actions) == 1 else "several actions"] += 1
        if len(self._changed) < SHOWN:
            self._changed.append(ChangedReceipt(height, receipt.transaction.hex(), actions, before, after))

    def against(self, real: Snapshot, since: int) -> AsIf:
        tables: Counter[str] = Counter()
        shown: list[ChangedRecord] = []
        with self._shadow.view() as view:
            for changed in changed_records(real, view):
                contract, _, rest = changed.path.partition("/")
                tables[f"{contract}/{rest.partition('/')[0]}"] += 1
                if len(shown) < SHOWN:
                    shown.append(changed)
        receipts = dict(sorted(self._receipts.items()))
        return AsIf(since, dict(sorted(tables.items())), receipts, tuple(shown), tuple(self._changed))
