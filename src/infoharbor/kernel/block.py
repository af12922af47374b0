"""What a block leaves behind: its header, the receipts, and the written records."""

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel.encoding import Codec, Wire, encode, tag

FORMAT = 1
RECEIPT_TAG = tag("receipt")
RECEIPT_BLIND_TAG = tag("receipt-blind")
HEADER_BYTES = 1024
NO_ATTESTERS = bytes(32)
"""The attester-set root of a ledger that one operator signs for."""


class Genesis(Wire, frozen=True):
    """The founding of a chain; the SHA-256 hash of its encoding is the chain's id.

    `time` is milliseconds since 1970 UTC; `blind_commitment` binds the consortium's secret for blinds;
    `actions` are encoded `SaltedAction`s that run as block 0 with every move open to them;
    `predecessor` names the ledger that this one goes on from: its last log size and root, or nothing.
    """

    format: int
    name: str
    hash_suite: str
    time: int
    blind_commitment: bytes
    actions: tuple[bytes, ...]
    predecessor: tuple[bytes, int, bytes] | None


class Header(Wire, frozen=True):
    """One leaf of the header log. All roots are 32 bytes; `time` is milliseconds since 1970 UTC and never goes back;
    `transactions` and `receipts` count the leaves under their roots (due moves have a receipt and no transaction);
    `attesters_root` commits to who attests checkpoints, as the state after this block has it;
    `sm3_root` is the root of the SM3 log over the earlier headers, empty on a `sha256` chain."""

    format: int
    chain: bytes
    height: int
    time: int
    transactions: int
    transactions_root: bytes
    receipts: int
    receipts_root: bytes
    state_root: bytes
    replay_digest: bytes
    attesters_root: bytes
    sm3_root: bytes


class Signer(Wire, frozen=True):
    """Who signed: the key, the user whose it was, and the organisation it acted for."""

    key: bytes
    user: str
    organisation: str


class Receipt(Wire, frozen=True):
    """What became of one transaction. `code` is empty if it took effect; else `action` is the index of the action
    that was refused. `relied` lists the records that its authority rested on beyond the keys; `writes` the path and
    version of each record it wrote, ascending."""

    format: int
    transaction: bytes
    height: int
    position: int
    code: str
    action: int
    field: str
    expected: str
    signers: tuple[Signer, ...]
    relied: tuple[str, ...]
    writes: tuple[tuple[str, int], ...]


genesis_codec = Codec(Genesis, limit=4 * 1024 * 1024)
header_codec = Codec(Header, limit=HEADER_BYTES)
receipt_codec = Codec(Receipt, limit=4 * 1024 * 1024)


def receipt_leaf(receipt: bytes, blind: bytes) -> bytes:
    """What stands in the receipts tree: the encoded receipt behind a blind, so that a neighbour cannot be guessed."""
    return RECEIPT_TAG + blind + receipt


def receipt_blind(suite: HashSuite, secret: bytes, transaction: bytes) -> bytes:
    """32 bytes that only the consortium can compute; evidence discloses it for the proved receipt alone."""
    return suite.keyed(secret, RECEIPT_BLIND_TAG + transaction)


def encode_header(header: Header) -> bytes:
    return encode(header)
