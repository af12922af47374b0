"""The rules of documents: who may issue, supersede and revoke them, and what an audit finds."""

from collections.abc import Callable
from typing import Any

import pytest

from infoharbor.contracts.document.actions import AUDIENCE_MAX, EraseDocument, RecordAccess, RevokeDocument
from infoharbor.contracts.document.conftest import (
    ERROR,
    HOUR,
    ID,
    ISSUER,
    OTHER,
    OWNER,
    READER,
    grant,
    issue,
    supersede,
)
from infoharbor.contracts.document.demo import CORRECTED, REPORT, story
from infoharbor.contracts.document.records import (
    Access,
    Document,
    DocumentStatus,
    Grant,
    RevocationReason,
    every_access_had_a_grant,
    revoked_documents_give_a_reason,
    successors_and_predecessors_agree,
)
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import record_type

# The story


def test_the_story_tells_itself_and_leaves_a_sound_ledger() -> None:
    trial = Trial(PLAYERS).tell(story)
    trial.audit()
    first, second = trial.get(Document, REPORT), trial.get(Document, CORRECTED)
    assert (first.status, first.superseded_by, first.erased_at > 0) == ("revoked", CORRECTED, True)
    assert (second.status, second.supersedes, second.erased_at) == ("issued", REPORT, 0)
    assert first.commitment != second.commitment
    assert [each.reader for each in trial.all(Access)] == [READER]


# Issuing


def test_a_document_says_who_issued_it_to_whom_and_its_audience_in_order(trial: Trial) -> None:
    trial.act(issue(trial, "2", audience=(READER, OTHER, READER)), by=ISSUER)
    document = trial.get(Document, f"{ISSUER}:2")
    assert (document.issuer, document.owner, document.audience) == (ISSUER, OWNER, tuple(sorted((READER, OTHER))))


def test_the_same_number_of_another_issuer_is_another_document(trial: Trial) -> None:
    trial.refuses(issue(trial), by=ISSUER, code="ledger.record_known", field="id")
    trial.act(issue(trial), by=OTHER)
    assert {each.id for each in trial.all(Document)} == {ID, f"{OTHER}:1"}


def test_equal_commitments_are_no_conflict(trial: Trial) -> None:
    trial.act(issue(trial, "2", commitment=bytes(32)), by=OTHER)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"number": "a/b"}, "number", "number"),
        ({"media_type": "pdf"}, "media_type", "media_type"),
        ({"media_type": "/pdf"}, "media_type", "media_type"),
        ({"media_type": "application/"}, "media_type", "media_type"),
        ({"media_type": "a/b/c"}, "media_type", "media_type"),
        ({"issued_at": 2_000_000_000_000}, "issued_in_future", "issued_at"),
        ({"issued_at": 5, "valid_until": 5}, "validity", "valid_until"),
        ({"owner": "nobody"}, "organisation_unknown", "owner"),
        ({"audience": ("nobody",)}, "organisation_unknown", "audience"),
        ({"audience": (READER,) * (AUDIENCE_MAX + 1)}, "audience", "audience"),
    ],
)
def test_a_document_is_well_formed(trial: Trial, changes: dict[str, Any], code: str, field: str) -> None:
    trial.refuses(issue(trial, **({"number": "2"} | changes)), by=ISSUER, code=f"document.{code}", field=field)


def test_the_longest_number_of_the_longest_issuer_is_an_identifier(trial: Trial) -> None:
    number = "9" * 63
    trial.act(issue(trial, number), by=ISSUER)
    kind = record_type(Document)
    widest = trial.get(Document, f"{ISSUER}:{number}").replace(id=f"{'i' * 64}:{number}", issuer="i" * 64)
    assert kind.decode(encode(widest)) == widest


def test_a_document_is_valid_in_its_period_and_while_its_issuer_stands_by_it(trial: Trial) -> None:
    start = trial.now
    trial.act(issue(trial, "2", issued_at=start, valid_until=start + HOUR), by=ISSUER)
    timed, endless = trial.get(Document, f"{ISSUER}:2"), trial.get(Document, ID)
    assert [timed.is_valid_at(time) for time in (start - 1, start, start + HOUR - 1, start + HOUR)] == [
        False,
        True,
        True,
        False,
    ]
    assert endless.is_valid_at(start + HOUR**2)
    trial.act(RevokeDocument(ID, ERROR), by=ISSUER)
    assert not trial.get(Document, ID).is_valid_at(start)


# Superseding and revoking


