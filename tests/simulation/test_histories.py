"""Networks under every fault that a seed brings: what must hold does, in hundreds of histories."""

import os
import subprocess
import sys

import pytest

from infoharbor.contracts.asset.records import Balance
from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.edgekit.story import Story, World
from infoharbor.sdk.telling import stories_of
from infoharbor.simulation.faults import Fault, Plan
from infoharbor.simulation.founding import found
from infoharbor.simulation.history import simulate

HISTORIES, SHARDS = 500, 20
TWICE = """
from infoharbor.simulation.faults import Plan
from infoharbor.simulation.history import simulate
print([simulate(Plan(seed, organisations)).digest for seed, organisations in ((11, 4), (12, 4), (13, 5))])
"""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_what_must_hold_does_in_hundreds_of_histories(shard: int) -> None:
    for seed in range(shard, HISTORIES, SHARDS):
        violation = simulate(Plan(seed)).violation
        assert violation is None, f"infoharbor simulate --seed {seed}: {violation}"


@pytest.mark.parametrize(("organisations", "seed"), [(2, 1), (3, 2), (5, 3), (7, 42), (10, 5)])
def test_networks_of_other_sizes(organisations: int, seed: int) -> None:
    assert simulate(Plan(seed, organisations, blocks=4)).violation is None


def test_the_same_seed_gives_the_same_history_in_every_process() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", TWICE],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "4242")
    ]
    assert told[0] == told[1]
    assert len(set(eval(told[0]))) == 3


def test_without_faults_every_round_decides() -> None:
    result = simulate(Plan(1, blocks=6, faults=frozenset()))
    assert result.violation is None
    assert result.transactions > 0


def test_deadlines_pass_while_the_network_sleeps() -> None:
    """After a sleep the first block carries the old time: what lapsed in between must not run in it."""
    slept = Story("sleep")
    token, day = "member-1:points", 24 * 60 * 60 * 1000

    @slept.step("The network sleeps for a day.", "网络停歇一天。")
    def sleep(world: World) -> None:
        world.act(Transfer(token, "member-2", 5, "before"), by="member-1")
        begin = world.now
        world.advance(day)
        world.act(Transfer(token, "member-2", 7, "after"), by="member-1")
        assert world.now >= begin + day
        assert world.get(Balance, token, "member-2").free > 0

    result = simulate(Plan(2, faults=frozenset({Fault.CRASH}), blocks=3), [slept])
    assert result.violation is None
    assert result.milliseconds >= day


def test_the_faults_do_happen() -> None:
    """A simulation in which nothing goes wrong shows nothing: each kind of fault changes a history."""
    whole = simulate(Plan(3)).digest
    assert all(
        simulate(Plan(3, faults=frozenset(Fault) - {fault})).digest != whole for fault in (Fault.HOSTILE, Fault.LOSS)
    )


def test_a_contract_s_story_is_told_under_faults() -> None:
    registry = found(4).chain.registry
    stories = [story for story in stories_of(registry) if story.contract in ("identity", "asset")]
    faults = frozenset({Fault.CRASH, Fault.DELAY, Fault.SKEW})
    result = simulate(Plan(5, 2, blocks=4, faults=faults, stories=("asset",)), stories)
    assert result.violation is None
    assert result.transactions > sum(len(story.steps) for story in stories)
