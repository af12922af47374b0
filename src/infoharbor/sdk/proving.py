"""Evidence files for a reader: nothing goes into one that the reader could not read otherwise."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Protocol

from infoharbor.edgekit.sight import Sight
from infoharbor.engine.interface import Engine, HeightGone, Reading
from infoharbor.evidence.file import VERSIONS_MAX
from infoharbor.evidence.making import make_evidence
from infoharbor.kernel.chain import Chain
from infoharbor.sdk.problems import Problem


class Node(Engine, Protocol):
    """An engine that says which chain it runs, and by which contracts."""

    @property
    def chain(self) -> Chain: ...


class Provable(Reading, Protocol):
    """What proofs are made from: a node, or a reader beside one."""

    @property
    def chain(self) -> Chain: ...


def prove(
    engine: Provable, sight: Sight, paths: Sequence[str], *, history: bool = True, witnessed: bool = False
) -> bytes:
    """The evidence for these records, present or absent; `witnessed`: under a checkpoint that outside witnesses cosigned.

    A record's complete history goes in only if the reader may read every version and this node keeps them, else its newest
    version stands alone;
    and of the writers' receipts those that the reader may read. Raises `Problem` for a record that the reader may not
    read, as if there were none to speak of.
    """
    for path in paths:
        entry = sight.view.entry(path)
        allowed = sight.may_know_absent(path) if entry is None else sight.see(path, entry) is not None
        if not allowed:
            raise Problem("ledger.record_unknown", field="path", expected="a record that you may read")
    whole = {path for path in paths if history and _may_read_all(engine, sight, path)}
    receipts = _receipts(engine, sight, whole)
    return make_evidence(engine.chain, engine, paths, history=whole, receipts=receipts, witnessed=witnessed)


def _may_read_all(engine: Provable, sight: Sight, path: str) -> bool:
    try:
        versions = list(itertools.islice(engine.history(path), VERSIONS_MAX + 1))
    except HeightGone:
        return False  # Its first versions are not kept here.
    return len(versions) <= VERSIONS_MAX and all(sight.see(path, entry) is not None for entry in versions)


def _receipts(engine: Provable, sight: Sight, paths: Iterable[str]) -> set[bytes]:
    """The transactions that wrote these records and that the reader may read of as a whole."""
    readable = set()
    for height, transaction in sorted(
        {(entry.height, entry.transaction) for path in paths for entry in engine.history(path)}
    ):
        receipt = engine.receipt(transaction)
        if receipt is None:
            continue
        written = {
            write.path: write.entry for write in engine.block(height).writes if write.position == receipt.position
        }
        if sight.may_read_receipt(receipt, written):
            readable.add(transaction)
    return readable
