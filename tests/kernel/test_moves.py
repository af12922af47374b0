"""What the kernel enforces on any contract: moves, ownership, keys used once, due moves, ceilings."""

import types
from collections.abc import Iterator
from typing import Any

import pytest

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
from infoharbor.contracts.identity.actions import GrantRole
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS
from infoharbor.contracts.identity.records import User, UserKind, UserStatus
from infoharbor.engine.trial import Trial
from infoharbor.kernel import limits
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts
from infoharbor.kernel.transaction import Ceilings

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

    def apply(self, ledger: Ledger) -> None:
        free = [berth.id for berth in ledger.scan(Berth) if berth.status == BerthStatus.FREE]
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


@pytest.fixture
def trial() -> Trial:
    """A ledger with the pier and one free berth for the guest, which closes in an hour."""
    made = Trial(PLAYERS, registry=Registry([*FOUNDATION, PIER]))
    made.act(Open("berth", HOME, (GUEST,), made.now + HOUR), by=HOME)
    return made


def status(trial: Trial) -> BerthStatus:
    return trial.get(Berth, "berth").status


# Moves


def test_a_creation_is_a_move_and_open_to_whom_it_names(trial: Trial) -> None:
    trial.refuses(Open("other", HOME, (), 0), by=GUEST, code="ledger.not_entitled", field="by")
    trial.refuses(PutAs("other", BerthStatus.TAKEN), by=HOME, code="ledger.move_undeclared", field="status")


def test_a_status_follows_by_declared_moves_only(trial: Trial) -> None:
    for after in (BerthStatus.LEFT, BerthStatus.FREE, BerthStatus.TOWED):
        trial.refuses(MoveTo("berth", after), by=GUEST, code="ledger.move_undeclared", field="status")
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    assert status(trial) == BerthStatus.TAKEN


def test_a_status_never_changes_by_put(trial: Trial) -> None:
    trial.refuses(PutAs("berth", BerthStatus.TAKEN), by=GUEST, code="ledger.status_by_put", field="status")
    trial.act(PutAs("berth", BerthStatus.FREE), by=GUEST)


@pytest.mark.parametrize("who", [HOME, THIRD])
def test_a_move_is_open_to_the_named_fields_organisations_only(trial: Trial, who: str) -> None:
    trial.refuses(MoveTo("berth", BerthStatus.TAKEN), by=who, code="ledger.not_entitled", field="by")


def test_parties_that_move_together_all_act(trial: Trial) -> None:
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    for who in (HOME, GUEST, THIRD):
        trial.refuses(MoveTo("berth", BerthStatus.LEFT), by=who, code="ledger.not_entitled")
    trial.refuses(MoveTo("berth", BerthStatus.LEFT), by=(GUEST, THIRD), code="ledger.not_entitled")
    trial.act(MoveTo("berth", BerthStatus.LEFT), by=(THIRD, GUEST, HOME))
    trial.act(MoveTo("berth", BerthStatus.FREE), by=THIRD)


def test_a_move_via_an_action_is_made_by_no_other(trial: Trial) -> None:
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    trial.act(MoveTo("berth", BerthStatus.LEFT), by=(HOME, GUEST))
    trial.refuses(MoveTo("berth", BerthStatus.TOWED), by=HOME, code="ledger.move_undeclared", field="status")
    trial.refuses(Tow("berth"), by=GUEST, code="ledger.not_entitled")
    trial.act(Tow("berth"), by=HOME)


def test_a_role_counts_in_the_named_organisations_country_only(trial: Trial) -> None:
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    trial.decide(GrantRole(THIRD, "pilot", "VN", 0, 0, ""))
    trial.refuses(MoveTo("berth", BerthStatus.TOWED), by=THIRD, code="ledger.not_entitled")
    trial.decide(GrantRole(THIRD, "pilot", "CN", 0, 0, ""))
    receipt = trial.act(MoveTo("berth", BerthStatus.TOWED), by=THIRD)
    assert receipt.relied == (f"identity/accreditations/{THIRD}/pilot/CN",)


