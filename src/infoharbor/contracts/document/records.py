"""What is kept of documents: commitments, leave to open them, receipts of opening; and what always holds."""

from collections.abc import Iterator

from infoharbor.contractkit import CALENDAR, NEW, Ledger, Move, Record, Role, Status, invariant
from infoharbor.contractkit.types import Code, Count, Hash, Identifier, Instant, OrganisationId

SUPERVISOR = Role("supervisor")
COMMITTED_FIELD = "commitment"
"""The field that a document's commitment names as its place; the version is 1, that of its issue."""


class DocumentStatus(Status):
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class RevocationReason(Status):
    """Why an issuer takes its word back."""

    ISSUED_IN_ERROR = "issued_in_error"
    CONTENT_UNTRUE = "content_untrue"
    BASIS_ENDED = "basis_ended"
    ORDERED = "ordered"


class Document(Record, table="documents"):
    """A file that lies with `owner`, of which the ledger has a salted commitment; the id is `ISSUER:NUMBER`.
    `audience` may know of it, and of one another, and open nothing without a grant. `size` is in bytes.
    `issued_at` is what the issuer says; when it was recorded, the block says. `valid_until` 0: no end.
    `erased_at` 0: not erased."""

    id: Identifier
    kind: Code
    issuer: OrganisationId
    owner: OrganisationId
    audience: tuple[OrganisationId, ...]
    commitment: Hash
    size: Count
    media_type: Code
    issued_at: Instant
    valid_until: Instant
    supersedes: Identifier | None
    superseded_by: Identifier | None
    revoked_for: RevocationReason | None
    erased_at: Instant
    status: DocumentStatus

    readers = ("issuer", "owner", "audience", SUPERVISOR.of("owner"))
    fields_of_parties = ("commitment",)
    moves = (
        Move(NEW, DocumentStatus.ISSUED, by="issuer"),
        Move(DocumentStatus.ISSUED, DocumentStatus.SUPERSEDED, by="issuer"),
        Move(DocumentStatus.ISSUED, DocumentStatus.REVOKED, by="issuer"),
        Move(DocumentStatus.SUPERSEDED, DocumentStatus.REVOKED, by="issuer"),
    )

    def is_valid_at(self, time: int) -> bool:
        """Whether the issuer stands by it at `time`: in force, and within its period."""
        in_period = self.issued_at <= time and (self.valid_until == 0 or time < self.valid_until)
        return in_period and self.status == DocumentStatus.ISSUED


class GrantStatus(Status):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Grant(Record, table="grants", key=("document", "reader", "purpose")):
    """Leave for `reader` to open a document for one purpose until a time. It holds no key: keys on a ledger
    could never be erased, and would leave before their receipt."""

    document: Identifier
    reader: OrganisationId
    purpose: Code
    owner: OrganisationId
    until: Instant
    status: GrantStatus

    readers = ("owner", "reader", SUPERVISOR.of("owner"))
    moves = (
        Move(NEW, GrantStatus.GRANTED, by="owner"),
        Move(GrantStatus.GRANTED, GrantStatus.GRANTED, by="owner"),
        Move(GrantStatus.GRANTED, GrantStatus.WITHDRAWN, by="owner"),
        Move(GrantStatus.GRANTED, GrantStatus.LAPSED, by=CALENDAR),
        Move(GrantStatus.WITHDRAWN, GrantStatus.GRANTED, by="owner"),
        Move(GrantStatus.LAPSED, GrantStatus.GRANTED, by="owner"),
    )


class Access(Record, table="accesses", key=("document", "id")):
    """The receipt without which the owner's vault hands out no key: who asked, when and for what, and the X25519
    key of the reader, as it stood then, to which the document's key is sealed."""

    document: Identifier
    id: Identifier
    owner: OrganisationId
    reader: OrganisationId
    purpose: Code
    sealing_key: Hash
    at: Instant

    readers = ("owner", "reader", SUPERVISOR.of("owner"))


@invariant
def successors_and_predecessors_agree(ledger: Ledger) -> Iterator[str]:
    """A document that supersedes another is named there, by the same issuer for the same owner, and the other way round."""
    for document in ledger.scan(Document):
        before = ledger.find(Document, document.supersedes) if document.supersedes else None
        after = ledger.find(Document, document.superseded_by) if document.superseded_by else None
        parties = (document.issuer, document.owner)
        follows = before and (before.superseded_by, before.issuer, before.owner) == (document.id, *parties)
        leads = after and after.supersedes == document.id and document.status != DocumentStatus.ISSUED
        unled = document.superseded_by is None and document.status != DocumentStatus.SUPERSEDED
        if not (follows or document.supersedes is None) or not (leads or unled):
            yield f"document/documents/{document.id}"


@invariant
def revoked_documents_give_a_reason(ledger: Ledger) -> Iterator[str]:
    for document in ledger.scan(Document):
        if (document.revoked_for is not None) != (document.status == DocumentStatus.REVOKED):
            yield f"document/documents/{document.id}"


@invariant
def every_access_had_a_grant(ledger: Ledger) -> Iterator[str]:
    """Whoever asked for a key was granted it by the owner, and nobody asked after erasure."""
    for access in ledger.scan(Access):
        document = ledger.find(Document, access.document)
        grant = ledger.find(Grant, access.document, access.reader, access.purpose)
        owners = {access.owner, document.owner if document else "", grant.owner if grant else ""}
        erased_before = document is not None and 0 < document.erased_at < access.at
        if len(owners) != 1 or erased_before:
            yield f"document/accesses/{access.document}/{access.id}"