def test_a_successor_keeps_kind_owner_and_audience(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(supersede(trial), by=ISSUER)
    before, after = trial.get(Document, ID), trial.get(Document, f"{ISSUER}:2")
    assert (before.status, before.superseded_by, after.supersedes) == (DocumentStatus.SUPERSEDED, after.id, ID)
    assert (after.kind, after.owner, after.audience) == (before.kind, OWNER, (READER,))
    assert (after.size, after.media_type, after.status) == (2, "text/plain", DocumentStatus.ISSUED)


def test_the_successor_of_an_erased_document_is_not_erased(trial: Trial) -> None:
    trial.act(EraseDocument(ID), by=OWNER)
    trial.act(supersede(trial), by=ISSUER)
    assert trial.get(Document, f"{ISSUER}:2").erased_at == 0


def test_a_successor_is_well_formed_and_new(trial: Trial) -> None:
    trial.refuses(supersede(trial, number="1"), by=ISSUER, code="ledger.record_known", field="id")
    trial.refuses(supersede(trial, media_type="pdf"), by=ISSUER, code="document.media_type")
    trial.refuses(supersede(trial, document="nobody:1"), by=ISSUER, code="ledger.record_unknown", field="document")


def test_what_is_revoked_stays_revoked_and_says_why(trial: Trial) -> None:
    trial.act(RevokeDocument(ID, RevocationReason.CONTENT_UNTRUE), by=ISSUER)
    assert trial.get(Document, ID).revoked_for == RevocationReason.CONTENT_UNTRUE
    trial.refuses(RevokeDocument(ID, ERROR), by=ISSUER, code="ledger.move_undeclared")
    trial.refuses(supersede(trial), by=ISSUER, code="ledger.move_undeclared")


def test_a_superseded_document_can_be_revoked(trial: Trial) -> None:
    trial.act(supersede(trial), by=ISSUER)
    trial.act(RevokeDocument(ID, ERROR), by=ISSUER)
    trial.audit()


@pytest.mark.parametrize("by", [OWNER, READER, OTHER])
def test_only_the_issuer_supersedes_and_revokes(trial: Trial, by: str) -> None:
    trial.refuses(supersede(trial), by=by, code="ledger.not_entitled", field="by")
    trial.refuses(RevokeDocument(ID, ERROR), by=by, code="ledger.not_entitled", field="by")


# What offends, is found


@pytest.mark.parametrize(
    ("rule_of", "change"),
    [
        (successors_and_predecessors_agree, {"supersedes": f"{OTHER}:404"}),
        (successors_and_predecessors_agree, {"superseded_by": f"{OTHER}:404"}),
        (successors_and_predecessors_agree, {"status": DocumentStatus.SUPERSEDED}),
        (revoked_documents_give_a_reason, {"revoked_for": ERROR}),
        (revoked_documents_give_a_reason, {"status": DocumentStatus.REVOKED}),
    ],
)
def test_an_audit_names_documents_that_offend(
    trial: Trial, rule_of: Callable[[Any], Any], change: dict[str, Any]
) -> None:
    trial.act(grant(trial), by=OWNER)
    good = trial.get(Document, ID)
    assert list(rule_of(_Shown({Document: [good]}))) == []
    assert list(rule_of(_Shown({Document: [good.replace(**change)]}))) == [f"document/documents/{ID}"]


def test_an_audit_names_an_access_without_grant_or_after_erasure(trial: Trial) -> None:
    trial.act(grant(trial), by=OWNER)
    trial.act(RecordAccess(ID, "audit"), by=READER)
    documents, grants, (access,) = trial.all(Document), trial.all(Grant), trial.all(Access)
    rows: dict[Any, list[Any]] = {Document: documents, Grant: grants, Access: [access]}
    assert list(every_access_had_a_grant(_Shown(rows))) == []
    path = [f"document/accesses/{ID}/{access.id}"]
    erased = [documents[0].replace(erased_at=access.at - 1)]
    for broken in ({Grant: []}, {Document: erased}, {Document: []}):
        assert list(every_access_had_a_grant(_Shown(rows | broken))) == path


class _Shown:
    """Records as an invariant reads them."""

    def __init__(self, rows: dict[Any, list[Any]]) -> None:
        self.rows = rows

    def scan(self, of: Any) -> list[Any]:
        return self.rows.get(of, [])

    def find(self, of: Any, *key: Any) -> Any:
        kind = record_type(of)
        return next((each for each in self.scan(of) if kind.path_of(each) == kind.path(key)), None)
