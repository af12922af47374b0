"""What dies with a node's process, and what its history's nodes have in common: real parts on a simulated disk."""

from __future__ import annotations

from concurrent.futures import Future
from typing import NamedTuple, cast

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import Marks, NodeAttester
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import Application, OrderedMachine
from infoharbor.engine.cometbft.mempool import SharedMempool
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.pending import Pending
from infoharbor.engine.door import Door
from infoharbor.engine.interface import Block as LoggedBlock
from infoharbor.engine.interface import Refused
from infoharbor.engine.machine import block_codec
from infoharbor.engine.mempool import Waiting
from infoharbor.engine.reading import root_at
from infoharbor.engine.signature_worker import Check, check
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.store import Store
from infoharbor.engine.validity import checks_of, ensure_unexpired, organisation_of, signature_units
from infoharbor.evidence.checkpoint import origin_of
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt, receipt_codec
from infoharbor.simulation.checks import Checks
from infoharbor.simulation.disk import Disk
from infoharbor.simulation.faults import Plan
from infoharbor.simulation.founding import Founding
from infoharbor.simulation.network import Network
from infoharbor.simulation.store import MemoryStore
from infoharbor.simulation.votes import Vote


class Signatures:
    """Signatures of this history: each is really checked, once, by the first node that sees it; what the check said is the
    same for every node. Votes are signed by being entered here."""

    def __init__(self) -> None:
        self._checked: dict[Check, int] = {}
        self.votes: set[Vote] = set()

    def verify(self, checks: list[Check]) -> bytes:
        fresh = [each for each in checks if each not in self._checked]
        self._checked.update(zip(fresh, check(fresh), strict=True))
        return bytes(self._checked[each] for each in checks)


class Surroundings(NamedTuple):
    """What a history's nodes have in common."""

    plan: Plan
    founding: Founding
    network: Network
    signatures: Signatures
    checks: Checks


class Running:
    """What dies with the process."""

    def __init__(self, around: Surroundings, member: int, disk: Disk, store: MemoryStore) -> None:
        founding = around.founding
        self.signatures, self.log = around.signatures, BlockLog(disk.path("blocks"))
        self.machine = OrderedMachine(founding.chain, founding.genesis, cast(Store, store), self.log)
        self.log.append_from(self.machine.recover())
        self.pool, self.door = SharedMempool(), Door(founding.chain)
        self.order = Order(disk.path("order"), self.machine.height)
        self.pending = Pending(disk.path("pending"))
        self.application = Application(
            self.machine, self.log, self.order, self.pool, self.door, founding.validators,
            verify=around.signatures.verify,
        )  # fmt: skip
        name, origin = founding.members[member], origin_of(founding.genesis.name, founding.chain.id)
        marks = Marks(disk.path("attested.json"))
        attester = NodeAttester(origin, name, founding.attesters[name], marks, self.root_at)
        self.attestation = Attestation(founding.genesis.name, founding.chain.id, [attester])

    def root_at(self, size: int) -> bytes:
        with self.machine.view() as view:
            return root_at(view, size)

    def take_in(self, raw: bytes, now: int, future: Future[Receipt]) -> bool:
        """Let a transaction wait for a block, or answer with its receipt if it has run; whether it was new."""
        if len(raw) > limits.TRANSACTION_BYTES:
            raise Refused("ledger.too_large", "transaction", f"at most {limits.TRANSACTION_BYTES} bytes")
        with self.machine.view() as view:
            now = max(now, view.time)
            opened = self.door.open(raw)
            receipt = self._receipt_of(opened.id, view)
            if receipt is not None:
                future.set_result(receipt)
                return False
            keys = self.door.keys(opened, view, now)
            ensure_unexpired(opened, keys, now)
        if not all(self.signatures.verify(checks_of(opened, keys))):
            raise Refused("ledger.signature_invalid", "signatures", "a valid signature of each named key")
        is_new = self.pool.waiting(opened.id) is None
        self.pool.add(Waiting(opened, organisation_of(opened, keys), future, signature_units=signature_units(keys)))
        if is_new:
            self.pending.append([raw])
        return is_new

    def _receipt_of(self, identifier: bytes, view: Snapshot) -> Receipt | None:
        found = view.transaction(identifier)
        if found is None:
            return None
        place = view.block(found[0])
        assert place is not None
        block: LoggedBlock = block_codec.decode(self.log.read(place.place, found[0]))
        receipt: Receipt = receipt_codec.decode(block.receipts[found[1]])
        return receipt
