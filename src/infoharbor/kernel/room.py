"""Which bundles fit into a block: by what they declare, in all and for each organisation, so that nobody stalls the rest."""

import operator

from infoharbor.kernel import limits
from infoharbor.kernel.transaction import Opened

Use = tuple[int, ...]
WHOLE: Use = (
    limits.BLOCK_TRANSACTIONS,
    limits.BLOCK_BYTES,
    limits.BLOCK_READS,
    limits.BLOCK_WRITES,
    limits.BLOCK_WRITTEN_BYTES,
    limits.BLOCK_SIGNATURE_UNITS,
)


def use_of(opened: Opened, signature_units: int) -> Use:
    """What a bundle takes of a block: it counts as declared, whatever it then needs."""
    ceilings = opened.body.ceilings
    return (1, len(opened.raw), ceilings.reads, ceilings.writes, ceilings.written_bytes, signature_units)


class BlockRoom:
    """The room of one block under way."""

    def __init__(self, whole: Use = WHOLE) -> None:
        self._left = list(whole)
        self._share = [each // limits.ORGANISATION_SHARE for each in whole]
        self._left_to: dict[str, list[int]] = {}

    def takes(self, organisation: str, use: Use) -> bool:
        """Whether the bundle fits into what is left of the block, and of the organisation's share; if so, it is in."""
        left = [*map(operator.sub, self._left, use)]
        own = [*map(operator.sub, self._left_to.get(organisation, self._share), use)]
        if min(left) < 0 or min(own) < 0:
            return False
        self._left, self._left_to[organisation] = left, own
        return True
