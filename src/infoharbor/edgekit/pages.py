"""Finds what the contracts' `pages.py` declare: a contract has one only where a person needs more than its tables."""

import importlib
import importlib.util
from types import ModuleType

from infoharbor.edgekit.queries import Query
from infoharbor.kernel.registry import Registry


def pages_of(registry: Registry) -> dict[str, ModuleType]:
    """The `pages` module of each contract that has one, by the contract's name."""
    found = {}
    for name, contract in sorted(registry.contracts.items()):
        module = f"{contract.package}.pages"
        if importlib.util.find_spec(module) is not None:
            found[name] = importlib.import_module(module)
    return found


def queries_of(registry: Registry) -> dict[tuple[str, str], Query]:
    """Every named query by contract and name; ValueError if a contract declares one twice."""
    queries: dict[tuple[str, str], Query] = {}
    for contract, module in pages_of(registry).items():
        for value in vars(module).values():
            declared = getattr(value, "__query__", None)
            if isinstance(declared, Query) and value.__module__ == module.__name__:
                if (contract, declared.name) in queries:
                    raise ValueError(f"{module.__name__} declares the query {declared.name} twice")
                queries[contract, declared.name] = declared
    return queries
