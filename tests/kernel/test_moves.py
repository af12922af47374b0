"""What the kernel enforces on any contract: moves, ownership, keys used once, ceilings."""

import pytest
from pier import (
    GUEST,
    HOME,
    THIRD,
    BerthStatus,
    Break,
    Erase,
    MoveTo,
    Note,
    Open,
    PutAs,
    Tow,
    Trespass,
    Write,
    WriteNew,
    status,
)

from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.engine.trial import Trial
from infoharbor.kernel import limits
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.transaction import Ceilings

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
