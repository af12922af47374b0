"""What must hold of a simulated network, looked at with every block and at the end."""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from infoharbor.engine.cometbft.application import NOT_RUN, Finalized, OrderedMachine
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import checkpoint_in
from infoharbor.kernel.audit import offending
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.transaction import open_transaction
from infoharbor.simulation.votes import Block, Decided

if TYPE_CHECKING:
    from infoharbor.simulation.founding import Founding


class Rule(StrEnum):
    """What a history may violate."""

    AGREEMENT = "agreement"
    SAME_STATE = "same_state"
    DURABLE = "durable"
    ONCE = "once"
    KEPT = "kept"
    VALID = "valid"
    TIME = "time"
    INVARIANTS = "invariants"
    ATTESTED = "attested"
    PROGRESS = "progress"
    RECOVERY = "recovery"
    FAULT = "fault"


SENTENCES = {
    Rule.AGREEMENT: ("Two nodes decided different blocks at one height.", "两个节点在同一高度确定了不同的区块。"),
    Rule.SAME_STATE: ("The same blocks led to different states.", "相同的区块得出了不同的状态。"),
    Rule.DURABLE: ("A committed block was gone after a power cut.", "断电后，已提交的区块丢失。"),
    Rule.ONCE: ("A transaction ran twice.", "一笔交易执行了两次。"),
    Rule.KEPT: ("A sender's transaction was lost.", "发送者的交易丢失。"),
    Rule.VALID: ("A block was decided that no honest node may vote for.", "确定了诚实节点不得投票的区块。"),
    Rule.TIME: ("A block's time is beyond what honest clocks showed.", "区块时间超出诚实节点时钟的范围。"),
    Rule.INVARIANTS: ("A contract's invariant is broken.", "合约的不变量被破坏。"),
    Rule.ATTESTED: ("A quorum attested another history, or none.", "法定多数签证了另一历史，或未能签证。"),
    Rule.PROGRESS: ("After all faults had healed the network stood still.", "故障全部消除后，网络仍停滞不前。"),
    Rule.RECOVERY: ("A node did not come back from its disk.", "节点未能从磁盘恢复。"),
    Rule.FAULT: (
        "A node's own code failed: this is an error of ours, please report it.",
        "节点程序自身出错，请报告此问题。",
    ),
}


class Violation(Exception):
    """A history in which a rule does not hold."""

    def __init__(self, rule: Rule, what: str) -> None:
        super().__init__(rule, what)
        self.rule, self.what = rule, what

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


class _Committed(NamedTuple):
    header: bytes
    root: bytes


@functools.lru_cache(maxsize=64)
def checkpoint_of(note: str) -> Checkpoint:
    """Nodes hold the same notes, and are asked often."""
    return checkpoint_in(note)


class Checks:
    """Sees what each honest node decides, runs, commits and answers; `honest` are their numbers."""

    def __init__(self, founding: Founding, honest: frozenset[int]) -> None:
        self._founding, self._honest = founding, honest
        self._blocks: list[Decided] = []
        self._roots: dict[int, bytes] = {}
        self._committed: dict[int, _Committed] = {}
        self._ran: dict[bytes, tuple[int, int]] = {}
        self._durable: dict[int, int] = {}

    @property
    def height(self) -> int:
        """How many blocks any honest node has decided."""
        return len(self._blocks)

    @property
    def committed_height(self) -> int:
        """The newest of the ledger's own blocks that any honest node has committed; 0 if there is none yet."""
        return max(self._committed, default=0)

    @property
    def time(self) -> int:
        """The newest block's."""
        return self._blocks[-1].block.time if self._blocks else self._founding.time

    @property
    def transactions(self) -> int:
        return len(self._ran)

    def decided(self, member: int, decided: Decided) -> None:
        if member not in self._honest:
            return
        block = decided.block
        if block.height <= len(self._blocks):
            if self._blocks[block.height - 1].block.hash != block.hash:
                raise Violation(Rule.AGREEMENT, f"node {member} decided another block at height {block.height}")
            return
        if block.time < self.time:
            raise Violation(Rule.TIME, f"height {block.height} has {block.time}, the one before {self.time}")
        honest = [vote.stamp for vote in block.last_commit if vote.voter in self._honest]
        if honest and not min(honest) <= block.time <= max(honest):
            raise Violation(Rule.TIME, f"height {block.height} has {block.time}, honest clocks {sorted(honest)}")
        self._blocks.append(decided)

    def finalized(self, member: int, block: Block, done: Finalized) -> None:
        if member not in self._honest:
            return
        if NOT_RUN in done.codes:
            raise Violation(Rule.VALID, f"node {member} ran nothing of height {block.height}")
        if self._roots.setdefault(block.height, done.app_hash) != done.app_hash:
            raise Violation(Rule.SAME_STATE, f"node {member} has another root after height {block.height}")

    def committed(self, member: int, block: Block, machine: OrderedMachine) -> None:
        state = machine.state
        if member not in self._honest or state is None:
            return
        self._durable[member] = max(self._durable.get(member, 0), machine.height)
        here = _Committed(state.header_bytes, state.root)
        if machine.height in self._committed:
            if self._committed[machine.height] != here:
                raise Violation(Rule.SAME_STATE, f"node {member} has another block {machine.height}")
            return
        self._committed[machine.height] = here
        self._look_into(block, machine)

    def _look_into(self, block: Block, machine: OrderedMachine) -> None:
        """The first node that commits a block shows it; all others have the same."""
        state = machine.state
        assert state is not None
        for raw in block.transactions:
            opened = open_transaction(self._founding.chain.suite, raw)
            if opened.id in self._ran:
                raise Violation(
                    Rule.ONCE, f"{opened.id.hex()} in blocks {self._ran[opened.id][0]} and {machine.height}"
                )
            if opened.body.expiry < state.header.time:
                raise Violation(
                    Rule.VALID, f"{opened.id.hex()} ran {state.header.time - opened.body.expiry} ms too late"
                )
            self._ran[opened.id] = state.layers[-1].transactions[opened.id]
        with machine.view() as view:
            for rule, path in offending(self._founding.chain.registry, view, view.time):
                raise Violation(Rule.INVARIANTS, f"block {machine.height}: {rule} at {path}")

    def recovered(self, member: int, machine: OrderedMachine) -> None:
        """A node is back from its disk."""
        if member not in self._honest:
            return
        if machine.height < self._durable.get(member, 0):
            raise Violation(
                Rule.DURABLE,
                f"node {member} had committed block {self._durable[member]}, and is back at {machine.height}",
            )
        known, state = self._committed.get(machine.height), machine.state
        assert state is not None
        if known is not None and known != _Committed(state.header_bytes, state.root):
            raise Violation(Rule.RECOVERY, f"node {member} is back with another block {machine.height}")

    def answered(self, identifier: bytes, receipt: Receipt) -> None:
        """A sender has been told that its transaction is committed."""
        found = self._ran.get(identifier)
        if found != (receipt.height, receipt.position):
            raise Violation(Rule.KEPT, f"{identifier.hex()} was answered as {receipt.height}, and ran at {found}")

    def attested(self, member: int, note: str) -> int:
        """The size that a node holds for attested by a quorum; 0 if there is none."""
        if not note:
            return 0
        checkpoint = checkpoint_of(note)
        known = self._committed.get(checkpoint.size - 1)
        if known is not None and known.root != checkpoint.root:
            raise Violation(Rule.ATTESTED, f"node {member} holds another root of {checkpoint.size} blocks for attested")
        return checkpoint.size