def test_neither_a_members_nor_anothers_name_stands_for_the_calendar_or_a_contract(trial: Trial) -> None:
    trial.refuses(MoveTo("berth", BerthStatus.CLOSED), by=HOME, code="ledger.not_entitled")
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    trial.refuses(MoveTo("berth", BerthStatus.FREE), by=(HOME, GUEST), code="ledger.not_entitled")
    for name in ("ledger:genesis", "ledger:calendar", "contract:customs"):
        with pytest.raises(Refusal) as refused:
            trial.act(MoveTo("berth", BerthStatus.FREE), by=name, users=[trial.cast.signer(HOME)])
        assert refused.value.code == "identity.organisation_unknown"


def test_a_move_cannot_change_the_key(trial: Trial) -> None:
    trial.refuses(MoveTo("berth", BerthStatus.TAKEN, "elsewhere"), by=GUEST, code="contract.fault")


def test_a_record_that_is_not_there_cannot_move(trial: Trial) -> None:
    trial.refuses(MoveTo("nothing", BerthStatus.TAKEN), by=GUEST, code="ledger.record_unknown", field="id")


# Ownership and keys


def test_a_contract_writes_its_own_records_only(trial: Trial) -> None:
    trial.refuses(Trespass(), by=HOME, code="contract.fault")


def test_a_contracts_own_error_changes_nothing_and_the_ledger_goes_on(trial: Trial) -> None:
    trial.refuses(Write("a", "1"), Break(), by=HOME, code="contract.fault")
    trial.act(Write("a", "1"), by=HOME)


def test_a_refused_bundle_names_the_action_that_failed(trial: Trial) -> None:
    with pytest.raises(Refusal):
        trial.act(Write("a", "1"), MoveTo("nothing", BerthStatus.TAKEN), by=HOME)
    assert trial.find(Note, "a", "1") is None


def test_a_deleted_key_is_never_used_again(trial: Trial) -> None:
    trial.act(Write("a", "1"), by=HOME)
    trial.refuses(Erase("a", "1", again=True), by=HOME, code="ledger.key_reused", field="number")
    trial.act(Erase("a", "1"), by=HOME)
    trial.refuses(Write("a", "1"), by=HOME, code="ledger.key_reused", field="number")
    trial.refuses(Write("b", "1"), Erase("b", "1"), Write("b", "1"), by=HOME, code="ledger.key_reused")
    assert trial.find(Note, "a", "1") is None


def test_a_new_record_takes_no_others_place(trial: Trial) -> None:
    trial.act(WriteNew("a", "1"), by=HOME)
    trial.refuses(WriteNew("a", "1"), by=HOME, code="ledger.record_known", field="number")
    trial.act(Erase("a", "1"), by=HOME)
    trial.refuses(WriteNew("a", "1"), by=HOME, code="ledger.key_reused", field="number")


def test_what_is_not_there_cannot_be_deleted(trial: Trial) -> None:
    trial.refuses(Erase("a", "1"), by=HOME, code="ledger.record_unknown", field="number")


@pytest.mark.parametrize("number", ["", "é", "line\nbreak", "x" * limits.KEY_BYTES])
def test_a_key_is_printable_ascii_of_bounded_length(trial: Trial, number: str) -> None:
    if number:
        trial.refuses(Write("a", number), by=HOME, code="ledger.key", field="number")
    else:
        trial.act(Write("a", number), by=HOME)


def test_no_two_keys_share_a_path(trial: Trial) -> None:
    trial.act(Write("a", "b/c"), by=HOME)
    trial.refuses(Write("a/b", "c"), by=HOME, code="ledger.key", field="berth")


def test_no_record_outgrows_its_limit(trial: Trial) -> None:
    huge = Write("a", "1", 1, limits.RECORD_BYTES)
    trial.refuses(huge, by=HOME, code="ledger.record_too_large", field="notes")


# Time


def test_the_calendar_moves_what_is_due(trial: Trial) -> None:
    closes = trial.get(Berth, "berth").closes
    assert trial.advance(closes - trial.now - 1) == []
    receipts = trial.advance(1)
    assert [receipt.code for receipt in receipts] == [""]
    assert receipts[0].writes == (("pier/berths/berth", 2),)
    assert status(trial) == BerthStatus.CLOSED
    trial.audit()


