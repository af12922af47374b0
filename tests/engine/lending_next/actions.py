"""What may be done with loans."""

from collections.abc import Iterator
from itertools import islice

from lending.records import Conversion, ConversionStatus, Loan, LoanStatus

from infoharbor.contractkit import Action, Ledger, ensure, invariant, when_due
from infoharbor.contractkit.types import Identifier, Instant, OrganisationId, ShortText

DAY = 24 * 60 * 60 * 1000
YEAR = 365 * DAY
LOST_AFTER = 30 * DAY
BATCH = 3
"""So few for the example's sake; some hundreds hold up no block."""


class OfferLoan(Action):
    """Offer a thing to another organisation until a day."""

    loan: Identifier
    borrower: OrganisationId
    thing: ShortText
    due: Instant

    def apply(self, ledger: Ledger) -> None:
        ensure(self.borrower != ledger.actor, "lent_to_oneself", field="borrower", expected="another organisation")
        ensure(self.due > ledger.now, "due_in_the_past", field="due", expected="a time to come")
        ledger.create(Loan(self.loan, ledger.actor, self.borrower, self.thing, self.due, LoanStatus.OFFERED))


class OfferLoan2(Action, name="OfferLoan", since=2):
    """Offer a thing to another organisation until a day, at most a year ahead."""

    loan: Identifier
    borrower: OrganisationId
    thing: ShortText
    due: Instant

    def apply(self, ledger: Ledger) -> None:
        ensure(self.due <= ledger.now + YEAR, "too_long", field="due", expected="at most a year ahead")
        OfferLoan(self.loan, self.borrower, self.thing, self.due).apply(ledger)
        ledger.put(with_end(ledger.get(Loan, self.loan)))


class AcceptLoan(Action):
    """Take the thing that was offered."""

    loan: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Loan, self.loan, LoanStatus.LENT)


class ConfirmReturn(Action):
    """The lender says that the thing came back."""

    loan: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Loan, self.loan, LoanStatus.RETURNED)


class ReportLost(Action, since=2):
    """The lender gives up a thing that is overdue."""

    loan: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Loan, self.loan, LoanStatus.LOST)


class ConvertLoans(Action, since=2):
    """Begin to bring the loans of version 1 into the form of version 2; once, by anyone."""

    def apply(self, ledger: Ledger) -> None:
        ledger.create(Conversion("loans", "", ledger.now, 0, ConversionStatus.RUNNING))


@when_due(Conversion, status=ConversionStatus.RUNNING, at="next")
def convert(ledger: Ledger, job: Conversion) -> None:
    """One batch a block, so that no block waits for all of them."""
    loans = list(islice(ledger.scan(Loan, after=job.after), BATCH))
    for loan in loans:
        ledger.put(with_end(loan))
    seen = job.seen + len(loans)
    if len(loans) < BATCH:
        ledger.move(Conversion, job.name, ConversionStatus.DONE, seen=seen)
    else:
        ledger.put(job.replace(after=loans[-1].id, next=ledger.now + 1, seen=seen))


@when_due(Loan, status=LoanStatus.LENT, at="due")
def mark_overdue(ledger: Ledger, loan: Loan) -> None:
    """Nobody has to ask: once the time has come, the ledger says so."""
    ledger.move(Loan, loan.id, LoanStatus.OVERDUE)


@when_due(Loan, status=LoanStatus.OVERDUE, at="lost_at", since=2)
def mark_lost(ledger: Ledger, loan: Loan) -> None:
    """What has been overdue for long is lost."""
    ledger.move(Loan, loan.id, LoanStatus.LOST)


@invariant
def nobody_lends_to_themselves(ledger: Ledger) -> Iterator[str]:
    """Lender and borrower are two."""
    for loan in ledger.scan(Loan):
        if loan.lender == loan.borrower:
            yield f"lending/loans/{loan.id}"


@invariant
def a_conversion_leaves_nothing_out(ledger: Ledger) -> Iterator[str]:
    """Every loan has an end once the conversion is done."""
    job = ledger.find(Conversion, "loans")
    if job is not None and job.status == ConversionStatus.DONE:
        yield from (f"lending/loans/{loan.id}" for loan in ledger.scan(Loan) if not loan.lost_at)


def with_end(loan: Loan) -> Loan:
    return loan.replace(lost_at=loan.due + LOST_AFTER)
