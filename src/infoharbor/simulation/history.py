"""One simulated history from its plan: the same plan gives the same history, to the last message."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from infoharbor.edgekit.story import Story
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.simulation.checks import Checks, Rule, Violation
from infoharbor.simulation.disk import Disks
from infoharbor.simulation.faults import Plan, Weather
from infoharbor.simulation.founding import found
from infoharbor.simulation.hostile import Conspiracy, HostileNode
from infoharbor.simulation.load import Load
from infoharbor.simulation.network import Network
from infoharbor.simulation.node import Node
from infoharbor.simulation.process import Signatures, Surroundings
from infoharbor.simulation.storytelling import StoryWorld

STORM_MS_A_BLOCK = 5_000
"""Faults end after so long for every block that was asked for, whether it came or not."""
SETTLE_MS = 60_000
PARTED_MS = (200, 1_500)
CLOCKS_EVERY_MS = 800
OPERATIONS_MOST = 40
"""The power goes at once, or in the middle of one of so many of the disk's next operations."""


class Result(NamedTuple):
    """What became of a history. `digest` commits to everything that happened; `violation` is None if all held."""

    plan: Plan
    digest: str
    blocks: int
    transactions: int
    milliseconds: int
    violation: Violation | None


def simulate(plan: Plan, stories: Sequence[Story] = ()) -> Result:
    """Run the history of this plan; `stories` are those that it names, in order."""
    disks = Disks()
    with disks.installed():
        history = History(plan)
        violation = None
        try:
            history.run(stories)
        except Violation as found_violation:
            violation = found_violation
        except Exception as fault:
            at = traceback.extract_tb(fault.__traceback__)[-1]
            violation = Violation(Rule.FAULT, f"{type(fault).__name__}: {fault}, in {at.name}, line {at.lineno}")
            violation.__cause__ = fault
        history.network.note(str(violation))
    checks, network = history.checks, history.network
    passed = network.now - history.around.founding.time
    return Result(plan, network.digest, checks.height, checks.transactions, passed, violation)


class History:
    """A network under way."""

    def __init__(self, plan: Plan) -> None:
        founding = found(plan.organisations)
        numbers = range(plan.organisations)
        self._chance = plan.chance("faults")
        hostile = frozenset(self._chance.sample(numbers, plan.hostile_count))
        honest = [number for number in numbers if number not in hostile]
        self.network = Network(plan, founding.time + 1)
        self.checks = Checks(founding, frozenset(honest))
        self.around = Surroundings(plan, founding, self.network, Signatures(), self.checks)
        conspiracy = Conspiracy(plan.chance("conspiracy"), honest)
        nodes = [
            HostileNode(self.around, number, conspiracy) if number in hostile else Node(self.around, number)
            for number in numbers
        ]
        self.network.members = list(nodes)
        self.nodes = [nodes[number] for number in honest]
        self._all = nodes
        self.load = Load(self.around, self.nodes)

    def run(self, stories: Sequence[Story]) -> None:
        """Everything: faults and load until there are enough blocks, then calm, then what must hold in the end."""
        weather, network, plan = self.network.weather, self.network, self.around.plan
        for node in self._all:
            node.skew = self._chance.randint(-weather.skew_most, weather.skew_most)
            network.after(self._chance.randint(0, 100), node.start)
        self._brew(weather)
        self.load.begin()
        world = StoryWorld(self)
        for story in stories:
            for step in story.steps:
                network.note("tells", step.title_en)
                step.tell(world)
        end = network.now + STORM_MS_A_BLOCK * plan.blocks
        while self.checks.height < plan.blocks and network.now < end:
            self.step()
        self._calm()
        self.step_until(
            self._is_settled, SETTLE_MS, "not all that was sent is answered, committed and attested everywhere"
        )
        self._restart_all()

    def step(self) -> None:
        self.network.step()
        self.load.listen()

    def step_until(self, is_done: Callable[[], bool], milliseconds: int, otherwise: str) -> None:
        end = self.network.now + milliseconds
        while not is_done():
            if self.network.now > end:
                raise Violation(Rule.PROGRESS, f"{otherwise}, {milliseconds} ms on")
            self.step()

    # Faults

    def _brew(self, weather: Weather) -> None:
        for every, happen in ((weather.partition_every, self._part), (weather.crash_every, self._crash)):
            if every:
                self._again(every, happen)
        if weather.skew_most:
            self._again(CLOCKS_EVERY_MS, self._turn_clock)

    def _again(self, every: int, happen: Callable[[], None]) -> None:
        """Let it happen about so often, as long as there are faults."""

        def now() -> None:
            if not self.load.ended:
                happen()
                self._again(every, happen)

        self.network.after(self._chance.randint(every // 2, every * 2), now)

    def _part(self) -> None:
        numbers = range(len(self._all))
        side = set(self._chance.sample(numbers, self._chance.randint(1, len(numbers) - 1)))
        self.network.note("parts", sorted(side))
        self.network.split(side)
        self.network.after(self._chance.randint(*PARTED_MS), self.network.heal)

    def _crash(self) -> None:
        node = self._chance.choice(self.nodes)
        if not node.is_up:
            return
        if self._chance.randrange(4) == 0:
            node.fall()
        else:
            node.disk.cut_after = self._chance.randrange(OPERATIONS_MOST)

    def _turn_clock(self) -> None:
        most = self.network.weather.skew_most
        self._chance.choice(self._all).skew = self._chance.randint(-most, most)

    def _calm(self) -> None:
        self.load.ended = True
        self.network.note("calm")
        self.network.calm()
        for node in self.nodes:
            node.disk.cut_after = None

    # The end

    def _is_settled(self) -> bool:
        nodes = self.nodes
        if (
            not all(node.is_up for node in nodes)
            or not self.load.is_settled
            or self.checks.height < self.around.plan.blocks
        ):
            return False
        height = nodes[0].running.machine.height
        if any(node.running.machine.height != height for node in nodes):
            return False
        return all(self.checks.attested(node.member, node.running.attestation.newest()) == height + 1 for node in nodes)

    def _restart_all(self) -> None:
        """Every node comes back from its disk alone, and one with an empty disk from all the blocks, to the same state."""
        fullest = max(self.nodes, key=lambda node: node.height)
        unwatched = self.around._replace(checks=Checks(self.around.founding, frozenset()))
        newcomer = Node(unwatched, fullest.member)
        newcomer.blocks = list(fullest.blocks)
        expected = _place(fullest.running.machine)
        for node in (*self.nodes, newcomer):
            if node is not newcomer:
                node.fall()
            node.start()
            if node.height == fullest.height and _place(node.running.machine) != expected:
                raise Violation(Rule.RECOVERY, f"node {node.member} came back from its disk to another state")


def _place(machine: OrderedMachine) -> tuple[int, bytes]:
    state = machine.state
    assert state is not None
    return machine.height, state.root
