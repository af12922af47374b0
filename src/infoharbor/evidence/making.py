"""Puts an evidence file together from what a node keeps; pure, over a source that the engine answers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from infoharbor.crypto.hashes import HashSuite
from infoharbor.evidence import file
from infoharbor.evidence.file import Evidence, HeaderProof, ReceiptItem, RecordItem, Version
from infoharbor.kernel import merkle, tree
from infoharbor.kernel.block import header_codec, receipt_blind, receipt_codec, receipt_leaf
from infoharbor.kernel.leaf import blind, path_hash
from infoharbor.kernel.records import Entry
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.transaction import transaction_codec


class BlockMaterial(NamedTuple):
    """A stored block: its header, its transactions as sent, its encoded receipts; all in order."""

    header: bytes
    transactions: Sequence[bytes]
    receipts: Sequence[bytes]


class Source(Protocol):
    """One consistent state of a node: the checkpoint, and the state as of the header at `height` inside it."""

    suite: HashSuite
    secret: bytes
    registry: Registry
    height: int
    checkpoint: str
    """The signed note; its size is more than `height`."""
    size: int

    def node(self, prefix: bytes) -> bytes | None:
        """A packed node of the state tree."""
        ...

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree of the header log."""
        ...

    def versions(self, path: str, most: int) -> Iterator[Entry]:
        """The record's versions, from the newest back."""
        ...

    def block(self, height: int) -> BlockMaterial: ...


class TooMuch(ValueError):
    """More was asked for than one file may hold."""


def make_evidence(
    source: Source,
    paths: Sequence[str],
    *,
    history: bool = True,
    receipts: bool = True,
    open_actions: bool = False,
) -> bytes:
    """The encoded evidence for these records: present or absent, with their histories and the receipts of their writers.

    `open_actions` shows the writers' transactions with all their actions: only for who may see the whole bundle.
    """
    wanted = sorted(set(paths))
    if len(wanted) > file.ITEMS_MAX:
        raise TooMuch(f"at most {file.ITEMS_MAX} records")
    records, writers = [], set()
    for path in wanted:
        item = _record(source, path, file.VERSIONS_MAX if history else 1)
        records.append(item)
        writers |= {(version.height, version.transaction) for version in item.versions}
    shown = sorted(writers)[-file.ITEMS_MAX :] if receipts else []
    known = source.registry.schemas
    schemas = sorted({known[version.schema].schema.decode() for item in records for version in item.versions})
    evidence = Evidence(
        file.FORMAT,
        source.suite.name,
        source.checkpoint,
        _header(source, source.height, source.block(source.height).header),
        tuple(schemas),
        tuple(records),
        tuple(_receipt(source, height, transaction, open_actions) for height, transaction in shown),
    )
    return file.encode_evidence(evidence)


def _header(source: Source, height: int, header: bytes) -> HeaderProof:
    return HeaderProof(header, tuple(merkle.inclusion_proof(height, source.size, source.subtree)))


def _record(source: Source, path: str, most: int) -> RecordItem:
    proof = tree.prove(source.node, path_hash(source.suite, path))
    versions = []
    for entry in source.versions(path, most):
        hidden = blind(source.suite, source.secret, path, entry.version)
        versions.append(
            Version(entry.version, entry.height, entry.transaction, entry.previous, entry.schema, hidden, entry.value)
        )
    complete = not versions or versions[-1].version == 1
    return RecordItem(path, tuple(versions), complete, **file.from_tree_proof(proof))


def _receipt(source: Source, height: int, transaction: bytes, open_actions: bool) -> ReceiptItem:
    stored = source.block(height)
    receipts = [receipt_codec.decode(raw) for raw in stored.receipts]
    position = next(index for index, receipt in enumerate(receipts) if receipt.transaction == transaction)
    leaves = [
        merkle.leaf_hash(receipt_leaf(raw, receipt_blind(source.suite, source.secret, receipt.transaction)))
        for raw, receipt in zip(stored.receipts, receipts, strict=True)
    ]
    path = merkle.inclusion_path(position, leaves)
    body, actions = b"", ()
    if open_actions and header_codec.decode(stored.header).transactions:
        offset = len(receipts) - len(stored.transactions)
        if position >= offset:
            sent = transaction_codec.decode(stored.transactions[position - offset])
            body, actions = sent.body, tuple(enumerate(sent.actions))  # type: ignore[assignment]
    hidden = receipt_blind(source.suite, source.secret, transaction)
    return ReceiptItem(_header(source, height, stored.header), stored.receipts[position], hidden, tuple(path), body, actions)
