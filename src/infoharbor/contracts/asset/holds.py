"""What may be done with a hold: an amount that its owner locks for who pays it out or lets it go."""

from infoharbor.contractkit import Action, Ledger, ensure, when_due
from infoharbor.contractkit.types import Amount, Identifier, Moment, OrganisationId, ShortText
from infoharbor.contracts.asset.records import Hold, LockStatus, Party
from infoharbor.contracts.asset.rules import (
    active_token,
    change,
    ensure_beneficiary,
    ensure_future,
    ensure_may_receive,
    ensure_party,
    receive,
)


class PlaceHold(Action):
    """Lock an amount for a controller: an organisation, or `contract:NAME`. It returns when `until` comes."""

    id: Identifier
    token: Identifier
    controller: Party
    beneficiary: OrganisationId | None
    amount: Amount
    until: Moment
    reason: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        ensure_party(ledger, self.controller, field="controller")
        if self.beneficiary is not None:
            ensure_may_receive(ledger, token, self.beneficiary, field="beneficiary")
        ensure_future(ledger, self.until)
        change(ledger, token.id, ledger.actor, free=-self.amount, held=self.amount)
        hold = Hold(
            self.id, token.id, ledger.actor, self.controller, self.beneficiary, self.amount, self.amount,
            self.until, self.reason, LockStatus.LIVE,
        )  # fmt: skip
        ledger.create(hold)


class ExecuteHold(Action):
    """Pay all or part of a hold that one controls."""

    hold: Identifier
    to: OrganisationId
    amount: Amount

    def apply(self, ledger: Ledger) -> None:
        hold = ledger.get(Hold, self.hold, field="hold")
        left = hold.left - self.amount
        ledger.move(Hold, hold.id, LockStatus.LIVE if left > 0 else LockStatus.USED, left=max(left, 0))
        ensure(left >= 0, "hold_short", field="amount", expected=f"at most {hold.left}")
        ensure_beneficiary(hold.beneficiary, self.to)
        token = active_token(ledger, hold.token)
        change(ledger, token.id, hold.owner, held=-self.amount)
        receive(ledger, token, self.to, self.amount)


class ReleaseHold(Action):
    """Let go of a hold that one controls: what is left of it is its owner's again."""

    hold: Identifier

    def apply(self, ledger: Ledger) -> None:
        end_hold(ledger, self.hold, LockStatus.RELEASED)


@when_due(Hold, status=LockStatus.LIVE, at="until")
def expire_hold(ledger: Ledger, hold: Hold) -> None:
    """A hold that nobody used in time returns to its owner."""
    end_hold(ledger, hold.id, LockStatus.EXPIRED)


def end_hold(ledger: Ledger, hold: str, status: LockStatus) -> None:
    """Give what is left of a hold back to its owner."""
    left = ledger.get(Hold, hold, field="hold").left
    ended = ledger.move(Hold, hold, status, left=0)
    change(ledger, ended.token, ended.owner, free=left, held=-left)
