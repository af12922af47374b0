"""What may be done with users, who are people, devices and agents: add, stop and let sign again, give roles."""

from collections.abc import Iterator

from infoharbor.contractkit import Action, Ledger, ensure, invariant
from infoharbor.contractkit.identifiers import is_slug
from infoharbor.contractkit.types import Code, UserId
from infoharbor.contracts.identity.keys import add_key
from infoharbor.contracts.identity.records import (
    ADMINISTRATOR,
    NewKey,
    Organisation,
    OrganisationStatus,
    User,
    UserKind,
    UserStatus,
)
from infoharbor.contracts.identity.rules import acting, own_user

ROLES_MAX = 20


class AddUser(Action):
    """Add a person, device or agent to the acting organisation, with a first key."""

    user: UserId
    kind: UserKind
    roles: tuple[Code, ...]
    key: NewKey
    scope: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure_roles_fit(self.kind, self.roles)
        organisation = ledger.get(Organisation, acting(ledger), field="by").id
        add_user(ledger, User(self.user, organisation, self.kind, UserStatus.ACTIVE, self.roles))
        add_key(ledger, self.user, organisation, self.kind, self.key, self.scope)


class SetUserRoles(Action):
    """Say which roles a user has inside the acting organisation, such as maker or checker."""

    user: UserId
    roles: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        user = own_user(ledger, self.user)
        ensure_roles_fit(user.kind, self.roles)
        ensure_not_self(ledger, self.user)
        ledger.put(user.replace(roles=self.roles))


class DisableUser(Action):
    """Stop a user of the acting organisation: none of the user's keys signs any more."""

    user: UserId

    def apply(self, ledger: Ledger) -> None:
        own_user(ledger, self.user)
        ensure_not_self(ledger, self.user)
        ledger.move(User, self.user, UserStatus.DISABLED)


class EnableUser(Action):
    """Let a disabled user of the acting organisation sign again."""

    user: UserId

    def apply(self, ledger: Ledger) -> None:
        own_user(ledger, self.user)
        ledger.move(User, self.user, UserStatus.ACTIVE)


def add_user(ledger: Ledger, user: User) -> None:
    ensure(is_slug(user.id), "user_id", field="user", expected="lower-case letters, digits and inner hyphens")
    ensure(ledger.find(User, user.id) is None, "user_known", field="user", expected="a fresh random id")
    ledger.put(user)


def ensure_not_self(ledger: Ledger, user: str) -> None:
    """Whoever administers stays able to: so an organisation never loses its last administrator."""
    ensure(user not in ledger.users, "not_yourself", field="user", expected="another administrator does this")


def ensure_roles_fit(kind: UserKind, roles: tuple[str, ...]) -> None:
    """Roles are what a policy asks of people; devices and agents have scopes instead."""
    ensure(len(roles) <= ROLES_MAX, "too_many_roles", field="roles", expected=f"at most {ROLES_MAX}")
    fit = kind == UserKind.PERSON or not roles
    ensure(fit, "roles_of_people", field="roles", expected="none for a device or agent")


@invariant
def every_active_organisation_has_an_administrator(ledger: Ledger) -> Iterator[str]:
    """An organisation that nobody can administer could never mend itself."""
    administered = {
        user.organisation
        for user in ledger.scan(User)
        if ADMINISTRATOR in user.roles and user.status == UserStatus.ACTIVE
    }
    for organisation in ledger.scan(Organisation):
        if organisation.status == OrganisationStatus.ACTIVE and organisation.id not in administered:
            yield f"identity/organisations/{organisation.id}"