def test_what_moved_in_time_is_not_due_any_more(trial: Trial) -> None:
    trial.act(MoveTo("berth", BerthStatus.TAKEN), by=GUEST)
    assert trial.advance(2 * HOUR) == []
    assert status(trial) == BerthStatus.TAKEN


def test_a_due_move_runs_before_any_access_though_the_calendar_be_late(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial.view, "due", lambda until, most: [])
    trial.advance(HOUR)
    assert status(trial) == BerthStatus.FREE
    trial.refuses(MoveTo("berth", BerthStatus.TAKEN), by=GUEST, code="ledger.move_undeclared", field="status")
    with pytest.raises(Refusal) as refused:
        trial.act(Count(), by=GUEST)
    assert (refused.value.code, refused.value.expected) == ("pier.free", "")
    monkeypatch.undo()
    trial.advance(1)
    assert status(trial) == BerthStatus.CLOSED


class Skipping:
    """Skips of one due move, which a later version of the contract makes again."""

    def __init__(self, height: int, identifier: str, path: str) -> None:
        self._height, self._identifier, self._path = height, bytes.fromhex(identifier), path
        self.mended = False

    def at(self, height: int, view: Any) -> list[bytes]:
        return [self._identifier] if height == self._height else []

    def held(self, height: int, active: Any) -> set[str]:
        return {self._path} if height >= self._height and not self.mended else set()


def test_a_due_move_that_is_skipped_is_left_until_its_contract_is_mended(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every node stops again an hour later, or when somebody reaches for the record."""
    move = Ledger.move

    def failing(ledger: Ledger, of: Any, *key: Any, **changes: Any) -> Any:
        if BerthStatus.CLOSED in key:
            raise MemoryError
        return move(ledger, of, *key, **changes)

    monkeypatch.setattr(Ledger, "move", failing)
    with pytest.raises(MemoryError) as stopped:
        trial.advance(HOUR)
    (note,) = stopped.value.__notes__
    place, transaction, record = note.split(", ")
    assert record == "due move of pier/berths/berth"
    skips = Skipping(int(place.split()[1]), transaction.split()[1], record.removeprefix("due move of "))
    trial.chain = trial.executor.chain = trial.chain._replace(skips=skips)
    assert [receipt.code for receipt in trial.advance(0)] == ["contract.poison"]
    assert [receipt.code for receipt in trial.advance(HOUR)] == ["contract.held"]
    for action in (MoveTo("berth", BerthStatus.TAKEN), Count()):
        trial.refuses(action, by=GUEST, code="contract.held")
    assert [receipt.code for receipt in trial.advance(HOUR)] == ["contract.held"]
    monkeypatch.undo()
    skips.mended = True
    assert [receipt.code for receipt in trial.advance(HOUR)] == [""]
    assert status(trial) == BerthStatus.CLOSED


def test_a_block_makes_no_more_due_moves_than_its_limit(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DUE_MOVES_PER_BLOCK", 2)
    for number in range(4):
        trial.act(Open(f"berth-{number}", HOME, (), trial.now + HOUR), by=HOME)
    assert [len(trial.advance(2 * HOUR)) for _ in range(4)] == [2, 2, 1, 0]


# Ceilings


@pytest.mark.parametrize(
    ("ceilings", "field"),
    [
        (Ceilings(3, 10, 1000), "ceilings.reads"),
        (Ceilings(1000, 4, 1000), "ceilings.writes"),
        (Ceilings(1000, 10, 20), "ceilings.written_bytes"),
    ],
)
def test_a_bundle_keeps_to_its_ceilings(trial: Trial, ceilings: Ceilings, field: str) -> None:
    before = dict(trial.view.entries)
    with pytest.raises(Refusal) as refused:
        trial.act(Write("a", "n", 5, 5), by=HOME, ceilings=ceilings)
    assert (refused.value.code, refused.value.field) == ("ledger.ceiling", field)
    assert trial.view.entries == before
    trial.act(Write("a", "n", 5, 5), by=HOME, ceilings=Ceilings(1000, 5, 1000))
