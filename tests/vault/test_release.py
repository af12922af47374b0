"""A document's key leaves its owner's vault after its receipt is on the ledger, never before."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from infoharbor.contracts.document.actions import (
    EraseDocument,
    GrantAccess,
    IssueDocument,
    RecordAccess,
    WithdrawAccess,
)
from infoharbor.contracts.document.records import COMMITTED_FIELD, Access, Document
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.engine.interface import Refused
from infoharbor.engine.trial import Trial
from infoharbor.vault.granted import Granted
from infoharbor.vault.release import release
from infoharbor.vault.store import Vault

ISSUER, OWNER, READER = "guangxi-certifier", "liubao-processor", "hanoi-importer"
DOCUMENT = f"{ISSUER}:1"
REPORT = "检验报告：合格".encode()
HOUR = 60 * 60 * 1000


class Scene(NamedTuple):
    trial: Trial
    owner: Vault
    reader: Vault

    def ask(self) -> str:
        """The reader's receipt."""
        self.trial.act(RecordAccess(DOCUMENT, "audit"), by=READER)
        return max(self.trial.all(Access), key=lambda access: access.at).id

    def release(self, access: str, *, reader: str = READER, now: int = 0) -> Granted:
        return release(
            self.owner, self.trial.find, now or self.trial.now, document=DOCUMENT, access=access, reader=reader
        )


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """The issuer's vault made the report and handed it to the owner's; the owner granted it to the reader."""
    trial = Trial(PLAYERS)
    issuer, owner, reader = vaults = [
        Vault(tmp_path / name, chain=trial.chain.id, organisation=name) for name in (ISSUER, OWNER, READER)
    ]
    made = issuer.put(f"document/documents/{DOCUMENT}", COMMITTED_FIELD, REPORT, owner=OWNER)
    owner.keep(owner.open_granted(issuer.grant(made.commitment, owner.sealing_key)))
    issue = IssueDocument("1", "test-report", OWNER, (), made.commitment, len(REPORT), "text/plain", trial.now, 0)
    trial.act(issue, by=ISSUER)
    trial.act(SetSealingKey(reader.sealing_key), by=READER)
    trial.act(GrantAccess(DOCUMENT, READER, "audit", trial.now + HOUR), by=OWNER)
    yield Scene(trial, owner, reader)
    for vault in vaults:
        vault.close()


def test_with_a_receipt_the_reader_opens_what_the_issuer_committed_to(scene: Scene) -> None:
    held = scene.reader.open_granted(scene.release(scene.ask()))
    assert held.content == REPORT
    assert held.commitment == scene.trial.get(Document, DOCUMENT).commitment


def test_without_a_receipt_of_ones_own_nothing_leaves(scene: Scene) -> None:
    access = scene.ask()
    for asked, reader in (("access-unknown", READER), (access, ISSUER), (access, OWNER)):
        with pytest.raises(Refused, match=r"^vault\.no_receipt"):
            scene.release(asked, reader=reader)


def test_a_vault_answers_for_its_own_organisation_only(scene: Scene) -> None:
    access = scene.ask()
    with pytest.raises(Refused, match=r"^vault\.no_receipt"):
        release(scene.reader, scene.trial.find, scene.trial.now, document=DOCUMENT, access=access, reader=READER)


def test_a_receipt_opens_nothing_once_the_grant_is_withdrawn_or_over(scene: Scene) -> None:
    access = scene.ask()
    with pytest.raises(Refused, match=r"^vault\.not_granted"):
        scene.release(access, now=scene.trial.now + HOUR)
    scene.trial.act(WithdrawAccess(DOCUMENT, READER, "audit"), by=OWNER)
    with pytest.raises(Refused, match=r"^vault\.not_granted"):
        scene.release(access)


def test_a_receipt_opens_nothing_once_the_document_is_erased(scene: Scene) -> None:
    access = scene.ask()
    scene.trial.act(EraseDocument(DOCUMENT), by=OWNER)
    with pytest.raises(Refused, match=r"^vault\.erased"):
        scene.release(access)


def test_the_key_goes_to_the_sealing_key_of_the_receipt(scene: Scene, tmp_path: Path) -> None:
    access = scene.ask()
    later = Vault(tmp_path / "later", chain=scene.trial.chain.id, organisation=READER)
    scene.trial.act(SetSealingKey(later.sealing_key), by=READER)
    granted = scene.release(access)
    assert scene.reader.open_granted(granted).content == REPORT
    with pytest.raises(Refused, match=r"^vault\.not_for_you"):
        later.open_granted(granted)
    later.close()
