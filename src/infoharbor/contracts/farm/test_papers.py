"""Certificates, test reports and pledges: who gives one, for what, and how long it holds."""

from infoharbor.contracts.document.actions import IssueDocument, RevokeDocument
from infoharbor.contracts.document.records import RevocationReason
from infoharbor.contracts.farm.actions import ReleaseLot
from infoharbor.contracts.farm.certificates import (
    CertificateStatus,
    Certified,
    CertifyLot,
    IssueCertificate,
    RecordTest,
    SetCertificateStatus,
    SetScope,
)
from infoharbor.contracts.farm.conftest import BODY, DAY, GROWER, LEAF, STATE, TEA, TRADER, WORKS, harvest
from infoharbor.contracts.farm.pledges import Basis, CollectPledge, IssuePledge, Pledge, PledgeStatus, ReissuePledge
from infoharbor.engine.trial import START, Trial


def test_a_certificate_is_refused_to_a_body_not_accredited_or_out_of_scope(trial: Trial) -> None:
    def issue(number: str, *classes: str, until: int = 0) -> IssueCertificate:
        return IssueCertificate(number, GROWER, "CN", "organic", classes, None, 0, until)

    trial.refuses(issue("1", LEAF), by=TRADER, code="farm.body_not_accredited", field="jurisdiction")
    trial.refuses(issue("1", LEAF), by=BODY, code="farm.out_of_scope", field="classes")
    trial.refuses(SetScope(BODY, "CN", "organic", (LEAF,)), by=BODY, code="ledger.role_missing")
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.refuses(issue("1", LEAF, TEA), by=BODY, code="farm.out_of_scope")
    trial.refuses(issue("1"), by=BODY, code="farm.classes_count")
    trial.act(issue("1", LEAF), by=BODY)
    trial.refuses(SetScope(BODY, "CN", "organic", (LEAF,) * 51), by=STATE, code="farm.classes_count")


def test_a_lot_goes_only_under_a_certificate_in_force_that_covers_it(trial: Trial) -> None:
    lot, tea = harvest(trial, "a"), harvest(trial, "b", product=TEA)
    trial.act(SetScope(BODY, "CN", "organic", (LEAF,)), by=STATE)
    trial.act(IssueCertificate("1", GROWER, "CN", "organic", (LEAF,), None, 0, START + 2 * DAY), by=BODY)
    paper = f"{BODY}:1"
    trial.refuses(CertifyLot(tea, paper), by=GROWER, code="farm.certificate_elsewhere")
    trial.act(SetCertificateStatus(paper, CertificateStatus.SUSPENDED), by=BODY)
    trial.refuses(CertifyLot(lot, paper), by=GROWER, code="farm.certificate_not_in_force")
    trial.refuses(SetCertificateStatus(paper, CertificateStatus.VALID), by=GROWER, code="ledger.not_entitled")
    trial.act(SetCertificateStatus(paper, CertificateStatus.VALID), by=BODY)
    trial.act(CertifyLot(lot, paper), by=GROWER)
    trial.advance(2 * DAY)
    trial.refuses(CertifyLot(harvest(trial, "c"), paper), by=GROWER, code="farm.certificate_not_in_force")
    assert trial.get(Certified, lot, paper).holder == GROWER


def test_a_failed_test_holds_the_lot_at_once(trial: Trial) -> None:
    lot = harvest(trial, "a")
    issue = IssueDocument("r1", "test-report", GROWER, (), bytes(32), 1, "application/pdf", START - DAY, 0)
    trial.act(issue, by=BODY)
    report = f"{BODY}:r1"
    trial.refuses(RecordTest(lot, report, True), by=GROWER, code="ledger.role_missing")
    trial.act(RecordTest(lot, report, False), by=BODY)
    trial.refuses(ReleaseLot(lot), by=GROWER, code="farm.cause_open")
    trial.act(RevokeDocument(report, RevocationReason.ISSUED_IN_ERROR), by=BODY)
    trial.refuses(RecordTest(harvest(trial, "b"), report, True), by=BODY, code="farm.report_not_valid")


def test_pledges_stay_within_their_lot_from_hand_to_hand(trial: Trial) -> None:
    lot = harvest(trial, "a", 100)
    trial.refuses(IssuePledge("0", lot, WORKS, 1, Basis.OWN_TEST), by=WORKS, code="ledger.not_entitled")
    trial.act(IssuePledge("1", lot, WORKS, 60, Basis.OWN_TEST), by=GROWER)
    trial.refuses(IssuePledge("2", lot, WORKS, 41, Basis.OWN_TEST), by=GROWER, code="farm.pledged_beyond_lot")
    again = ReissuePledge("1", f"{GROWER}:1", TRADER, 30)
    trial.refuses(again, by=WORKS, code="farm.not_collected")
    trial.refuses(CollectPledge(f"{GROWER}:1"), by=TRADER, code="ledger.not_entitled")
    trial.act(CollectPledge(f"{GROWER}:1"), by=WORKS)
    trial.act(again, by=WORKS)
    trial.refuses(ReissuePledge("2", f"{GROWER}:1", TRADER, 31), by=WORKS, code="farm.pledged_beyond_lot")
    first = trial.get(Pledge, f"{GROWER}:1")
    assert (first.status, first.reissued) == (PledgeStatus.COLLECTED, 30)
    assert trial.get(Pledge, f"{WORKS}:1").reissued_from == first.id
    trial.audit()
