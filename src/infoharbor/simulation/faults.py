"""What goes wrong in a simulated network, and how badly: all of it from the seed."""

from enum import StrEnum
from random import Random
from typing import NamedTuple


class Fault(StrEnum):
    """The kinds of faults; each can be left out."""

    DELAY = "delay"
    LOSS = "loss"
    DUPLICATE = "duplicate"
    PARTITION = "partition"
    CRASH = "crash"
    SKEW = "skew"
    HOSTILE = "hostile"


class Plan(NamedTuple):
    """One history: everything in it follows from these."""

    seed: int
    organisations: int = 4
    blocks: int = 8
    """At least so many heights are decided while faults go on."""
    faults: frozenset[Fault] = frozenset(Fault)
    hostile: int | None = None
    """How many organisations are hostile; by default as many as may be, which is less than a third."""
    stories: tuple[str, ...] = ()

    @property
    def hostile_count(self) -> int:
        if Fault.HOSTILE not in self.faults:
            return 0
        return (self.organisations - 1) // 3 if self.hostile is None else self.hostile

    def chance(self, purpose: str) -> Random:
        """A stream of chance for one purpose, so that leaving out one fault changes the others little."""
        return Random(f"{self.seed}/{purpose}")


class Weather(NamedTuple):
    """How bad it is in this history, in parts of a thousand and milliseconds."""

    delayed: int
    delay_most: int
    lost: int
    duplicated: int
    partition_every: int
    crash_every: int
    skew_most: int

    @classmethod
    def of(cls, plan: Plan) -> "Weather":
        chance, on = plan.chance("weather"), plan.faults
        return cls(
            delayed=chance.randint(0, 200) if Fault.DELAY in on else 0,
            delay_most=chance.choice((200, 1_000, 4_000)),
            lost=chance.choice((0, 10, 50, 200)) if Fault.LOSS in on else 0,
            duplicated=chance.randint(0, 150) if Fault.DUPLICATE in on else 0,
            partition_every=chance.choice((0, 1_000, 3_000)) if Fault.PARTITION in on else 0,
            crash_every=chance.choice((0, 500, 1_500)) if Fault.CRASH in on else 0,
            skew_most=chance.choice((0, 500, 4_000)) if Fault.SKEW in on else 0,
        )


CALM = Weather(0, 0, 0, 0, 0, 0, 0)
"""After the faults: everyone hears everyone at once."""
