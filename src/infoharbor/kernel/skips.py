"""Which transactions and due moves of a block are not run, since every node's machine fails on them."""

from collections.abc import Collection, Mapping
from typing import Protocol

from infoharbor.kernel.records import View


class Skips(Protocol):
    """What those who keep the ledger have agreed to skip: the same on every node, whenever the block runs again."""

    def at(self, height: int, view: View) -> Collection[bytes]:
        """The ids that block `height` refuses as `POISON`; `view` is the state before it."""
        ...

    def held(self, height: int, active: Mapping[str, int]) -> Collection[str]:
        """The paths of the records whose due moves block `height` does not make, be it that they are due or that somebody
        reaches for the record: it is refused as `HELD`. `active` are the versions in force: a later one than that which
        failed makes them again."""
        ...


class NoSkips:
    """Of a ledger on which nothing was ever skipped."""

    def at(self, height: int, view: View) -> Collection[bytes]:
        return ()

    def held(self, height: int, active: Mapping[str, int]) -> Collection[str]:
        return ()


NO_SKIPS = NoSkips()
POISON = "contract.poison"
"""The code of what was skipped."""
HELD = "contract.held"
"""The code of what reaches for a record whose due move was."""
