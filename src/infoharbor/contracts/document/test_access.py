"""The rules of access to documents: who grants it, who asks, and what erasing ends."""

from typing import Any

import pytest

from infoharbor.contracts.document.actions import (
    EraseDocument,
    GrantAccess,
    RecordAccess,
    RevokeDocument,
    WithdrawAccess,
)
from infoharbor.contracts.document.conftest import ERROR, HOUR, ID, ISSUER, OTHER, OWNER, READER, SEALING_KEY, grant
from infoharbor.contracts.document.records import Access, Document, Grant, GrantStatus
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.engine.trial import Trial

# Granting and asking


def test_only_the_owner_grants_withdraws_and_erases(trial: Trial) -> None:
    for by in (ISSUER, READER, OTHER):
        trial.refuses(grant(trial), by=by, code="ledger.not_entitled", field="by")
        trial.refuses(EraseDocument(ID), by=by, code="ledger.not_entitled", field="by")
    trial.act(grant(trial), by=OWNER)
    for by in (ISSUER, READER, OTHER):
        trial.refuses(WithdrawAccess(ID, READER, "audit"), by=by, code="ledger.not_entitled", field="by")


def test_a_grant_makes_the_reader_know_of_the_document(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(grant(trial, reader=ISSUER), by=OWNER)
    assert trial.get(Document, ID).audience == (READER,)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"reader": OWNER}, "reader_is_owner", "reader"),
        ({"reader": "nobody"}, "organisation_unknown", "reader"),
        ({"purpose": "a/b"}, "purpose", "purpose"),
        ({"until": 1}, "grant_period", "until"),
    ],
)
def test_a_grant_is_well_formed(trial: Trial, changes: dict[str, Any], code: str, field: str) -> None:
    trial.refuses(grant(trial, **changes), by=OWNER, code=f"document.{code}", field=field)


def test_an_audience_that_is_full_takes_no_further_reader(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GrantAccess.apply.__globals__, "AUDIENCE_MAX", 1)
    trial.act(grant(trial), by=OWNER)
    trial.refuses(grant(trial, reader=OTHER), by=OWNER, code="document.audience", field="reader")
    trial.act(grant(trial, purpose="customs"), by=OWNER)


def test_the_receipt_names_the_sealing_key_of_that_moment(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(RecordAccess(ID, "audit"), by=READER)
    trial.act(SetSealingKey(bytes(32)), by=READER)
    (access,) = trial.all(Access)
    assert (access.sealing_key, access.reader, access.owner, access.purpose) == (SEALING_KEY, READER, OWNER, "audit")


def test_each_access_has_a_receipt_of_its_own(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(RecordAccess(ID, "audit"), RecordAccess(ID, "audit"), by=READER)
    assert len({each.id for each in trial.all(Access)}) == 2


def test_without_a_grant_nobody_asks_and_nobody_learns_what_there_is(trial: Trial) -> None:
    for document in (ID, f"{ISSUER}:404"):
        trial.refuses(RecordAccess(document, "audit"), by=OTHER, code="document.not_granted", field="purpose")
    trial.act(grant(trial), by=OWNER)
    trial.refuses(RecordAccess(ID, "credit"), by=READER, code="document.not_granted", field="purpose")
    trial.refuses(RecordAccess(ID, "audit"), by=OTHER, code="document.not_granted", field="purpose")


def test_a_grant_ends_at_its_time_and_can_be_given_again(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.advance(HOUR)
    assert trial.get(Grant, ID, READER, "audit").status == GrantStatus.LAPSED
    trial.refuses(RecordAccess(ID, "audit"), by=READER, code="document.not_granted")
    trial.refuses(WithdrawAccess(ID, READER, "audit"), by=OWNER, code="ledger.move_undeclared")
    trial.act(grant(trial), by=OWNER)
    trial.act(RecordAccess(ID, "audit"), by=READER)


def test_a_withdrawn_grant_opens_nothing_until_given_again(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(WithdrawAccess(ID, READER, "audit"), by=OWNER)
    trial.refuses(RecordAccess(ID, "audit"), by=READER, code="document.not_granted")
    trial.act(grant(trial), by=OWNER)
    trial.act(RecordAccess(ID, "audit"), by=READER)


def test_a_grant_can_be_given_another_time(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(grant(trial, until=trial.now + 2 * HOUR), by=OWNER)
    trial.advance(HOUR)
    trial.act(RecordAccess(ID, "audit"), by=READER)


def test_a_reader_without_a_sealing_key_publishes_one_first(trial: Trial) -> None:
    trial.act(grant(trial, reader=OTHER), by=OWNER)
    trial.refuses(RecordAccess(ID, "audit"), by=OTHER, code="document.sealing_key_missing", field="by")


# Erasing


def test_after_erasure_nothing_is_granted_asked_or_erased_again(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(EraseDocument(ID), by=OWNER)
    assert trial.get(Document, ID).erased_at == trial.now
    trial.refuses(grant(trial), by=OWNER, code="document.erased", field="document")
    trial.refuses(RecordAccess(ID, "audit"), by=READER, code="document.erased", field="document")
    trial.refuses(EraseDocument(ID), by=OWNER, code="document.erased", field="document")
    trial.act(RevokeDocument(ID, ERROR), by=ISSUER)
