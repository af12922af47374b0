"""How a broken rule becomes somebody's work: alerts with an owner, a deadline and a closing code."""

from collections.abc import Iterable

from infoharbor.contractkit import Action, Ledger, Parameter, when_due
from infoharbor.contractkit.types import Code, Identifier
from infoharbor.contracts.farm.records import Alert, AlertStatus, ClosingCode, Lot

ANSWER_TIME = Parameter("farm.alert_answer_ms", 604_800_000, "ms", 3_600_000, 7_776_000_000)


class CloseAlert(Action):
    """The owner says what was done about a broken rule. The lot stays marked."""

    lot: Identifier
    rule: Code
    closing_code: ClosingCode

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Alert, (self.lot, self.rule), AlertStatus.CLOSED, closing_code=self.closing_code)


class ClearAlert(Action):
    """The market supervisor of the owner's country strikes a broken rule off a lot after looking into it."""

    lot: Identifier
    rule: Code

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Alert, (self.lot, self.rule), AlertStatus.CLEARED)
        lot = ledger.get(Lot, self.lot, field="lot")
        breaks = tuple(each for each in lot.breaks if each != self.rule)
        ledger.put(lot.replace(breaks=breaks, cleared=tuple(sorted({*lot.cleared, self.rule}))))


@when_due(Alert, status=AlertStatus.OPEN, at="deadline")
def pass_deadline(ledger: Ledger, alert: Alert) -> None:
    """An alert that nobody answered shows as overdue."""
    ledger.move(Alert, (alert.lot, alert.rule), AlertStatus.OVERDUE)


def raise_alert(ledger: Ledger, lot: Lot, rule: str, concerned: Iterable[str]) -> None:
    """Put a rule that the lot broke on its holder's work list."""
    others = tuple(sorted({lot.producer, *concerned} - {lot.holder}))
    deadline = ledger.now + ledger.parameter(ANSWER_TIME)
    about = (lot.id, rule, lot.holder, others, ledger.now, deadline, None)
    ledger.create(Alert(*about, AlertStatus.OPEN))


def mark(ledger: Ledger, lot: Lot, rule: str, concerned: Iterable[str]) -> Lot:
    """The lot with one more rule that it broke, and the alert of it; a rule it is known for is left as it stands."""
    if rule in lot.breaks or rule in lot.cleared:
        return lot
    marked = lot.replace(breaks=tuple(sorted((*lot.breaks, rule))))
    ledger.put(marked)
    raise_alert(ledger, marked, rule, concerned)
    return marked
