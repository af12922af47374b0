"""Finds what the contracts' `pages` declare: a contract has one only where a person needs more than its tables."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.lookups import Authority
from infoharbor.edgekit.measures import Measure, Measures
from infoharbor.edgekit.queries import Query
from infoharbor.edgekit.reports import Desk, Report
from infoharbor.kernel.actions import Action
from infoharbor.kernel.records import Record, Status, record_type
from infoharbor.kernel.registry import Registry

Kind = TypeVar("Kind")


class Alarming(NamedTuple):
    """The states that call for someone, by table: pages show a record there as a warning."""

    states: Mapping[type[Record], tuple[Status, ...]]


class Offered(NamedTuple):
    """The codes that people choose among where a field of an action takes one: its form offers them, with their words."""

    codes: Mapping[tuple[type[Action], str], tuple[str, ...]]


class Refer(NamedTuple):
    """A record of `of`: `key` is the fields beside each other that make its key, the field itself where there is none, and
    the last of which may hold the rest of the key, as paths write it; `by` is its fields that people know it by. `home`
    names the organisation whose country is the jurisdiction of the key where none stands beside. Where there is no such
    record, it is one of `otherwise`."""

    of: type[Record]
    key: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    home: str = ""
    otherwise: "Refer | None" = None


class References(NamedTuple):
    """What the fields called so point to, in every table and action of the contract: pages lead there, forms offer what
    there is."""

    fields: Mapping[str, Refer]


class Enclosed(NamedTuple):
    """The actions that the field `held` of these tables and actions holds encoded; the field `named` beside it says which
    of `kinds` it is, by CONTRACT.NAME. `about` is what a form says that has the held action's own fields instead."""

    holders: tuple[type[Record] | type[Action], ...]
    named: str
    held: str
    kinds: Mapping[str, type[Action]]
    about: Sentence


def pages_of(registry: Registry) -> dict[str, list[ModuleType]]:
    """What each contract that has any calls `pages`, by its name: a module, or a folder of them."""
    found = {}
    for name, contract in sorted(registry.contracts.items()):
        pages = f"{contract.package}.pages"
        if importlib.util.find_spec(pages) is not None:
            root = importlib.import_module(pages)
            inside = [each.name for each in pkgutil.iter_modules(getattr(root, "__path__", ()))]
            found[name] = [root, *(importlib.import_module(f"{pages}.{each}") for each in sorted(inside))]
    return found


def queries_of(registry: Registry) -> dict[tuple[str, str], Query]:
    """Every named query by contract and name; ValueError if a contract declares one twice."""
    return {
        (contract, each.name): each
        for contract, modules in pages_of(registry).items()
        for each in _once(getattr(value, "__query__", None) for value in _own(modules))
    }


def reports_of(registry: Registry) -> dict[tuple[str, str], Report]:
    """Every report by contract and name; ValueError if a contract declares one twice."""
    return {
        (contract, each.name): each
        for contract, modules in pages_of(registry).items()
        for each in _once(getattr(value, "__report__", None) for value in _own(modules))
    }


def desks_of(registry: Registry) -> dict[tuple[str, str], Desk]:
    """Every desk by contract and name, in declared order; ValueError for a report that there is not."""
    reports, desks = reports_of(registry), {}
    for contract, modules in pages_of(registry).items():
        for module in modules:
            for value in vars(module).values():
                if isinstance(value, Desk):
                    missing = [each.report for each in value.parts if (contract, each.report) not in reports]
                    if missing:
                        raise ValueError(f"{contract}: the desk {value.name} wants {', '.join(missing)}")
                    desks[contract, value.name] = value
    return desks


def alarming_of(registry: Registry) -> frozenset[tuple[str, str]]:
    """`CONTRACT/TABLE` and status of every state that calls for someone; ValueError for one that no move leads to."""
    found = set()
    for modules in pages_of(registry).values():
        declared = (value for module in modules for value in vars(module).values() if isinstance(value, Alarming))
        for of, statuses in (item for each in declared for item in each.states.items()):
            kind = record_type(of)
            reached = {str(move.after) for move in kind.moves}
            if not reached.issuperset(map(str, statuses)):
                raise ValueError(
                    f"{kind.prefix}: no move leads to {', '.join(sorted({*map(str, statuses)} - reached))}"
                )
            found |= {(f"{kind.contract}/{kind.table}", str(status)) for status in statuses}
    return frozenset(found)


def authority_for(registry: Registry, contract: str, action: str) -> Authority | None:
    """Whose answer an action enters, if the contract's pages say so."""
    values = (value for module in pages_of(registry).get(contract, ()) for value in vars(module).values())
    return next((each for each in values if isinstance(each, Authority) and action in each.actions), None)


def offered_for(registry: Registry, contract: str, action: type[Action]) -> dict[str, tuple[str, ...]]:
    """The codes that an action's form offers, by field, if the contract's pages say so."""
    values = (value for module in pages_of(registry).get(contract, ()) for value in vars(module).values())
    declared = (item for value in values if isinstance(value, Offered) for item in value.codes.items())
    return {field: codes for (of, field), codes in declared if of is action}


def references_of(registry: Registry) -> dict[tuple[str, str], Refer]:
    """What the contracts' fields point to, by contract and field."""
    return {
        (contract, field): refer
        for contract, declared in _declared(registry, References)
        for field, refer in declared.fields.items()
    }


def measures_of(registry: Registry) -> dict[tuple[str, str], Measure]:
    """How the contracts' numbers are read, by contract and field."""
    return {
        (contract, field): measure
        for contract, declared in _declared(registry, Measures)
        for field, measure in declared.fields.items()
    }


def enclosed_of(registry: Registry) -> dict[type, Enclosed]:
    """The tables and actions that hold encoded actions."""
    return {of: declared for _, declared in _declared(registry, Enclosed) for of in declared.holders}


def _declared(registry: Registry, of: type[Kind]) -> Iterator[tuple[str, Kind]]:
    """What the contracts' pages declare of a kind, each with its contract."""
    for contract, modules in pages_of(registry).items():
        values = (value for module in modules for value in vars(module).values())
        yield from ((contract, value) for value in values if isinstance(value, of))


def _own(modules: list[ModuleType]) -> Iterator[Any]:
    """What the modules themselves define."""
    for module in modules:
        yield from (value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__)


def _once(found: Iterator[Any]) -> Iterator[Any]:
    names: set[str] = set()
    for each in found:
        if isinstance(each, (Query, Report)):
            if each.name in names:
                raise ValueError(f"{each.contract}: {each.name} is declared twice")
            names.add(each.name)
            yield each
