"""Which contract versions are active at a block's time, read from governance only when it may have changed."""

from collections.abc import Collection, Iterator
from typing import Any

from infoharbor.kernel.governing import Activation
from infoharbor.kernel.records import record_type
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.state import BlockState, Work


class Inactive(RuntimeError):
    """The node's files are not what the members voted: it must not go on."""


class Active:
    """Remembers the activations between blocks."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._table = f"{registry.governance.table}/"
        self._all: list[Activation] | None = None

    def at(self, state: BlockState, time: int, *, again: bool = False) -> dict[str, int]:
        """The version of each contract that is active at this block time. Whether the files are those voted is not asked
        of a block that runs `again`: files of a version voted later answer for it, and its result is compared."""
        if self._all is None:
            self._all = self._read(state)
        if not again:
            check_files(self._registry, self._all, time)
        return {each.contract: each.version for each in self._all if each.since <= time}

    def _read(self, state: BlockState) -> list[Activation]:
        def scan(of: type, *prefix: Any) -> Iterator[Any]:
            kind = record_type(of)
            start = kind.prefix + "".join(f"{part}/" for part in prefix)
            return (record for _, record in Work(state, None).scan(kind, start, ""))

        return self._registry.governance.activations(scan)

    def saw(self, tables: Collection[str]) -> None:
        """Forget what a block may have changed that wrote to these tables."""
        if self._table in tables:
            self._all = None


def check_files(registry: Registry, activations: list[Activation], time: int) -> None:
    """Raise `Inactive` unless this node's files of each contract are those in force, or ones voted to follow them.

    A newer file answers for the older versions too, so that nodes change their files between vote and activation.
    """
    allowed: dict[str, list[Activation]] = {}
    for each in activations:
        allowed[each.contract] = [*(allowed.get(each.contract, []) if each.since > time else []), each]
    for name, voted in sorted(allowed.items()):
        if voted[0].since > time:
            continue
        here = registry.contracts.get(name)
        if here is None:
            raise Inactive(f"the members voted contract {name} version {voted[0].version}; this node does not have it")
        if all(here.rules_hash != each.rules_hash for each in voted):
            # The same files may have been voted again, for another day.
            wanted = " or ".join(
                dict.fromkeys(f"{each.rules_hash.hex()[:16]} (version {each.version})" for each in voted)
            )
            raise Inactive(
                f"contract {name}: the members voted rules {wanted}, "
                f"this node's files hash to {here.rules_hash.hex()[:16]} (version {here.version})"
            )
