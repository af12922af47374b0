"""What a device's or agent's key is held to beside its scope: which objects it reaches, and how much it takes."""

import msgspec

from infoharbor.contractkit import Ledger, Record, ensure
from infoharbor.contractkit.types import INTEGER_MAX, Code, Count, Instant, OrganisationId, ShortText


class Within(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Each value of `field` in `action` begins with one of `prefixes`; the prefix "" lets it be empty.

    `action` is a whole name. `field` leads through structures by dots and into every item of a list, such as
    `events.read_point`.
    """

    action: Code
    field: ShortText
    prefixes: tuple[ShortText, ...]


class Quota(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """At most `most` in `period_ms`, which begins with what is counted first; a period of 0 never ends.

    Counted are the transactions with `action`, each once; with a `field`, as in `Within`, the sum of its numbers in all
    such actions, whatever their signs. The action "" is any.
    """

    action: ShortText
    field: ShortText
    most: Count
    period_ms: Count


class Limits(Record, table="limits", key="key"):
    """What holds for one key of a device or agent, whoever signs beside it."""

    key: Code
    organisation: OrganisationId
    within: tuple[Within, ...]
    quotas: tuple[Quota, ...]

    readers = ("organisation",)


class Counted(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was used of a quota `since` its period began, and the last transaction that was counted."""

    since: Instant
    amount: Count
    transaction: bytes


UNUSED = Counted(0, 0, b"")


class Use(Record, table="use", key="key"):
    """What a key has used of each of its quotas, in their order. The kernel knows this table: it is written with every
    transaction of such a key, and changes no answer about who may sign what."""

    key: Code
    organisation: OrganisationId
    counted: tuple[Counted, ...]

    readers = ("organisation",)
    """Amounts that an action's records show to few must not be told by how their sum grows."""


def set_limits(ledger: Ledger, limits: Limits) -> None:
    """Put these in the place of the key's earlier limits; what was used counts no more."""
    ledger.put(limits)
    ledger.put(Use(limits.key, limits.organisation, (UNUSED,) * len(limits.quotas)))


def pass_on_limits(ledger: Ledger, old: str, new: str) -> None:
    """The key that takes another's place has what that one had left."""
    limits = ledger.find(Limits, old)
    if limits is not None:
        ledger.put(limits.replace(key=new))
        ledger.put(ledger.get(Use, old).replace(key=new))


def hold_to_limits(ledger: Ledger, key: str, name: str, action: object) -> None:
    """Refuse what the key's limits do not leave, and count what this action takes of its quotas."""
    limits = ledger.find(Limits, key)
    if limits is None:
        return
    for within in limits.within:
        if within.action == name:
            ensure_within(within, action)
    if limits.quotas:
        before = ledger.get(Use, key)
        after = tuple(
            count(ledger, quota, used, action) if quota.action in ("", name) else used
            for quota, used in zip(limits.quotas, before.counted, strict=True)
        )
        if after != before.counted:
            ledger.put(before.replace(counted=after))


def ensure_within(within: Within, action: object) -> None:
    """A field that the action does not have holds nothing that is within."""
    for value in values_of(action, within.field):
        text = "" if value is None else value
        fits = isinstance(text, str) and any(text.startswith(each) if each else not text for each in within.prefixes)
        right = " or ".join(each or '""' for each in within.prefixes)
        ensure(fits, "identity.key_within", field=within.field, expected=f"what begins with {right}")


def count(ledger: Ledger, quota: Quota, used: Counted, action: object) -> Counted:
    taken = int(used.transaction != ledger.transaction)
    if quota.field:
        taken = sum(map(size_of, values_of(action, quota.field)))
    over = quota.period_ms != 0 and ledger.now >= used.since + quota.period_ms
    since, amount = (ledger.now, 0) if over or used == UNUSED else (used.since, used.amount)
    left = quota.most - amount
    until = f" until {since + quota.period_ms}" if quota.period_ms else ""
    ensure(taken <= left, "identity.key_quota", field=quota.field or "keys", expected=f"at most {left} more{until}")
    return Counted(since, amount + taken, ledger.transaction) if taken else used


def size_of(value: object) -> int:
    """A number without its sign: what is taken back is not given back. Anything else is more than any quota."""
    return abs(value) if isinstance(value, int) else INTEGER_MAX + 1


def values_of(action: object, field: str) -> list[object]:
    """What stands at this field, item by item."""
    values = [action]
    for name in field.split("."):
        values = [item for value in values for item in items_of(value, name)]
    return values


def items_of(value: object, name: str) -> tuple[object, ...]:
    """The items of a list, or the one value; None where there is no such field, or nothing in it."""
    inner = msgspec.structs.asdict(value).get(name) if isinstance(value, msgspec.Struct) else None
    return inner if isinstance(inner, tuple) else (inner,)
