"""What may be done to a balance against its holder's will: a court's freeze, an issuer's forced transfer."""

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contractkit.types import Amount, Identifier, OrganisationId, ShortText
from infoharbor.contracts.asset.records import ForcedTransfer, Freeze, FreezeStatus, Token
from infoharbor.contracts.asset.rules import change, receive


class FreezeBalance(Action):
    """Freeze part of a holder's free balance. By the court of the holder's jurisdiction."""

    id: Identifier
    token: Identifier
    holder: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = ledger.get(Token, self.token, field="token")
        freeze = Freeze(
            self.id, token.id, self.holder, token.issuer, self.amount, self.amount, self.reference,
            FreezeStatus.LIVE,
        )  # fmt: skip
        ledger.create(freeze)
        change(ledger, token.id, self.holder, free=-self.amount, frozen=self.amount)


class LiftFreeze(Action):
    """End a freeze: what is left of it is free again. `reference` names the order that lifts it."""

    freeze: Identifier
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        left = ledger.get(Freeze, self.freeze, field="freeze").left
        lifted = ledger.move(Freeze, self.freeze, FreezeStatus.LIFTED, left=0, reference=self.reference)
        change(ledger, lifted.token, lifted.holder, free=left, frozen=-left)


class ForceTransfer(Action):
    """Move an amount without its holder, out of its free balance or of a freeze, for a stated legal ground.

    By the issuer, with two of its users signing."""

    id: Identifier
    token: Identifier
    holder: OrganisationId
    to: OrganisationId
    amount: Amount
    freeze: Identifier | None
    ground: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = ledger.get(Token, self.token, field="token")
        ledger.ensure_actor(token.issuer)
        ensure(len(ledger.users_of(token.issuer)) >= 2, "dual_control", field="by", expected="two users of the issuer")
        ensure(self.ground.strip(), "no_ground", field="ground", expected="the law, judgment or order")
        if self.freeze is None:
            change(ledger, token.id, self.holder, free=-self.amount)
        else:
            execute_freeze(ledger, self.freeze, token.id, self.holder, self.amount)
        receive(ledger, token, self.to, self.amount)
        forced = ForcedTransfer(
            self.id, token.id, token.issuer, self.holder, self.to, self.amount, self.freeze, self.ground,
            ledger.now,
        )  # fmt: skip
        ledger.create(forced)


def execute_freeze(ledger: Ledger, freeze: str, token: str, holder: str, amount: int) -> None:
    """Take an amount out of a freeze of this very balance."""
    found = ledger.get(Freeze, freeze, field="freeze")
    same = (found.token, found.holder) == (token, holder)
    ensure(same, "freeze_of_another", field="freeze", expected=f"a freeze of {token} of {holder}")
    left = found.left - amount
    ensure(left >= 0, "freeze_short", field="amount", expected=f"at most {found.left}")
    ledger.move(Freeze, freeze, FreezeStatus.LIVE if left else FreezeStatus.EXECUTED, left=left)
    change(ledger, token, holder, frozen=-amount)
