"""Which contracts this node can run, indexed by the names of their tables and actions."""

import functools
import inspect
from typing import Any

from infoharbor.crypto.hashes import SHA256, HashSuite
from infoharbor.kernel.actions import Action, ActionType
from infoharbor.kernel.authority import Authority
from infoharbor.kernel.encoding import Malformed, tagged_hash
from infoharbor.kernel.governing import Governing
from infoharbor.kernel.ledger import Parameter
from infoharbor.kernel.records import Record, RecordType, record_type
from infoharbor.kernel.rulefiles import LoadedContract, find_contracts
from infoharbor.kernel.transaction import SaltedAction


class Registry:
    """All contracts of this node by name. `suite` is the chain's hash suite."""

    def __init__(self, contracts: list[LoadedContract], suite: HashSuite = SHA256) -> None:
        self.suite = suite
        self.contracts = {contract.name: contract for contract in contracts}
        self.tables: dict[str, RecordType] = {}
        self._actions: dict[tuple[str, str], list[ActionType]] = {}
        self.invariants: list[Any] = []
        self.parameters: dict[str, Parameter] = {}
        for contract in contracts:
            self._index(contract)
        self.authority: Authority = self._provided("identity", "records", "AUTHORITY")
        self.governance: Governing = self._provided("governance", "records", "GOVERNING")

    def _provided(self, contract: str, file: str, name: str) -> Any:
        found = self.contracts.get(contract)
        return getattr(found.modules[file], name) if found else None

    def _index(self, contract: LoadedContract) -> None:
        for module in contract.modules.values():
            for value in vars(module).values():
                if isinstance(value, Parameter) and value.name.startswith(f"{contract.name}."):
                    self.parameters[value.name] = value
                if getattr(value, "__module__", None) != module.__name__:
                    continue
                if inspect.isclass(value) and issubclass(value, Record):
                    kind = record_type(value)
                    self.tables[f"{kind.contract}/{kind.table}"] = kind
                elif inspect.isclass(value) and issubclass(value, Action):
                    kinds = self._actions.setdefault((contract.name, value.__action__.name), [])
                    kinds.append(value.__action__)
                    kinds.sort(key=lambda kind: kind.since)
                elif getattr(value, "__invariant__", False):
                    self.invariants.append(value)

    def action(self, contract: str, name: str, version: int) -> ActionType | None:
        """The class that answers to this name in this version of the contract."""
        for kind in reversed(self._actions.get((contract, name), ())):
            if kind.since <= version:
                return kind
        return None

    def read_action(self, action: SaltedAction) -> Action | None:
        """An action as the newest version reads it that can; None where this node has none."""
        contract = self.contracts.get(action.contract)
        for version in range(contract.version if contract else 0, 0, -1):
            kind = self.action(action.contract, action.name, version)
            if kind is None:
                break
            try:
                read: Action = kind.decode(action.arguments)
            except Malformed:
                continue
            return read
        return None

    def actions(self, contract: str, version: int | None = None) -> list[ActionType]:
        """The class of every action that a contract has in this version, by name; without one, in its newest."""
        names = [name for owner, name in sorted(self._actions) if owner == contract]
        wanted = self.contracts[contract].version if version is None else version
        found = (self.action(contract, name, wanted) for name in names)
        return [kind for kind in found if kind is not None]

    def table(self, path: str) -> RecordType | None:
        """The table that a record's path lies in."""
        contract, _, rest = path.partition("/")
        return self.tables.get(f"{contract}/{rest.partition('/')[0]}")

    @functools.cached_property
    def schemas(self) -> dict[bytes, str]:
        """Every table's description by its hash, those of earlier versions included: evidence shows them."""
        texts = [text for kind in self.tables.values() for text in _descriptions(kind)]
        return {tagged_hash(SHA256, "schema", text.encode()): text for text in texts}


def _descriptions(kind: RecordType) -> list[str]:
    return [kind.schema.decode(), *(text for _, text in kind.of.earlier_schemas)]


def installed_registry(suite: HashSuite = SHA256) -> Registry:
    """The contracts of this package and of every installed package that brings one."""
    return Registry(find_contracts(), suite)
