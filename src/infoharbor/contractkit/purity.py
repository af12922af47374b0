"""What a rule file must not contain: anything that two machines could see differently."""

import ast
from collections.abc import Iterator

from infoharbor.kernel.rulefiles import is_contract, is_rule_file

MODULES = frozenset({"collections.abc", "enum", "typing", "msgspec", "functools", "itertools", "string"})
"""What rules may import beside contractkit, evidence and the rule files of contracts."""
CALLS = frozenset({
    "hash", "id", "open", "input", "print", "eval", "exec", "compile", "globals", "locals", "vars", "float", "complex",
    "round", "__import__", "breakpoint", "memoryview",
})  # fmt: skip
METHODS = frozenset({"isdigit", "isdecimal", "isnumeric", "isalpha", "isalnum", "casefold", "title", "swapcase"})
"""Methods of text that ask Unicode's tables, which differ between versions of Python."""


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Line numbers, and what stands there that a rule must not hold."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for fault in _faults(node):
            yield getattr(node, "lineno", 0), fault
    yield from _recursive(tree)


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"imports {each.name}" for each in node.names if not _may_import(each.name))
    elif isinstance(node, ast.ImportFrom):
        if node.level or not _may_import(node.module or ""):
            yield f"imports {'.' * node.level}{node.module or ''}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
        yield f"the float {node.value}"
    elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        yield "true division: say how to round, with // or contractkit"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield f"a call of {node.func.id}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        yield f".{node.func.attr}(), which asks Unicode's tables"
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Set | ast.SetComp):
        yield "an iteration over a set, which has no order"
    elif isinstance(node, ast.For | ast.comprehension) and _makes_set(node.iter):
        yield "an iteration over a set, which has no order: sort it"
    elif isinstance(node, ast.While | ast.AsyncFunctionDef | ast.Await | ast.Global | ast.Nonlocal):
        yield f"{type(node).__name__.lower()}, which has no place in a rule"


def _makes_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")


def _may_import(module: str) -> bool:
    if module in MODULES or module.split(".")[:2] in (["infoharbor", "contractkit"], ["infoharbor", "evidence"]):
        return True
    package, _, file = module.rpartition(".")
    return is_contract(package) and is_rule_file(file)


def _recursive(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Functions that call one another in a circle."""
    bodies = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = {
        name: {
            call.func.id
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in bodies
        }
        for name, node in bodies.items()
    }
    for name, node in bodies.items():
        reached: set[str] = set()
        fresh = calls[name]
        while fresh:
            reached |= fresh
            fresh = {each for found in fresh for each in calls[found]} - reached
        if name in reached:
            yield node.lineno, f"{name} calls itself, directly or through others"
