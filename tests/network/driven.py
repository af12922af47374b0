"""An application with a real ledger under it, driven block by block without CometBFT."""

import contextlib
import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from world import SECRET, World

from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import Application, Finalized, OrderedMachine
from infoharbor.engine.cometbft.founding import found_network
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.cometbft.mempool import SharedMempool
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.door import Door
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.reading import root_at
from infoharbor.engine.store import Store
from infoharbor.engine.validity import organisation_of, signature_units, signing_keys
from infoharbor.kernel.block import Receipt


class Driven:
    """One node's application. `order` and `log` may be others than the real ones, to fail where a test wants."""

    def __init__(self, world: World, data: Path, *, order: type[Order] = Order, log: type[BlockLog] = BlockLog) -> None:
        self.world, self.data = world, data
        if not data.exists():
            found_network({data.name: data}, world.genesis, SECRET, {data.name: new_keys()})
        folder = DataFolder(data)
        founded = folder.founded(world.registry)
        self._held = contextlib.ExitStack()
        self._held.enter_context(folder.locked())
        self.log = self._held.enter_context(contextlib.closing(log(folder.blocks)))
        self.store = self._held.enter_context(contextlib.closing(Store(folder.state)))
        self.machine = OrderedMachine(founded.chain, founded.genesis, self.store, self.log)
        self.log.append_from(self.machine.recover())
        self.mempool, self.door = SharedMempool(), Door(founded.chain)
        home = ConsensusHome(data)
        self.order = order(home.order, self.machine.height)
        self._held.callback(self.order.close)
        self.founding = home.founding_validators()
        self.application = Application(self.machine, self.log, self.order, self.mempool, self.door, self.founding)

    @property
    def height(self) -> int:
        return self.machine.height

    @property
    def time(self) -> int:
        return self.machine.state.header.time

    @property
    def root(self) -> bytes:
        return self.application.info()[1]

    def root_at(self, size: int) -> bytes:
        with self.machine.view() as view:
            return root_at(view, size)

    def put(self, raw: bytes) -> "Future[Receipt]":
        """Into the mempool, as the engine does once the signatures are checked."""
        future: Future[Receipt] = Future()
        opened = self.door.open(raw)
        with self.machine.view() as view:
            keys = signing_keys(self.machine.chain, opened, view, view.time)
        self.mempool.add(Waiting(opened, organisation_of(opened, keys), future, signature_units=signature_units(keys)))
        return future

    def block(self, transactions: Sequence[bytes] = (), *, time: int | None = None, process: bool = True) -> Finalized:
        """What CometBFT asks of every node about one block."""
        height = self.application.info()[0] + 1
        time = self.time + 1 if time is None else time
        named = hash_of(height, time, transactions)
        if process:
            self.application.process(time, transactions, named)
        done = self.application.finalize(height, time, transactions, named)
        self.application.commit()
        return done

    def open_accounts(self) -> None:
        """The bank issues its token and mints some for everyone, a block each."""
        for raw in self.world.opening():
            assert self.block([raw], time=max(self.time, self.world.begin) + 1).codes == [0]

    def close(self) -> None:
        self._held.close()


def hash_of(height: int, time: int, transactions: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256(f"{height} {time}".encode())
    for raw in transactions:
        digest.update(hashlib.sha256(raw).digest())
    return digest.digest()
