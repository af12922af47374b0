"""Puts an evidence file together from what a node answers."""

from collections.abc import Container, Iterable, Sequence
from typing import Any, Protocol

from infoharbor.evidence import file
from infoharbor.evidence.file import Evidence, HeaderProof, ReceiptItem, RecordItem, Version
from infoharbor.kernel import merkle
from infoharbor.kernel.block import receipt_blind, receipt_codec, receipt_leaf
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.leaf import blind
from infoharbor.kernel.records import Entry
from infoharbor.kernel.transaction import transaction_codec


class Source(Protocol):
    """What is asked of a node: the engine, or a reader beside it, answers."""

    def proof(self, paths: list[str], *, witnessed: bool = ...) -> Any:
        """Proofs of these records under one header and checkpoint: `header_bytes`, `size`, `inclusion`, `checkpoint`, and
        `records` with `path`, `entry` (or None) and `proof` each. `witnessed`: under a checkpoint that outside witnesses
        cosigned."""
        ...

    def history(self, path: str) -> Iterable[Entry]:
        """Every version of a record, the newest first."""
        ...

    def block(self, height: int) -> Any:
        """A stored block: `header_bytes`, `transactions` as sent, encoded `receipts`."""
        ...

    def inclusion(self, height: int, size: int) -> Sequence[bytes]:
        """The path of a header in the log of `size` headers."""
        ...


class TooMuch(ValueError):
    """More was asked for than one file may hold."""


def make_evidence(
    chain: Chain,
    source: Source,
    paths: Iterable[str],
    *,
    history: bool | Container[str] = True,
    receipts: bool | Container[bytes] = True,
    open_actions: bool = False,
    witnessed: bool = False,
) -> bytes:
    """The encoded evidence for these records, present or absent, with their histories and their writers' receipts: of
    all, of none, or of these paths and transactions.

    `open_actions` shows the writers' transactions with all their actions: only for who may see the whole bundle.
    `witnessed` anchors all of it at a checkpoint that outside witnesses cosigned.
    """
    wanted = sorted(set(paths))
    if not 1 <= len(wanted) <= file.ITEMS_MAX:
        raise TooMuch(f"1 to {file.ITEMS_MAX} records")
    material = source.proof(wanted, witnessed=True) if witnessed else source.proof(wanted)
    items = [
        _record(chain, source, proved, file.VERSIONS_MAX if _holds(history, proved.path) else 1)
        for proved in material.records
    ]
    versions = [version for item in items for version in item.versions]
    writers = sorted({(each.height, each.transaction) for each in versions if _holds(receipts, each.transaction)})
    accounts = [_receipt(chain, source, material.size, *writer, open_actions) for writer in writers[-file.ITEMS_MAX :]]
    schemas = {chain.registry.schemas[version.schema] for version in versions}
    return file.encode_evidence(
        Evidence(
            file.FORMAT,
            b"",
            chain.suite.name,
            material.checkpoint,
            HeaderProof(material.header_bytes, tuple(material.inclusion)),
            tuple(sorted(schemas)),
            tuple(items),
            tuple(item for _, item in sorted(accounts, key=_place)),
        )
    )


def _holds(wanted: bool | Container[Any], each: Any) -> bool:
    return wanted if isinstance(wanted, bool) else each in wanted


def _record(chain: Chain, source: Source, proved: Any, most: int) -> RecordItem:
    versions: list[Version] = []
    if proved.entry is not None:
        for entry in source.history(proved.path):
            if entry.version <= proved.entry.version:
                hidden = blind(chain.suite, chain.secret, proved.path, entry.version)
                versions.append(
                    Version(
                        entry.version,
                        entry.height,
                        entry.transaction,
                        entry.previous,
                        entry.schema,
                        hidden,
                        entry.value,
                    )
                )
            if len(versions) == most:
                break  # Older versions need blocks, which a node may not keep.
    complete = not versions or versions[-1].version == 1
    return RecordItem(proved.path, tuple(versions), complete, **file.from_tree_proof(proved.proof))


Place = tuple[int, int]
"""A receipt's block and its position in it."""


def _place(placed: tuple[Place, ReceiptItem]) -> Place:
    return placed[0]


def _receipt(
    chain: Chain, source: Source, size: int, height: int, transaction: bytes, open_actions: bool
) -> tuple[Place, ReceiptItem]:
    stored = source.block(height)
    receipts = [receipt_codec.decode(raw) for raw in stored.receipts]
    position = next(index for index, receipt in enumerate(receipts) if receipt.transaction == transaction)
    blinds = [receipt_blind(chain.suite, chain.secret, receipt.transaction) for receipt in receipts]
    digest = chain.suite.digest
    leaves = [
        merkle.leaf_hash(receipt_leaf(raw, each), digest) for raw, each in zip(stored.receipts, blinds, strict=True)
    ]
    body: bytes = b""
    actions: tuple[tuple[int, bytes], ...] = ()
    before = len(receipts) - len(stored.transactions)
    if open_actions and stored.transactions and position >= before:
        sent = transaction_codec.decode(stored.transactions[position - before])
        body, actions = sent.body, tuple(enumerate(sent.actions))
    item = ReceiptItem(
        HeaderProof(stored.header_bytes, tuple(source.inclusion(height, size))),
        stored.receipts[position],
        blinds[position],
        tuple(merkle.inclusion_path(position, leaves, digest)),
        body,
        actions,
    )
    return (height, position), item
