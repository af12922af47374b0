"""What may be done with organisations, their users, keys, policies and accreditations."""

from collections.abc import Iterator

from infoharbor.contractkit import GENESIS, Action, Ledger, Role, contract_actor, ensure, invariant
from infoharbor.contractkit.identifiers import is_country, is_lei, is_slug, is_uscc
from infoharbor.contractkit.signatures import is_possessed, key_identifier
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId, ShortText, UserId
from infoharbor.contracts.identity.attesters import AttesterKey
from infoharbor.contracts.identity.limits import pass_on_limits
from infoharbor.contracts.identity.records import (
    ADMINISTRATOR,
    Accreditation,
    AccreditationStatus,
    Key,
    KeyStatus,
    NewKey,
    Organisation,
    OrganisationStatus,
    PolicyRule,
    Registration,
    User,
    UserKind,
    UserStatus,
    has_seat,
    may_sign,
)

POLICY_RULES_MAX = 50
POLICY_NEEDS_MAX = 4
SCOPE_MAX = 20
ROLES_MAX = 20
CLOSED_TO_AGENTS = ("identity", "governance", "asset", "document.GrantAccess")
"""Contracts in which a device's or agent's key may never act, and single actions of others: those that let others in."""
VOTED = (GENESIS, contract_actor("governance"))
"""Who acts when the members have decided."""
ACCREDITOR = "accreditor:"


class AdmitOrganisation(Action):
    """Take an organisation onto the ledger, with its first administrator and a key. Voted by the members."""

    id: OrganisationId
    name: ShortText
    name_en: ShortText
    country: CountryCode
    registration: Registration
    number: Code
    seat: bool
    administrator: UserId
    key: NewKey

    def apply(self, ledger: Ledger) -> None:
        ensure(
            is_slug(self.id),
            "organisation_id",
            field="id",
            expected="lower-case letters, digits and inner hyphens",
        )
        ensure(is_country(self.country), "country", field="country", expected="two capital letters, ISO 3166-1")
        ensure(ledger.find(Organisation, self.id) is None, "organisation_known", field="id")
        valid = {Registration.USCC: is_uscc, Registration.LEI: is_lei}.get(self.registration, bool)
        right = f"a {self.registration} number with right check digits"
        ensure(valid(self.number), "registration_number", field="number", expected=right)
        for member in ledger.scan(Organisation):
            same = (member.registration, member.number) == (self.registration, self.number)
            taken = same and member.status != OrganisationStatus.EXPELLED
            ensure(not taken, "number_taken", field="number", expected="a number that no other member has")
        ledger.put(
            Organisation(
                self.id, self.name, self.name_en, self.country, self.registration, self.number,
                OrganisationStatus.ACTIVE, self.seat, (), b"",
            )
        )  # fmt: skip
        add_user(ledger, User(self.administrator, self.id, UserKind.PERSON, UserStatus.ACTIVE, (ADMINISTRATOR,)))
        add_key(ledger, self.administrator, self.id, UserKind.PERSON, self.key, ())


class SuspendOrganisation(Action):
    """Stop an organisation from acting; its records stay. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.SUSPENDED)


class ReinstateOrganisation(Action):
    """Let a suspended organisation act again. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.ACTIVE)


