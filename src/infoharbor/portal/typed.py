"""The arguments of an action out of what was typed into its form."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from infoharbor.contractkit.days import parse_day
from infoharbor.contractkit.encoding import encode_action
from infoharbor.contracts.trace.pages import identify
from infoharbor.edgekit.countries import ensure_countries
from infoharbor.edgekit.json_form import from_json
from infoharbor.edgekit.pages import Enclosed
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.refusal import Refusal
from infoharbor.portal.forms import Input

OFFSET: Final = "+08:00"
"""What a time in a form is meant in; the form says so."""
LABEL: Final = re.compile(r"\(01\)[0-9]{14}(\([0-9]{2}\)[^()]+)*|\(00\)[0-9]{18}|\(414\)[0-9]{13}")
"""What is printed below a bar code."""
EMPTY: Final = '""'
"""How a line says that an item is an empty text."""
Keeping = Callable[[Input], Awaitable[Any]]
"""Takes the file of a field, and gives the argument that stands for it."""


async def arguments(made: list[Input], keep: Keeping, enclosed: Enclosed | None) -> dict[str, Any]:
    """The arguments in their JSON form; `enclosed` says which of them is an action of its own. Raises `Malformed`."""
    found = {each.key: await _value(each, keep) for each in made}
    if enclosed is not None:
        of = enclosed.kinds.get(found[enclosed.named])
        if of is None:
            raise Malformed("input.choice", enclosed.named, " or ".join(enclosed.kinds))
        action = from_json(of, found[enclosed.held], enclosed.held)
        ensure_countries(action, enclosed.held)
        found[enclosed.held] = encode_action(action).hex()
    return found


async def _value(each: Input, keep: Keeping) -> Any:
    match each.kind:
        case "rows":
            return [await _value(part, keep) for part in each.parts if part.is_filled]
        case "group" if not each.needed and not each.is_filled:
            return None
        case "group":
            return {part.key: await _value(part, keep) for part in each.parts}
        case "file":
            return await keep(each)
    return argument(each)


def argument(each: Input) -> Any:
    """What was typed into a field, as the action's JSON form wants it; what is printed below a bar code stands for the key
    of its thing. Raises `Malformed`."""
    text = each.value if each.kind == "text" else each.value.strip()
    if not text.strip() and each.needed:
        raise Malformed("input.field_missing", each.name, each.expected)
    match each.kind:
        case "day":
            return _day(each, text)
        case "time":
            return f"{text}:00{OFFSET}" if len(text) == len("2026-01-01T08:00") else f"{text}{OFFSET}" if text else None
        case "lines":
            lines = [line.strip() for line in text.splitlines()]
            return ["" if line == EMPTY else _key(each, line) for line in lines if line]
        case "json":
            return _json(each, text)
        case "choice" if text in ("true", "false"):
            return text == "true"
        case "number" | "choice" | "hex" | "optional":
            return _key(each, text) or None
    return _key(each, text)


def _day(each: Input, text: str) -> int | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except Refusal as refusal:
        raise Malformed("input.time", each.name, refusal.expected) from None


def _json(each: Input, text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode() or b"null")
    except msgspec.DecodeError:
        raise Malformed("input.not_json", each.name, each.expected) from None


def _key(each: Input, text: str) -> str:
    if not LABEL.fullmatch(text):
        return text
    try:
        return identify(text)
    except Malformed as fault:
        raise Malformed(fault.code, each.name, fault.expected) from None
