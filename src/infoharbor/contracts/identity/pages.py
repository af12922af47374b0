"""Which of the states call for someone."""

from infoharbor.contracts.identity.records import Key, KeyStatus, Organisation, OrganisationStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming(
    {Organisation: (OrganisationStatus.SUSPENDED, OrganisationStatus.EXPELLED), Key: (KeyStatus.REVOKED,)}
)
