"""Builds bundles: actions in, the exact bytes to sign, then the transaction to send."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel import limits
from infoharbor.kernel.actions import Action
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import (
    Body,
    Ceilings,
    Opened,
    SaltedAction,
    assemble,
    body_codec,
    build_body,
    open_transaction,
    signing_bytes,
    transaction_id,
)
from infoharbor.sdk.keys import Signing, id_of

EXPIRY_MS = 10 * 60 * 1000
"""How long a bundle may wait for its block unless its builder says otherwise."""

Part = tuple[Action, tuple[str, ...]]
"""An action, and the organisations that act by it."""


class Chain(NamedTuple):
    """The ledger that a bundle is for: its id (32 bytes) and its hash suite."""

    id: bytes
    suite: HashSuite


class Unsigned(NamedTuple):
    """A bundle before its signatures: the encoded body, and the encoded actions that it commits to."""

    chain: Chain
    body: bytes
    actions: tuple[bytes, ...]

    @property
    def to_sign(self) -> bytes:
        """The exact bytes that every key signs."""
        return signing_bytes(self.body)

    @property
    def opened(self) -> Body:
        body: Body = body_codec.decode(self.body)
        return body

    @property
    def id(self) -> bytes:
        """The transaction's id: 32 bytes."""
        return transaction_id(self.chain.suite, self.body, self.opened.expiry)

    def whole(self) -> Opened:
        """The bundle with its actions, checked but for its signatures; raises `Malformed`."""
        nothing = dict.fromkeys(self.opened.keys, b"")
        return open_transaction(self.chain.suite, self.with_signatures(nothing))

    def with_signatures(self, signatures: Mapping[bytes, bytes]) -> bytes:
        """The transaction on the wire; `signatures` by key id, one for each key that the body names."""
        return assemble(self.body, list(self.actions), dict(signatures))

    def signed_by(self, *signers: Signing) -> bytes:
        """The transaction on the wire, signed by all of its keys."""
        return self.with_signatures({id_of(signer): signer.key.sign(self.to_sign) for signer in signers})


def now_ms() -> int:
    """Milliseconds since 1970 UTC by this machine's clock."""
    return time.time_ns() // 1_000_000


def build(
    chain: Chain,
    parts: Sequence[Part],
    keys: Sequence[bytes],
    *,
    expiry: int | None = None,
    ceilings: Ceilings | None = None,
) -> Unsigned:
    """A bundle of these actions that the keys with these ids will sign; nonce and salts are random.

    `expiry` is milliseconds since 1970 UTC; the ceilings follow from the actions unless they are given.
    """
    encoded = [
        encode(
            SaltedAction(
                secrets.token_bytes(16), by, action.__action__.contract, action.__action__.name, encode(action)
            )
        )
        for action, by in parts
    ]
    body = build_body(
        chain.suite,
        chain=chain.id,
        keys=list(keys),
        nonce=secrets.token_bytes(16),
        expiry=now_ms() + EXPIRY_MS if expiry is None else expiry,
        ceilings=ceilings or automatic_ceilings(encoded),
        actions=encoded,
    )
    return Unsigned(chain, body, tuple(encoded))


def build_signed(chain: Chain, actions: Sequence[Action], *signers: Signing, by: Sequence[str] = ()) -> bytes:
    """A transaction in the name of `by`, or of every signer's organisation, signed by all of the signers."""
    acting = tuple(by) or tuple(dict.fromkeys(signer.organisation for signer in signers))
    return build(chain, [(action, acting) for action in actions], [id_of(each) for each in signers]).signed_by(*signers)


def automatic_ceilings(actions: Sequence[bytes]) -> Ceilings:
    """Room for what actions of this number and size do. Declared work fills a block: with more it would wait longer."""
    count, size = len(actions), sum(map(len, actions))
    return Ceilings(
        min(limits.READS_PER_TRANSACTION, 256 * count + size // 4),
        min(limits.WRITES_PER_TRANSACTION, 64 * count + size // 16),
        min(limits.WRITTEN_BYTES_PER_TRANSACTION, 32 * limits.KIBIBYTE * count + 16 * size),
    )
