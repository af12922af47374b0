"""A contract for attacks: its records fall due and fail, its actions go deep, go through much, or explode."""

import types
from typing import Any

from infoharbor.contractkit import ANYONE, CALENDAR, NEW, Action, Ledger, Move, Record, Status, ensure, when_due
from infoharbor.contractkit.types import Count, Instant
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts


class FuseStatus(Status):
    LIT = "lit"
    OUT = "out"


class Fuse(Record, table="fuses"):
    """Goes out at its time, unless it is spoilt: then its due move fails each time it is tried, until it is dried."""

    __module__ = "tests.fuse.records"
    id: str
    ends: Instant
    spoilt: bool
    status: FuseStatus

    moves = (Move(NEW, FuseStatus.LIT, by=ANYONE), Move(FuseStatus.LIT, FuseStatus.OUT, by=CALENDAR))


class Ash(Record, table="ashes", key=("pile", "id")):
    """Comes and goes, and leaves a tombstone."""

    __module__ = "tests.fuse.records"
    pile: str
    id: str


class Light(Action):
    """Light many fuses that end at the same time."""

    __module__ = "tests.fuse.actions"
    name: str
    count: Count
    ends: Instant
    spoilt: bool

    def apply(self, ledger: Ledger) -> None:
        for number in range(self.count):
            ledger.put(Fuse(f"{self.name}{number:05}", self.ends, self.spoilt, FuseStatus.LIT))


class Look(Action):
    """Refuse with the status of a fuse, as a contract that reads it finds it."""

    __module__ = "tests.fuse.actions"
    name: str

    def apply(self, ledger: Ledger) -> None:
        ensure(False, "seen", expected=ledger.get(Fuse, self.name).status)


class Dry(Action):
    """Make a spoilt fuse good, and look at it."""

    __module__ = "tests.fuse.actions"
    name: str

    def apply(self, ledger: Ledger) -> None:
        ledger.put(Ash("dry", self.name))
        ledger.get(Fuse, self.name)


class Burn(Action):
    """Write ashes and blow them away at once: nothing is left but tombstones."""

    __module__ = "tests.fuse.actions"
    pile: str
    count: Count

    def apply(self, ledger: Ledger) -> None:
        for number in range(self.count):
            ledger.put(Ash(self.pile, f"{number:05}"))
            ledger.delete(Ash(self.pile, f"{number:05}"))


class Sift(Action):
    """Go through a pile."""

    __module__ = "tests.fuse.actions"
    pile: str

    def apply(self, ledger: Ledger) -> None:
        ensure(not list(ledger.scan(Ash, self.pile)), "ashes")


class Explode(Action):
    """Fault in a way of one's choice."""

    __module__ = "tests.fuse.actions"
    how: str

    def apply(self, ledger: Ledger) -> None:
        ledger.put(Ash("explosion", self.how))
        match self.how:
            case "division":
                ensure(1 // 0, "never")
            case "large integer":
                ledger.put(Fuse("large", 2**200, False, FuseStatus.LIT))
            case "deep":
                encode(deep(5_000))
            case "verbose":
                ensure(False, "verbose", field="字" * 400, expected="字" * 4_000)
            case "surrogate":
                ensure(False, "surrogate", field="\ud800", expected="\udfff" * 500)


def deep(levels: int) -> Any:
    nested: Any = 0
    for _ in range(levels):
        nested = [nested]
    return nested


@when_due(Fuse, status=FuseStatus.LIT, at="ends")
def go_out(ledger: Ledger, fuse: Fuse) -> None:
    ensure(not fuse.spoilt or ledger.find(Ash, "dry", fuse.id) is not None, "spoilt")
    ledger.move(Fuse, fuse.id, FuseStatus.OUT)


def module(name: str, *members: Any) -> types.ModuleType:
    made = types.ModuleType(f"tests.fuse.{name}")
    for member in members:
        member.__module__ = made.__name__
        setattr(made, member.__name__, member)
    return made


RULES = {"records": module("records", Fuse, Ash), "actions": module("actions", Light, Look, Dry, Burn, Sift, Explode)}
FUSE = LoadedContract("fuse", "tests.fuse", 1, bytes(32), RULES)
FOUNDATION = [contract for contract in find_contracts() if contract.name in ("identity", "governance")]
