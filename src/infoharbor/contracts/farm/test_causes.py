"""What is held, recalled or disposed of goes nowhere, nor does what was made of it."""

import pytest

from infoharbor.contracts.farm.actions import DisposeLot, PassTitle, ReleaseLot
from infoharbor.contracts.farm.causes import (
    CAUSES_MAX,
    CloseCause,
    FinishRehearsal,
    OpenCause,
    Rehearsal,
    StartRehearsal,
)
from infoharbor.contracts.farm.certificates import CertifyLot, IssueCertificate, SetScope
from infoharbor.contracts.farm.claims import ClaimIndication
from infoharbor.contracts.farm.conftest import (
    BODY,
    GROWER,
    LEAF,
    NAME,
    STATE,
    TRADER,
    WORKS,
    harvest,
    make,
    number,
    refusal,
)
from infoharbor.contracts.farm.pledges import Basis, IssuePledge
from infoharbor.contracts.farm.records import CauseKind, Lot, LotStatus
from infoharbor.engine.trial import START, Trial


def test_a_recall_is_one_record_and_reaches_what_is_made_later_too(trial: Trial) -> None:
    lots = [harvest(trial, 0)]
    for each in range(1, 6):
        lots.append(make(trial, each, (lots[-1], 100), grams=100, at=START))
    receipt = trial.act(OpenCause("1", lots[0], CauseKind.RECALL, "doubt", None), by=BODY)
    assert len(receipt.writes) == 1
    later = make(trial, "later", (lots[-1], 100), grams=100, at=START)
    for lot in (*lots[1:], later):
        assert refusal(trial, ReleaseLot(lot), GROWER).code == "farm.cause_open"
        trial.refuses(PassTitle(lot, WORKS), by=GROWER, code="farm.cause_open" if lot == later else "farm.nothing_left")
    trial.act(CloseCause(lots[0], f"{BODY}:1", "unfounded"), by=BODY)
    trial.act(ReleaseLot(later), by=GROWER)


def test_a_held_lot_is_refused_everything_that_would_follow(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.act(IssueCertificate("1", GROWER, "CN", "organic", (LEAF,), None, 0, 0), by=BODY)
    trial.act(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    for action in (
        ReleaseLot(lot), PassTitle(lot, WORKS), ClaimIndication(lot, NAME), CertifyLot(lot, f"{BODY}:1"),
        IssuePledge("1", lot, WORKS, 1, Basis.OWN_TEST),
    ):  # fmt: skip
        trial.refuses(action, by=GROWER, code="farm.cause_open", field="lot")
    make(trial, "fact", (lot, 10), grams=10)


def test_each_of_two_causes_holds_by_itself(trial: Trial) -> None:
    lot = harvest(trial, "a")
    for name in ("1", "2"):
        trial.act(OpenCause(name, lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    trial.act(CloseCause(lot, f"{GROWER}:1", "done"), by=GROWER)
    trial.refuses(ReleaseLot(lot), by=GROWER, code="farm.cause_open")
    trial.refuses(CloseCause(lot, f"{GROWER}:1", "done"), by=GROWER, code="ledger.move_undeclared")


def test_a_holder_cannot_close_what_a_certifier_opened(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.refuses(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=TRADER, code="ledger.role_missing")
    trial.act(OpenCause("1", lot, CauseKind.HOLD, "doubt", None), by=BODY)
    trial.refuses(CloseCause(lot, f"{BODY}:1", "done"), by=GROWER, code="ledger.not_entitled")
    trial.act(CloseCause(lot, f"{BODY}:1", "done"), by=STATE)


def test_a_lot_has_a_bounded_number_of_open_causes(trial: Trial) -> None:
    lot = harvest(trial, "a")
    for each in range(CAUSES_MAX):
        trial.act(OpenCause(str(each), lot, CauseKind.HOLD, "doubt", None), by=GROWER)
    trial.refuses(OpenCause("x", lot, CauseKind.HOLD, "doubt", None), by=GROWER, code="farm.causes_count")


def test_too_long_a_past_counts_as_stopped(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    lineage = trial.registry.contracts["farm"].modules["lineage"]
    monkeypatch.setattr(lineage, "ANCESTORS_MAX", 2)
    monkeypatch.setattr(lineage, "DESCENDANTS_MAX", 2)
    first = harvest(trial, 0)
    second = make(trial, 1, (first, 100), grams=100)
    third = make(trial, 2, (second, 100), grams=100)
    trial.act(ReleaseLot(second), by=GROWER)
    trial.refuses(ReleaseLot(third), by=GROWER, code="farm.past_too_long")
    trial.act(StartRehearsal("1", first), by=GROWER)
    trial.refuses(FinishRehearsal(f"{GROWER}:1", ()), by=GROWER, code="farm.reach_too_long")


def test_what_was_disposed_of_is_refused_everything(trial: Trial) -> None:
    lot = harvest(trial, "a")
    trial.refuses(DisposeLot(lot, START), by=WORKS, code="ledger.not_entitled")
    trial.act(DisposeLot(lot, START), by=GROWER)
    trial.refuses(PassTitle(lot, WORKS), by=GROWER, code="farm.disposed")
    for action in (ReleaseLot(lot), DisposeLot(lot, START)):
        trial.refuses(action, by=GROWER, code="ledger.move_undeclared")
    assert trial.get(Lot, lot).status == LotStatus.DISPOSED


def test_a_mock_recall_counts_what_was_found_and_takes_its_time(trial: Trial) -> None:
    first = harvest(trial, "a")
    second = make(trial, "b", (first, 50), grams=50)
    make(trial, "c", (second, 50), grams=50)
    trial.refuses(StartRehearsal("1", first), by=TRADER, code="ledger.not_entitled")
    trial.act(StartRehearsal("1", first), by=GROWER)
    trial.advance(2 * 60 * 60 * 1000)
    trial.refuses(FinishRehearsal(f"{GROWER}:1", ()), by=WORKS, code="ledger.not_entitled")
    trial.act(FinishRehearsal(f"{GROWER}:1", (first, second, number("stray"))), by=GROWER)
    done = trial.get(Rehearsal, f"{GROWER}:1")
    assert (done.reached, done.named, done.named_in_vain) == (3, 2, 1)
    assert done.took_ms == done.finished_at - done.started_at >= 2 * 60 * 60 * 1000
    trial.act(ReleaseLot(first), by=GROWER)
