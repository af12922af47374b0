"""What may be done with keys: add, rotate and revoke them."""

from collections.abc import Iterator

from infoharbor.contractkit import Action, Ledger, ensure, invariant
from infoharbor.contractkit.signatures import is_possessed, key_identifier
from infoharbor.contractkit.types import Code, UserId
from infoharbor.contracts.identity.attesters import AttesterKey
from infoharbor.contracts.identity.limits import pass_on_limits
from infoharbor.contracts.identity.records import ADMINISTRATOR, Key, KeyStatus, NewKey, User, UserKind
from infoharbor.contracts.identity.rules import acting, own_user

SCOPE_MAX = 20
CLOSED_TO_AGENTS = ("identity", "governance", "asset", "document.GrantAccess")
"""Contracts in which a device's or agent's key may never act, and single actions of others: those that let others in."""


class AddKey(Action):
    """Give a user of the acting organisation one more key; `scope` is for devices and agents."""

    user: UserId
    key: NewKey
    scope: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        user = own_user(ledger, self.user)
        add_key(ledger, user.id, user.organisation, user.kind, self.key, self.scope)


class RotateKey(Action):
    """Put a new key in the place of an old one of the same user, with its scope and what its limits leave. An expired
    key may do this for itself."""

    old: Code
    key: NewKey

    def apply(self, ledger: Ledger) -> None:
        expired = [key for key in ledger.keys if key != self.old and ledger.get(Key, key).has_expired(ledger.now)]
        ensure(not expired, "key_expired", field="old", expected="the expired key itself")
        acting(ledger)
        old = ledger.move(Key, self.old, KeyStatus.REVOKED)
        signers = [ledger.get(User, user) for user in ledger.users]
        may = old.user in ledger.users or any(ADMINISTRATOR in user.roles for user in signers)
        ensure(may, "not_your_key", field="old", expected="your own key, or an administrator")
        add_key(ledger, old.user, old.organisation, old.kind, self.key, old.scope)
        pass_on_limits(ledger, self.old, key_identifier(self.key.suite, self.key.public_key))


class RevokeKey(Action):
    """Stop a key of the acting organisation for good. A key that signs this is rotated instead."""

    key: Code

    def apply(self, ledger: Ledger) -> None:
        ensure(self.key not in ledger.keys, "own_key", field="key", expected="a key that does not sign this")
        acting(ledger)
        ledger.move(Key, self.key, KeyStatus.REVOKED)


def add_key(ledger: Ledger, user: str, organisation: str, kind: UserKind, key: NewKey, scope: tuple[str, ...]) -> None:
    """Register a key: it must sign for itself, and must never have been registered before, for anyone."""
    possessed = is_possessed(user, key.suite, key.public_key, key.proof)
    ensure(possessed, "possession", field="key.proof", expected="the new key's own signature")
    identifier = key_identifier(key.suite, key.public_key)
    fresh = ledger.find(Key, identifier) is None and ledger.find(AttesterKey, identifier) is None
    ensure(fresh, "key_known", field="key.public_key", expected="a key that was never registered")
    in_order = key.until == 0 or key.until > max(key.valid_from, ledger.now)
    ensure(in_order, "period", field="key.until", expected="in the future, or 0 for no end")
    if kind == UserKind.PERSON:
        ensure(not scope, "scope", field="scope", expected="empty for a person, for whom the policy holds")
    else:
        ensure(1 <= len(scope) <= SCOPE_MAX, "scope", field="scope", expected=f"1 to {SCOPE_MAX} actions")
        closed = [
            each
            for each in scope
            if each in CLOSED_TO_AGENTS or each.partition(".")[0] in CLOSED_TO_AGENTS or "*" in each
        ]
        right = f"whole names, none of {', '.join(CLOSED_TO_AGENTS)}"
        ensure(not closed, "scope_closed", field="scope", expected=right)
    ledger.put(
        Key(
            identifier, key.suite, key.public_key, user, organisation, kind, scope,
            key.valid_from, key.until, KeyStatus.ACTIVE,
        )
    )  # fmt: skip


@invariant
def keys_belong_to_users_of_their_organisation(ledger: Ledger) -> Iterator[str]:
    """A key's user is a user of the key's organisation."""
    for key in ledger.scan(Key):
        user = ledger.find(User, key.user)
        if user is None or user.organisation != key.organisation:
            yield f"identity/keys/{key.id}"
