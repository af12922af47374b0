"""Lists transactions, the newest first: what they did and what became of them, as far as a reader may know."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.json_form import iso
from infoharbor.engine.interface import Block
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.transaction import open_transaction
from infoharbor.sdk.local import LocalClient
from infoharbor.sdk.refused import transaction_at

LOOKED_THROUGH: Final = 500
"""How many blocks one answer looks through."""
EXAMINED: Final = 5_000
"""How many receipts one answer looks at, but for those of its last block."""
READ_TOGETHER: Final = 20


class Place(NamedTuple):
    """Of a transaction: its block's height, and its position there."""

    height: int
    position: int


class Listed(NamedTuple):
    """Receipts in their JSON form, each with its `time` and its `actions`; `next` is where to go on below, if anywhere."""

    items: list[dict[str, Any]]
    next: Place | None


def list_transactions(
    client: LocalClient, *, below: Place | None, limit: int, fits: Callable[[dict[str, Any]], bool]
) -> Listed:
    """Those below a place that `fits`, as far as one answer looks."""
    start = below or Place(client.engine.status().height, INTEGER_MAX)
    items: list[dict[str, Any]] = []
    examined = 0
    with client.ledger.sight(client.reader) as sight:
        for block in _downwards(client, start.height):
            height = block.header.height
            if examined >= EXAMINED or start.height - height >= LOOKED_THROUGH:
                return Listed(items, Place(height, INTEGER_MAX))
            for receipt in reversed(client.results(sight, block)):
                examined += 1
                if (height, receipt["position"]) >= start:
                    continue
                told = receipt | {"time": iso(block.header.time), "actions": _actions(client, block, receipt)}
                if not fits(told):
                    continue
                if len(items) == limit:
                    return Listed(items, Place(items[-1]["height"], items[-1]["position"]))
                items.append(told)
    return Listed(items, None)


def _downwards(client: LocalClient, height: int) -> Iterator[Block]:
    """The blocks that this node keeps, from a height downwards."""
    while height >= client.engine.first_block:
        after = max(height - READ_TOGETHER, client.engine.first_block - 1)
        yield from reversed(list(client.engine.blocks(after, height - after)))
        height = after


def _actions(client: LocalClient, block: Block, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    """What the transaction does; nothing of what fell due by itself, and of a refused one only to its signers."""
    raw = transaction_at(block, receipt["position"])
    signed = client.reader.is_member and any(
        each["organisation"] == client.reader.organisation for each in receipt["signers"]
    )
    if raw is None or ("refusal" in receipt and not signed):
        return []
    actions = open_transaction(client.registry.suite, raw).actions
    return [{"by": list(each.by), "contract": each.contract, "action": each.name} for each in actions]
