"""Simulated time and the messages in it: late, lost, twice, out of order, or cut off, as the seed has it."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from infoharbor.simulation.faults import CALM, Plan, Weather

DELAY_LEAST_MS, DELAY_USUAL_MS = 2, 40


class Receiver(Protocol):
    """Who hears messages."""

    def hear(self, sender: int, message: Any) -> None: ...


class _Event(NamedTuple):
    at: int
    number: int
    """Events of one moment happen in the order in which they were planned."""
    happen: Callable[[], None]


class Network:
    """The one clock behind all clocks, and everything that will happen. `digest` commits to all that has happened."""

    def __init__(self, plan: Plan, begin: int) -> None:
        self.now, self.weather = begin, Weather.of(plan)
        self.members: list[Receiver] = []
        self._chance = plan.chance("network")
        self._events: list[_Event] = []
        self._planned = 0
        self._side: dict[int, int] = {}
        self._history = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._history.hexdigest()

    def note(self, *what: object) -> None:
        """Make this a part of the history: numbers, text and bytes alone, so that it is the same in every process."""
        self._history.update(repr((self.now, *what)).encode())

    def after(self, milliseconds: int, happen: Callable[[], None]) -> None:
        self._planned += 1
        heapq.heappush(self._events, _Event(self.now + milliseconds, self._planned, happen))

    def step(self) -> None:
        """Let the next event happen."""
        event = heapq.heappop(self._events)
        self.now = max(self.now, event.at)
        event.happen()

    def pass_time(self, milliseconds: int) -> None:
        """Everyone sleeps so long; what was due in between happens late."""
        self.now += milliseconds

    def split(self, side: set[int]) -> None:
        """Nobody of this side hears the others any more."""
        self._side = {member: member in side for member in range(len(self.members))}

    def heal(self) -> None:
        self._side = {}

    def calm(self) -> None:
        """No faults from here on."""
        self.weather = CALM
        self.heal()

    def broadcast(self, sender: int, message: Any) -> None:
        for receiver in range(len(self.members)):
            if receiver != sender:
                self.send(sender, receiver, message)

    def send(self, sender: int, receiver: int, message: Any) -> None:
        chance, weather = self._chance, self.weather
        if self._side.get(sender) != self._side.get(receiver) or chance.randrange(1000) < weather.lost:
            return
        for _ in range(2 if chance.randrange(1000) < weather.duplicated else 1):
            delay = chance.randint(DELAY_LEAST_MS, DELAY_USUAL_MS)
            if chance.randrange(1000) < weather.delayed:
                delay += chance.randint(0, weather.delay_most)
            self.after(delay, lambda: self._deliver(sender, receiver, message))

    def _deliver(self, sender: int, receiver: int, message: Any) -> None:
        if self._side.get(sender) == self._side.get(receiver):
            self.note("hears", sender, receiver, type(message).__name__)
            self.members[receiver].hear(sender, message)
