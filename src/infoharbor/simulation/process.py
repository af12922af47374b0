"""What dies with a node's process, and what its history's nodes have in common: real parts on a simulated disk."""

from __future__ import annotations

from typing import NamedTuple, cast

from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import Marks, NodeAttester
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import Application, OrderedMachine
from infoharbor.engine.cometbft.mempool import SharedMempool
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.cometbft.pending import Pending
from infoharbor.engine.door import Door
from infoharbor.engine.reading import root_at
from infoharbor.engine.signature_worker import Check, check
from infoharbor.engine.store import Store
from infoharbor.evidence.checkpoint import origin_of
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
        self.log = BlockLog(disk.path("blocks"))
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
