"""How value moves from balance to balance, and what must hold first: shared by all that moves it."""

from infoharbor.contractkit import Ledger, Refusal, Role, contract_actor, ensure
from infoharbor.contractkit.identifiers import is_country, is_slug
from infoharbor.contracts.asset.records import Balance, Token, TokenStatus


def change(ledger: Ledger, token: str, holder: str, *, free: int = 0, held: int = 0, frozen: int = 0) -> None:
    """Add to the parts of a balance, or take from them; refused as `balance_short` if too little is free."""
    balance = ledger.find(Balance, token, holder)
    if balance is None or balance.free + free < 0:
        raise Refusal("balance_short", field="amount", expected=f"at most {balance.free if balance else 0}")
    parts = (balance.free + free, balance.held + held, balance.frozen + frozen)
    ledger.put(Balance(token, holder, balance.issuer, *parts))


def receive(ledger: Ledger, token: Token, holder: str, amount: int) -> None:
    """Add to a balance that may be new, if its holder may receive this token."""
    if token.eligible_role is not None:
        ensure_eligible(ledger, token, holder, field="to")
    balance = ledger.find(Balance, token.id, holder)
    if balance is None:
        ensure_known(ledger, holder, field="to")
        ledger.put(Balance(token.id, holder, token.issuer, amount, 0, 0))
    else:
        free = balance.free + amount
        ledger.put(Balance(token.id, holder, balance.issuer, free, balance.held, balance.frozen))


# What must hold first


def active_token(ledger: Ledger, token: str) -> Token:
    found = ledger.get(Token, token, field="token")
    ensure(found.status == TokenStatus.ACTIVE, "token_not_active", field="token", expected="an active token")
    return found


def is_eligible(ledger: Ledger, token: Token, holder: str) -> bool:
    """The issuer always is, so that whatever it issued can come back to it."""
    if token.eligible_role is None or holder == token.issuer:
        return True
    return ledger.holds(Role(token.eligible_role), jurisdiction=token.jurisdiction, organisation=holder)


def ensure_eligible(ledger: Ledger, token: Token, holder: str, *, field: str) -> None:
    """Refuses the receiver, never the sender: whoever lost the role may still sell or redeem."""
    wanted = f"{token.eligible_role} in {token.jurisdiction}"
    ensure(is_eligible(ledger, token, holder), "receiver_not_eligible", field=field, expected=wanted)


def ensure_may_receive(ledger: Ledger, token: Token, holder: str, *, field: str) -> None:
    """Asked when value is promised, so that a promise that cannot be kept is not made."""
    ensure_known(ledger, holder, field=field)
    ensure_eligible(ledger, token, holder, field=field)


def ensure_known(ledger: Ledger, organisation: str, *, field: str) -> None:
    """Only organisations own assets; a contract moves what owners let it."""
    ensure(ledger.jurisdiction(organisation), "organisation_unknown", field=field, expected="an organisation")


def ensure_party(ledger: Ledger, party: str, *, field: str) -> None:
    if not party.startswith(contract_actor("")):
        ensure_known(ledger, party, field=field)


def ensure_future(ledger: Ledger, until: int) -> None:
    ensure(until > ledger.now, "until_past", field="until", expected="a time to come")


def ensure_beneficiary(beneficiary: str | None, to: str) -> None:
    ensure(beneficiary in (None, to), "not_beneficiary", field="to", expected=beneficiary)


def ensure_name(text: str, *, field: str) -> None:
    ensure(is_slug(text), "name", field=field, expected="lower-case letters, digits and inner hyphens")


def ensure_country(code: str) -> None:
    ensure(is_country(code), "jurisdiction", field="jurisdiction", expected="ISO 3166-1 alpha-2")
