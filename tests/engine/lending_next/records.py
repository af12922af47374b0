"""What is kept of a loan, and how far the loans of version 1 have come into the form of version 2."""

from lending.earlier import LOANS_1

from infoharbor.contractkit import ANYONE, CALENDAR, NEW, PUBLIC, Move, Record, Status
from infoharbor.contractkit.types import Count, Identifier, Instant, OrganisationId, ShortText


class LoanStatus(Status):
    OFFERED = "offered"
    LENT = "lent"
    OVERDUE = "overdue"
    RETURNED = "returned"
    LOST = "lost"


class Loan(Record, table="loans", visible=PUBLIC):
    """A thing that `lender` lets `borrower` use until `due`; from `lost_at` on it counts as lost."""

    id: Identifier
    lender: OrganisationId
    borrower: OrganisationId
    thing: ShortText
    due: Instant
    status: LoanStatus
    lost_at: Instant = 0

    moves = (
        Move(NEW, LoanStatus.OFFERED, by="lender"),
        Move(LoanStatus.OFFERED, LoanStatus.LENT, by="borrower"),
        Move(LoanStatus.LENT, LoanStatus.OVERDUE, by=CALENDAR),
        Move(LoanStatus.LENT, LoanStatus.RETURNED, by="lender"),
        Move(LoanStatus.OVERDUE, LoanStatus.RETURNED, by="lender"),
        Move(LoanStatus.OVERDUE, LoanStatus.LOST, by=("lender", CALENDAR), since=2),
    )
    earlier_schemas = ((1, LOANS_1),)


class ConversionStatus(Status):
    RUNNING = "running"
    DONE = "done"


class Conversion(Record, table="conversions", key="name", visible=PUBLIC):
    """A job over all records of a table: `after` is the key up to which it is done, `next` when it goes on."""

    name: Identifier
    after: ShortText
    next: Instant
    seen: Count
    status: ConversionStatus

    moves = (
        Move(NEW, ConversionStatus.RUNNING, by=ANYONE),
        Move(ConversionStatus.RUNNING, ConversionStatus.DONE, by=CALENDAR),
    )
