"""What a contract's pages say that they ask of a table, so that a node's SQL mirror has an index for it.

    held = Index(Leaf, ("holder", "due_on"))
    summed = Index(Leaf, ("due_on", "debtor", "currency", "status"), sums=("face",))

The first lets records be chosen without looking at the others. The second also holds what is summed and what says who
may read, so that totals over a million records need one pass over it. Beside fields an index may name a property of the
record class that is a `str` or a `bool`, and the second a `Linked`: the mirror then has a column of it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from infoharbor.edgekit.pages import pages_of
from infoharbor.edgekit.selecting import Linked, ensure_fields, ensure_groups, fields_of_groups
from infoharbor.kernel.records import Record, record_type
from infoharbor.kernel.registry import Registry


class Index(NamedTuple):
    """Fields of a table that are asked for together, in the order in which rows lie; `sums` are added up."""

    of: type[Record]
    fields: tuple[str | Linked, ...]
    sums: tuple[str, ...] = ()


def indexes_of(registry: Registry) -> dict[str, list[Index]]:
    """By `CONTRACT/TABLE`, what all contracts' pages declare, each once; TypeError for a field that there is not."""
    found: dict[str, list[Index]] = {}
    for index in _declared(registry):
        kind = record_type(index.of)
        ensure_fields(kind, fields_of_groups(index.fields))
        ensure_groups(kind, index.fields)
        ensure_fields(kind, index.sums, summed=True)
        known = found.setdefault(f"{kind.contract}/{kind.table}", [])
        if index not in known:
            known.append(index)
    return found


def _declared(registry: Registry) -> Iterator[Index]:
    for modules in pages_of(registry).values():
        for module in modules:
            yield from (value for value in vars(module).values() if isinstance(value, Index))
