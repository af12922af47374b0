"""What holds of documents whatever happens: no history opens, changes or erases one for others than its rules name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infoharbor.contractkit import Action, Refusal
from infoharbor.contracts.document.actions import (
    EraseDocument,
    GrantAccess,
    RecordAccess,
    RevokeDocument,
    WithdrawAccess,
)
from infoharbor.contracts.document.conftest import ERROR, ISSUER, OWNER, PEOPLE, SEALING_KEY, issue, supersede
from infoharbor.contracts.document.records import Access, Document
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.engine.trial import Trial


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
