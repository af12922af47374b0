"""Finds the contracts, and runs their rules from the very bytes that are hashed, so that a stale `.pyc` never does."""

import functools
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import os.path
import pkgutil
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from infoharbor.crypto.hashes import SHA256
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.records import record_type

RULES_VERSION = 1
"""The version of kernel, contractkit and evidence that votes name; raised with every change that could change a result."""

BUILT_IN = "infoharbor.contracts"
ENTRY_POINTS = "infoharbor.contracts"
EDGE_FILES = ("exchange", "pages", "demo", "conftest")
"""What of a contract's folder the kernel never loads, beside `test_*`; every other file holds rules."""


class LoadedContract(NamedTuple):
    """A contract's rules as this node has them; `version` is the newest its files hold, `modules` its rule files by name."""

    name: str
    package: str
    version: int
    rules_hash: bytes
    modules: dict[str, ModuleType]


class BrokenContract(ImportError):
    """A contract that is installed and cannot be loaded, with Python's own words for why."""

    def __init__(self, package: str, fault: str) -> None:
        super().__init__(f"the contract {package} cannot be loaded: {fault}")
        self.code, self.field, self.expected = "contract.broken", package, fault


class RulesLoader(importlib.machinery.SourceFileLoader):
    """Compiles the source each time and keeps the bytes it compiled beside the module."""

    def get_code(self, fullname: str) -> CodeType:
        self.source = self.get_data(self.path)
        return compile(self.source, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__dict__["__rules_source__"] = self.source


class RulesFinder(MetaPathFinder):
    """Hands every contract's rule files to the loader above."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> Any:
        package, _, file = fullname.rpartition(".")
        if not path or not is_rule_file(file) or not is_contract(package):
            return None
        location = f"{next(iter(path))}/{file}.py"
        if not os.path.exists(location):
            return None
        return importlib.util.spec_from_file_location(fullname, location, loader=RulesLoader(fullname, location))


def is_contract(package: str) -> bool:
    """Whether a package is a contract: of this package, or brought by an installed one."""
    return package.rpartition(".")[0] == BUILT_IN or package in brought_packages()


@functools.cache
def brought_packages() -> frozenset[str]:
    """The packages that installed distributions bring as contracts."""
    return frozenset(point.value for point in importlib.metadata.entry_points(group=ENTRY_POINTS))


def install() -> None:
    """Called once, when the package is first imported."""
    if not any(isinstance(finder, RulesFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, RulesFinder())


def contract_packages() -> dict[str, str]:
    """The package of every contract, by the contract's name: of this package, and of the installed ones."""
    folders = importlib.import_module(BUILT_IN).__path__
    built_in = [f"{BUILT_IN}.{found.name}" for found in pkgutil.iter_modules(folders) if found.ispkg]
    return {_name(package): package for package in sorted([*built_in, *brought_packages()], key=_name)}


def find_contracts() -> list[LoadedContract]:
    """Every contract, by name; raises `BrokenContract` if one of them cannot be loaded."""
    return [load_contract(package) for package in contract_packages().values()]


def load_contract(package: str) -> LoadedContract:
    """Load one contract by its package; the folder's name is the contract's name. Raises `BrokenContract`."""
    try:
        return _load(package)
    except (ImportError, SyntaxError, NameError, TypeError, ValueError, AttributeError) as fault:
        raise BrokenContract(package, f"{type(fault).__name__}: {fault}") from fault


def _load(package: str) -> LoadedContract:
    folders = importlib.import_module(package).__path__
    names = sorted(
        found.name for found in pkgutil.iter_modules(folders) if not found.ispkg and is_rule_file(found.name)
    )
    modules = {name: importlib.import_module(f"{package}.{name}") for name in names}
    files = {}
    for name, module in modules.items():
        source = getattr(module, "__rules_source__", None)
        if source is None:
            raise ImportError(
                f"{module.__name__} was imported before infoharbor, which has to compile it: "
                f"import infoharbor in {package}/__init__.py"
            )
        files[f"{name}.py"] = source
    declared = [value for module in modules.values() for value in vars(module).values()]
    for value in declared:
        if hasattr(value, "__record__"):
            record_type(value)
        elif hasattr(value, "__action__"):
            value.__action__.describe()
    actions = [value.__action__ for value in declared if hasattr(value, "__action__")]
    versions = [action.since for action in actions if action.contract == _name(package)]  # Others' may be imported.
    return LoadedContract(_name(package), package, max([1, *versions]), rules_hash(files), modules)


def is_rule_file(name: str) -> bool:
    """Whether a module of a contract's folder holds rules."""
    return name not in EDGE_FILES and not name.startswith("test_")


def rules_hash(files: dict[str, bytes]) -> bytes:
    """What a vote names: the hash over a contract's rule files and the rules version that they need."""
    return tagged_hash(SHA256, "rules", encode([RULES_VERSION, sorted(files.items())]))


def _name(package: str) -> str:
    return package.rpartition(".")[2]
