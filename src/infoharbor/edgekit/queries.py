"""Named queries: a contract's `pages.py` declares them, and every way in answers them the same."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.edgekit.json_form import to_json
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

ANSWER_ITEMS: Final = 10_000
"""A query that could answer more has to page by a parameter of its own."""


class Query(NamedTuple):
    """A question that a contract answers; `run(read, **parameters)` sees only what the asker may read."""

    contract: str
    name: str
    title_en: str
    title_zh: str
    run: Callable[..., Any]
    parameters: Mapping[str, inspect.Parameter]

    @property
    def about(self) -> str:
        return inspect.getdoc(self.run) or self.title_en

    def ask(self, read: Sight, given: Mapping[str, str]) -> Any:
        """The answer in JSON's terms; parameters come as texts. Raises `Malformed` for what does not fit."""
        return plain(self.run(read, **self.values(given)))

    def values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The parameters out of their texts. Raises `Malformed` for what does not fit."""
        unknown = next((name for name in given if name not in self.parameters), None)
        if unknown is not None:
            expected = "one of " + ", ".join(self.parameters) if self.parameters else "no parameter"
            raise Malformed("input.field_unknown", unknown[:100], expected)
        values = {}
        for name, parameter in self.parameters.items():
            if name in given:
                values[name] = _value(parameter.annotation, given[name], name)
            elif parameter.default is inspect.Parameter.empty:
                raise Malformed("input.field_missing", name, KINDS[parameter.annotation])
        return values


KINDS: Final = {str: "a text of at most 400 characters", int: "an integer", bool: "true or false"}


def query(name: str, title_en: str, title_zh: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a named query: `def f(read, **parameters)`, each parameter a str, int or bool.

    It answers records, or dicts, lists and texts that hold them.
    """

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        run.__query__ = question(run, name, title_en, title_zh)  # type: ignore[attr-defined]
        return run

    return declare


def question(run: Callable[..., Any], name: str, title_en: str, title_zh: str) -> Query:
    """What a function of a contract's pages answers, by its signature; TypeError for what no address can ask."""
    parameters = dict(list(inspect.signature(run, eval_str=True).parameters.items())[1:])
    wrong = [each for each, parameter in parameters.items() if parameter.annotation not in KINDS]
    if wrong:
        raise TypeError(f"{name}: {', '.join(wrong)} must be str, int or bool")
    above, _, _ = f"{run.__module__}.".rpartition(".pages.")
    return Query(
        (above or run.__module__.rpartition(".")[0]).rpartition(".")[2], name, title_en, title_zh, run, parameters
    )


def plain(value: Any) -> Any:
    """An answer in JSON's terms."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, msgspec.Struct):
        return to_json(value)
    if isinstance(value, (dict, Mapping)):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    items: list[Any] = []
    for each in value:
        if len(items) == ANSWER_ITEMS:
            raise Malformed("input.answer_too_large", "query", f"a question with at most {ANSWER_ITEMS} answers")
        items.append(plain(each))
    return items


def _value(kind: type, text: str, name: str) -> Any:
    if kind is bool and text in ("true", "false"):
        return text == "true"
    if kind is int and len(text) <= 20 and text.removeprefix("-").isascii() and text.removeprefix("-").isdigit():
        return int(text)
    if kind is str and len(text) <= 400:
        return text
    raise Malformed("input.type", name, KINDS[kind])
