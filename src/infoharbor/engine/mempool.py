"""Signed transactions that wait for a block, shared fairly among the organisations that sent them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

from infoharbor.engine.interface import Refused
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.transaction import Opened

ROOM_BYTES = 64 * 1024 * 1024
ROOM_TRANSACTIONS = 40_000
SHARE = 2
"""One organisation may take up to one half of the room, however little the others use."""


class Waiting:
    """A transaction on its way into a block, and everyone who waits for its receipt."""

    __slots__ = ("futures", "opened", "organisation")

    def __init__(self, opened: Opened, organisation: str, future: "Future[Receipt]") -> None:
        self.opened, self.organisation, self.futures = opened, organisation, [future]

    def resolve(self, receipt: Receipt) -> None:
        for future in self.futures:
            future.set_result(receipt)

    def refuse(self, refused: Refused) -> None:
        for future in self.futures:
            future.set_exception(refused)


class _Queue:
    __slots__ = ("bytes", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.bytes = 0


class Mempool:
    """Round robin over organisations, each in its own order. Used by the engine's thread alone."""

    def __init__(self, *, room_bytes: int = ROOM_BYTES, room_transactions: int = ROOM_TRANSACTIONS) -> None:
        self._room_bytes, self._room_transactions = room_bytes, room_transactions
        self._queues: dict[str, _Queue] = {}
        self._known: dict[bytes, Waiting] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    @property
    def bytes(self) -> int:
        return self._bytes

    def add(self, waiting: Waiting) -> None:
        """Take a transaction in; one that waits already gets one more who waits. Refused as `node.busy`
        without room."""
        identifier, size = waiting.opened.id, len(waiting.opened.raw)
        known = self._known.get(identifier)
        if known is not None:
            known.futures.extend(waiting.futures)
            return
        queue = self._queues.setdefault(waiting.organisation, _Queue())
        if (
            len(self._known) >= self._room_transactions
            or self._bytes + size > self._room_bytes
            or len(queue.waiting) >= self._room_transactions // SHARE
            or queue.bytes + size > self._room_bytes // SHARE
        ):
            raise Refused("node.busy", "", "room for this organisation's transactions; try again soon")
        queue.waiting.append(waiting)
        queue.bytes += size
        self._bytes += size
        self._known[identifier] = waiting

    def take(
        self, transactions: int = limits.BLOCK_TRANSACTIONS, most_bytes: int = limits.BLOCK_BYTES
    ) -> list[Waiting]:
        """The transactions of the next block: one of each organisation in turn, until it is full."""
        taken: list[Waiting] = []
        room = most_bytes
        while self._queues and len(taken) < transactions:
            for organisation, queue in list(self._queues.items()):
                if not queue.waiting:
                    del self._queues[organisation]
                    continue
                size = len(queue.waiting[0].opened.raw)
                if size > room or len(taken) >= transactions:
                    self._begin_with(organisation)
                    return taken
                room -= size
                self._bytes -= size
                queue.bytes -= size
                waiting = queue.waiting.popleft()
                del self._known[waiting.opened.id]
                taken.append(waiting)
        return taken

    def drain(self) -> Iterator[Waiting]:
        """Everything that waits, taken out."""
        waiting = list(self._known.values())
        self._queues.clear()
        self._known.clear()
        self._bytes = 0
        return iter(waiting)

    def _begin_with(self, organisation: str) -> None:
        # The next block goes on in the round where this one had to stop.
        order = list(self._queues)
        at = order.index(organisation)
        self._queues = {name: self._queues[name] for name in order[at:] + order[:at]}
