"""Which of the states call for someone."""

from infoharbor.contracts.receivable.records import (
    LATE,
    Leaf,
    LeafStatus,
    Payment,
    PaymentStatus,
    Receivable,
    ReceivableStatus,
)
from infoharbor.edgekit.pages import Alarming

alarming = Alarming(
    {
        Receivable: (*LATE, ReceivableStatus.REJECTED),
        Leaf: (LeafStatus.DISPUTED, LeafStatus.FROZEN, LeafStatus.RETURNED),
        Payment: (PaymentStatus.RETURNED,),
    }
)
