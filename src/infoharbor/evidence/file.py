"""The evidence file: what it holds, and its one encoding. `docs/reference/formats.md` says the same in words."""

from typing import Annotated, Any

import msgspec

from infoharbor.crypto.hashes import SHA256
from infoharbor.kernel.encoding import Malformed, tag
from infoharbor.kernel.tree import Neighbour, ProofNode, TreeProof

FORMAT = "infoharbor/evidence/1"
EVIDENCE_BYTES = 16 * 1024 * 1024
ITEMS_MAX = 2_000
VERSIONS_MAX = 10_000

Natural = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""As far as every JSON reader counts exactly."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A structure of the file: a JSON object with exactly these members, in this order. Bytes are standard base64."""


class HeaderProof(Part, frozen=True):
    """A block header, and its path in the header log of the checkpoint; its index in the log is its height."""

    header: bytes
    path: tuple[bytes, ...]


class Version(Part, frozen=True):
    """One version of a record: its leaf's fields but for the path. An empty `value` is a tombstone."""

    version: Natural
    height: Natural
    transaction: bytes
    previous: bytes
    schema: bytes
    blind: bytes
    value: bytes


class Node(Part, frozen=True):
    mask: Natural
    slots: tuple[bytes, ...]


class Other(Part, frozen=True):
    path_hash: bytes
    leaf_hash: bytes


class RecordItem(Part, frozen=True):
    """A record under the state root of `state`, with its versions from the newest back; no versions: it never was.

    `complete` says that the versions go back to the first, so that nobody can have left one out.
    """

    path: str
    versions: tuple[Version, ...]
    complete: bool
    nodes: tuple[Node, ...]
    neighbour: Other | None


class ReceiptItem(Part, frozen=True):
    """What became of a transaction: its receipt, blind and path under the receipts root of `block`, and what of the
    transaction is shown: its body and, by index, the encoded actions that are opened. An empty body shows none."""

    block: HeaderProof
    receipt: bytes
    blind: bytes
    path: tuple[bytes, ...]
    body: bytes
    actions: tuple[tuple[Natural, bytes], ...]


class Evidence(Part, frozen=True):
    """A portable proof. `checkpoint` is a signed note; `state` the header whose state root the records hang under;
    `schemas` the tables' descriptions, each the preimage of a schema hash. `digest` is the SHA-256 hash of the same
    file with an empty digest: it proves nothing, and shows that nothing was left out on the way."""

    infoharbor: str
    digest: bytes
    hash_suite: str
    checkpoint: str
    state: HeaderProof
    schemas: tuple[str, ...]
    records: tuple[RecordItem, ...]
    receipts: tuple[ReceiptItem, ...]


_decoder = msgspec.json.Decoder(Evidence, strict=True)


def encode_evidence(evidence: Evidence) -> bytes:
    """UTF-8 JSON without spaces, members in declared order, and a line feed at the end; fills in the digest."""
    unsealed = msgspec.json.encode(msgspec.structs.replace(evidence, digest=b"")) + b"\n"
    digest = SHA256.digest(tag("evidence") + unsealed)
    return msgspec.json.encode(msgspec.structs.replace(evidence, digest=digest)) + b"\n"


def decode_evidence(raw: bytes) -> Evidence:
    """The evidence, if the bytes are its one encoding; raises `Malformed` otherwise."""
    if len(raw) > EVIDENCE_BYTES:
        raise Malformed("evidence.too_large", "file", f"at most {EVIDENCE_BYTES} bytes")
    try:
        evidence: Evidence = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Malformed("evidence.malformed", "file", str(fault)[:200]) from None
    if encode_evidence(evidence) != raw:
        raise Malformed("evidence.not_canonical", "file", "the one encoding that the format has, and its digest")
    if evidence.infoharbor != FORMAT:
        raise Malformed("evidence.format", "infoharbor", FORMAT)
    if len(evidence.records) > ITEMS_MAX or len(evidence.receipts) > ITEMS_MAX:
        raise Malformed("evidence.too_large", "records", f"at most {ITEMS_MAX}")
    return evidence


def tree_proof(item: RecordItem) -> TreeProof:
    """The kernel's form of the item's path in the tree."""
    neighbour = Neighbour(item.neighbour.path_hash, item.neighbour.leaf_hash) if item.neighbour else None
    return TreeProof(tuple(ProofNode(node.mask, node.slots) for node in item.nodes), neighbour)


def from_tree_proof(proof: TreeProof) -> dict[str, Any]:
    """The item's members that hold a tree proof."""
    neighbour = proof.neighbour
    return {
        "nodes": tuple(Node(node.mask, node.slots) for node in proof.nodes),
        "neighbour": Other(neighbour.path_hash, neighbour.leaf_hash) if neighbour else None,
    }
