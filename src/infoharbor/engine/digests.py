"""What a block did, as digests: a node finds by another's which transaction and which record came out otherwise there.

They are made from the block log and kept nowhere. Nothing can be guessed from them: receipts and records are hashed behind
their blinds, and paths with the height under the members' common secret, so that only a member's node can compare, and
nobody else sees which blocks have written the same record."""

from collections import defaultdict
from collections.abc import Callable

from infoharbor.engine.differences import Difference
from infoharbor.engine.interface import Block
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec, receipt_blind, receipt_codec, receipt_leaf
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Codec, Malformed, Wire, tag
from infoharbor.kernel.leaf import NO_LEAF

DIGESTS_BYTES = 16 * 1024 * 1024
PATH_TAG = tag("digest-path")
Written = list[tuple[bytes, bytes]]
RootWith = Callable[[dict[str, bytes]], bytes]
"""The state root of our block, had it written these leaves by path."""


class Digests(Wire, frozen=True):
    """One block's: its encoded header; the leaves under the header's receipts root; and for each written version, in
    order, its receipt's position, its path's keyed hash, and its leaf's hash."""

    header_bytes: bytes
    receipts: tuple[bytes, ...]
    writes: tuple[tuple[int, bytes, bytes], ...]


_codec = Codec(Digests, limit=DIGESTS_BYTES)


def read_digests(chain: Chain, raw: bytes) -> Digests:
    """Another node's; raises `Malformed` if its receipts are not those of its header, or what should be a hash is none."""
    digests: Digests = _codec.decode(raw)
    if any(len(path) != merkle.HASH_BYTES or len(leaf) != merkle.HASH_BYTES for _, path, leaf in digests.writes):
        raise Malformed("ledger.malformed", "writes", f"hashes of {merkle.HASH_BYTES} bytes")
    header = header_codec.decode(digests.header_bytes)
    if merkle.root(list(digests.receipts), chain.suite.digest) != header.receipts_root:
        raise Malformed("ledger.malformed", "receipts", "the leaves under the header's receipts root")
    return digests


def digests_of(chain: Chain, block: Block) -> Digests:
    suite, height = chain.suite, block.header.height
    receipts = []
    for raw in block.receipts:
        blind = receipt_blind(suite, chain.secret, receipt_codec.decode(raw).transaction)
        receipts.append(merkle.leaf_hash(receipt_leaf(raw, blind), suite.digest))
    writes = ((write.position, _hidden(chain, height, write.path), write.entry.leaf_hash) for write in block.writes)
    return Digests(block.header_bytes, tuple(receipts), tuple(writes))


def are_proven(chain: Chain, ours: Block, theirs: Digests, root_with: RootWith) -> bool:
    """Whether what they say to have written leads to the state root of their header, from the state before our block, which
    both share. It cannot be told, and is False, where they wrote a record that we did not, since its path stays hidden, and
    where we made one that they did not. Raises `Malformed` if it is not so, or if a receipt that both have, which names the
    records that it wrote, would have written others there."""
    own = digests_of(chain, ours)
    here, there = _by_position(own), _by_position(theirs)
    for position, (our, their) in enumerate(zip(own.receipts, theirs.receipts, strict=False)):
        if our == their and {path for path, _ in here[position]} != {path for path, _ in there[position]}:
            raise Malformed("ledger.malformed", "writes", "the records that the receipt names")
    names = {_hidden(chain, ours.header.height, write.path): write.path for write in ours.writes}
    told = {path: leaf for _, path, leaf in theirs.writes}
    before = {write.path: write.entry.previous for write in reversed(list(ours.writes))}
    made = {path for path, leaf in before.items() if leaf == NO_LEAF}
    if not told.keys() <= names.keys() or not made <= {names[path] for path in told}:
        return False
    leaves = before | {names[path]: leaf for path, leaf in told.items()}
    if root_with(leaves) != header_codec.decode(theirs.header_bytes).state_root:
        raise Malformed("ledger.malformed", "writes", "leaves that lead to the header's state root")
    return True


def first_difference(chain: Chain, ours: Block, theirs: Digests) -> Difference:
    """The first transaction of our block, and of it the first record, that came out otherwise there. A record that only
    they have written is named by its path's keyed hash."""
    height = ours.header.height
    own = digests_of(chain, ours)
    names = {_hidden(chain, height, write.path): write.path for write in ours.writes}
    here, there = _by_position(own), _by_position(theirs)
    for position, raw in enumerate(ours.receipts):
        written, expected = here[position], there[position]
        same = theirs.receipts[position : position + 1] == own.receipts[position : position + 1]
        if same and written == expected:
            continue
        transaction = receipt_codec.decode(raw).transaction.hex()
        changed = [path for path, leaf in written if (path, leaf) not in expected]
        changed += [path for path, leaf in expected if (path, leaf) not in written]
        record = names.get(changed[0], changed[0].hex()) if changed else ""
        return Difference(height, transaction, record, "record" if changed else "receipt")
    if len(theirs.receipts) > len(own.receipts):
        return Difference(height, "", "", "receipt")
    return Difference(height, "", "", "header")


def _by_position(digests: Digests) -> defaultdict[int, Written]:
    found: defaultdict[int, Written] = defaultdict(list)
    for position, path, leaf in digests.writes:
        found[position].append((path, leaf))
    return found


def _hidden(chain: Chain, height: int, path: str) -> bytes:
    return chain.suite.keyed(chain.secret, PATH_TAG + height.to_bytes(8, "big") + path.encode())
