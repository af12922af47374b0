"""What may be done with a token: pay with it, and, for its issuer, found, mint, redeem, pause and end it."""

from infoharbor.contractkit import Action, Ledger, Role, ensure
from infoharbor.contractkit.types import INTEGER_MAX, Amount, Code, CountryCode, Identifier, OrganisationId, ShortText
from infoharbor.contracts.asset.records import Decimals, Token, TokenKind, TokenStatus
from infoharbor.contracts.asset.rules import active_token, change, ensure_country, ensure_name, receive

ISSUER_ROLES = {TokenKind.MONEY: Role("money-issuer"), TokenKind.GOODS: Role("goods-issuer")}
"""Nobody holds these until accredited in a jurisdiction, so tokens are off where nobody is."""


class Transfer(Action):
    """Pay another organisation out of the acting one's free balance."""

    token: Identifier
    to: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure(self.to != ledger.actor, "to_self", field="to", expected="another organisation")
        token = active_token(ledger, self.token)
        change(ledger, token.id, ledger.actor, free=-self.amount)
        receive(ledger, token, self.to, self.amount)


class IssueToken(Action):
    """Found a token of the acting organisation, accredited to issue money or goods in the jurisdiction."""

    symbol: Code
    kind: TokenKind
    unit: Code
    decimals: Decimals
    jurisdiction: CountryCode
    eligible_role: Code | None

    def apply(self, ledger: Ledger) -> str:
        ensure_name(self.symbol, field="symbol")
        ensure_country(self.jurisdiction)
        if self.kind == TokenKind.MONEY:
            ensure(is_currency(self.unit), "unit", field="unit", expected="three capital letters, ISO 4217")
        token = Token(
            f"{ledger.actor}:{self.symbol}", ledger.actor, self.kind, self.unit, self.decimals,
            self.jurisdiction, self.eligible_role, 0, 0, TokenStatus.ACTIVE,
        )  # fmt: skip
        ensure_accredited(ledger, token)
        ledger.create(token)
        return token.id


class Mint(Action):
    """Create an amount of one's token for a holder; the accreditation as issuer must still hold."""

    token: Identifier
    to: OrganisationId
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        ledger.ensure_actor(token.issuer)
        ensure_accredited(ledger, token)
        # No balance can overflow while the total ever minted does not, so nothing else is checked for it.
        most = INTEGER_MAX - token.minted
        ensure(self.amount <= most, "supply_overflow", field="amount", expected=f"at most {most}")
        ledger.put(token.replace(minted=token.minted + self.amount))
        receive(ledger, token, self.to, self.amount)


class Redeem(Action):
    """Give an amount back to its issuer, who owes what the token stands for; it ceases to be."""

    token: Identifier
    amount: Amount
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        token = active_token(ledger, self.token)
        change(ledger, token.id, ledger.actor, free=-self.amount)
        ledger.put(token.replace(redeemed=token.redeemed + self.amount))


class PauseToken(Action):
    """Stop every transfer, lock and payout of one's token; what is locked can still return to its owner."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Token, self.token, TokenStatus.PAUSED)


class ResumeToken(Action):
    """Let a paused token move again."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Token, self.token, TokenStatus.ACTIVE)


class RetireToken(Action):
    """End one's token for good, once nobody owns any of it."""

    token: Identifier

    def apply(self, ledger: Ledger) -> None:
        retired = ledger.move(Token, self.token, TokenStatus.RETIRED)
        ensure(retired.supply == 0, "supply_outstanding", field="token", expected="everything redeemed first")


def ensure_accredited(ledger: Ledger, token: Token) -> None:
    role = ISSUER_ROLES[token.kind]
    held = ledger.holds(role, jurisdiction=token.jurisdiction, organisation=token.issuer)
    ensure(held, "issuer_not_accredited", field="by", expected=f"{role.name} in {token.jurisdiction}")


def is_currency(unit: str) -> bool:
    return len(unit) == 3 and all("A" <= letter <= "Z" for letter in unit)
