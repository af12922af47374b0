"""The inputs of an action's form, by the types of its fields, and the arguments out of what was typed in."""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY, parse_day
from infoharbor.edgekit.json_form import is_instant, shape_of
from infoharbor.edgekit.kinds import told
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.refusal import Refusal
from infoharbor.portal.naming import field_word
from infoharbor.portal.shell import Page

OFFSET: Final = "+08:00"
"""What a time in a form is meant in; the form says so."""
HASH_BYTES: Final = 32


class Input(NamedTuple):
    """One field: `kind` is text, optional (a text or none), number, day, time, choice, file, lines or json."""

    name: str
    word: str
    kind: str
    expected: str
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""


def inputs(page: Page, kind: ActionType) -> list[Input]:
    """The action's fields, under the words that its contract has for them."""
    return [_input(page, kind, field) for field in shape_of(kind.of).fields]


def argument(each: Input, text: str) -> Any:
    """What was typed in, as the action's JSON form wants it. Raises `Malformed`."""
    text = text.strip() if each.kind != "text" else text
    match each.kind:
        case "day":
            try:
                return parse_day(text)
            except Refusal as refusal:
                raise Malformed("input.time", each.name, refusal.expected) from None
        case "time":
            return f"{text}:00{OFFSET}" if len(text) == len("2026-01-01T08:00") else f"{text}{OFFSET}" if text else None
        case "optional":
            return text or None
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "json":
            try:
                return msgspec.json.decode(text.encode() or b"null")
            except msgspec.DecodeError:
                raise Malformed("input.not_json", each.name, each.expected) from None
        case "choice" if each.choices[0][0] in ("true", "false"):
            return text == "true"
    return text


def _input(page: Page, action: ActionType, field: inspect.Field) -> Input:
    contract, kind = action.contract, field.type
    made = Input(
        field.name, field_word(page, contract, action.name, field.name), "text", page.texts.sentence(told(kind))
    )
    match kind:
        case inspect.IntType() if is_instant(kind):
            return made._replace(kind="time")
        case inspect.IntType() if kind.le == LAST_DAY:
            return made._replace(kind="day")
        case inspect.IntType():
            return made._replace(kind="number")
        case inspect.BoolType():
            return made._replace(
                kind="choice", choices=(("true", page.texts("value.yes")), ("false", page.texts("value.no")))
            )
        case inspect.EnumType():
            values = [str(member.value) for member in kind.cls]
            words = [page.texts.sentence(page.ledger.words.text(contract, "statuses", each)) for each in values]
            return made._replace(kind="choice", choices=tuple(zip(values, words, strict=True)))
        case inspect.BytesType() if kind.min_length == kind.max_length == HASH_BYTES:
            return made._replace(kind="file")
        case inspect.VarTupleType(item_type=inspect.StrType() | inspect.IntType()):
            return made._replace(kind="lines")
        case inspect.StrType() | inspect.BytesType():
            return made
        case inspect.UnionType(types=(inspect.StrType(), inspect.NoneType())):
            return made._replace(kind="optional")
    return made._replace(kind="json")
