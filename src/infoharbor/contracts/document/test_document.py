"""The rules of documents: who may issue, open and erase, whatever happens; then each rule by its name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contractkit import Action, Refusal
from infoharbor.contracts.document.actions import (
    AUDIENCE_MAX,
    EraseDocument,
    GrantAccess,
    IssueDocument,
    RecordAccess,
    RevokeDocument,
    SupersedeDocument,
    WithdrawAccess,
)
from infoharbor.contracts.document.demo import CORRECTED, REPORT, story
from infoharbor.contracts.document.records import (
    Access,
    Document,
    DocumentStatus,
    Grant,
    GrantStatus,
    RevocationReason,
    every_access_had_a_grant,
    revoked_documents_give_a_reason,
    successors_and_predecessors_agree,
)
from infoharbor.contracts.identity.actions import SetSealingKey
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.records import record_type

ISSUER, OWNER, READER, OTHER = "guangxi-certifier", "liubao-processor", "hanoi-importer", "harbor-bank"
PEOPLE = (ISSUER, OWNER, READER, OTHER)
HOUR = 60 * 60 * 1000
ID = f"{ISSUER}:1"
SEALING_KEY = bytes(range(32))
ERROR = RevocationReason.ISSUED_IN_ERROR


def issue(trial: Trial, number: str = "1", **changes: Any) -> IssueDocument:
    fields: dict[str, Any] = {
        "number": number, "kind": "test-report", "owner": OWNER, "audience": (), "commitment": bytes(32),
        "size": 1, "media_type": "application/pdf", "issued_at": trial.now, "valid_until": 0,
    }  # fmt: skip
    return IssueDocument(**(fields | changes))


def supersede(trial: Trial, document: str = ID, number: str = "2", **changes: Any) -> SupersedeDocument:
    fields: dict[str, Any] = {
        "document": document, "number": number, "commitment": bytes(32), "size": 2, "media_type": "text/plain",
        "issued_at": trial.now, "valid_until": 0,
    }  # fmt: skip
    return SupersedeDocument(**(fields | changes))


def grant(trial: Trial, **changes: Any) -> GrantAccess:
    fields = {"document": ID, "reader": READER, "purpose": "audit", "until": trial.now + HOUR}
    return GrantAccess(**(fields | changes))


@pytest.fixture
def trial() -> Trial:
    """One document of the certifier lies with the tea works; the importer has a sealing key."""
    made = Trial(PLAYERS)
    made.act(SetSealingKey(SEALING_KEY), by=READER)
    made.act(issue(made), by=ISSUER)
    return made


# Properties


class Archive(RuleBasedStateMachine):
    """Four organisations against a model of who may do what; the ledger must agree with it after every step."""

    people = st.sampled_from(PEOPLE)
    numbers = st.integers(1, 3)

    @initialize()
    def found(self) -> None:
        self.trial = Trial(PLAYERS)
        for organisation in PEOPLE:
            self.trial.act(SetSealingKey(SEALING_KEY), by=organisation)
        self.documents: dict[str, dict[str, Any]] = {}
        self.grants: dict[tuple[str, str], int] = {}
        self.asked = 0

    def attempt(self, action: Action, by: str, allowed: bool, effect: Callable[[], object]) -> None:
        if allowed:
            self.trial.act(action, by=by)
            effect()
        else:
            with pytest.raises(Refusal):
                self.trial.act(action, by=by)

    def status(self, document: str) -> str | None:
        return self.documents.get(document, {}).get("status")

    def is_kept(self, document: str) -> bool:
        return document in self.documents and not self.documents[document]["erased"]

    def is_granted(self, document: str, reader: str) -> bool:
        """Whether the grant is in force in the next block, which comes a millisecond later."""
        return self.grants.get((document, reader), 0) > self.trial.now + 1

    def issued(self, document: str) -> None:
        self.documents[document] = {"status": "issued", "erased": False}

    @rule(number=numbers, by=people)
    def issue(self, number: int, by: str) -> None:
        document = f"{by}:{number}"
        free = document not in self.documents
        self.attempt(issue(self.trial, str(number)), by, free, lambda: self.issued(document))

    @rule(number=numbers, after=numbers, by=people)
    def supersede(self, number: int, after: int, by: str) -> None:
        document, successor = f"{ISSUER}:{number}", f"{ISSUER}:{after}"
        allowed = by == ISSUER and self.status(document) == "issued" and successor not in self.documents

        def effect() -> None:
            self.documents[document]["status"] = "superseded"
            self.issued(successor)

        self.attempt(supersede(self.trial, document, str(after)), by, allowed, effect)

    @rule(number=numbers, by=people)
    def revoke(self, number: int, by: str) -> None:
        document = f"{ISSUER}:{number}"
        allowed = by == ISSUER and self.status(document) in ("issued", "superseded")

        def effect() -> None:
            self.documents[document]["status"] = "revoked"

        self.attempt(RevokeDocument(document, ERROR), by, allowed, effect)

    @rule(number=numbers, reader=people, by=people, span=st.integers(1, 5))
    def grant(self, number: int, reader: str, by: str, span: int) -> None:
        document, until = f"{ISSUER}:{number}", self.trial.now + span
        allowed = by == OWNER and self.is_kept(document) and reader != OWNER and span > 1
        action = GrantAccess(document, reader, "audit", until)
        self.attempt(action, by, allowed, lambda: self.grants.update({(document, reader): until}))

    @rule(number=numbers, reader=people, by=people)
    def withdraw(self, number: int, reader: str, by: str) -> None:
        document = f"{ISSUER}:{number}"
        allowed = by == OWNER and self.is_granted(document, reader)
        action = WithdrawAccess(document, reader, "audit")
        self.attempt(action, by, allowed, lambda: self.grants.pop((document, reader)))

    @rule(number=numbers, by=people)
    def ask(self, number: int, by: str) -> None:
        document = f"{ISSUER}:{number}"
        allowed = self.is_granted(document, by) and self.is_kept(document)

        def effect() -> None:
            self.asked += 1

        self.attempt(RecordAccess(document, "audit"), by, allowed, effect)

    @rule(number=numbers, by=people)
    def erase(self, number: int, by: str) -> None:
        document = f"{ISSUER}:{number}"
        allowed = by == OWNER and self.is_kept(document)

        def effect() -> None:
            self.documents[document]["erased"] = True

        self.attempt(EraseDocument(document), by, allowed, effect)

    @rule(span=st.integers(1, 3))
    def wait(self, span: int) -> None:
        self.trial.advance(span)

    @invariant()
    def ledger_agrees_with_the_model(self) -> None:
        if not hasattr(self, "trial"):
            return
        found = {each.id: (each.status, each.erased_at > 0) for each in self.trial.all(Document)}
        assert found == {key: (each["status"], each["erased"]) for key, each in self.documents.items()}
        assert len(self.trial.all(Access)) == self.asked
        self.trial.audit()


Archive.TestCase.settings = settings(max_examples=20, stateful_step_count=30)
TestArchive = Archive.TestCase


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
