"""How long it takes to make the proof of a record, and to check one."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from infoharbor.engine.interface import ProofMaterial
from infoharbor.engine.reading import LedgerReading
from infoharbor.evidence.making import make_evidence
from infoharbor.kernel import merkle
from infoharbor.kernel.block import Header, header_codec
from infoharbor.kernel.leaf import path_hash
from infoharbor.kernel.tree import verify


class Times(NamedTuple):
    """Medians in milliseconds. A whole evidence file adds history, receipts and schemas to the proof."""

    proof_made: float
    proof_checked: float
    evidence_made: float


def proof_times(engine: LedgerReading, paths: Sequence[str]) -> Times:
    """Prove each of these records by itself."""
    made = [timed(functools.partial(engine.proof, [path])) for path in paths]
    materials = [engine.proof([path]) for path in paths]
    checked = [timed(functools.partial(_check, engine, material)) for material in materials]
    evidence = [timed(functools.partial(make_evidence, engine.chain, engine, [path])) for path in paths]
    return Times(middle(made), middle(checked), middle(evidence))


def _check(engine: LedgerReading, material: ProofMaterial) -> None:
    """Everything under the checkpoint but its signature: the header in the log, the record in the state."""
    header: Header = header_codec.decode(material.header_bytes)
    root = engine.root(material.size)
    leaf = merkle.leaf_hash(material.header_bytes)
    if not merkle.verify_inclusion(leaf, material.height, material.size, material.inclusion, root):
        raise RuntimeError("the header is not in the log")
    suite = engine.chain.suite
    for path, entry, proof in material.records:
        hashed = None if entry is None else entry.leaf_hash
        if not verify(suite, header.state_root, path_hash(suite, path), hashed, proof):
            raise RuntimeError("the record is not in the state")


def timed(call: Callable[[], object]) -> float:
    """How many milliseconds a call takes."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
