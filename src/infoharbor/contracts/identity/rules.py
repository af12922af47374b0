"""In whose name identities are administered: by the one organisation that acts, or by vote."""

from infoharbor.contractkit import GENESIS, Ledger, contract_actor, ensure
from infoharbor.contracts.identity.records import User

VOTED = (GENESIS, contract_actor("governance"))
"""Who acts when the members have decided."""


def acting(ledger: Ledger) -> str:
    """The organisation that acts, alone: nobody has a hand in the users and keys of another."""
    alone = len(ledger.organisations) == 1
    ensure(alone, "one_organisation", field="by", expected="one organisation")
    return ledger.actor


def own_user(ledger: Ledger, user: str) -> User:
    found = ledger.get(User, user, field="user")
    ensure(found.organisation == acting(ledger), "not_your_user", field="user", expected="a user of your own")
    return found