class ExpelOrganisation(Action):
    """End an organisation's membership for good; its records and their proofs stay. Voted by the members."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Organisation, self.organisation, OrganisationStatus.EXPELLED)


class SetSeat(Action):
    """Give an organisation a seat, with which it votes, or take it away. Voted by the members."""

    organisation: OrganisationId
    seat: bool

    def apply(self, ledger: Ledger) -> None:
        ensure(ledger.actor in VOTED, "not_voted", field="by", expected="an adopted proposal")
        organisation = ledger.get(Organisation, self.organisation, field="organisation")
        ledger.put(organisation.replace(seat=self.seat))
        remain = any(has_seat(member) for member in ledger.scan(Organisation))
        ensure(remain, "last_seat", field="seat", expected="another organisation with a seat")


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


class SetPolicy(Action):
    """Say who must sign what in the acting organisation, such as a maker and a checker for every payment.

    Whoever signs this must be able to sign the next policy too, so that no policy locks its organisation in.
    """

    rules: tuple[PolicyRule, ...]

    def apply(self, ledger: Ledger) -> None:
        few = len(self.rules) <= POLICY_RULES_MAX
        ensure(few, "too_many_rules", field="rules", expected=f"at most {POLICY_RULES_MAX}")
        counts = all(1 <= len(rule.needs) <= POLICY_NEEDS_MAX for rule in self.rules)
        ensure(counts, "policy_needs", field="rules", expected=f"1 to {POLICY_NEEDS_MAX} signers a rule")
        organisation = ledger.get(Organisation, acting(ledger), field="by").replace(policy=self.rules)
        signers = [ledger.get(User, user) for user in ledger.users]
        again = may_sign(organisation, "identity.SetPolicy", signers)
        ensure(again, "policy_locks_out", field="rules", expected="rules by which you may sign the next ones")
        ledger.put(organisation)


class SetSealingKey(Action):
    """Publish the X25519 key to which others seal what only the acting organisation may read."""

    sealing_key: bytes

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.sealing_key) == 32, "sealing_key", field="sealing_key", expected="32 bytes")
        organisation = ledger.get(Organisation, acting(ledger), field="by")
        ledger.put(organisation.replace(sealing_key=self.sealing_key))


class GrantRole(Action):
    """Accredit an organisation for a role in a jurisdiction, for a period: by an accreditor or by vote."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    valid_from: Instant
    until: Instant
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_may_accredit(ledger, self.role, self.jurisdiction)
        ledger.get(Organisation, self.organisation, field="organisation")
        in_order = self.until == 0 or self.until > self.valid_from
        ensure(in_order, "period", field="until", expected="after valid_from, or 0 for no end")
        ensure("/" not in self.role, "role_name", field="role", expected="no slash")
        known = is_country(self.jurisdiction)
        ensure(known, "country", field="jurisdiction", expected="two capital letters, ISO 3166-1")
        key = (self.organisation, self.role, self.jurisdiction)
        granted = AccreditationStatus.GRANTED
        before = ledger.find(Accreditation, *key)
        if before is not None and before.status == AccreditationStatus.WITHDRAWN:
            ledger.move(Accreditation, key, granted)
        period = (self.valid_from, self.until)
        ledger.put(Accreditation(*key, ledger.actor, *period, self.reference, granted))


class WithdrawRole(Action):
    """End an accreditation before its time. By an accreditor of that role there, or by vote."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_may_accredit(ledger, self.role, self.jurisdiction)
        key = (self.organisation, self.role, self.jurisdiction)
        ledger.move(Accreditation, key, AccreditationStatus.WITHDRAWN, reference=self.reference)


def accreditor_of(role: str) -> Role:
    """The role whose holders may grant `role`; it is itself given by vote only."""
    return Role(ACCREDITOR + role)


def ensure_may_accredit(ledger: Ledger, role: str, jurisdiction: str) -> None:
    if ledger.actor not in VOTED:
        ensure(not role.startswith(ACCREDITOR), "not_voted", field="role", expected="an adopted proposal")
        ledger.require(accreditor_of(role), jurisdiction=jurisdiction)


def acting(ledger: Ledger) -> str:
    """The organisation that acts, alone: nobody has a hand in the users and keys of another."""
    alone = len(ledger.organisations) == 1
    ensure(alone, "one_organisation", field="by", expected="one organisation")
    return ledger.actor


def own_user(ledger: Ledger, user: str) -> User:
    found = ledger.get(User, user, field="user")
    ensure(found.organisation == acting(ledger), "not_your_user", field="user", expected="a user of your own")
    return found


def ensure_not_self(ledger: Ledger, user: str) -> None:
    """Whoever administers stays able to: so an organisation never loses its last administrator."""
    ensure(user not in ledger.users, "not_yourself", field="user", expected="another administrator does this")


def add_user(ledger: Ledger, user: User) -> None:
    ensure(is_slug(user.id), "user_id", field="user", expected="lower-case letters, digits and inner hyphens")
    ensure(ledger.find(User, user.id) is None, "user_known", field="user", expected="a fresh random id")
    ledger.put(user)


def ensure_roles_fit(kind: UserKind, roles: tuple[str, ...]) -> None:
    """Roles are what a policy asks of people; devices and agents have scopes instead."""
    ensure(len(roles) <= ROLES_MAX, "too_many_roles", field="roles", expected=f"at most {ROLES_MAX}")
    fit = kind == UserKind.PERSON or not roles
    ensure(fit, "roles_of_people", field="roles", expected="none for a device or agent")


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
