"""What may be done with identities, and how the kernel's questions about them are answered."""

from collections.abc import Iterator

from infoharbor.contractkit import GENESIS, Action, Ledger, Role, contract_actor, ensure, invariant
from infoharbor.contractkit.identifiers import is_country, is_lei, is_slug, is_uscc
from infoharbor.contractkit.kernel import Find, SaltedAction, SigningKey
from infoharbor.contractkit.signatures import is_possessed, key_identifier
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId, ShortText, UserId
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
)

POLICY_RULES_MAX = 50
SCOPE_MAX = 20
ROLES_MAX = 20
CLOSED_TO_AGENTS = ("identity", "governance", "asset")
"""Contracts in which a device's or agent's key may never act."""
HUMAN_RULES = (
    PolicyRule("identity.RotateKey", ("",)),
    PolicyRule("identity.*", (ADMINISTRATOR,)),
    PolicyRule("governance.*", (ADMINISTRATOR,)),
    PolicyRule("*", ("",)),
)
"""What holds where an organisation has no rule of its own."""


class AdmitOrganisation(Action):
    """Take an organisation onto the ledger, with its first administrator and that user's key. Voted by the members."""

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
        ensure(is_slug(self.id), "organisation_id", field="id", expected="lower-case letters, digits and inner hyphens")
        ensure(is_country(self.country), "country", field="country", expected="two capital letters, ISO 3166-1")
        ensure(ledger.find(Organisation, self.id) is None, "organisation_known", field="id")
        valid = {Registration.USCC: is_uscc, Registration.LEI: is_lei}.get(self.registration, bool)
        ensure(valid(self.number), "registration_number", field="number", expected=f"a {self.registration} with right check digits")
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


class AddUser(Action):
    """Add a person, device or agent to the acting organisation, with a first key."""

    user: UserId
    kind: UserKind
    roles: tuple[Code, ...]
    key: NewKey
    scope: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.roles) <= ROLES_MAX, "too_many_roles", field="roles", expected=ROLES_MAX)
        add_user(ledger, User(self.user, ledger.actor, self.kind, UserStatus.ACTIVE, self.roles))
        add_key(ledger, self.user, ledger.actor, self.kind, self.key, self.scope)


class SetUserRoles(Action):
    """Say which roles a user has inside the acting organisation, such as maker or checker."""

    user: UserId
    roles: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.roles) <= ROLES_MAX, "too_many_roles", field="roles", expected=ROLES_MAX)
        user = own_user(ledger, self.user)
        ensure_not_self(ledger, self.user)
        ledger.put(user.replace(roles=self.roles))


class DisableUser(Action):
    """Stop a user of the acting organisation: none of the user's keys signs any more."""

    user: UserId

    def apply(self, ledger: Ledger) -> None:
        ensure_not_self(ledger, self.user)
        ledger.move(User, self.user, UserStatus.DISABLED)


class EnableUser(Action):
    """Let a disabled user of the acting organisation sign again."""

    user: UserId

    def apply(self, ledger: Ledger) -> None:
        ledger.move(User, self.user, UserStatus.ACTIVE)


class AddKey(Action):
    """Give a user of the acting organisation one more key. A device's or agent's key names the actions it may sign."""

    user: UserId
    key: NewKey
    scope: tuple[Code, ...]

    def apply(self, ledger: Ledger) -> None:
        user = own_user(ledger, self.user)
        add_key(ledger, user.id, user.organisation, user.kind, self.key, self.scope)


class RotateKey(Action):
    """Put a new key in the place of an old one of the same user. An expired key may still do this for itself."""

    old: Code
    key: NewKey

    def apply(self, ledger: Ledger) -> None:
        old = ledger.move(Key, self.old, KeyStatus.REVOKED)
        may = old.user in ledger.users or any(
            ADMINISTRATOR in ledger.get(User, user).roles for user in ledger.users
        )
        ensure(may, "not_your_key", field="old", expected="your own key, or an administrator")
        add_key(ledger, old.user, old.organisation, old.kind, self.key, old.scope)


