"""What refusals say would be right, read from the source: each text with `{}` where a value stands.

A refusal is whatever takes a parameter or has a field `expected`, or `like` as the columns of imports do. Constants are
looked up, also those of other modules; of a choice every branch counts; a function's own parameter is followed to its
callers; a function that gives a text is followed to what it returns; what another refusal expected is passed on.
"""

import ast
import functools
import importlib.resources
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from infoharbor.cli.python_source import Function, Module, argument, assigned, name_of, parameters, parsed, position

PARAMETERS: Final = frozenset({"expected", "like"})
HOLE: Final = "{}"
DEEP: Final = 12


class Text(NamedTuple):
    """What an expression can be; the expression itself where the source alone does not tell it."""

    text: str
    readable: bool = True


class Said(NamedTuple):
    """A text, and the module and the line that hand it to a refusal."""

    module: str
    line: int
    text: Text


NO_TEXT: Final = Text(HOLE)


def has_words(text: str) -> bool:
    """Whether a text is to be put into Chinese: names, numbers and codes are the same in every language."""
    return " " in text and any(letter.islower() for letter in text.replace(HOLE, ""))


def sources_of(package: str) -> dict[str, str]:
    """The modules of an installed package, but for its tests, by their dotted names."""
    top = Path(str(importlib.resources.files(package)))
    found = {}
    for file in sorted(top.rglob("*.py")):
        if not file.name.startswith(("test_", "conftest.")):
            inside = file.relative_to(top).with_suffix("").parts
            name = ".".join((package, *inside)).removesuffix(".__init__")
            found[name] = file.read_text(encoding="utf-8")
    return found


def said_by(package: str) -> set[str]:
    """The texts of one contract that are to be put into Chinese."""
    below = sources_of("infoharbor.kernel") | sources_of("infoharbor.contractkit") | sources_of("infoharbor.edgekit")
    own = sources_of(package)
    found = (said.text for said in Program(below | own).said() if said.module in own)
    return {text.text for text in found if text.readable and has_words(text.text)}


class Taker(NamedTuple):
    """A parameter that becomes what a refusal expects. It is known by name: everywhere, or where `module` is seen."""

    name: str
    module: str
    place: int | None
    parameter: str


class Bound(NamedTuple):
    """A function that is read at one of its calls, and that call."""

    function: Function
    call: ast.Call
    place: "Place"


class Place(NamedTuple):
    """Where an expression stands: its module, and the calls and the names that led there."""

    module: "Module"
    calls: tuple[Bound, ...] = ()
    names: tuple[ast.Name, ...] = ()
    within_text: bool = False


