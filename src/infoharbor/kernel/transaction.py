"""What a transaction is: a bundle of actions that its signers put forward as one, all or nothing."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import Codec, Malformed, Wire, encode, tag

SIGN_TAG = tag("sign")
ID_TAG = tag("transaction")
ACTION_TAG = tag("action")
FORMAT = 1


class Ceilings(Wire, frozen=True):
    """The most that the bundle may use: records read, records written, bytes written. A block is filled by these."""

    reads: int
    writes: int
    written_bytes: int


HIGHEST = Ceilings(limits.READS_PER_TRANSACTION, limits.WRITES_PER_TRANSACTION, limits.WRITTEN_BYTES_PER_TRANSACTION)
"""The most that any bundle may declare."""


class Body(Wire, frozen=True):
    """What the signatures cover. `keys` are the ids of the keys that must sign, ascending, each once;
    `actions` the salted hashes of the actions, so that one can be shown and the rest stay hidden;
    `expiry` is milliseconds since 1970 UTC."""

    format: int
    chain: bytes
    keys: tuple[bytes, ...]
    nonce: bytes
    expiry: int
    ceilings: Ceilings
    actions: tuple[bytes, ...]


class SaltedAction(Wire, frozen=True):
    """One action as it stands in a bundle: `by` names the organisations that act, `arguments` encodes its fields."""

    salt: bytes
    by: tuple[str, ...]
    contract: str
    name: str
    arguments: bytes


class Transaction(Wire, frozen=True):
    """The bytes on the wire: the encoded body, the encoded actions, one signature a key in the order of `body.keys`."""

    body: bytes
    actions: tuple[bytes, ...]
    signatures: tuple[bytes, ...]


class Opened(NamedTuple):
    """A transaction whose form has been checked. `id` starts with its expiry bucket, so that ids sort by time."""

    id: bytes
    raw: bytes
    body: Body
    actions: tuple[SaltedAction, ...]
    signatures: tuple[bytes, ...]
    message: bytes


transaction_codec = Codec(Transaction, limit=limits.TRANSACTION_BYTES)
body_codec = Codec(Body, limit=limits.TRANSACTION_BYTES)
action_codec = Codec(SaltedAction, limit=limits.ACTION_BYTES)


def transaction_id(suite: HashSuite, body: bytes, expiry: int) -> bytes:
    """32 bytes: the expiry's ten-minute bucket (4, big endian), then the first 28 of the body's hash."""
    return (expiry // limits.REPLAY_BUCKET_MS).to_bytes(4, "big") + suite.digest(ID_TAG + body)[:28]


def action_hash(suite: HashSuite, action: bytes) -> bytes:
    """The hash by which a body commits to an encoded `SaltedAction`."""
    return suite.digest(ACTION_TAG + action)


def open_transaction(suite: HashSuite, raw: bytes) -> Opened:
    """Decode and check all that needs no state; raises `Malformed`. Signatures are not checked here."""
    transaction = transaction_codec.decode(raw)
    body = body_codec.decode(transaction.body)
    _check(body, transaction)
    actions = []
    for encoded, committed in zip(transaction.actions, body.actions, strict=True):
        if suite.digest(ACTION_TAG + encoded) != committed:
            raise Malformed("ledger.action_hash", "actions", "the action that the body commits to")
        action = action_codec.decode(encoded)
        by = action.by
        if len(action.salt) != 16 or not 1 <= len(by) <= limits.ORGANISATIONS_PER_ACTION or len(set(by)) != len(by):
            raise Malformed(
                "ledger.malformed", "actions", "a salt of 16 bytes and the organisations that act, each once"
            )
        actions.append(action)
    if len(actions) > 1 and len({action.salt for action in actions}) != len(actions):
        raise Malformed("ledger.malformed", "actions", "a salt of its own for each action")
    return Opened(
        transaction_id(suite, transaction.body, body.expiry),
        raw,
        body,
        tuple(actions),
        transaction.signatures,
        SIGN_TAG + transaction.body,
    )


def _check(body: Body, transaction: Transaction) -> None:
    keys = body.keys
    if body.format != FORMAT:
        raise Malformed("ledger.format", "format", str(FORMAT))
    if not 1 <= len(keys) <= limits.SIGNATURES_PER_TRANSACTION or any(len(key) != 32 for key in keys):
        raise Malformed("ledger.malformed", "keys", f"1 to {limits.SIGNATURES_PER_TRANSACTION} key ids of 32 bytes")
    if len(keys) > 1 and any(first >= second for first, second in itertools.pairwise(keys)):
        raise Malformed("ledger.malformed", "keys", "ascending, each once")
    if len(transaction.signatures) != len(keys):
        raise Malformed("ledger.signature_count", "signatures", f"{len(keys)}: one for each key")
    if len(body.chain) != 32 or len(body.nonce) != 16:
        raise Malformed("ledger.malformed", "nonce", "a chain id of 32 bytes and a nonce of 16")
    if not 1 <= len(body.actions) <= limits.ACTIONS_PER_TRANSACTION or len(transaction.actions) != len(body.actions):
        raise Malformed("ledger.malformed", "actions", f"1 to {limits.ACTIONS_PER_TRANSACTION}, as the body lists them")
    ceilings = body.ceilings
    if not (
        0 <= ceilings.reads <= limits.READS_PER_TRANSACTION
        and 0 <= ceilings.writes <= limits.WRITES_PER_TRANSACTION
        and 0 <= ceilings.written_bytes <= limits.WRITTEN_BYTES_PER_TRANSACTION
    ):
        raise Malformed("ledger.ceilings", "ceilings", "within the ledger's limits")
    if not 0 <= body.expiry < 2**48:
        raise Malformed("ledger.malformed", "expiry", "milliseconds since 1970 UTC")


def build_body(
    suite: HashSuite,
    *,
    chain: bytes,
    keys: list[bytes],
    nonce: bytes,
    expiry: int,
    ceilings: Ceilings,
    actions: list[bytes],
) -> bytes:
    """The encoded body for these encoded actions; what a signer signs is `signing_bytes` of it."""
    hashes = tuple(action_hash(suite, action) for action in actions)
    return encode(Body(FORMAT, chain, tuple(sorted(keys)), nonce, expiry, ceilings, hashes))


def signing_bytes(body: bytes) -> bytes:
    """The exact bytes that each key signs."""
    return SIGN_TAG + body


def salts(seed: bytes) -> Iterator[bytes]:
    """Salts for a bundle's actions where chance must stay out: each its own, from 16 bytes."""
    return (seed[:-1] + bytes([place]) for place in range(limits.ACTIONS_PER_TRANSACTION))


def assemble(body: bytes, actions: list[bytes], signatures: dict[bytes, bytes]) -> bytes:
    """The transaction on the wire; `signatures` by key id."""
    keys = body_codec.decode(body).keys
    return encode(Transaction(body, tuple(actions), tuple(signatures[key] for key in keys)))