class RevokeKey(Action):
    """Stop a key of the acting organisation for good."""

    key: Code

    def apply(self, ledger: Ledger) -> None:
        ledger.move(Key, self.key, KeyStatus.REVOKED)


class SetPolicy(Action):
    """Say who must sign what in the acting organisation, such as a maker and a checker for every payment."""

    rules: tuple[PolicyRule, ...]

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.rules) <= POLICY_RULES_MAX, "too_many_rules", field="rules", expected=POLICY_RULES_MAX)
        ensure(all(1 <= len(rule.needs) <= 8 for rule in self.rules), "policy_needs", field="rules", expected="1 to 8 signers a rule")
        organisation = ledger.get(Organisation, ledger.actor)
        ledger.put(organisation.replace(policy=self.rules))


class SetSealingKey(Action):
    """Publish the X25519 key to which others seal what only the acting organisation may read."""

    sealing_key: bytes

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.sealing_key) == 32, "sealing_key", field="sealing_key", expected="32 bytes")
        organisation = ledger.get(Organisation, ledger.actor)
        ledger.put(organisation.replace(sealing_key=self.sealing_key))


class GrantRole(Action):
    """Accredit an organisation for a role in a jurisdiction and a period. By an accreditor of that role there, or by vote."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    valid_from: Instant
    until: Instant
    reference: ShortText

    def apply(self, ledger: Ledger) -> None:
        ensure_may_accredit(ledger, self.role, self.jurisdiction)
        ledger.get(Organisation, self.organisation, field="organisation")
        ensure(self.until == 0 or self.until > self.valid_from, "period", field="until", expected="after valid_from, or 0 for no end")
        ensure("/" not in self.role, "role_name", field="role", expected="no slash")
        key = (self.organisation, self.role, self.jurisdiction)
        known = ledger.find(Accreditation, *key)
        if known is not None and known.status == AccreditationStatus.WITHDRAWN:
            ledger.move(Accreditation, key, AccreditationStatus.GRANTED)
        ledger.put(
            Accreditation(*key, ledger.actor, self.valid_from, self.until, self.reference, AccreditationStatus.GRANTED)
        )


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
    return Role(f"accreditor:{role}")


def ensure_may_accredit(ledger: Ledger, role: str, jurisdiction: str) -> None:
    if ledger.actor not in (GENESIS, contract_actor("governance")):
        ledger.require(accreditor_of(role), jurisdiction=jurisdiction)


def own_user(ledger: Ledger, user: str) -> User:
    found = ledger.get(User, user, field="user")
    ledger.ensure_actor(found.organisation)
    return found


def ensure_not_self(ledger: Ledger, user: str) -> None:
    """Whoever administers stays able to: so an organisation never loses its last administrator."""
    ensure(user not in ledger.users, "not_yourself", field="user", expected="another administrator does this")


def add_user(ledger: Ledger, user: User) -> None:
    ensure(is_slug(user.id), "user_id", field="user", expected="lower-case letters, digits and inner hyphens")
    ensure(ledger.find(User, user.id) is None, "user_known", field="user", expected="a fresh random id")
    ledger.put(user)


def add_key(
    ledger: Ledger, user: str, organisation: str, kind: UserKind, key: NewKey, scope: tuple[str, ...]
) -> None:
    """Register a key: it must sign for itself, and must never have been registered before, for anyone."""
    ensure(is_possessed(user, key.suite, key.public_key, key.proof), "possession", field="key.proof", expected="the new key's own signature")
    identifier = key_identifier(key.suite, key.public_key)
    ensure(ledger.find(Key, identifier) is None, "key_known", field="key.public_key", expected="a key that was never registered")
    ensure(key.until == 0 or key.until > max(key.valid_from, ledger.now), "period", field="key.until", expected="in the future, or 0 for no end")
    if kind == UserKind.PERSON:
        ensure(not scope, "scope", field="scope", expected="empty for a person: the organisation's policy says what a person may sign")
    else:
        ensure(1 <= len(scope) <= SCOPE_MAX, "scope", field="scope", expected=f"1 to {SCOPE_MAX} actions")
        closed = [each for each in scope if each.partition(".")[0] in CLOSED_TO_AGENTS or each.endswith("*")]
        ensure(not closed, "scope_closed", field="scope", expected=f"whole names, none of {', '.join(CLOSED_TO_AGENTS)}")
    ledger.put(
        Key(identifier, key.suite, key.public_key, user, organisation, kind, scope, key.valid_from, key.until, KeyStatus.ACTIVE)
    )


class _Authority:
    """Answers the kernel: whose key this is, whether its signers suffice, who is accredited."""

    def signing_key(self, find: Find, key: bytes, now: int) -> SigningKey:
        """Refuses a key that is unknown, revoked, not yet valid, or whose user or organisation may not act."""
        found = find(Key, key.hex())
        ensure(found is not None, "identity.key_unknown", field="keys", expected="a registered key")
        ensure(found.status == KeyStatus.ACTIVE, "identity.key_revoked", field="keys", expected="a key in force")
        ensure(found.valid_from <= now, "identity.key_early", field="keys", expected="a key that is valid already")
        return SigningKey(found.suite, found.public_key, found.user, found.organisation)

    def authorise(self, find: Find, signers: dict[bytes, SigningKey], action: SaltedAction, now: int) -> None:
        name = f"{action.contract}.{action.name}"
        for organisation in action.by:
            self._authorise_one(find, signers, organisation, name, now)

    def _authorise_one(self, find: Find, signers: dict[bytes, SigningKey], organisation: str, name: str, now: int) -> None:
        member = find(Organisation, organisation)
        ensure(member is not None, "identity.organisation_unknown", field="by", expected="an organisation of this ledger")
        ensure(member.status == OrganisationStatus.ACTIVE, "identity.organisation_not_active", field="by", expected="an active organisation")
        people: dict[str, User] = {}
        for key, known in signers.items():
            if known.organisation != organisation:
                continue
            user = find(User, known.user)
            ensure(user.status == UserStatus.ACTIVE, "identity.user_disabled", field="keys", expected="an active user")
            record = find(Key, key.hex())
            alive = record.until == 0 or now < record.until or name == "identity.RotateKey"
            ensure(alive, "identity.key_expired", field="keys", expected="a key in force; an expired one may only rotate itself")
            if user.kind == UserKind.PERSON:
                people[user.id] = user
            elif name in record.scope:
                return
        ensure(people, "identity.not_signed", field="by", expected=f"a signature for {organisation} by a key that may sign {name}")
        needs = next(rule.needs for rule in (*member.policy, *HUMAN_RULES) if fits_rule(rule, name))
        ensure(are_met(needs, list(people.values())), "identity.policy", field="keys", expected=", ".join(needs) or "one user")

    def accreditation(self, find: Find, organisation: str, role: str, jurisdiction: str, now: int) -> str | None:
        grant = find(Accreditation, organisation, role, jurisdiction)
        if grant is None or grant.status != AccreditationStatus.GRANTED:
            return None
        in_time = grant.valid_from <= now and (grant.until == 0 or now < grant.until)
        return f"identity/accreditations/{organisation}/{role}/{jurisdiction}" if in_time else None

    def jurisdiction(self, find: Find, organisation: str) -> str:
        found = find(Organisation, organisation)
        return found.country if found is not None else ""


def fits_rule(rule: PolicyRule, name: str) -> bool:
    return rule.action in ("*", name) or (rule.action.endswith(".*") and name.startswith(rule.action[:-1]))


def are_met(needs: tuple[str, ...], users: list[User]) -> bool:
    """Whether each need has a user of its own: the sets of users taken so far, as bit masks, need by need."""
    taken = [0]
    for need in needs:
        fitting = [1 << place for place, user in enumerate(users) if not need or need in user.roles]
        taken = sorted({mask | bit for mask in taken for bit in fitting if not mask & bit})
    return bool(taken)


AUTHORITY = _Authority()


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
        user.organisation for user in ledger.scan(User) if ADMINISTRATOR in user.roles and user.status == UserStatus.ACTIVE
    }
    for organisation in ledger.scan(Organisation):
        if organisation.status == OrganisationStatus.ACTIVE and organisation.id not in administered:
            yield f"identity/organisations/{organisation.id}"


