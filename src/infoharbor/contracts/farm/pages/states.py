"""Which of the states call for someone."""

from infoharbor.contracts.farm.certificates import Certificate, CertificateStatus
from infoharbor.contracts.farm.indications import Licence, LicenceStatus
from infoharbor.contracts.farm.records import Alert, AlertStatus
from infoharbor.edgekit.pages import Alarming

alarming = Alarming(
    {
        Alert: (AlertStatus.OVERDUE,),
        Certificate: (CertificateStatus.SUSPENDED,),
        Licence: (LicenceStatus.SUSPENDED,),
    }
)
