"""Files of a contract's next version run the version in force to the byte; what they add begins with their version."""

import json
import types
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infoharbor.contractkit import ANYONE, CALENDAR, NEW, Action, Ledger, Move, Parameter, Record, Status, when_due
from infoharbor.contractkit.types import Instant
from infoharbor.contracts.governance.actions import ActivateContract, SetParameter
from infoharbor.contracts.identity.attesting import BeginAttesting
from infoharbor.contracts.identity.demo import EXPORTER, PLAYERS
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.trial import START, MemoryView, Trial
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.execution import Executor
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts
from infoharbor.kernel.tree import Tree

HOME = EXPORTER.id
RULES = bytes(32)
HOUR = 60 * 60 * 1000


class SlotStatus(Status):
    FREE = "free"
    TAKEN = "taken"
    PAST = "past"


class LaterStatus(Status):
    FREE = "free"
    TAKEN = "taken"
    PAST = "past"
    SOLD = "sold"


class Slot(Record, table="slots"):
    """A slot as version 1 keeps it."""

    __module__ = "tests.dock.records"
    id: str
    ends: Instant
    status: SlotStatus

    moves = (
        Move(NEW, SlotStatus.FREE, by=ANYONE),
        Move(SlotStatus.FREE, SlotStatus.TAKEN, by=ANYONE),
        Move(SlotStatus.FREE, SlotStatus.PAST, by=CALENDAR),
    )


class LaterSlot(Record, table="slots"):
    """A slot as version 2 keeps it: with a price, and one more status that time brings too."""

    __module__ = "tests.dock.records"
    id: str
    ends: Instant
    status: LaterStatus
    price: str = ""

    moves = (
        Move(NEW, LaterStatus.FREE, by=ANYONE),
        Move(LaterStatus.FREE, LaterStatus.TAKEN, by=ANYONE),
        Move(LaterStatus.FREE, LaterStatus.PAST, by=CALENDAR),
        Move(LaterStatus.FREE, LaterStatus.SOLD, by=ANYONE, since=2),
        Move(LaterStatus.TAKEN, LaterStatus.SOLD, by=CALENDAR, since=2),
    )
    earlier_schemas = ((1, record_type(Slot).schema.decode()),)


def files(slot: Any, statuses: Any) -> list[Any]:
    """The parts that read the same in both versions' files."""

    class Open(Action):
        """Open a slot."""

        __module__ = "tests.dock.records"
        id: str
        ends: Instant

        def apply(self, ledger: Ledger) -> None:
            ledger.create(slot(self.id, self.ends, statuses.FREE))

    class MoveTo(Action):
        """Give a slot another status."""

        __module__ = "tests.dock.records"
        id: str
        status: str

        def apply(self, ledger: Ledger) -> None:
            ledger.move(slot, self.id, self.status)

    @when_due(slot, status=statuses.FREE, at="ends")
    def end(ledger: Ledger, found: Any) -> None:
        ledger.move(slot, found.id, statuses.PAST)

    return [slot, Open, MoveTo]


class Reprice(Action, since=2):
    """Give a slot a price."""

    __module__ = "tests.dock.records"
    id: str

    def apply(self, ledger: Ledger) -> None:
        ledger.put(ledger.get(LaterSlot, self.id).replace(price="dear"))


class Open2(Action, name="Open", since=2):
    """Open a slot that has a price; it has a third field, which version 1 does not know."""

    __module__ = "tests.dock.records"
    id: str
    ends: Instant
    price: str

    def apply(self, ledger: Ledger) -> None:
        ledger.create(LaterSlot(self.id, self.ends, LaterStatus.FREE, self.price))


@when_due(LaterSlot, status=LaterStatus.TAKEN, at="ends", since=2)
def sell(ledger: Ledger, found: LaterSlot) -> None:
    """What is taken at its end is sold."""
    ledger.move(LaterSlot, found.id, LaterStatus.SOLD)


FEE = Parameter("dock.fee", 1, "cents", since=2)
OLD = files(Slot, SlotStatus)
NEXT = [*files(LaterSlot, LaterStatus), Reprice, Open2, FEE]
Open, MoveTo = OLD[1:]


def registry(members: list[Any], *, version: int = 1) -> Registry:
    made = types.ModuleType("tests.dock.records")
    for at, member in enumerate(members):
        setattr(made, f"member_{at}", member)
    return Registry([*find_contracts(), LoadedContract("dock", "tests.dock", version, RULES, {"records": made})])


@pytest.fixture
def both() -> tuple[Trial, Trial]:
    """The same ledger, kept by the files of version 1 and by those of version 2. Version 1 is in force."""
    return Trial(PLAYERS, registry=registry(OLD)), Trial(PLAYERS, registry=registry(NEXT))


names = st.sampled_from(["a", "b", "c"])
deeds = st.one_of(
    st.builds(Open, names, st.integers(0, 5).map(lambda hours: START + hours * HOUR)),
    st.builds(MoveTo, names, st.sampled_from(["free", "taken", "past", "sold"])),
    st.integers(0, 2),
)


