"""Who may: roles, the parties of a move, and what the kernel asks of the contract that keeps identities."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from infoharbor.kernel.transaction import SaltedAction


class Role:
    """A role that an accrediting authority grants for a jurisdiction and a period, such as `Role("certifier")`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def of(self, field: str) -> "RoleOf":
        """Holders of this role in the jurisdiction of the organisation that `field` names."""
        return RoleOf(self.name, field, of_organisation=True)

    def within(self, field: str) -> "RoleOf":
        """Holders of this role in the jurisdiction whose code stands in `field`."""
        return RoleOf(self.name, field, of_organisation=False)

    def __repr__(self) -> str:
        return f"Role({self.name!r})"


class RoleOf(NamedTuple):
    role: str
    field: str
    of_organisation: bool

    def __str__(self) -> str:
        return f"role {self.role} of {self.field}"


class AllOf(NamedTuple):
    """Every one of these parties acts together, in one action."""

    parties: tuple[Any, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.parties))


def all_of(*parties: Any) -> AllOf:
    return AllOf(parties)


class Contract(NamedTuple):
    """A move that only the contract of this name may ask for, through a call."""

    name: str

    def __str__(self) -> str:
        return f"contract {self.name}"


class Anyone(NamedTuple):
    """Any organisation of the ledger."""

    def __str__(self) -> str:
        return "anyone"


class Calendar(NamedTuple):
    """The ledger's calendar, when the time has come."""

    def __str__(self) -> str:
        return "calendar"


ANYONE = Anyone()
CALENDAR = Calendar()
GENESIS = "ledger:genesis"
"""The actor of the actions that found a chain; every move is open to it."""
CALENDAR_ACTOR = "ledger:calendar"
ENGINE = "ledger:engine"
"""The actor of what the engine that orders the blocks has found, and every node with it."""


def contract_actor(name: str) -> str:
    """How a contract appears to another that it calls. No organisation's id holds a colon."""
    return f"contract:{name}"


class SigningKey(NamedTuple):
    """What the ledger knows of a key: its suite, its bytes, and whose it is."""

    suite: str
    public_key: bytes
    user: str
    organisation: str


Find = Callable[..., Any]


class BrokenAuthority(Exception):
    """The contract that keeps identities does not answer as `Authority` says."""


class Authority(Protocol):
    """Answered by the contract that keeps identities, from its own records; `find(type, *key)` reads them."""

    def signing_key(self, find: Find, key: bytes, now: int) -> SigningKey:
        """The key, if it may sign anything at all at `now`; refuses otherwise."""
        ...

    def authorise(self, find: Find, signers: dict[bytes, SigningKey], action: SaltedAction, now: int) -> int:
        """Refuses unless the signers may act for every organisation that `action.by` names.

        Returns the time until which the answer holds for these signers and this action, whatever its arguments, as long
        as no record of the contract that answers changes; `now` if it holds for this once.
        """
        ...

    def hold_to_limits(
        self, ledger: Any, signers: dict[bytes, SigningKey], action: SaltedAction, arguments: object
    ) -> None:
        """Refuses what the limits of the signers' keys do not leave, and counts what the action takes of them.

        Asked, with the decoded arguments, after each answer of `authorise` that holds for once.
        """
        ...

    def accreditation(self, find: Find, organisation: str, role: str, jurisdiction: str, now: int) -> str | None:
        """The id of the grant by which `organisation` holds `role` in `jurisdiction` at `now`, if it does."""
        ...

    def jurisdiction(self, find: Find, organisation: str) -> str:
        """The ISO 3166-1 code of the organisation's country; empty when it is unknown."""
        ...

    def attesters_root(self, find: Find) -> bytes:
        """32 bytes that commit to who attests the ledger's checkpoints; `block.NO_ATTESTERS` where nobody does."""
        ...
