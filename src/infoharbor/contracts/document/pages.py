"""Which of the states call for someone, what fields point to, and how sizes are read."""

from infoharbor.contracts.document.records import Document, DocumentStatus
from infoharbor.edgekit.measures import BYTES, Measures
from infoharbor.edgekit.pages import Alarming, Refer, References

alarming = Alarming({Document: (DocumentStatus.REVOKED,)})
references = References(dict.fromkeys(("document", "supersedes", "superseded_by"), Refer(Document)))
measures = Measures({"size": BYTES})