class Program:
    """The sources of modules by their dotted names, read together."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._modules = {name: parsed(name, source) for name, source in sources.items()}
        self._takers: dict[str, set[Taker]] = {}
        self._items: set[Said] = set()
        for module in self._modules.values():
            self._find_takers(module)
        while self._inherit():
            pass

    def said(self) -> set[Said]:
        """Every text, each where it is handed over."""
        while True:
            known = self._known()
            found = {said for module in self._modules.values() for said in self._of_module(module)}
            if known == self._known():
                return found | self._items

    def _find_takers(self, module: Module) -> None:
        for function in module.functions:
            for parameter in PARAMETERS & set(parameters(function)):
                self._take(module, function, parameter)
        for each in module.classes:
            fields = [part.target for part in each.body if isinstance(part, ast.AnnAssign)]
            for place, field in enumerate(fields):
                if name_of(field) in PARAMETERS:
                    self._add(Taker(each.name, "", place, name_of(field)))

    def _take(self, module: Module, function: Function, parameter: str) -> None:
        owner = module.owner(function)
        positional = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
        place = positional.index(parameter) - (owner is not None and not static) if parameter in positional else None
        name = owner.name if owner is not None and function.name == "__init__" else function.name
        self._add(Taker(name, "" if parameter in PARAMETERS else module.name, place, parameter))

    def _add(self, taker: Taker) -> None:
        self._takers.setdefault(taker.name, set()).add(taker)

    def _known(self) -> int:
        return sum(map(len, self._takers.values()))

    def _inherit(self) -> bool:
        """A class without an `__init__` of its own takes what its base does."""
        classes = (each for module in self._modules.values() for each in module.classes)
        known = self._known()
        for node in classes:
            if not any(isinstance(part, Function) and part.name == "__init__" for part in node.body):
                for taker in [taker for base in node.bases for taker in self._takers.get(name_of(base), ())]:
                    self._add(taker._replace(name=node.name))
        return known < self._known()

    def _of_module(self, module: Module) -> Iterator[Said]:
        for call in module.calls:
            for taker in self._taken_by(module, call):
                given = argument(call, taker.place, taker.parameter)
                for text in self._texts(given, Place(module)) if given is not None else ():
                    yield Said(module.name, call.lineno, text)

    def _taken_by(self, module: Module, call: ast.Call) -> Iterator[Taker]:
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "__init__":
            around = next((each for each in module.enclosing(call) if isinstance(each, ast.ClassDef)), None)
            names = [] if around is None else [name_of(base) for base in around.bases]
        else:
            names = [name_of(function)]
        for taker in [taker for name in names for taker in self._takers.get(name, ())]:
            own = module.name == taker.module or module.imported.get(taker.name, ("",))[0] == taker.module
            if not taker.module or own:
                yield taker

    def _texts(self, given: ast.expr, place: Place) -> list[Text]:
        """The texts that an expression can be, and whether each could be read; none where another refusal's is passed on."""
        again = functools.partial(self._texts, place=place)
        match given:
            case ast.Constant(value=value):
                return [Text("" if value is None else str(value))]
            case ast.JoinedStr(values=parts):
                return _joined([self._part(part, place) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([_hole_for(again(left)), _hole_for(again(right))])
            case ast.IfExp(body=body, orelse=other):
                return again(body) + again(other)
            case ast.BoolOp(values=values):
                return [text for value in values for text in again(value)]
            case ast.Subscript(value=value, slice=ast.Slice()):
                return again(value)
            case ast.Dict(values=values):
                return [text for value in values for text in again(value)]
            case ast.Subscript(value=ast.Name(id=name)) if _is_table(self._defined(name, place.module)):
                return self._constant(name, place.module)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(between)), attr="join"), args=[listed]):
                self._items |= {Said(place.module.name, given.lineno, text) for text in self._each(listed, place)}
                return [NO_TEXT, *([Text(HOLE + between + HOLE)] if between.strip(" ,;|") else [])]
            case ast.Call(func=ast.Name(id="str"), args=[value]):
                return again(value)
            case ast.Attribute(attr=attribute) if attribute in PARAMETERS:
                return []
            case ast.Call() if (called := self._function(given.func, place.module)) is not None:
                return self._returned(given, called, place)
            case ast.Name():
                return [] if given in place.names else self._named(given, place._replace(names=(*place.names, given)))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in place.module.imported:
                module = self._modules.get(".".join(place.module.imported[name]))
                if module is not None:
                    return self._constant(attribute, module) or [Text(ast.unparse(given), readable=False)]
        return [Text(ast.unparse(given), readable=False)]

    def _each(self, listed: ast.expr, place: Place) -> list[Text]:
        """What the items of a list can be, as far as they are texts that can be read: each is put into Chinese by itself."""
        match listed:
            case ast.GeneratorExp(elt=item) | ast.ListComp(elt=item) | ast.SetComp(elt=item):
                return [text for text in self._texts(item, place._replace(within_text=True)) if text.readable]
            case ast.Call(func=ast.Name(id="sorted"), args=[inner, *_]):
                return self._each(inner, place)
            case ast.BoolOp(values=values):
                return [text for value in values for text in self._each(value, place)]
            case ast.Name(id=name) if listed not in place.names:
                around = (each for each in place.module.enclosing(listed) if isinstance(each, Function))
                bound = [value for each in around for target, value in assigned(each) if target == name]
                inside = place._replace(names=(*place.names, listed))
                return [text for value in bound if value is not None for text in self._each(value, inside)]
        return []

    def _part(self, part: ast.expr, place: Place) -> list[Text]:
        """A piece of an f-string: a hole, unless it is text of ours."""
        if isinstance(part, ast.FormattedValue):
            found = self._texts(part.value, place._replace(within_text=True)) if part.conversion == -1 else []
            ours = all(text.readable for text in found) and any(has_words(text.text) for text in found)
            return found if ours else [NO_TEXT]
        return self._texts(part, place)

    def _named(self, name: ast.Name, place: Place) -> list[Text]:
        unread = Text(name.id, readable=False)
        for function in place.module.enclosing(name):
            if isinstance(function, ast.ClassDef):
                continue
            if name.id in parameters(function):
                bound = next((each for each in place.calls if each.function is function), None)
                if bound is not None:
                    given = argument(bound.call, *position(bound.function, name.id))
                    return self._texts(given, bound.place) if given is not None else [NO_TEXT]
                if isinstance(function, ast.Lambda) or place.within_text:
                    return [unread]
                self._take(place.module, function, name.id)
                return []
            values = [value for target, value in assigned(function) if target == name.id]
            if values:
                read = [[unread] if value is None else self._texts(value, place) for value in values]
                return list(itertools.chain.from_iterable(read))
        return self._constant(name.id, place.module) or [unread]

    def _constant(self, name: str, module: Module) -> list[Text]:
        found = self._defined(name, module)
        return [] if found is None else self._texts(found[0], Place(found[1]))

    def _defined(self, name: str, module: Module) -> tuple[ast.expr, Module] | None:
        """What a constant of a module is, and the module that defines it."""
        value = next((value for target, value in assigned(module.tree) if target == name), None)
        if value is not None:
            return value, module
        origin, original = module.imported.get(name, ("", ""))
        return self._defined(original, self._modules[origin]) if origin in self._modules else None

    def _function(self, called: ast.expr, module: Module) -> tuple[Function, Module] | None:
        """The function of these sources that a bare name calls."""
        if not isinstance(called, ast.Name):
            return None
        if called.id in module.named:
            return module.named[called.id], module
        origin, original = module.imported.get(called.id, ("", ""))
        home = self._modules.get(origin)
        return None if home is None or original not in home.named else (home.named[original], home)

    def _returned(self, call: ast.Call, found: tuple[Function, Module], place: Place) -> list[Text]:
        function, home = found
        if len(place.calls) == DEEP or any(each.function is function for each in place.calls):
            return [NO_TEXT]
        inside = Place(home, (*place.calls, Bound(function, call, place)))
        returned = [
            node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None
        ]
        texts = [text for value in returned for text in self._texts(value, inside)]
        return texts if all(text.readable for text in texts) else [Text(ast.unparse(call), readable=False)]


def _is_table(defined: tuple[ast.expr, Module] | None) -> bool:
    return defined is not None and isinstance(defined[0], ast.Dict)


def _hole_for(texts: list[Text]) -> list[Text]:
    """What is added to a text: a hole where it cannot be read."""
    return [text if text.readable else NO_TEXT for text in texts] or [NO_TEXT]


def _joined(parts: list[list[Text]]) -> list[Text]:
    """Every way in which the parts can follow each other."""
    ways = itertools.product(*parts)
    return [Text("".join(each.text for each in way), all(each.readable for each in way)) for way in ways]
