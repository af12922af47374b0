"""When a document's key may leave its owner's vault: after its receipt is on the ledger, never before."""

from infoharbor.contracts.document.records import Access, Document, Grant, GrantStatus
from infoharbor.engine.interface import Refused
from infoharbor.kernel.authority import Find
from infoharbor.vault.granted import Granted
from infoharbor.vault.store import Vault


def release(vault: Vault, find: Find, now: int, *, document: str, access: str, reader: str) -> Granted:
    """The document for the organisation `reader` that asks, under the receipt `access`.

    `find(type, *key)` reads records of final blocks and `now` is their time, in milliseconds since 1970 UTC.
    Refused as `vault.no_receipt`, `vault.not_granted` or `vault.erased`. The key is sealed to the sealing key that
    the receipt names, so that a key published later opens nothing that was asked for before.
    """
    receipt: Access | None = find(Access, document, access)
    if receipt is None or (receipt.reader, receipt.owner) != (reader, vault.organisation):
        raise Refused("vault.no_receipt", "access", "a receipt on the ledger, recorded by the reader")
    grant: Grant | None = find(Grant, document, reader, receipt.purpose)
    if grant is None or grant.status != GrantStatus.GRANTED or grant.until <= now:
        raise Refused("vault.not_granted", "access", "a grant that is still in force")
    record: Document | None = find(Document, document)
    if record is None or record.erased_at:
        raise Refused("vault.erased", "document", "a document that is not erased")
    return vault.grant(record.commitment, receipt.sealing_key)
