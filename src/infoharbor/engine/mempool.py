"""Signed transactions that wait for a block, shared fairly among the organisations that sent them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

from infoharbor.engine.interface import Refused
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.room import BlockRoom, use_of
from infoharbor.kernel.transaction import Opened

ROOM_BYTES = 64 * 1024 * 1024
ROOM_TRANSACTIONS = 40_000


def has_share(own: int, taken: int, room: int) -> bool:
    """Whether an organisation may have `own` of a room of which `taken` is gone: nobody has more than is left free. Alone
    that is a half, beside others less, and however many there are, some room is left for who comes next."""
    return own <= room - taken


class Waiting:
    """A transaction on its way into a block, and everyone who waits for its receipt."""

    __slots__ = ("futures", "opened", "organisation", "use")

    def __init__(
        self, opened: Opened, organisation: str, future: "Future[Receipt]", *, signature_units: int = 1
    ) -> None:
        self.opened, self.organisation, self.futures = opened, organisation, [future]
        self.use = use_of(opened, signature_units)

    def resolve(self, receipt: Receipt) -> None:
        for future in self.futures:
            future.set_result(receipt)

    def refuse(self, refused: Refused) -> None:
        for future in self.futures:
            if not future.done():
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
        queue = self._queues.get(waiting.organisation)
        if queue is None:
            queue = self._queues[waiting.organisation] = _Queue()
        if not (
            has_share(len(queue.waiting) + 1, len(self._known), self._room_transactions)
            and has_share(queue.bytes + size, self._bytes, self._room_bytes)
        ):
            raise Refused("node.busy", "", "room for this organisation's transactions; try again soon")
        queue.waiting.append(waiting)
        queue.bytes += size
        self._bytes += size
        self._known[identifier] = waiting

    def take(self, room: BlockRoom | None = None) -> list[Waiting]:
        """The transactions of the next block: one of each organisation in turn, until nothing more fits."""
        taken: list[Waiting] = []
        served: dict[str, None] = {}
        room = room or BlockRoom()
        fitting = list(self._queues.items())
        while fitting:
            still_fitting = []
            for organisation, queue in fitting:
                waiting = queue.waiting[0]
                if not room.takes(organisation, waiting.use):
                    continue
                queue.waiting.popleft()
                size = len(waiting.opened.raw)
                self._bytes -= size
                queue.bytes -= size
                del self._known[waiting.opened.id]
                taken.append(waiting)
                served[organisation] = None
                if queue.waiting:
                    still_fitting.append((organisation, queue))
                else:
                    del self._queues[organisation]
            fitting = still_fitting
        # Who was served goes behind who was not, so that nobody waits for ever.
        for organisation in served:
            if organisation in self._queues:
                self._queues[organisation] = self._queues.pop(organisation)
        return taken

    def drain(self) -> Iterator[Waiting]:
        """Everything that waits, taken out."""
        waiting = list(self._known.values())
        self._queues.clear()
        self._known.clear()
        self._bytes = 0
        return iter(waiting)
