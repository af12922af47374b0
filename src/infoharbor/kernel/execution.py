"""Runs a block: facts, due moves, then each bundle; out come receipts, written records and the header."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from infoharbor.crypto.hashes import SM3
from infoharbor.kernel import block as blocks
from infoharbor.kernel import limits, merkle
from infoharbor.kernel.acting import Surroundings
from infoharbor.kernel.activation import Active
from infoharbor.kernel.authority import GENESIS, SigningKey
from infoharbor.kernel.block import Genesis, Header, Receipt
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.leaf import path_hash
from infoharbor.kernel.ledger import Ledger, run
from infoharbor.kernel.records import View
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.running import RunningBlock, Write
from infoharbor.kernel.state import BlockState, Work
from infoharbor.kernel.transaction import Opened, SaltedAction, action_codec
from infoharbor.kernel.tree import Tree

AUTHORISED_MAX = 100_000
"""How many answers of the authority are remembered between blocks."""


class BlockView(View, Protocol):
    """The state before a block, with the calendar's index."""

    def due(self, until: int, most: int) -> list[tuple[int, str]]:
        """Times and paths of records with a move due at or before `until`, by time and then path."""
        ...


class Outcome(NamedTuple):
    """What a block did. `calendar` lists (time, path, whether it now waits); `receipts` are encoded, in order; `tables` are
    the prefixes of the paths written."""

    header: Header
    header_bytes: bytes
    receipts: list[bytes]
    results: list[Receipt]
    writes: list[Write]
    calendar: list[tuple[int, str, bool]]
    tables: frozenset[str] = frozenset()


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
        # What the genesis itself activates says by which versions it was founded; the files may be of later ones.
        newest = {name: contract.version for name, contract in self.chain.registry.contracts.items()}
        actions = [action_codec.decode(encoded) for encoded in genesis.actions]
        governing = self.chain.registry.governance.table.partition("/")[0]
        decided = self._founding(genesis, [each for each in actions if each.contract == governing], view, newest)
        voted = self._active.at(decided.state, genesis.time, again=True)
        running = self._founding(genesis, actions, view, newest | voted)
        self._active.saw(running.tables)
        return self._close(running, [], [])

    def _founding(
        self, genesis: Genesis, actions: Sequence[SaltedAction], view: BlockView, active: dict[str, int]
    ) -> RunningBlock:
        around = Surroundings(genesis.time, 0, self.chain.registry, self.chain.registry.authority, active)
        running = RunningBlock(self.chain, BlockState(view, active), around, {})
        identifier = bytes(4) + tagged_hash(self.chain.suite, "genesis-actions", self.chain.id)[:28]
        work = Work(running.state, None)
        for salted in actions:
            action = running.decode(salted)
            run(Ledger(around, work, action.__action__.contract, (GENESIS,), identifier), action)
        running.settle(work, identifier, ())
        return running

    def execute(
        self,
        height: int,
        time: int,
        transactions: Sequence[tuple[Opened, dict[bytes, SigningKey]]],
        view: BlockView,
        *,
        facts: Sequence[bytes] = (),
        again: bool = False,
    ) -> Outcome:
        """Run one block whose transactions are all well formed, signed, unexpired and new (the engine sees to that).
        `facts` are encoded actions by which whoever orders the blocks tells what it has found, before all else.
        `again`: it ran before, and the caller compares the result."""
        state = BlockState(view)
        active = state.active = self._active.at(state, time, again=again)
        held = self.chain.skips.held(height, active)
        around = Surroundings(time, height, self.chain.registry, self.chain.registry.authority, active, held)
        if len(self._authorised) > AUTHORISED_MAX:
            self._authorised.clear()
        running = RunningBlock(self.chain, state, around, self._authorised, self.chain.skips.at(height, view))
        for encoded in facts:
            running.fact(encoded)
        for due, path in view.due(time, limits.DUE_MOVES_PER_BLOCK):
            running.lapse(due, path)
        for opened, keys in transactions:
            running.bundle(opened, keys)
        self._active.saw(running.tables)
        leaves = [merkle.leaf_hash(opened.raw, self.chain.suite.digest) for opened, _ in transactions]
        return self._close(running, leaves, [opened.id for opened, _ in transactions])

    def _close(self, running: RunningBlock, transactions: list[bytes], ids: list[bytes]) -> Outcome:
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
        return Outcome(
            header, encoded, receipts, running.receipts, running.writes, running.calendar, frozenset(running.tables)
        )
