"""How a node learns that its ledger is not the network's, and from another member's node, where the two part.

CometBFT compares: each block carries the root that the block before it has led to. It speaks of a block with a quorum's
votes only as quoted here; what a single proposer claims, it calls otherwise. Other lines quote what peers say of themselves,
and so a line counts from its beginning, where CometBFT itself speaks."""

import logging
import re
import time
from collections.abc import Iterable
from typing import NamedTuple

import httpx

from infoharbor.engine.digests import DIGESTS_BYTES, Digests, RootWith, are_proven, first_difference, read_digests
from infoharbor.engine.interface import Block
from infoharbor.engine.quarantine import Quarantine
from infoharbor.kernel import merkle
from infoharbor.kernel.block import receipt_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed

VERDICT = re.compile(
    rb"E\[[-0-9|:.]+\] (?:"
    rb'CONSENSUS FAILURE!!! +module=consensus err="(?:precommit step; )?\+2/3 (?:prevoted for|committed) an invalid block: '
    rb'|Error in validation +module=blocksync height=\d+ hash=[0-9A-F]* err=")'
    rb"wrong Block\.Header\.(\w+Hash)\.  Expected ([0-9A-F]{0,64}), got ([0-9A-F]{0,64})"
)
ANSWER_S, PATIENCE_S = 5, 20
GATEWAYS_MOST = 32

logger = logging.getLogger(__name__)


def verdict_in(line: bytes, height: int) -> Quarantine | None:
    """What CometBFT has found, if this line of its errors says that a quorum goes another way than this node, whose newest
    block is at `height`."""
    found = VERDICT.match(line)
    if found is None:
        return None
    part, here, there = map(bytes.decode, found.groups())
    return Quarantine(height, part, here.lower(), there.lower())


class Own(NamedTuple):
    """What a node has of the differing block: `before`, the header log without it; the block; what its state root would be,
    had it written other leaves."""

    before: merkle.Frontier
    block: Block
    root_with: RootWith


def explained(quarantine: Quarantine, chain: Chain, own: Own, gateways: Iterable[str]) -> Quarantine:
    """With the first difference that another node shows; as it was if none can be reached. Only a node whose header leads to
    the root that the quorum voted for is believed, and whose records lead to that header, as far as that can be told."""
    until = time.monotonic() + PATIENCE_S
    for gateway in list(gateways)[:GATEWAYS_MOST]:
        if time.monotonic() >= until:
            break
        try:
            theirs = read_digests(chain, _asked(gateway, quarantine.height, until))
            if own.before.root_after(merkle.leaf_hash(theirs.header_bytes)).hex() == quarantine.there:
                return _named(quarantine, chain, own, theirs, gateway)
        except (httpx.HTTPError, httpx.InvalidURL, Malformed) as fault:
            logger.warning("%s does not tell what it has at block %s: %s", gateway, quarantine.height, fault)
            continue
        logger.warning("%s has not the network's block %s", gateway, quarantine.height)
    return quarantine


def _named(quarantine: Quarantine, chain: Chain, own: Own, theirs: Digests, gateway: str) -> Quarantine:
    proven = are_proven(chain, own.block, theirs, own.root_with)
    found = first_difference(chain, own.block, theirs)
    receipts = map(receipt_codec.decode, own.block.receipts)
    code = next((each.code for each in receipts if each.transaction.hex() == found.transaction), "")
    return Quarantine(
        quarantine.height, quarantine.found, quarantine.here, quarantine.there,
        gateway, found.transaction, code, found.record, found.part, proven,
    )  # fmt: skip


def _asked(gateway: str, height: int, until: float) -> bytes:
    with httpx.stream("GET", f"{gateway.rstrip('/')}/log/digests/{height}", timeout=ANSWER_S) as reply:
        reply.raise_for_status()
        read = b""
        for part in reply.iter_bytes():
            read += part
            if len(read) > DIGESTS_BYTES or time.monotonic() > until:
                raise Malformed("ledger.too_large", "digests", f"at most {DIGESTS_BYTES} bytes, in time")
    return read
