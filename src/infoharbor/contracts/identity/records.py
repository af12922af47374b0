"""What is kept of organisations, their users, keys and accreditations."""

import msgspec

from infoharbor.contractkit import ANYONE, NEW, PUBLIC, Contract, Move, Record, Status
from infoharbor.contractkit.types import Code, CountryCode, Instant, OrganisationId, ShortText, UserId

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
    """Who must sign an action: for each entry of `needs` another user who has that role; an empty entry is any user.

    `action` is `contract.Action`, or `contract.*`, or `*`; the first rule that fits holds.
    """

    action: Code
    needs: tuple[ShortText, ...]


class Organisation(Record, table="organisations", visible=PUBLIC):
    """A member: a legal person on the ledger. `seat` says whether it votes; `sealing_key` (X25519) takes what is sealed for it."""

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
    """A person, device or agent that signs for an organisation; the id is random and tells nothing of the person."""

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
    """A public key; its id is the hash of suite and key in hex. `scope` names the only actions that a device's or an
    agent's key may sign. `until` is when it stops signing all but its own rotation; 0 means no end."""

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


class AccreditationStatus(Status):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Accreditation(Record, table="accreditations", key=("organisation", "role", "jurisdiction"), visible=PUBLIC):
    """A role that an organisation holds in a jurisdiction for a period, and who granted it. `reference` names the decision."""

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

