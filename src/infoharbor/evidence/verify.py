"""Checks an evidence file against a trust file, offline: what it proves, or the first thing that fails."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from infoharbor.crypto.hashes import SHA256, HashSuite, hash_suite
from infoharbor.evidence.file import (
    Evidence,
    HeaderProof,
    ReceiptItem,
    RecordItem,
    Version,
    decode_evidence,
    tree_proof,
)
from infoharbor.evidence.policy import TrustPolicy, evaluate
from infoharbor.evidence.schema import Schema
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.block import FORMAT, Header, Receipt, header_codec, receipt_codec, receipt_leaf
from infoharbor.kernel.encoding import Malformed, tagged_hash
from infoharbor.kernel.leaf import NO_LEAF, Leaf, leaf_hash, path_hash
from infoharbor.kernel.transaction import action_codec, action_hash, body_codec, transaction_id

EXPIRY_END = 2**48
"""No bundle of a ledger expires then or later."""


class Unproven(Exception):
    """The evidence does not prove what it says: `code` is stable, `field` names what fails, `expected` what would be right."""

    def __init__(self, code: str, field: str, expected: str = "") -> None:
        super().__init__(f"{code} ({field}){': ' + expected if expected else ''}")
        self.code, self.field, self.expected = code, field, expected


class ProvenRecord(NamedTuple):
    """A record as the ledger has it: `versions` from the newest back, each with its fields by name (None: deleted)."""

    path: str
    versions: list[tuple[Version, dict[str, Any] | None]]
    complete: bool


class ProvenReceipt(NamedTuple):
    """What became of a transaction, when, and the actions of it that are shown: who acts, what, with which arguments."""

    receipt: Receipt
    time: int
    actions: list[tuple[tuple[str, ...], str, bytes]]


class Proven(NamedTuple):
    """All that the file proves, as of the block at `height` and its `time` (milliseconds since 1970 UTC)."""

    chain: bytes
    height: int
    time: int
    signers: list[str]
    records: list[ProvenRecord]
    receipts: list[ProvenReceipt]


def verify(raw: bytes, policy: TrustPolicy, witnessed: Sequence[bytes] = ()) -> Proven:
    """Raises `Unproven` or `Malformed` unless every byte of the file is accounted for.

    `witnessed` are notes of the same size and root under members' own origins, by which outside witnesses count.
    """
    evidence = decode_evidence(raw)
    verdict = evaluate(evidence.checkpoint, policy, members=witnessed)
    if not verdict.met:
        raise Unproven("evidence.quorum", "checkpoint", "; ".join(verdict.missing))
    try:
        suite = hash_suite(evidence.hash_suite)
    except ValueError:
        raise Malformed("evidence.hash_suite", "hash_suite", "sha256 or sm3") from None
    checking = _Checking(evidence, suite, policy, verdict.checkpoint)
    records = [checking.record(index, item) for index, item in enumerate(evidence.records)]
    receipts = [checking.receipt(index, item) for index, item in enumerate(evidence.receipts)]
    places = [(item.receipt.height, item.receipt.position) for item in receipts]
    if places != sorted(set(places)):
        raise Unproven("evidence.order", "receipts", "each receipt once, ascending by height and position")
    return Proven(
        checking.state.chain,
        checking.state.height,
        checking.state.time,
        verdict.signers or [log.key.name for log in policy.logs],
        records,
        receipts,
    )


class _Checking:
    def __init__(self, evidence: Evidence, suite: HashSuite, policy: TrustPolicy, checkpoint: Any) -> None:
        self.suite, self.policy, self.checkpoint = suite, policy, checkpoint
        self.state = self.header(evidence.state, "state")
        self.schemas = {tagged_hash(SHA256, "schema", text.encode()): text for text in evidence.schemas}
        used = {version.schema for item in evidence.records for version in item.versions}
        if used != set(self.schemas) or list(evidence.schemas) != sorted(self.schemas.values()):
            raise Unproven("evidence.schema", "schemas", "each record's description, once, ascending, and no other")
        if not evidence.records and not evidence.receipts:
            raise Unproven("evidence.empty", "records", "at least one record or receipt")
        paths = [item.path for item in evidence.records]
        if paths != sorted(set(paths)):
            raise Unproven("evidence.order", "records", "each path once, ascending")

    def header(self, proof: HeaderProof, field: str) -> Header:
        header: Header = header_codec.decode(proof.header)
        self.known_format(header.format, f"{field}.header")
        if header.chain != self.policy.genesis:
            raise Unproven("evidence.other_chain", f"{field}.header", f"chain {self.policy.genesis.hex()}")
        included = merkle.verify_inclusion(
            merkle.leaf_hash(proof.header),
            header.height,
            self.checkpoint.size,
            list(proof.path),
            self.checkpoint.root,
        )
        if not included:
            raise Unproven("evidence.header", f"{field}.path", "a header of the checkpoint's log")
        return header

    def known_format(self, number: int, field: str) -> None:
        if number != FORMAT:
            raise Unproven("evidence.format", field, f"format {FORMAT}, or a newer verifier")

    def record(self, index: int, item: RecordItem) -> ProvenRecord:
        field = f"records[{index}]"
        hashes = [self._leaf_hash(item.path, version) for version in item.versions]
        newest = hashes[0] if hashes else None
        place = path_hash(self.suite, item.path)
        if not tree.verify(self.suite, self.state.state_root, place, newest, tree_proof(item)):
            raise Unproven("evidence.record", field, "the record under the header's state root")
        for later, (earlier, hashed) in zip(
            item.versions, list(zip(item.versions, hashes, strict=True))[1:], strict=False
        ):
            if later.previous != hashed or later.version != earlier.version + 1:
                raise Unproven("evidence.history", f"{field}.versions", "each version names the one before it")
        reaches_first = not item.versions or item.versions[-1].previous == NO_LEAF
        if item.complete != reaches_first:
            raise Unproven("evidence.history", f"{field}.complete", "true only if the versions go back to the first")
        return ProvenRecord(
            item.path,
            [(version, self._read(field, item.path, version)) for version in item.versions],
            item.complete,
        )

    def _leaf_hash(self, path: str, version: Version) -> bytes:
        leaf = Leaf(
            path, version.version, version.height, version.transaction, version.previous, version.schema,
            version.blind, version.value,
        )  # fmt: skip
        return leaf_hash(self.suite, leaf)

    def _read(self, field: str, path: str, version: Version) -> dict[str, Any] | None:
        if not version.value:
            return None
        schema = Schema(self.schemas[version.schema])
        named = schema.read(version.value)
        if schema.path(named) != path:
            raise Unproven("evidence.record", f"{field}.path", "the path that the record's key gives")
        return named

    def receipt(self, index: int, item: ReceiptItem) -> ProvenReceipt:
        field = f"receipts[{index}]"
        header = self.header(item.block, f"{field}.block")
        receipt: Receipt = receipt_codec.decode(item.receipt)
        self.known_format(receipt.format, f"{field}.receipt")
        leaf = merkle.leaf_hash(receipt_leaf(item.receipt, item.blind), self.suite.digest)
        included = receipt.height == header.height and merkle.verify_inclusion(
            leaf, receipt.position, header.receipts, item.path, header.receipts_root, self.suite.digest
        )
        if not included:
            raise Unproven("evidence.receipt", field, "a receipt under the header's receipts root")
        return ProvenReceipt(receipt, header.time, self._opened(field, item, receipt))

    def _opened(self, field: str, item: ReceiptItem, receipt: Receipt) -> list[tuple[tuple[str, ...], str, bytes]]:
        if not item.body:
            if item.actions:
                raise Unproven("evidence.actions", f"{field}.actions", "a body that commits to them")
            return []
        body = body_codec.decode(item.body)
        self.known_format(body.format, f"{field}.body")
        # A later expiry has no bucket, and so the transaction no id.
        known = 0 <= body.expiry < EXPIRY_END
        if not known or transaction_id(self.suite, item.body, body.expiry) != receipt.transaction:
            raise Unproven("evidence.body", f"{field}.body", "the body of the receipt's transaction")
        opened = []
        places = [place for place, _ in item.actions]
        if places != sorted(set(places)):
            raise Unproven("evidence.actions", f"{field}.actions", "each action once, ascending")
        for place, encoded in item.actions:
            if not 0 <= place < len(body.actions) or action_hash(self.suite, encoded) != body.actions[place]:
                raise Unproven("evidence.actions", f"{field}.actions", "the action that the body commits to")
            action = action_codec.decode(encoded)
            opened.append((action.by, f"{action.contract}.{action.name}", action.arguments))
        return opened


__all__ = ["Malformed", "Proven", "ProvenReceipt", "ProvenRecord", "Unproven", "verify"]
