"""What may be done with an escrow: an amount locked for a payee until it is settled or its time comes."""

from infoharbor.contractkit import Action, Ledger, Parameter, ensure, when_due
from infoharbor.contractkit.types import Amount, Identifier, Moment, OrganisationId, ShortText
from infoharbor.contracts.asset.records import Escrow, EscrowStatus, Party, Token
from infoharbor.contracts.asset.rules import (
    active_token,
    change,
    ensure_future,
    ensure_may_receive,
    ensure_party,
    is_eligible,
    receive,
)

DAY = 24 * 60 * 60 * 1000
DISPUTE_PERIOD = Parameter("asset.dispute_period_ms", 30 * DAY, "ms", DAY, 366 * DAY)


class OpenEscrow(Action):
    """Lock an amount for a payee until it is released, refunded or timed out; then `falls_to` gets it."""

    id: Identifier
    token: Identifier
    payee: OrganisationId
    arbiter: Party | None
    amount: Amount
    until: Moment
    falls_to: OrganisationId
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        sides = (ledger.actor, self.payee)
        ensure(self.payee != ledger.actor, "to_self", field="payee", expected="another organisation")
        ensure_may_receive(ledger, token, self.payee, field="payee")
        if self.arbiter is not None:
            ensure_party(ledger, self.arbiter, field="arbiter")
            ensure(self.arbiter not in sides, "arbiter_is_party", field="arbiter", expected="a third party")
        ensure(self.falls_to in sides, "falls_to", field="falls_to", expected=" or ".join(sides))
        ensure_future(ledger, self.until)
        change(ledger, token.id, ledger.actor, free=-self.amount, held=self.amount)
        escrow = Escrow(
            self.id, token.id, ledger.actor, self.payee, self.arbiter, self.amount, self.until, self.falls_to,
            self.reference, EscrowStatus.OPEN,
        )  # fmt: skip
        ledger.create(escrow)


class ReleaseEscrow(Action):
    """Give the amount to the payee: by the payer, or the arbiter."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        active_token(ledger, settle(ledger, self.escrow, EscrowStatus.RELEASED).token)


class RefundEscrow(Action):
    """Give the amount back to the payer: by the payee, or the arbiter."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        settle(ledger, self.escrow, EscrowStatus.REFUNDED)


class DisputeEscrow(Action):
    """Call the arbiter: from now it has the dispute period to decide, before the amount falls as agreed."""

    escrow: Identifier

    def apply(self, ledger: Ledger) -> None:
        until = ledger.now + ledger.parameter(DISPUTE_PERIOD)
        disputed = ledger.move(Escrow, self.escrow, EscrowStatus.DISPUTED, until=until)
        ensure(disputed.arbiter is not None, "no_arbiter", field="escrow", expected="one with an arbiter")


@when_due(Escrow, status=EscrowStatus.OPEN, at="until")
def time_out_escrow(ledger: Ledger, escrow: Escrow) -> None:
    """An escrow that nobody settled falls to whom its parties named."""
    fall(ledger, escrow)


@when_due(Escrow, status=EscrowStatus.DISPUTED, at="until")
def time_out_dispute(ledger: Ledger, escrow: Escrow) -> None:
    """An arbiter that stays silent locks nobody's money for ever."""
    fall(ledger, escrow)


def settle(ledger: Ledger, escrow: str, status: EscrowStatus) -> Escrow:
    """Close an escrow to the one side or the other."""
    settled = ledger.move(Escrow, escrow, status)
    if status == EscrowStatus.REFUNDED:
        change(ledger, settled.token, settled.payer, free=settled.amount, held=-settled.amount)
    else:
        change(ledger, settled.token, settled.payer, held=-settled.amount)
        receive(ledger, ledger.get(Token, settled.token), settled.payee, settled.amount)
    return settled


def fall(ledger: Ledger, escrow: Escrow) -> None:
    """Settle as agreed, pause or not; a payee that may no longer receive leaves the amount with the payer."""
    token = ledger.get(Token, escrow.token)
    to_payee = escrow.falls_to == escrow.payee and is_eligible(ledger, token, escrow.payee)
    settle(ledger, escrow.id, EscrowStatus.RELEASED if to_payee else EscrowStatus.REFUNDED)
