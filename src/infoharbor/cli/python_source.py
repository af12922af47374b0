"""A Python module as its source says: what stands around a node, and what its names stand for."""

import ast
import functools
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def parsed(name: str, source: str) -> "Module":
    """The module; read once, however often it is asked for."""
    return Module(name, source)


class Module:
    """A parsed module: what its names stand for."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.tree = name, ast.parse(source)
        self.above: dict[ast.AST, ast.AST] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        self.functions: list[Function] = []
        self.classes: list[ast.ClassDef] = []
        self.calls: list[ast.Call] = []
        for node in ast.walk(self.tree):
            self.above |= dict.fromkeys(ast.iter_child_nodes(node), node)
            match node:
                case ast.ImportFrom(module=str(origin), names=names, level=0):
                    self.imported |= {each.asname or each.name: (origin, each.name) for each in names}
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions.append(node)
                case ast.ClassDef():
                    self.classes.append(node)
                case ast.Call():
                    self.calls.append(node)
        self.named = {function.name: function for function in self.functions}

    def enclosing(self, node: ast.AST) -> Iterator[Function | ast.Lambda | ast.ClassDef]:
        """The functions and classes around a node, from the inside."""
        while node in self.above:
            node = self.above[node]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                yield node

    def owner(self, function: ast.AST) -> ast.ClassDef | None:
        above = self.above.get(function)
        return above if isinstance(above, ast.ClassDef) else None


def name_of(expression: ast.AST) -> str:
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def parameters(function: Function | ast.Lambda) -> list[str]:
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def position(function: Function, parameter: str) -> tuple[int | None, str]:
    positional = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return positional.index(parameter) if parameter in positional else None, parameter


def argument(call: ast.Call, place: int | None, parameter: str) -> ast.expr | None:
    named = next((each.value for each in call.keywords if each.arg == parameter), None)
    if named is not None or place is None or any(isinstance(each, ast.Starred) for each in call.args[: place + 1]):
        return named
    return call.args[place] if len(call.args) > place else None


def assigned(scope: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a function or a module binds; None for a value that is bound otherwise than whole."""
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    whole = isinstance(target, ast.Name)
                    yield from ((name_of(each), value if whole else None) for each in ast.walk(target))
            case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                yield name_of(target), value
            case ast.AugAssign(target=target) | ast.For(target=target) | ast.comprehension(target=target):
                yield from ((name_of(each), None) for each in ast.walk(target))
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, None
            case ast.withitem(optional_vars=ast.expr() as target):
                yield from ((name_of(each), None) for each in ast.walk(target))
