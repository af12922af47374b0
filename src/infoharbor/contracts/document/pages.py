"""Which of the states call for someone, and what fields point to."""

from infoharbor.contracts.document.records import Document, DocumentStatus
from infoharbor.edgekit.pages import Alarming, Refer, References

alarming = Alarming({Document: (DocumentStatus.REVOKED,)})
references = References(dict.fromkeys(("document", "supersedes", "superseded_by"), Refer(Document)))
