"""What the kernel moves when its time has come: once, before any access, a bounded number in a block, and around what is held."""

from typing import Any

import pytest
from pier import GUEST, HOME, HOUR, Berth, BerthStatus, Count, MoveTo, Open, status

from infoharbor.contractkit import Ledger
from infoharbor.engine.trial import Trial
from infoharbor.kernel import limits
from infoharbor.kernel.refusal import Refusal


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


def test_a_scan_that_meets_a_held_record_is_refused_and_every_other_goes_on(trial: Trial) -> None:
    """What a rule would decide without the record, or by it as it stood, nobody knows."""
    trial.act(Open("later", HOME, (), trial.now + HOUR**2), by=HOME)
    trial.chain = trial.executor.chain = trial.chain._replace(skips=Skipping(0, "", "pier/berths/berth"))
    trial.advance(HOUR)
    trial.refuses(Count(), by=GUEST, code="contract.held")
    trial.refuses(Count(after="berth"), by=GUEST, code="pier.free")


def test_a_block_makes_no_more_due_moves_than_its_limit(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DUE_MOVES_PER_BLOCK", 2)
    for number in range(4):
        trial.act(Open(f"berth-{number}", HOME, (), trial.now + HOUR), by=HOME)
    assert [len(trial.advance(2 * HOUR)) for _ in range(4)] == [2, 2, 1, 0]
