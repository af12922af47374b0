"""Which transactions of a block are not run, since every node's machine fails on them."""

from collections.abc import Collection
from typing import Protocol

from infoharbor.kernel.records import View


class Skips(Protocol):
    """What those who keep the ledger have agreed to skip: the same on every node, whenever the block runs again."""

    def at(self, height: int, view: View) -> Collection[bytes]:
        """The ids that block `height` refuses as `POISON`; `view` is the state before it."""
        ...


class NoSkips:
    """Of a ledger on which nothing was ever skipped."""

    def at(self, height: int, view: View) -> Collection[bytes]:
        return ()


NO_SKIPS = NoSkips()
POISON = "contract.poison"
"""The code of what was skipped."""
