"""What the kernel asks of the contract that governs: voted numbers, and which contract version is active."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from infoharbor.kernel.authority import Find

Scan = Callable[..., Iterator[Any]]


class Activation(NamedTuple):
    """A contract's version, the hash of its rule files, and the block time from which it holds."""

    contract: str
    version: int
    rules_hash: bytes
    since: int


class Governing(Protocol):
    """Answered by the contract that governs, from its own records."""

    table: str
    """The table whose records decide what is active, as `CONTRACT/TABLE`; activations are read again when it changes."""

    def parameter(self, find: Find, name: str) -> int | None:
        """The voted value of a parameter, or None."""
        ...

    def activations(self, scan: Scan) -> list[Activation]:
        """Every activation, scheduled ones included, ascending by time."""
        ...
