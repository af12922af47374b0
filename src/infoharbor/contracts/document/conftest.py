"""Where document's tests begin: a certifier's document for a tea works, and who may ask to read it."""

from typing import Any

import pytest

from infoharbor.contracts.document.actions import GrantAccess, IssueDocument, SupersedeDocument
from infoharbor.contracts.document.records import RevocationReason
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.engine.trial import Trial

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
    fields: dict[str, Any] = {"document": ID, "reader": READER, "purpose": "audit", "until": trial.now + HOUR}
    return GrantAccess(**(fields | changes))


@pytest.fixture
def trial() -> Trial:
    """One document of the certifier lies with the tea works; the importer has a sealing key."""
    made = Trial(PLAYERS)
    made.act(SetSealingKey(SEALING_KEY), by=READER)
    made.act(issue(made), by=ISSUER)
    return made
