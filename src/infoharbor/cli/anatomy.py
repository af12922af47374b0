"""What a contract must have beside rules that run: pure files, words for everything, docstrings, moves that can happen."""

import ast
from collections.abc import Iterator
from typing import Any

from infoharbor.cli.expected_texts import said_by
from infoharbor.contractkit.purity import faults
from infoharbor.edgekit.expectations import Expectations, in_chinese
from infoharbor.edgekit.languages import LANGUAGES, about_in_chinese, expected_in_chinese, read_words
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.rulefiles import LoadedContract

PARTS = ("tables", "fields", "statuses", "actions", "refusals")
BELOW = ("crypto", "kernel", "evidence", "contractkit", "edgekit")
REFUSING = {"ensure": 1, "Refusal": 0}
"""Which argument of what refuses is the code."""


def lacking(contract: LoadedContract, registry: Registry) -> Iterator[str]:
    """Sentences that say what is wrong, each with its place; none for a contract as it should be."""
    tables = [kind for kind in registry.tables.values() if kind.contract == contract.name]
    actions = registry.actions(contract.name)
    for file, source in sources(contract).items():
        yield from (f"{file}:{line}: {fault}" for line, fault in faults(source))
    for kind in actions:
        if not kind.of.__dict__.get("__doc__"):
            yield f"{kind.name}: no docstring, which is what its user reads"
    yield from _moves(tables, {kind.name for kind in actions})
    yield from _words(contract, tables, actions)
    untold = said_by(contract.package) - expected_in_chinese(contract.package).keys() - _shared()
    yield from (f"words/expected.zh.json: expected has no {text}" for text in sorted(untold))


def complaint_in_chinese(complaint: str) -> str:
    """What is wrong in Chinese, without its place."""
    return (
        in_chinese(complaint, (Expectations(read_words("infoharbor.cli", "complaints.zh")["complaints"]),)) or complaint
    )


def _shared() -> set[str]:
    """What the packages below every contract say would be right: a contract may say it too."""
    return {text for package in BELOW for text in expected_in_chinese(f"infoharbor.{package}")}


def sources(contract: LoadedContract) -> dict[str, str]:
    """The rule files by name, from the very bytes that run."""
    return {f"{file}.py": vars(module)["__rules_source__"].decode() for file, module in contract.modules.items()}


def codes(source: str) -> set[str]:
    """The refusal codes that a rule file names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSING:
            given = node.args[REFUSING[node.func.id]]
            found |= {
                each.value for each in ast.walk(given) if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return found


def _moves(tables: list[RecordType], actions: set[str]) -> Iterator[str]:
    for kind in tables:
        for move in kind.moves:
            yield from (
                f"{kind.table}: a move via {name}, which is no action" for name in move.via if name not in actions
            )
            for party in move.parties:
                if isinstance(party, str) and party not in kind.of.__struct_fields__:
                    yield f"{kind.table}: a move by {party}, which is no field"


def _words(contract: LoadedContract, tables: list[RecordType], actions: list[ActionType]) -> Iterator[str]:
    wanted: dict[str, set[str]] = {
        "tables": {kind.table for kind in tables},
        "fields": {f"{kind.table}.{name}" for kind in tables for name in kind.of.__struct_fields__},
        "statuses": {str(each) for kind in tables for move in kind.moves for each in (move.before, move.after)}
        - {"new"},
        "actions": {kind.name for kind in actions},
        "refusals": {
            code.removeprefix(f"{contract.name}.") for source in sources(contract).values() for code in codes(source)
        },
    }
    for part, told in about_in_chinese(contract.package).items():
        yield from (f"words/{part}.zh.json: about has no {name}" for name in sorted(wanted[part] - told.keys()))
        yield from (f"words/{part}.zh.json: {name} is not of {part}" for name in sorted(told.keys() - wanted[part]))
    words: dict[str, dict[str, Any]] = {language: read_words(contract.package, language) for language in LANGUAGES}
    for language, texts in words.items():
        if not texts.get("title") or not texts.get("about"):
            yield f"words/{language}.json: no title or no about"
        for part, names in wanted.items():
            known = {key.removeprefix(f"{contract.name}.") for key, text in texts.get(part, {}).items() if text}
            absent = sorted(name for name in names - known if "." not in name or part == "fields")
            yield from (f"words/{language}.json: {part} has no {name}" for name in absent)
    english, chinese = (
        {(part, key) for part in PARTS for key in words[language].get(part, {})} for language in LANGUAGES
    )
    yield from (f"words: {part} {key} is there in one language only" for part, key in sorted(english ^ chinese))
