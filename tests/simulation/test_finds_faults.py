"""The simulation fails where it should: each rule that is broken on purpose is found, and the failure made small."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.edgekit.story import Story
from infoharbor.engine import validity
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft import application, validators
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.interface import Refused
from infoharbor.simulation import hostile, node
from infoharbor.simulation.checks import Rule, Violation
from infoharbor.simulation.consensus import Consensus
from infoharbor.simulation.faults import CALM, Fault, Plan, Weather
from infoharbor.simulation.history import Result, simulate
from infoharbor.simulation.node import Node
from infoharbor.simulation.shrinking import shrunk
from infoharbor.simulation.votes import Block

TRIES = 40


def first_failure(*rules: Rule, plans: Iterable[Plan] = ()) -> Result:
    """The first seed in which one of these rules does not hold."""
    for plan in plans or map(Plan, range(TRIES)):
        result = simulate(plan)
        if result.violation is not None:
            assert result.violation.rule in rules, result
            return result
    raise AssertionError("no history found it")


def with_faults(*faults: Fault, liars: int | None = None) -> list[Plan]:
    return [Plan(seed, faults=frozenset(faults), hostile=liars) for seed in range(TRIES)]


def test_a_node_that_commits_before_it_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlockLog, "_sync", lambda log, file: None)
    first_failure(Rule.DURABLE, Rule.RECOVERY, plans=with_faults(Fault.CRASH))


def test_a_node_that_votes_for_any_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Application.process

    def anything(self: Application, time: int, transactions: Sequence[bytes], hash: bytes) -> None:
        try:
            honest(self, time, transactions, hash)
        except Refused:
            return

    def is_strict(self: Application, time: int, transactions: Sequence[bytes], hash: bytes) -> list[validity.Signed]:
        try:
            honest(self, time, transactions, hash)
        except Refused:
            return []
        assert self._judged is not None
        return self._judged.signed

    monkeypatch.setattr(Application, "process", anything)
    monkeypatch.setattr(Application, "_runnable", is_strict)
    first_failure(Rule.VALID, plans=with_faults(Fault.HOSTILE))


def test_a_node_that_lets_a_transaction_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = validity.ensure_valid_block

    class Forgetful:
        """A view that remembers no transaction."""

        def __init__(self, view: validity.StateBefore) -> None:
            self._view, self.time, self.find = view, view.time, view.find

        def transaction(self, identifier: bytes) -> None:
            return None

    def forgets(
        chain: object, view: validity.StateBefore, time: int, opened: Sequence[object], keys_of: object
    ) -> list[validity.Signed]:
        return honest(chain, Forgetful(view), time, opened, keys_of)  # type: ignore[arg-type]

    monkeypatch.setattr(application, "ensure_valid_block", forgets)
    monkeypatch.setattr(hostile, "BAD_CONTENT", (lambda node, block: node._committed(),))
    first_failure(Rule.ONCE, Rule.KEPT, plans=with_faults(Fault.HOSTILE))


def test_more_hostile_members_than_a_third() -> None:
    first_failure(Rule.AGREEMENT, Rule.VALID, plans=with_faults(Fault.HOSTILE, liars=2))


def test_a_vote_s_power_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """CometBFT's median then is the lowest of three stamps, which a hostile member may choose."""
    for module in (validators, application):
        monkeypatch.setattr(module, "POWER", 1)
    first_failure(Rule.TIME, plans=with_faults(Fault.HOSTILE))


def test_a_node_with_another_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Node._apply

    def differs(self: Node, block: Block) -> None:
        """The first member's rules see every block a millisecond later."""
        honest(self, replace(block, time=block.time + 1) if self.member == 0 else block)

    monkeypatch.setattr(Node, "_apply", differs)
    first_failure(Rule.SAME_STATE, plans=with_faults())


def test_members_that_forget_what_they_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Consensus._begin_round

    def forgets(self: Consensus, round: int) -> None:
        self._locked = self._valid = None
        honest(self, round)

    monkeypatch.setattr(Consensus, "_begin_round", forgets)
    monkeypatch.setattr(Weather, "of", lambda plan: CALM._replace(lost=250))
    monkeypatch.setattr(node, "GOSSIP_MS", 1_500)
    first_failure(Rule.AGREEMENT, plans=with_faults(Fault.HOSTILE))


def test_a_node_that_loses_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    honest: Callable[..., list[bytes]] = Application.prepare

    def picky(self: Application, time: int, most_bytes: int, now: int) -> list[bytes]:
        return [raw for raw in honest(self, time, most_bytes, now) if raw[-1] % 8]

    monkeypatch.setattr(Application, "prepare", picky)
    first_failure(Rule.PROGRESS, plans=with_faults())


def test_a_failure_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BlockLog, "_sync", lambda log, file: None)
    failing = first_failure(Rule.DURABLE, Rule.RECOVERY, plans=[Plan(seed, 5, 2) for seed in range(TRIES)])
    smallest = shrunk(failing)
    assert smallest.violation is not None
    assert smallest.plan.faults == frozenset()
    assert (smallest.plan.organisations, smallest.plan.blocks) <= (5, 2)
    assert simulate(smallest.plan).digest == smallest.digest


@given(st.integers(1, 12), st.integers(2, 10), st.sets(st.sampled_from(Fault), max_size=3))
def test_nothing_is_left_that_a_failure_does_not_need(blocks: int, organisations: int, faults: set[Fault]) -> None:
    def run(plan: Plan, stories: Sequence[Story] = ()) -> Result:
        fails = plan.blocks >= blocks and plan.organisations >= organisations and plan.faults >= faults
        return Result(plan, "", 0, 0, 0, Violation(Rule.ONCE, "") if fails else None)

    smallest = shrunk(run(Plan(1, 12, 16)), run=run)
    assert smallest.plan == Plan(1, organisations, blocks, frozenset(faults))
