"""What is the same for every block of a chain."""

from typing import NamedTuple

from infoharbor.crypto.hashes import HashSuite
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.skips import NO_SKIPS, Skips


class Chain(NamedTuple):
    """What is the same for every block of a chain. `id` is the genesis hash, `secret` makes the blinds."""

    id: bytes
    suite: HashSuite
    secret: bytes
    registry: Registry
    skips: Skips = NO_SKIPS
