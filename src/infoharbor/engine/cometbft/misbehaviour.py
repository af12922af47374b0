"""A validator's fault that CometBFT has proved, as the fact that the ledger keeps of it."""

from typing import NamedTuple

from infoharbor.contracts.governance.actions import NoteMisbehaviour
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import SaltedAction

FAULTS = {1: "duplicate-vote", 2: "light-client-attack"}
NO_SALT = bytes(16)


class Misbehaved(NamedTuple):
    """As a block carries it: CometBFT's number for the fault, the validator's address, and CometBFT's height and the time
    (milliseconds since 1970 UTC) at which it happened."""

    fault: int
    address: bytes
    order: int
    time: int

    def as_fact(self) -> bytes:
        """The encoded action; every node makes the same of the same block."""
        fault = FAULTS.get(self.fault, f"fault-{self.fault}")
        note = NoteMisbehaviour(self.address.hex(), fault, self.order, self.time)
        kind = note.__action__
        return encode(SaltedAction(NO_SALT, (), kind.contract, kind.name, encode(note)))
