"""What is kept of organisations, users, keys and roles, and what it tells the kernel: who may sign what."""

import msgspec

from infoharbor.contractkit import ANYONE, NEW, PUBLIC, Contract, Ledger, Move, Record, Status, ensure
from infoharbor.contractkit.kernel import Find, SaltedAction, SigningKey
from infoharbor.contractkit.types import INTEGER_MAX, Code, CountryCode, Instant, OrganisationId, ShortText, UserId
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.contracts.identity.limits import Limits, hold_to_limits
from infoharbor.evidence.attesters import attesters_root

GOVERNANCE = Contract("governance")
ADMINISTRATOR = "administrator"
MAKER = "maker"
CHECKER = "checker"


class OrganisationStatus(Status):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"


class Registration(Status):
    """The register whose number names the organisation."""

    USCC = "uscc"
    LEI = "lei"
    REGISTRY = "registry"


class PolicyRule(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Who must sign an action: for each entry of `needs` another user with that role; "" is any user.

    `action` is `contract.Action`, or `contract.*`, or `*`; the first rule that fits holds.
    """

    action: Code
    needs: tuple[ShortText, ...]


ROTATION = "identity.RotateKey"
DEFAULT_RULES = (
    PolicyRule(ROTATION, ("",)),
    PolicyRule("identity.*", (ADMINISTRATOR,)),
    PolicyRule("governance.*", (ADMINISTRATOR,)),
    PolicyRule("*", ("",)),
)
"""What holds where an organisation has no rule of its own."""


class Organisation(Record, table="organisations", visible=PUBLIC):
    """A member: a legal person on the ledger. `seat` says whether it votes; with `sealing_key` (X25519)
    others seal what only it may read."""

    id: OrganisationId
    name: ShortText
    name_en: ShortText
    country: CountryCode
    registration: Registration
    number: Code
    status: OrganisationStatus
    seat: bool
    policy: tuple[PolicyRule, ...]
    sealing_key: bytes

    moves = (
        Move(NEW, OrganisationStatus.ACTIVE, by=GOVERNANCE),
        Move(OrganisationStatus.ACTIVE, OrganisationStatus.SUSPENDED, by=GOVERNANCE),
        Move(OrganisationStatus.SUSPENDED, OrganisationStatus.ACTIVE, by=GOVERNANCE),
        Move(OrganisationStatus.ACTIVE, OrganisationStatus.EXPELLED, by=GOVERNANCE),
        Move(OrganisationStatus.SUSPENDED, OrganisationStatus.EXPELLED, by=GOVERNANCE),
    )


def has_seat(member: Organisation) -> bool:
    """Whether the organisation votes now."""
    return member.seat and member.status == OrganisationStatus.ACTIVE


class UserKind(Status):
    PERSON = "person"
    DEVICE = "device"
    AGENT = "agent"


class UserStatus(Status):
    ACTIVE = "active"
    DISABLED = "disabled"


class User(Record, table="users"):
    """A person, device or agent that signs for an organisation; the random id tells nothing of the person."""

    id: UserId
    organisation: OrganisationId
    kind: UserKind
    status: UserStatus
    roles: tuple[Code, ...]

    moves = (
        Move(NEW, UserStatus.ACTIVE, by=("organisation", GOVERNANCE)),
        Move(UserStatus.ACTIVE, UserStatus.DISABLED, by="organisation"),
        Move(UserStatus.DISABLED, UserStatus.ACTIVE, by="organisation"),
    )


class KeyStatus(Status):
    ACTIVE = "active"
    REVOKED = "revoked"


class Key(Record, table="keys"):
    """A public key; its id is the hash of suite and key in hex. `scope` names the only actions that a
    device's or agent's key may sign. After `until` it signs nothing but its own rotation; 0 means no end."""

    id: Code
    suite: Code
    public_key: bytes
    user: UserId
    organisation: OrganisationId
    kind: UserKind
    scope: tuple[Code, ...]
    valid_from: Instant
    until: Instant
    status: KeyStatus

    moves = (
        Move(NEW, KeyStatus.ACTIVE, by=("organisation", GOVERNANCE)),
        Move(KeyStatus.ACTIVE, KeyStatus.REVOKED, by="organisation"),
    )

    def has_expired(self, now: int) -> bool:
        return self.until != 0 and now >= self.until


class AccreditationStatus(Status):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Accreditation(Record, table="accreditations", key=("organisation", "role", "jurisdiction"), visible=PUBLIC):
    """A role that an organisation holds in a jurisdiction for a period, and who granted it; `reference` names
    the decision."""

    organisation: OrganisationId
    role: Code
    jurisdiction: CountryCode
    granted_by: Code
    valid_from: Instant
    until: Instant
    reference: ShortText
    status: AccreditationStatus

    moves = (
        Move(NEW, AccreditationStatus.GRANTED, by=ANYONE),
        Move(AccreditationStatus.GRANTED, AccreditationStatus.WITHDRAWN, by=ANYONE),
        Move(AccreditationStatus.WITHDRAWN, AccreditationStatus.GRANTED, by=ANYONE),
    )
    """Who may is decided by the role itself: see `GrantRole`."""


class NewKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A key to be registered; `proof` is its own signature over the proof of possession's message."""

    suite: Code
    public_key: bytes
    proof: bytes
    valid_from: Instant
    until: Instant


def needs_of(member: Organisation, name: str) -> tuple[str, ...]:
    """Who must sign the action `name` for this member: what its first rule that fits asks."""
    return next(rule.needs for rule in (*member.policy, *DEFAULT_RULES) if fits_rule(rule, name))


def fits_rule(rule: PolicyRule, name: str) -> bool:
    return rule.action in ("*", name) or (rule.action.endswith(".*") and name.startswith(rule.action[:-1]))


def may_sign(member: Organisation, name: str, users: list[User]) -> bool:
    """Whether these users meet the policy. Whatever it says, an administrator administers identities."""
    administers = name.startswith("identity.") and name != ROTATION
    if administers and all(ADMINISTRATOR not in user.roles for user in users):
        return False
    return are_met(needs_of(member, name), users)


def are_met(needs: tuple[str, ...], users: list[User]) -> bool:
    """Whether each need has a user of its own: the sets of users taken so far, as bit masks, need by need."""
    taken = [0]
    for need in needs:
        fitting = [1 << place for place, user in enumerate(users) if not need or need in user.roles]
        taken = sorted({mask | bit for mask in taken for bit in fitting if not mask & bit})
    return bool(taken)


class _Authority:
    """Answers the kernel: whose key this is, whether its signers suffice, who is accredited."""

    def signing_key(self, find: Find, key: bytes, now: int) -> SigningKey:
        """Refuses a key that is unknown, revoked or not yet valid, or whose user or organisation is stopped, so that
        neither fills blocks with refusals; what it may sign, `authorise` says."""
        found = find(Key, key.hex())
        ensure(found is not None, "identity.key_unknown", field="keys", expected="a registered key")
        ensure_in_force(found, now)
        ensure_active_organisation(find(Organisation, found.organisation))
        ensure_active_user(find(User, found.user))
        return SigningKey(found.suite, found.public_key, found.user, found.organisation)

    def authorise(self, find: Find, signers: dict[bytes, SigningKey], action: SaltedAction, now: int) -> int:
        name = f"{action.contract}.{action.name}"
        until = INTEGER_MAX
        for organisation in action.by:
            member = find(Organisation, organisation)
            ensure(member is not None, "identity.organisation_unknown", field="by", expected="a member")
            ensure_active_organisation(member)
            own = [key for key in sorted(signers) if signers[key].organisation == organisation]
            until = min(until, self._ensure_signed(find, member, own, name, now))
        return now if name == ROTATION else until

    def _ensure_signed(self, find: Find, member: Organisation, own: list[bytes], name: str, now: int) -> int:
        """Every key is in force as the bundle has left it; people meet the policy, or a scope covers it.

        Returns when the first of the keys expires; `now` where one has limits, which each action is held to anew.
        """
        until = INTEGER_MAX
        people: dict[str, User] = {}
        covered = False
        for key in own:
            record = find(Key, key.hex())
            user = find(User, record.user)
            ensure_in_force(record, now)
            ensure_active_user(user)
            alive = name == ROTATION or not record.has_expired(now)
            ensure(
                alive,
                "identity.key_expired",
                field="keys",
                expected="a key in force; an old one rotates itself",
            )
            if user.kind == UserKind.PERSON:
                people[user.id] = user
            elif find(Limits, record.id) is not None:
                until = now
            covered = covered or name in record.scope
            until = min(until, record.until or INTEGER_MAX)
        if covered and not people:
            return until
        wanted = f"a signature for {member.id} by a key that may sign {name}"
        ensure(people, "identity.not_signed", field="by", expected=wanted)
        wanted = " and ".join(need or "any user" for need in needs_of(member, name))
        suffice = may_sign(member, name, list(people.values()))
        ensure(suffice, "identity.policy", field="keys", expected=wanted)
        return until

    def hold_to_limits(
        self, ledger: Ledger, signers: dict[bytes, SigningKey], action: SaltedAction, arguments: object
    ) -> None:
        for key in sorted(signers):
            if signers[key].organisation in action.by:
                hold_to_limits(ledger, key.hex(), f"{action.contract}.{action.name}", arguments)

    def accreditation(self, find: Find, organisation: str, role: str, jurisdiction: str, now: int) -> str | None:
        grant = find(Accreditation, organisation, role, jurisdiction)
        if grant is None or grant.status != AccreditationStatus.GRANTED:
            return None
        in_time = grant.valid_from <= now and (grant.until == 0 or now < grant.until)
        if not in_time or find(Organisation, organisation).status != OrganisationStatus.ACTIVE:
            return None
        return f"identity/accreditations/{organisation}/{role}/{jurisdiction}"

    def jurisdiction(self, find: Find, organisation: str) -> str:
        found = find(Organisation, organisation)
        return found.country if found is not None else ""

    def attesters_root(self, find: Find) -> bytes:
        found = find(Attesters, CURRENT)
        return attesters_root(None if found is None else found.named)


def ensure_in_force(key: Key, now: int) -> None:
    ensure(key.status == KeyStatus.ACTIVE, "identity.key_revoked", field="keys", expected="a key in force")
    ensure(key.valid_from <= now, "identity.key_early", field="keys", expected="a key that is valid already")


def ensure_active_organisation(member: Organisation) -> None:
    active = member.status == OrganisationStatus.ACTIVE
    ensure(active, "identity.organisation_not_active", field="by", expected="an active organisation")


def ensure_active_user(user: User) -> None:
    active = user.status == UserStatus.ACTIVE
    ensure(active, "identity.user_disabled", field="keys", expected="an active user")


AUTHORITY = _Authority()
