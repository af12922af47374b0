"""Which of the states call for someone."""

from infoharbor.contracts.document.records import Document, DocumentStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming({Document: (DocumentStatus.REVOKED,)})
