"""Which transactions a block may hold: the block's bytes and the state before it decide, nothing else."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from infoharbor.crypto.suites import SUITES
from infoharbor.engine.interface import Kind, Refused
from infoharbor.engine.signature_worker import Check
from infoharbor.kernel import limits
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.room import BlockRoom, use_of
from infoharbor.kernel.transaction import Opened

Signed = tuple[Opened, dict[bytes, SigningKey]]
"""A transaction, and the keys that it names as the state has them."""


class StateBefore(Protocol):
    """The state before the block."""

    @property
    def time(self) -> int: ...
    def find(self, of: type[Kind], *key: object) -> Kind | None: ...
    def transaction(self, identifier: bytes) -> tuple[int, int] | None: ...


Before = TypeVar("Before", bound=StateBefore)
KeysOf = Callable[[Opened, Before, int], dict[bytes, SigningKey]]


def ensure_valid_block(
    chain: Chain, view: Before, time: int, transactions: Sequence[Opened], keys_of: KeysOf[Before] | None = None
) -> list[Signed]:
    """The transactions with their keys, whose signatures remain to be checked; raises `Refused` for the first thing that
    no block may hold. `keys_of` finds the keys as `signing_keys` does, by what it remembers."""
    if time < view.time:
        raise Refused("ledger.block_time", "time", f"not before {view.time}")
    room, seen, signed = BlockRoom(), set(), []
    for opened in transactions:
        ensure_chain(chain, opened)
        keys = signing_keys(chain, opened, view, time) if keys_of is None else keys_of(opened, view, time)
        ensure_unexpired(opened, keys, time)
        if opened.id in seen or view.transaction(opened.id) is not None:
            raise Refused("ledger.replayed", "id", "a transaction that has not run")
        seen.add(opened.id)
        if not room.takes(organisation_of(opened, keys), use_of(opened, signature_units(keys))):
            raise Refused("ledger.block_full", "ceilings", "what fits into a block, and into an organisation's share")
        signed.append((opened, keys))
    return signed


def ensure_chain(chain: Chain, opened: Opened) -> None:
    """Refuse a transaction of another chain."""
    if opened.body.chain != chain.id:
        raise Refused("ledger.wrong_chain", "chain", chain.id.hex())


def ensure_unexpired(opened: Opened, keys: dict[bytes, SigningKey], now: int) -> None:
    """Refuse what has lapsed, or asks to be remembered for too long."""
    expiry = opened.body.expiry
    if expiry < now:
        raise Refused("ledger.expired", "expiry", f"not before {now}")
    joint = len(keys) > 1 and len({known.organisation for known in keys.values()}) > 1
    longest = limits.JOINT_EXPIRY_MS if joint else limits.EXPIRY_MS
    if expiry > now + longest:
        raise Refused("ledger.expiry_too_far", "expiry", f"at most {now + longest}")


def signing_keys(chain: Chain, opened: Opened, view: StateBefore, now: int) -> dict[bytes, SigningKey]:
    """The keys that a transaction names, as the state has them; raises `Refused` for one that may not sign now."""
    authority = chain.registry.authority
    try:
        return {key: authority.signing_key(view.find, key, now) for key in opened.body.keys}
    except Refusal as refusal:
        raise Refused(refusal.code, refusal.field, refusal.expected) from None


def organisation_of(opened: Opened, keys: dict[bytes, SigningKey]) -> str:
    """Whose share of the room a transaction takes: the organisation of its first key."""
    return keys[opened.body.keys[0]].organisation


def signature_units(keys: dict[bytes, SigningKey]) -> int:
    """The work of checking the signatures, as the suites count it."""
    return sum(SUITES[known.suite].work for known in keys.values())


def checks_of(opened: Opened, keys: dict[bytes, SigningKey]) -> list[Check]:
    """The signature checks of a transaction, in the order of its keys."""
    return [
        (keys[key].suite, keys[key].public_key, opened.message, signature)
        for key, signature in zip(opened.body.keys, opened.signatures, strict=True)
    ]
