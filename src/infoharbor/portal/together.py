"""Who else signs what a form makes: the organisations that a clerk names, and the keys of theirs that can."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from infoharbor.contracts.identity.records import (
    ADMINISTRATOR,
    Key,
    KeyStatus,
    Organisation,
    User,
    UserKind,
    UserStatus,
    needs_of,
)
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel import limits
from infoharbor.sdk.problems import Problem

FIELD: Final = "with"
"""What the form calls it; no action has a field of this name, since it is a word of Python."""
LINES_MAX: Final = limits.SIGNATURES_PER_TRANSACTION - 1


class Other(NamedTuple):
    """An organisation that signs too; `user` is empty where any of its people may."""

    organisation: str
    user: str = ""


def others_in(text: str) -> list[Other]:
    """One a line: an organisation's id, and a user's after it if it is to be that one. Raises `Problem`."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) > LINES_MAX or any(len(words) > 2 for words in lines):
        expected = f"at most {LINES_MAX} lines, each an organisation's id, or one and a user's id"
        raise Problem("input.length", field=FIELD, expected=expected)
    return [Other(*words) for words in lines]


def acting(me: str, others: Iterable[Other]) -> list[str]:
    """All who act, the member first, each once."""
    return list(dict.fromkeys((me, *(each.organisation for each in others))))


def keys_of(read: Sight, others: Iterable[Other], action: str) -> list[bytes]:
    """A key for each named user, and for each other organisation keys of as many people as its policy wants for
    `action`, which is `contract.Action`. Raises `Problem` where there is none."""
    found: dict[str, None] = {}
    for each in others:
        people = _people(read, each.organisation)
        needs = ("",) if each.user else needs_of(_member(read, each.organisation), action)
        # Whoever may be anyone comes last, so that nobody with a role is taken for it.
        for need in sorted(needs, key=lambda role: not role):
            fitting = [key for user, key in people if _fits(user, each.user, need) and key not in found]
            if not fitting:
                wanted = f"{each.user or need or 'a person'} with a key in force at {each.organisation}"
                raise Problem("client.no_signer", field=FIELD, expected=wanted)
            found[fitting[0]] = None
    return [bytes.fromhex(key) for key in found]


def _member(read: Sight, organisation: str) -> Organisation:
    found = read.find(Organisation, organisation)
    if found is None:
        raise Problem("identity.organisation_unknown", field=FIELD, expected="a member's id")
    return found


def _people(read: Sight, organisation: str) -> list[tuple[User, str]]:
    """The people of an organisation who can sign now, each with one key: administrators first, as those whom everybody
    there knows, then by the user's id."""
    keys: dict[str, str] = {}
    for key in read.select(Key, {"organisation": organisation, "status": KeyStatus.ACTIVE}):
        if key.valid_from <= read.now and not key.has_expired(read.now):
            keys.setdefault(key.user, key.id)
    users = (read.find(User, user) for user in sorted(keys))
    people = [
        user for user in users if user is not None and user.kind is UserKind.PERSON and user.status is UserStatus.ACTIVE
    ]
    return [(user, keys[user.id]) for user in sorted(people, key=lambda user: ADMINISTRATOR not in user.roles)]


def _fits(user: User, named: str, need: str) -> bool:
    return user.id == named if named else not need or need in user.roles
