"""A contract to try the kernel on: berths that open, are taken and close, and rules that break what a rule may break."""

import types
from collections.abc import Iterator
from typing import Any

from infoharbor.contractkit import (
    ANYONE,
    CALENDAR,
    NEW,
    Action,
    Contract,
    Ledger,
    Move,
    Record,
    Role,
    Status,
    all_of,
    ensure,
    invariant,
    when_due,
)
from infoharbor.contractkit.types import Instant, Integer
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS
from infoharbor.contracts.identity.records import User, UserKind, UserStatus
from infoharbor.engine.trial import Trial
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts

HOME, GUEST, THIRD = EXPORTER.id, IMPORTER.id, PLAYERS[0].id
HOUR = 60 * 60 * 1000
PILOT = Role("pilot")


class BerthStatus(Status):
    FREE = "free"
    TAKEN = "taken"
    LEFT = "left"
    CLOSED = "closed"
    TOWED = "towed"


class Berth(Record, table="berths"):
    """A berth that its owner opens to a guest until it closes."""

    __module__ = "tests.pier.records"
    id: str
    owner: str
    guests: tuple[str, ...]
    closes: Instant
    status: BerthStatus

    moves = (
        Move(NEW, BerthStatus.FREE, by="owner"),
        Move(BerthStatus.FREE, BerthStatus.TAKEN, by="guests"),
        Move(BerthStatus.TAKEN, BerthStatus.LEFT, by=all_of("owner", "guests")),
        Move(BerthStatus.LEFT, BerthStatus.FREE, by=ANYONE),
        Move(BerthStatus.LEFT, BerthStatus.TOWED, by="owner", via=("Tow",)),
        Move(BerthStatus.TAKEN, BerthStatus.FREE, by=Contract("customs")),
        Move(BerthStatus.TAKEN, BerthStatus.TOWED, by=PILOT.of("owner")),
        Move(BerthStatus.FREE, BerthStatus.CLOSED, by=CALENDAR),
    )


class Note(Record, table="notes", key=("berth", "number")):
    """A note without a status, kept under its berth."""

    __module__ = "tests.pier.records"
    berth: str
    number: str
    text: str


class Open(Action):
    """Open a berth."""

    __module__ = "tests.pier.actions"
    id: str
    owner: str
    guests: tuple[str, ...]
    closes: Instant

    def apply(self, ledger: Ledger) -> None:
        ledger.put(Berth(self.id, self.owner, self.guests, self.closes, BerthStatus.FREE))


class MoveTo(Action):
    """Give a berth another status; `rename` tries to change its key on the way."""

    __module__ = "tests.pier.actions"
    id: str
    status: BerthStatus
    rename: str = ""

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Berth, self.id, self.status, **({"id": self.rename} if self.rename else {}))


class Tow(Action):
    """Tow away what lies at a berth."""

    __module__ = "tests.pier.actions"
    id: str

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Berth, self.id, BerthStatus.TOWED)


class PutAs(Action):
    """Put a berth with this status, as a careless contract would."""

    __module__ = "tests.pier.actions"
    id: str
    status: BerthStatus

    def apply(self, ledger: Ledger) -> None:
        found = ledger.find(Berth, self.id)
        fresh = Berth(self.id, ledger.actor, (), HOUR**2, self.status)
        ledger.put(fresh if found is None else found.replace(status=self.status))


class Write(Action):
    """Write notes under a berth."""

    __module__ = "tests.pier.actions"
    berth: str
    number: str
    count: Integer = 1
    size: Integer = 0

    def apply(self, ledger: Ledger) -> None:
        for place in range(self.count):
            number = self.number if self.count == 1 else f"{self.number}{place:05}"
            ledger.put(Note(self.berth, number, "x" * self.size))


class WriteNew(Action):
    """Write a note that must not be there yet."""

    __module__ = "tests.pier.actions"
    berth: str
    number: str

    def apply(self, ledger: Ledger) -> None:
        ledger.create(Note(self.berth, self.number, ""))


class Erase(Action):
    """Delete a note, and write it again if told so."""

    __module__ = "tests.pier.actions"
    berth: str
    number: str
    again: bool = False

    def apply(self, ledger: Ledger) -> None:
        note = Note(self.berth, self.number, "")
        ledger.delete(note)
        if self.again:
            ledger.put(note)


class Trespass(Action):
    """Write a record of another contract."""

    __module__ = "tests.pier.actions"

    def apply(self, ledger: Ledger) -> None:
        ledger.put(User("trespasser", ledger.actor, UserKind.PERSON, UserStatus.ACTIVE, ()))


class Break(Action):
    """Divide by zero after writing."""

    __module__ = "tests.pier.actions"

    def apply(self, ledger: Ledger) -> None:
        ledger.put(Note("a", "written-in-vain", ""))
        ensure(1 // 0, "never")


class Count(Action):
    """Refuse with the free berths' ids, so that a test sees what a contract sees."""

    __module__ = "tests.pier.actions"
    after: str = ""

    def apply(self, ledger: Ledger) -> None:
        free = [berth.id for berth in ledger.scan(Berth, after=self.after) if berth.status == BerthStatus.FREE]
        ensure(False, "free", expected=",".join(free))


@when_due(Berth, status=BerthStatus.FREE, at="closes")
def close(ledger: Ledger, berth: Berth) -> None:
    """A berth that nobody took closes."""
    ledger.move(Berth, berth.id, BerthStatus.CLOSED)


@invariant
def closed_berths_are_past(ledger: Ledger) -> Iterator[str]:
    """Nothing closes before its time."""
    for berth in ledger.scan(Berth):
        if berth.status == BerthStatus.CLOSED and berth.closes > ledger.now:
            yield f"pier/berths/{berth.id}"


def module(name: str, *members: Any) -> types.ModuleType:
    made = types.ModuleType(f"tests.pier.{name}")
    for member in members:
        member.__module__ = made.__name__
        setattr(made, member.__name__, member)
    return made


RULES = {
    "records": module("records", Berth, Note),
    "actions": module(
        "actions", Open, MoveTo, Tow, PutAs, Write, WriteNew, Erase, Trespass, Break, Count, closed_berths_are_past
    ),
}
PIER = LoadedContract("pier", "tests.pier", 1, bytes(32), RULES)
FOUNDATION = [contract for contract in find_contracts() if contract.name in ("identity", "governance")]


def status(trial: Trial) -> BerthStatus:
    return trial.get(Berth, "berth").status
