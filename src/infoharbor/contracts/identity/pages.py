"""Which of the states call for someone, what fields point to, and how periods are read."""

from infoharbor.contracts.identity.records import Key, KeyStatus, Organisation, OrganisationStatus, User
from infoharbor.edgekit.measures import MILLISECONDS, Measures
from infoharbor.edgekit.pages import Alarming, Refer, References

alarming = Alarming(
    {Organisation: (OrganisationStatus.SUSPENDED, OrganisationStatus.EXPELLED), Key: (KeyStatus.REVOKED,)}
)
references = References({"user": Refer(User), "key": Refer(Key), "old": Refer(Key)})
measures = Measures({"period_ms": MILLISECONDS})
