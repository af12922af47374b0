"""What may be done with a grant: leave to move an amount of another's free balance."""

from infoharbor.contractkit import Action, Ledger, ensure, when_due
from infoharbor.contractkit.types import Amount, Identifier, Moment, OrganisationId
from infoharbor.contracts.asset.records import Grant, LockStatus, Party
from infoharbor.contracts.asset.rules import active_token, change, ensure_future, ensure_party, receive


class GiveGrant(Action):
    """Let an organisation, or `contract:NAME`, move up to an amount of one's free balance until a time."""

    id: Identifier
    token: Identifier
    spender: Party
    amount: Amount
    until: Moment

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        ensure_party(ledger, self.spender, field="spender")
        ensure_future(ledger, self.until)
        ledger.create(Grant(self.id, token.id, ledger.actor, self.spender, self.amount, 0, self.until, LockStatus.LIVE))


class SpendGrant(Action):
    """Pay out of the balance of whoever gave the grant."""

    grant: Identifier
    to: OrganisationId
    amount: Amount

    def apply(self, ledger: Ledger) -> None:
        grant = ledger.get(Grant, self.grant, field="grant")
        left = grant.amount - grant.spent - self.amount
        after = LockStatus.LIVE if left > 0 else LockStatus.USED
        ledger.move(Grant, grant.id, after, spent=grant.spent + self.amount)
        ensure(left >= 0, "grant_short", field="amount", expected=f"at most {grant.amount - grant.spent}")
        token = active_token(ledger, grant.token)
        change(ledger, token.id, grant.owner, free=-self.amount)
        receive(ledger, token, self.to, self.amount)


class WithdrawGrant(Action):
    """End a grant that one gave or got."""

    grant: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Grant, self.grant, LockStatus.RELEASED)


@when_due(Grant, status=LockStatus.LIVE, at="until")
def expire_grant(ledger: Ledger, grant: Grant) -> None:
    """A grant ends at its time."""
    ledger.move(Grant, grant.id, LockStatus.EXPIRED)
