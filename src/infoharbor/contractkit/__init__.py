"""All that a contract's rules may import, beside the rules of the contracts below them."""

from infoharbor.kernel.actions import Action, about, invariant, when_due
from infoharbor.kernel.authority import ANYONE, CALENDAR, ENGINE, GENESIS, Contract, Role, all_of, contract_actor
from infoharbor.kernel.ledger import Ledger, Parameter
from infoharbor.kernel.records import CONSORTIUM, NEW, PUBLIC, Move, Record, Status
from infoharbor.kernel.refusal import Refusal, ensure

__all__ = [
    "ANYONE",
    "CALENDAR",
    "CONSORTIUM",
    "ENGINE",
    "GENESIS",
    "NEW",
    "PUBLIC",
    "Action",
    "Contract",
    "Ledger",
    "Move",
    "Parameter",
    "Record",
    "Refusal",
    "Role",
    "Status",
    "about",
    "all_of",
    "contract_actor",
    "ensure",
    "invariant",
    "when_due",
]
