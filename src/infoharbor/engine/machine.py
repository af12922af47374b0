"""The ledger as a machine: executes block after block, keeps their writes for the store, recovers."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from infoharbor.crypto.hashes import SM3
from infoharbor.engine.batch import FORMAT, Batch, Meta, StoredBlock
from infoharbor.engine.block_view import RECENT_BYTES, BlockView, Recent, Unstored
from infoharbor.engine.blocklog import BlockLog, LogRecord, Place
from infoharbor.engine.differences import first_difference
from infoharbor.engine.door import Door
from infoharbor.engine.interface import Block, Damaged, Refused
from infoharbor.engine.signature_worker import check
from infoharbor.engine.snapshot import Layer, Snapshot, State
from infoharbor.engine.store import Store
from infoharbor.engine.validity import checks_of, ensure_valid_block
from infoharbor.kernel import merkle
from infoharbor.kernel.activation import Active, Inactive
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.block import Genesis, header_codec, receipt_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Codec, Malformed, encode
from infoharbor.kernel.execution import Executor, Outcome
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.skips import POISON
from infoharbor.kernel.state import BlockState
from infoharbor.kernel.transaction import Opened, open_transaction
from infoharbor.kernel.tree import EMPTY_ROOT, Tree

FLUSH_LAYERS = 32
FLUSH_WRITES = 16_000
"""The store is written once this many blocks or records wait for it: that bounds memory, and how long readers'
layers get."""
BACKLOG_WRITES = 3 * FLUSH_WRITES
"""With so many waiting behind a write that is under way, no further block is made until it has ended."""

block_codec = Codec(Block, limit=2**31)


class Executed(NamedTuple):
    """A block that has run and is not durable yet: its outcome, and the payload of its log record."""

    outcome: Outcome
    payload: bytes
    entries: dict[str, bytes]


class Machine:
    """One chain's state. Used by one thread; readers take `state`, which is replaced as a whole."""

    def __init__(self, chain: Chain, genesis: Genesis, store: Store, log: BlockLog) -> None:
        self.chain, self._genesis, self._store, self._log = chain, genesis, store, log
        self.signers = Door(chain)
        """Remembers keys as of block times."""
        self._recent = Recent(RECENT_BYTES)
        self._fresh = self._writing = Unstored({}, {}, {})
        self._batch: Batch | None = None
        self._is_ahead = False
        with store.read() as stored:
            meta = stored.meta()
        if meta is None:
            meta = Meta(FORMAT, chain.id, -1, b"", EMPTY_ROOT, (), (), (), (0, 0))
        if meta.format != FORMAT or meta.chain != chain.id:
            raise Damaged("state/data.mdb", f"format {FORMAT} and chain {chain.id.hex()[:16]}")
        self._end = Place(*meta.end)
        self.flushed = self._gathered = meta.height
        self._frontier = merkle.Frontier(meta.height + 1, meta.peaks)
        tree = Tree(chain.suite, self._node, meta.root)
        second = merkle.Frontier(meta.height + 1, meta.sm3_peaks, SM3.digest) if chain.suite is SM3 else None
        self.executor = Executor(chain, tree, ReplayDigest(chain.suite, dict(meta.replay)), second)
        self._view: Snapshot | None = None
        self.state: State | None = None
        if meta.height >= 0:
            header = header_codec.decode(meta.header_bytes)
            self.state = State(header, meta.header_bytes, self._frontier.root(), ())

    @property
    def height(self) -> int:
        return -1 if self.state is None else self.state.height

    @property
    def unflushed(self) -> int:
        """How many blocks the store could be given now."""
        return 0 if self._is_ahead else self.height - self.flushed

    def recover(self, progress: Callable[[int], None] | None = None) -> Place:
        """Run the blocks that the log holds beyond the store, each to the header that the log has; the log's
        end."""
        self.run_again(self._log.scan(self._end, self.height + 1), progress=progress)
        return self._end

    def run_again(
        self,
        records: Iterable[LogRecord],
        *,
        verify: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Run logged blocks; raises `Damaged` at the first that differs, or if `verify`, is not signed as it
        must be."""
        for record in records:
            self._again(record, verify)
            if self.wants_flush:
                self.flush()
            if progress is not None:
                progress(self.height)

    def resume(self, now: int) -> Place:
        """`recover`, by the rule files that the members voted: `node.rules_differ` with others, whether the vote is in the
        store or in the log. `now` is the wall clock: what is in force by it is needed, though no block has come yet."""
        if self.state is not None:
            self.check_rules(now)
        end = self.recover()
        if self.state is None:
            raise Damaged("blocks", "the genesis block")
        self.check_rules(now)
        return end

    def check_rules(self, now: int) -> None:
        """Refuse to go on with other rule files than the members voted: `node.rules_differ`."""
        with self.view() as view:
            try:
                Active(self.chain.registry).at(BlockState(view), max(view.time, now))
            except Inactive as inactive:
                raise Refused("node.rules_differ", "contracts", inactive) from None

    def view(self) -> BlockView:
        """The state before the next block."""
        state = self.state
        assert state is not None
        view = BlockView.open(self._store, lambda: state)
        view.recent, view.fresh, view.writing = self._recent, self._fresh, self._writing
        return view

    def found(self) -> Executed:
        """Run the genesis."""
        with self._store.read() as stored:
            self._view = Snapshot(State(None, b"", b"", ()), stored)  # type: ignore[arg-type]
            try:
                return self._executed(self.executor.found(self._genesis, self._view), ())
            finally:
                self._view = None

    def execute(
        self,
        time: int,
        transactions: Sequence[tuple[Opened, dict[bytes, SigningKey]]],
        view: Snapshot,
        *,
        facts: Sequence[bytes] = (),
        again: bool = False,
    ) -> Executed:
        """Run the next block on `view`; `accept` follows once it is durable, and no other block before
        that. `facts` are what the engine tells, as encoded actions. `again`: it is in the log already."""
        self._view, self._is_ahead = view, True
        try:
            outcome = self.executor.execute(self.height + 1, time, transactions, view, facts=facts, again=again)
            return self._executed(outcome, [opened.raw for opened, _ in transactions], facts)
        finally:
            self._view = None

    def accept(self, executed: Executed, start: Place, end: Place) -> State:
        """Take in a block that is durable: readers see it from here on."""
        self._is_ahead = False
        outcome = executed.outcome
        height, place = outcome.header.height, StoredBlock(start, outcome.header_bytes)
        completed = self._frontier.append(merkle.leaf_hash(outcome.header_bytes))
        layer = Layer(
            height,
            place,
            {write.path: write.entry for write in outcome.writes},
            {receipt.transaction: (height, at) for at, receipt in enumerate(outcome.results)},
            {(level, index): digest for level, index, digest in completed},
            tuple(outcome.calendar),
        )
        for path, entry in layer.entries.items():
            self._recent.put(path, entry)
        self.signers.saw(outcome.tables)
        self._fresh.records.update(executed.entries)
        self._fresh.transactions.update(layer.transactions)
        self._end = end
        layers = (*(self.state.layers if self.state else ()), layer)
        self.state = State(outcome.header, outcome.header_bytes, self._frontier.root(), layers)
        return self.state

    @property
    def wants_flush(self) -> bool:
        return self.height - self._gathered >= FLUSH_LAYERS or len(self._fresh.records) >= FLUSH_WRITES

    @property
    def overfull(self) -> bool:
        """Whether so much waits behind a write under way that it has to end first."""
        return len(self._fresh.records) >= BACKLOG_WRITES

    def flush(self) -> None:
        """Write all accepted blocks to the store, durably; an `OSError` leaves the store as it was."""
        while (batch := self.gather()) is not None:
            self._store.write(batch)
            self.stored()

    def gather(self) -> Batch | None:
        """What the store is to be given next, None if it has everything: call `stored` once that is durable. A batch
        that could not be written is given again. Nothing while a block has run that is not accepted: tree and replay digest
        are ahead of the state then."""
        state = self.state
        if self._batch is None and state is not None and self._gathered < state.height and not self._is_ahead:
            self._batch = self._gather(state)
        return self._batch

    def _gather(self, state: State) -> Batch:
        tree, replay, second = self.executor.tree, self.executor.replay, self.executor.sm3_log
        meta = Meta(
            FORMAT,
            self.chain.id,
            state.height,
            state.header_bytes,
            tree.root,
            tuple(sorted(replay.buckets.items())),
            self._frontier.peaks,
            second.peaks if second is not None else (),
            (self._end.segment, self._end.offset),
        )
        layers = [layer for layer in state.layers if layer.height > self._gathered]
        subtrees: dict[tuple[int, int], bytes] = {}
        calendar: dict[tuple[int, str], bool] = {}
        for layer in layers:
            subtrees.update(layer.subtrees)
            calendar.update({(time, path): waits for time, path, waits in layer.calendar})
        blocks = {layer.height: layer.block for layer in layers}
        self._writing = self._fresh._replace(nodes=tree.take_changed())
        self._fresh, self._gathered = Unstored({}, {}, {}), state.height
        records, nodes, transactions = self._writing
        return Batch(meta, records, nodes, transactions, subtrees, blocks, calendar)

    def stored(self) -> None:
        """The store has what was gathered."""
        assert self._batch is not None
        assert self.state is not None
        self.flushed, self._batch, self._writing = self._batch.meta.height, None, Unstored({}, {}, {})
        self.state = self.state._replace(
            layers=tuple(layer for layer in self.state.layers if layer.height > self.flushed)
        )

    def _executed(self, outcome: Outcome, raws: Sequence[bytes], facts: Sequence[bytes] = ()) -> Executed:
        written = [(write.path, encode(write.entry), write.position) for write in outcome.writes]
        block = Block(
            outcome.header_bytes,
            tuple(raws),
            tuple(outcome.receipts),
            tuple(written),
            tuple(outcome.calendar),
            tuple(facts),
        )
        return Executed(outcome, encode(block), {path: entry for path, entry, _ in written})

    def _node(self, prefix: bytes) -> bytes | None:
        # What changed since the last batch was gathered is in the tree's memory.
        assert self._view is not None
        return self._writing.nodes.get(prefix) or self._view.stored.node(prefix)

    def _again(self, record: LogRecord, verify: bool) -> None:
        block: Block = block_codec.decode(record.payload)
        try:
            executed = self.found() if record.height == 0 else self._execute_again(block, verify)
        except (Refused, Malformed) as refused:
            raise Damaged(f"block {record.height}", f"transactions that may run; {refused}") from None
        if executed.payload != record.payload:
            found = first_difference(record.height, block, block_codec.decode(executed.payload))
            raise Damaged(f"block {record.height}", f"{found}, as it was; these rules give another")
        self.accept(executed, record.place, record.end)

    def _execute_again(self, block: Block, verify: bool) -> Executed:
        with self.view() as view:
            time = block.header.time
            opened = [open_transaction(self.chain.suite, raw) for raw in block.transactions]
            signed = ensure_valid_block(self.chain, view, time, opened, self.signers.keys)
            if verify and not all(check([each for one in signed for each in checks_of(*one)])):
                raise Damaged(f"block {self.height + 1}", "a valid signature of each named key")
            self._ensure_skips(block, view)
            return self.execute(time, signed, view, facts=block.facts, again=True)

    def _ensure_skips(self, block: Block, view: Snapshot) -> None:
        """What was skipped is skipped again, and never run: the machine would fail on it."""
        receipts = [receipt_codec.decode(raw) for raw in block.receipts if POISON.encode() in raw]
        skipped = {receipt.transaction for receipt in receipts if receipt.code == POISON}
        missing = skipped and skipped.difference(self.chain.skips.at(self.height + 1, view))
        for transaction in missing:
            raise Damaged("skips", f"the skip of transaction {transaction.hex()} in block {self.height + 1}")
