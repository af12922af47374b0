"""What may be done with documents: issue, supersede, revoke, let others open them, ask to open, tell of erasure."""

from typing import Annotated

from msgspec import Meta

from infoharbor.contractkit import Action, Ledger, ensure, when_due
from infoharbor.contractkit.types import Code, Count, Hash, Identifier, Instant, Moment, OrganisationId
from infoharbor.contracts.document.records import (
    Access,
    Document,
    DocumentStatus,
    Grant,
    GrantStatus,
    RevocationReason,
)
from infoharbor.contracts.identity.records import Organisation

AUDIENCE_MAX = 100
Number = Annotated[str, Meta(min_length=1, max_length=63)]
"""The issuer's own number for a document; with the issuer's id before it, it fills an identifier at most."""


class IssueDocument(Action):
    """Record that the acting organisation issues a document to its owner; the file goes to the owner by other ways.

    The commitment's place is the path `document/documents/ISSUER:NUMBER`, field `commitment`, version 1."""

    number: Number
    kind: Code
    owner: OrganisationId
    audience: tuple[OrganisationId, ...]
    commitment: Hash
    size: Count
    media_type: Code
    issued_at: Moment
    valid_until: Instant

    def apply(self, ledger: Ledger) -> str:
        document = Document(
            identifier(ledger.actor, self.number), self.kind, ledger.actor, self.owner,
            tuple(sorted(set(self.audience))), self.commitment, self.size, self.media_type, self.issued_at,
            self.valid_until, None, None, None, 0, DocumentStatus.ISSUED,
        )  # fmt: skip
        ensure_member(ledger, self.owner, field="owner")
        ensure(len(self.audience) <= AUDIENCE_MAX, "audience", field="audience", expected=f"at most {AUDIENCE_MAX}")
        for organisation in document.audience:
            ensure_member(ledger, organisation, field="audience")
        issue(ledger, document)
        return document.id


class SupersedeDocument(Action):
    """The issuer puts a new document in the place of one in force, for the same owner and audience."""

    document: Identifier
    number: Number
    commitment: Hash
    size: Count
    media_type: Code
    issued_at: Moment
    valid_until: Instant

    def apply(self, ledger: Ledger) -> str:
        before = ledger.get(Document, self.document, field="document")
        successor = identifier(before.issuer, self.number)
        superseded = DocumentStatus.SUPERSEDED
        ledger.move(Document, self.document, superseded, superseded_by=successor)
        document = before.replace(
            id=successor, commitment=self.commitment, size=self.size, media_type=self.media_type,
            issued_at=self.issued_at, valid_until=self.valid_until, supersedes=before.id, erased_at=0,
        )  # fmt: skip
        issue(ledger, document)
        return successor


class RevokeDocument(Action):
    """The issuer takes its word back, for a reason; a superseded document too may turn out untrue."""

    document: Identifier
    reason: RevocationReason

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Document, self.document, DocumentStatus.REVOKED, revoked_for=self.reason)


class GrantAccess(Action):
    """The owner lets an organisation open a document for one purpose until a time; again, to set another time."""

    document: Identifier
    reader: OrganisationId
    purpose: Code
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        document = ledger.get(Document, self.document, field="document")
        ledger.ensure_actor(document.owner)
        ensure_kept(document)
        ensure_member(ledger, self.reader, field="reader")
        ensure(self.reader != document.owner, "reader_is_owner", field="reader", expected="another organisation")
        ensure("/" not in self.purpose, "purpose", field="purpose", expected="a code without slashes")
        ensure(self.until > ledger.now, "grant_period", field="until", expected="a time to come")
        key = (self.document, self.reader, self.purpose)
        if ledger.find(Grant, *key) is None:
            ledger.create(Grant(*key, document.owner, self.until, GrantStatus.GRANTED))
        else:
            ledger.move(Grant, key, GrantStatus.GRANTED, until=self.until)
        if self.reader not in (document.issuer, *document.audience):
            room = len(document.audience) < AUDIENCE_MAX
            ensure(room, "audience", field="reader", expected=f"at most {AUDIENCE_MAX}")
            ledger.put(document.replace(audience=tuple(sorted((*document.audience, self.reader)))))


class WithdrawAccess(Action):
    """The owner ends a grant at once. What was opened under it before stays known."""

    document: Identifier
    reader: OrganisationId
    purpose: Code

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Grant, (self.document, self.reader, self.purpose), GrantStatus.WITHDRAWN)


class RecordAccess(Action):
    """Ask to open a document under a grant. With the receipt on the ledger, the owner's vault hands over its key."""

    document: Identifier
    purpose: Code

    def apply(self, ledger: Ledger) -> str:
        reader = ledger.actor
        grant = ledger.find(Grant, self.document, reader, self.purpose)
        granted = grant is not None and grant.status == GrantStatus.GRANTED
        ensure(granted, "not_granted", field="purpose", expected="a grant in force for this purpose")
        document = ledger.get(Document, self.document, field="document")
        ensure_kept(document)
        key = ledger.get(Organisation, reader, field="by").sealing_key
        ensure(key, "sealing_key_missing", field="by", expected="a sealing key published by SetSealingKey")
        access = Access(document.id, ledger.fresh_id("access"), document.owner, reader, self.purpose, key, ledger.now)
        ledger.create(access)
        return access.id


class EraseDocument(Action):
    """The owner tells that content and salt were erased: the commitment stays, and opens nothing any more."""

    document: Identifier

    def apply(self, ledger: Ledger) -> None:
        document = ledger.get(Document, self.document, field="document")
        ledger.ensure_actor(document.owner)
        ensure_kept(document)
        ledger.put(document.replace(erased_at=ledger.now))


@when_due(Grant, status=GrantStatus.GRANTED, at="until")
def lapse(ledger: Ledger, grant: Grant) -> None:
    """A grant ends by itself."""
    ledger.move(Grant, (grant.document, grant.reader, grant.purpose), GrantStatus.LAPSED)


def identifier(issuer: str, number: str) -> str:
    """A document's id. The issuer's id comes first, so that nobody takes another's numbers."""
    ensure("/" not in number, "number", field="number", expected="no slash")
    return f"{issuer}:{number}"


def issue(ledger: Ledger, document: Document) -> None:
    """Check what the issuer says of a new document, and write it."""
    top, slash, rest = document.media_type.partition("/")
    well_formed = top and slash and rest and "/" not in rest
    ensure(well_formed, "media_type", field="media_type", expected="a media type such as application/pdf")
    ensure(document.issued_at <= ledger.now, "issued_in_future", field="issued_at", expected="no later than now")
    ends = document.valid_until == 0 or document.valid_until > document.issued_at
    ensure(ends, "validity", field="valid_until", expected="later than issued_at, or 0 for no end")
    ledger.create(document)


def ensure_member(ledger: Ledger, organisation: str, *, field: str) -> None:
    known = ledger.find(Organisation, organisation) is not None
    ensure(known, "organisation_unknown", field=field, expected="members of the ledger")


def ensure_kept(document: Document) -> None:
    ensure(document.erased_at == 0, "erased", field="document", expected="a document that is not erased")