@settings(max_examples=30, deadline=None)
@given(told=st.lists(deeds, max_size=12))
@example(told=[Open("a", START + HOUR), MoveTo("a", "taken"), 2])
@example(told=[Open("a", START + HOUR), MoveTo("a", "sold"), 2])
def test_the_next_files_run_the_version_in_force_to_the_byte(told: list[Any]) -> None:
    """Refusals and what they expect, schemas, the calendar, every header."""
    trials = Trial(PLAYERS, registry=registry(OLD)), Trial(PLAYERS, registry=registry(NEXT))
    for deed in told:
        outcomes = []
        for trial in trials:
            try:
                outcomes.append(trial.advance(deed * HOUR) if type(deed) is int else trial.act(deed, by=HOME))
            except Refusal as refusal:
                outcomes.append((refusal.code, refusal.field, refusal.expected))
        assert outcomes[0] == outcomes[1]
    old, new = trials
    assert old.headers == new.headers
    assert old.view.entries == new.view.entries
    assert old.view._due == new.view._due


def activate(trial: Trial) -> None:
    trial.decide(ActivateContract("dock", 2, RULES))
    trial.advance(1000)


def slot_of(trial: Trial) -> LaterSlot:
    return trial.get(LaterSlot, "a")


@pytest.fixture
def later(both: tuple[Trial, Trial]) -> Trial:
    """A slot is taken under version 1; the files are those of version 2."""
    trial = both[1]
    trial.act(Open("a", trial.now + HOUR), by=HOME)
    trial.act(MoveTo("a", "taken"), by=HOME)
    return trial


def test_an_action_begins_with_its_version(later: Trial) -> None:
    later.refuses(Reprice("a"), by=HOME, code="ledger.action_unknown")
    activate(later)
    later.act(Reprice("a"), by=HOME)
    assert slot_of(later).price == "dear"
    later.refuses(Open("b", later.now), by=HOME, code="ledger.malformed")
    later.act(Open2("b", later.now, "cheap"), by=HOME)


def test_a_record_keeps_its_old_form_until_it_is_written_again(later: Trial) -> None:
    path = "dock/slots/a"
    before = later.view.entry(path)
    activate(later)
    kept = later.view.entry(path)
    assert before is not None
    assert kept == before
    assert before.schema == record_type(Slot).schema_hash
    later.act(Reprice("a"), by=HOME)
    written = later.view.entry(path)
    assert written is not None
    assert written.schema == record_type(LaterSlot).schema_hash
    texts = later.registry.schemas
    assert [json.loads(texts[each.schema])["fields"][-1][0] for each in (before, written)] == ["status", "price"]


def test_a_move_begins_with_its_version(later: Trial) -> None:
    later.act(Open("b", later.now + HOUR), by=HOME)
    later.refuses(MoveTo("b", "sold"), by=HOME, code="ledger.move_undeclared")
    activate(later)
    later.act(MoveTo("b", "sold"), by=HOME)


def test_a_due_move_begins_with_its_version_and_knows_what_is_written_again(later: Trial) -> None:
    activate(later)
    later.act(Reprice("a"), by=HOME)
    later.advance(HOUR)
    assert slot_of(later).status == LaterStatus.SOLD


def test_a_due_move_runs_on_an_old_record_when_it_is_next_read(later: Trial) -> None:
    later.advance(2 * HOUR)
    assert slot_of(later).status == LaterStatus.TAKEN
    activate(later)
    assert slot_of(later).status == LaterStatus.TAKEN
    later.act(Reprice("a"), by=HOME)
    assert (slot_of(later).status, slot_of(later).price) == (LaterStatus.SOLD, "dear")


def test_a_parameter_begins_with_its_version(later: Trial) -> None:
    with pytest.raises(Refusal) as refused:
        later.decide(SetParameter(FEE.name, 2))
    assert refused.value.code == "governance.parameter_unknown"
    activate(later)
    later.decide(SetParameter(FEE.name, 2))


def test_a_table_changes_by_fields_at_its_end_that_have_defaults() -> None:
    for text in ('{"fields":[["id","str"],["ends","int"],["gone","str"]]}', '{"fields":[["id","str"],["ends","int"]]}'):

        class Changed(Record, table="slots"):
            __module__ = "tests.dock.records"
            id: str
            ends: Instant
            status: SlotStatus
            earlier_schemas = ((1, text),)

        with pytest.raises(TypeError, match="after version 1"):
            record_type(Changed)


def test_a_genesis_is_read_by_the_versions_that_it_activates() -> None:
    founding = genesis(
        "dock", suite="sha256", time=START, secret=bytes(32), registry=registry(OLD), founders=[],
        decisions=[Open("a", START + HOUR)],
    )  # fmt: skip
    headers = []
    for known in (registry(OLD), registry(NEXT, version=2)):
        chain = Chain(chain_id(founding), known.suite, bytes(32), known)
        executor = Executor(chain, Tree(known.suite, {}.get), ReplayDigest(known.suite))
        headers.append(executor.found(founding, MemoryView()).header_bytes)
    assert headers[0] == headers[1]


def test_an_action_of_another_contract_makes_no_version_of_ones_own() -> None:
    contracts = {each.name: each for each in find_contracts()}
    assert BeginAttesting.__action__.since == contracts["identity"].version == 2
    assert vars(contracts["governance"].modules["actions"])["BeginAttesting"] is BeginAttesting
    assert contracts["governance"].version == 1
