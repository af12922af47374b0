"""Signed transactions that wait for a block of the network: shared fairly, and kept until a block has committed them."""

from collections.abc import Callable, Iterator

from infoharbor.engine.interface import Refused
from infoharbor.engine.mempool import ROOM_BYTES, ROOM_TRANSACTIONS, Waiting, has_share
from infoharbor.kernel.room import BlockRoom

FRAMING_BYTES = 6
"""What each transaction takes more in a block than its bytes."""


class SharedMempool:
    """Round robin over organisations, each in its own order. A block is proposed from it any number of times; what a
    committed block holds is taken out. Every transaction in here has valid signatures. Used by one thread."""

    def __init__(self, *, room_bytes: int = ROOM_BYTES, room_transactions: int = ROOM_TRANSACTIONS) -> None:
        self._room_bytes, self._room_transactions = room_bytes, room_transactions
        self._queues: dict[str, dict[bytes, Waiting]] = {}
        self._bytes_of: dict[str, int] = {}
        self._by_id: dict[bytes, Waiting] = {}
        self._by_raw: dict[bytes, Waiting] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Waiting]:
        return iter(list(self._by_id.values()))

    def add(self, waiting: Waiting) -> None:
        """Take a transaction in; one that waits already gets one more who waits. Refused as `node.busy` without room."""
        identifier, size, organisation = waiting.opened.id, len(waiting.opened.raw), waiting.organisation
        known = self._by_id.get(identifier)
        if known is not None:
            known.futures.extend(waiting.futures)
            return
        own = self._queues.get(organisation, {})
        if not (
            has_share(len(own) + 1, len(self._by_id), self._room_transactions)
            and has_share(self._bytes_of.get(organisation, 0) + size, self.bytes, self._room_bytes)
        ):
            raise Refused("node.busy", "", "room for this organisation's transactions; try again soon")
        self._queues.setdefault(organisation, own)[identifier] = waiting
        self._by_id[identifier] = self._by_raw[waiting.opened.raw] = waiting
        self._bytes_of[organisation] = self._bytes_of.get(organisation, 0) + size
        self.bytes += size

    def known(self, raw: bytes) -> Waiting | None:
        """The transaction of exactly these bytes, if it waits here."""
        return self._by_raw.get(raw)

    def waiting(self, identifier: bytes) -> Waiting | None:
        return self._by_id.get(identifier)

    def choose(self, most_bytes: int, fits: Callable[[Waiting], bool]) -> list[Waiting]:
        """What the next block may hold: one of each organisation in turn until nothing more has room; `fits` says
        whether one may run at all."""
        chosen: list[Waiting] = []
        room = BlockRoom()
        turns = [(organisation, iter(queue.values())) for organisation, queue in self._queues.items()]
        while turns:
            going_on = []
            for organisation, queue in turns:
                waiting = next(filter(fits, queue), None)
                if waiting is None:
                    continue
                most_bytes -= len(waiting.opened.raw) + FRAMING_BYTES
                if most_bytes >= 0 and room.takes(organisation, waiting.use):
                    chosen.append(waiting)
                    going_on.append((organisation, queue))
                else:
                    most_bytes += len(waiting.opened.raw) + FRAMING_BYTES
            turns = going_on
        return chosen

    def remove(self, identifier: bytes) -> Waiting | None:
        """Take one out. Its organisation goes behind those that were not served, so that nobody waits for ever."""
        waiting = self._by_id.pop(identifier, None)
        if waiting is None:
            return None
        organisation, size = waiting.organisation, len(waiting.opened.raw)
        del self._by_raw[waiting.opened.raw]
        queue = self._queues.pop(organisation)
        del queue[identifier]
        if queue:
            self._queues[organisation] = queue
            self._bytes_of[organisation] -= size
        else:
            del self._bytes_of[organisation]
        self.bytes -= size
        return waiting

    def drain(self) -> Iterator[Waiting]:
        """Everything that waits, taken out."""
        waiting = list(self)
        for each in waiting:
            self.remove(each.opened.id)
        return iter(waiting)
