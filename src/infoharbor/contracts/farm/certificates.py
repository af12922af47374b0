"""What certifiers and laboratories say: certificates within a body's scope, their use for lots, and test reports."""

from infoharbor.contractkit import NEW, PUBLIC, Action, Ledger, Move, Record, Status, ensure
from infoharbor.contractkit.types import Code, CountryCode, Identifier, Instant, OrganisationId
from infoharbor.contracts.document.records import Document
from infoharbor.contracts.farm.causes import open_cause
from infoharbor.contracts.farm.indications import ensure_period
from infoharbor.contracts.farm.land import Number, own_id
from infoharbor.contracts.farm.lineage import ensure_conforming
from infoharbor.contracts.farm.records import CERTIFIER, LABORATORY, SUPERVISOR, CauseKind, Lot
from infoharbor.contracts.identity.records import Organisation

CLASSES_MAX = 50
TEST_FAILED = "test_failed"


class Scope(Record, table="scopes", key=("body", "jurisdiction", "scheme"), visible=PUBLIC):
    """What an accredited body may certify: product classes under a scheme. An empty list: nothing any more."""

    body: OrganisationId
    jurisdiction: CountryCode
    scheme: Code
    classes: tuple[Code, ...]
    set_by: OrganisationId


class CertificateStatus(Status):
    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Certificate(Record, table="certificates", visible=PUBLIC):
    """A body's word that `holder` works to a scheme for these classes of goods. The id is `BODY:NUMBER`; `until` 0: no
    end. Its period is no status: ask `is_in_force`."""

    id: Identifier
    body: OrganisationId
    holder: OrganisationId
    jurisdiction: CountryCode
    scheme: Code
    classes: tuple[Code, ...]
    document: Identifier | None
    valid_from: Instant
    until: Instant
    status: CertificateStatus

    moves = (
        Move(NEW, CertificateStatus.VALID, by="body"),
        Move(CertificateStatus.VALID, CertificateStatus.SUSPENDED, by="body"),
        Move(CertificateStatus.SUSPENDED, CertificateStatus.VALID, by="body"),
        Move(CertificateStatus.VALID, CertificateStatus.WITHDRAWN, by="body"),
        Move(CertificateStatus.SUSPENDED, CertificateStatus.WITHDRAWN, by="body"),
    )

    def is_in_force(self, now: int) -> bool:
        in_period = self.valid_from <= now and (self.until == 0 or now < self.until)
        return in_period and self.status == CertificateStatus.VALID


class Certified(Record, table="certified", key=("lot", "certificate")):
    """A lot goes under a certificate, which was in force then."""

    lot: Identifier
    certificate: Identifier
    holder: OrganisationId
    at: Instant
    audience: tuple[str, ...]

    readers = ("audience", "holder", SUPERVISOR.of("holder"))


class LabReport(Record, table="reports", key=("lot", "document")):
    """A laboratory's verdict on a lot; the report itself is a document that stays with its owner."""

    lot: Identifier
    document: Identifier
    laboratory: OrganisationId
    passed: bool
    at: Instant
    audience: tuple[str, ...]

    readers = ("audience", "laboratory", SUPERVISOR.of("laboratory"))


class SetScope(Action):
    """The market supervisor of a country says what an accredited body may certify there."""

    body: OrganisationId
    jurisdiction: CountryCode
    scheme: Code
    classes: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        ledger.require(SUPERVISOR, jurisdiction=self.jurisdiction)
        ensure(len(self.classes) <= CLASSES_MAX, "classes_count", field="classes", expected=f"at most {CLASSES_MAX}")
        ledger.get(Organisation, self.body, field="body")
        ledger.put(Scope(self.body, self.jurisdiction, self.scheme, self.classes, ledger.actor))


class IssueCertificate(Action):
    """Certify an organisation. Refused unless the body is accredited in the country now, and the classes lie within its
    scope."""

    number: Number
    holder: OrganisationId
    jurisdiction: CountryCode
    scheme: Code
    classes: tuple[Code, ...]
    document: Identifier | None
    valid_from: Instant
    until: Instant

    def apply(self, ledger: Ledger) -> str:
        accredited = ledger.holds(CERTIFIER, jurisdiction=self.jurisdiction)
        ensure(accredited, "body_not_accredited", field="jurisdiction", expected=f"{CERTIFIER.name} accredited there")
        few = 1 <= len(self.classes) <= CLASSES_MAX
        ensure(few, "classes_count", field="classes", expected=f"1 to {CLASSES_MAX}")
        scope = ledger.find(Scope, ledger.actor, self.jurisdiction, self.scheme)
        covered = scope.classes if scope is not None else ()
        within = all(each in covered for each in self.classes)
        ensure(within, "out_of_scope", field="classes", expected=f"within {', '.join(covered) or 'no class'}")
        ensure_period(self.valid_from, self.until)
        ledger.get(Organisation, self.holder, field="holder")
        if self.document is not None:
            ledger.get(Document, self.document, field="document")
        what = (self.holder, self.jurisdiction, self.scheme, self.classes, self.document)
        times = (self.valid_from, self.until, CertificateStatus.VALID)
        certificate = Certificate(own_id(ledger.actor, self.number), ledger.actor, *what, *times)
        ledger.create(certificate)
        return certificate.id


class SetCertificateStatus(Action):
    """The body suspends a certificate, restores it, or withdraws it for good."""

    certificate: Identifier
    status: CertificateStatus

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Certificate, self.certificate, self.status)


class CertifyLot(Action):
    """The lot's holder puts it under a certificate of its producer. Refused unless the certificate is in force and
    covers the lot, and the lot conforms and nothing stops it."""

    lot: Identifier
    certificate: Identifier

    def apply(self, ledger: Ledger) -> None:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.ensure_actor(lot.holder)
        certificate = ledger.get(Certificate, self.certificate, field="certificate")
        in_force = certificate.is_in_force(ledger.now) and ledger.holds(
            CERTIFIER, jurisdiction=certificate.jurisdiction, organisation=certificate.body
        )
        ensure(
            in_force, "certificate_not_in_force", field="certificate", expected="one in force, of an accredited body"
        )
        fits = certificate.holder == lot.producer and lot.product in certificate.classes
        fits = fits and certificate.jurisdiction == lot.jurisdiction
        ensure(fits, "certificate_elsewhere", field="certificate", expected="one of the lot's producer, for its class")
        ensure_conforming(ledger, lot)
        ledger.create(Certified(lot.id, certificate.id, lot.holder, ledger.now, lot.audience))


class RecordTest(Action):
    """An accredited laboratory names its report on a lot, and whether the lot passed. One that failed is held at once."""

    lot: Identifier
    document: Identifier
    passed: bool

    def apply(self, ledger: Ledger) -> None:
        lot = ledger.get(Lot, self.lot, field="lot")
        ledger.require(LABORATORY, jurisdiction=ledger.jurisdiction(ledger.actor))
        document = ledger.get(Document, self.document, field="document")
        stands = document.issuer == ledger.actor and document.is_valid_at(ledger.now)
        ensure(stands, "report_not_valid", field="document", expected="a report of your own, in force now")
        about = (ledger.actor, self.passed, ledger.now, lot.audience)
        ledger.create(LabReport(lot.id, document.id, *about))
        if not self.passed:
            open_cause(ledger, lot, document.id, CauseKind.HOLD, TEST_FAILED, document.id)
