"""Records as a person reads them: each field under its word, each value in the form of its kind."""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY, iso_day
from infoharbor.edgekit.json_form import from_iso, is_instant, shape_of
from infoharbor.kernel.records import NEW, PUBLIC, RecordType
from infoharbor.portal.naming import code_word, field_word
from infoharbor.portal.shell import Page

ITEMS_SHOWN: Final = 50
"""Of a longer list the rest is counted; the record's JSON has all of it."""


class Shown(NamedTuple):
    """A value on a page. `kind` says how: text, time, number, badge, code, organisation, list, fields or none; `parts`
    holds the items of a list, or pairs of word and value; `more` counts what is left out."""

    kind: str
    text: str = ""
    value: Any = None
    parts: tuple[Any, ...] = ()
    more: int = 0


NOTHING: Final = Shown("none")


ALARMING: Final = frozenset(
    (
        "overdue",
        "defaulted",
        "rejected",
        "disputed",
        "frozen",
        "returned",
        "suspended",
        "expelled",
        "revoked",
        "in_error",
    )
)
"""Statuses that call for someone, wherever they stand."""


def tone_of(kind: RecordType, status: str) -> str:
    """How a status looks: one that calls for someone; else where it stands among the declared moves: at the beginning, on
    the way, or at an end."""
    if status in ALARMING:
        return "wrong"
    if any(str(move.before) == NEW and str(move.after) == status for move in kind.moves):
        return "begin"
    return "way" if any(str(move.before) == status for move in kind.moves) else "end"


class Display:
    """Shows records of one table."""

    def __init__(self, page: Page, kind: RecordType) -> None:
        self.page, self.kind = page, kind
        self.shape = shape_of(kind.of)

    def word(self, field: str) -> str:
        return field_word(self.page, self.kind.contract, self.kind.table, field)

    def status(self, status: str) -> Shown:
        return Shown("badge", self._status_word(status), tone_of(self.kind, status))

    def fields(self, record: msgspec.Struct) -> list[tuple[str, str, Shown]]:
        """Name, word and value of every field, in declared order."""
        return [
            (field.name, self.word(field.name), self.shown(field.name, field.type, getattr(record, field.name)))
            for field in self.shape.fields
        ]

    def shown(self, field: str, kind: inspect.Type, value: Any) -> Shown:
        if isinstance(kind, inspect.UnionType):
            kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
        if value is None or value in ("", b"", ()):
            return NOTHING
        match kind:
            case inspect.IntType():
                if is_instant(kind):
                    return Shown("time", value=value) if value else NOTHING
                return Shown("number", f"{value:,}")
            case inspect.BoolType():
                return Shown("text", self.page.texts("value.yes" if value else "value.no"))
            case inspect.BytesType():
                return Shown("code", value.hex())
            case inspect.EnumType():
                return self.status(value.value) if field == "status" else Shown("text", self._status_word(value.value))
            case inspect.StructType():
                return self._struct(value)
            case inspect.VarTupleType():
                return self._items(
                    [self.shown(field, kind.item_type, each) for each in value[:ITEMS_SHOWN]], len(value)
                )
            case inspect.TupleType():
                pairs = zip(kind.item_types, value, strict=True)
                return self._items([self.shown(field, part, each) for part, each in pairs], len(value))
        return self._text(field, value)

    def _text(self, field: str, value: str) -> Shown:
        match field:
            case "id":
                return Shown("text", value)
            case "role":
                return Shown("text", self.page.texts.word("roles", value))
            case "biz_step" | "disposition":
                return Shown("text", self.page.texts.epcis(value))
            case "audience" if value == PUBLIC:
                return Shown("text", self.page.texts("party.public"))
        return text(self.page, self.kind.contract, value)

    def _struct(self, value: msgspec.Struct) -> Shown:
        parts = tuple(
            (self.word(field.name), self.shown(field.name, field.type, getattr(value, field.name)))
            for field in shape_of(type(value)).fields
        )
        return Shown("fields", parts=tuple(each for each in parts if each[1] is not NOTHING))

    def _items(self, items: list[Shown], count: int) -> Shown:
        return Shown("list", parts=tuple(items), more=count - len(items))

    def _status_word(self, status: str) -> str:
        return self.page.texts.sentence(self.page.ledger.words.text(self.kind.contract, "statuses", status))


def text(page: Page, contract: str, value: str) -> Shown:
    """A text; an organisation's id leads to it, a code that has a word is said, and long identifiers may break
    anywhere."""
    if value in page.organisations:
        return Shown("organisation", page.organisation_name(value), value)
    said = code_word(page, contract, value)
    return Shown("text", said) if said != value else plain(value)


def arguments(page: Page, contract: str, action: str, given: Any) -> Shown:
    """An action's arguments in their JSON form; of an action that this node does not know, as they are."""
    known = page.ledger.registry.contracts.get(contract)
    kind = page.ledger.registry.action(contract, action, known.version) if known is not None else None
    return plain(given) if kind is None else _argument(page, contract, action, shape_of(kind.of), given)


def _argument(page: Page, contract: str, action: str, kind: inspect.Type | None, value: Any) -> Shown:
    if isinstance(kind, inspect.UnionType):
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if value is None or value in ("", [], {}):
        return NOTHING
    match value:
        case bool():
            return Shown("text", page.texts("value.yes" if value else "value.no"))
        case list():
            of = kind.item_type if isinstance(kind, inspect.VarTupleType) else None
            shown = tuple(_argument(page, contract, action, of, each) for each in value[:ITEMS_SHOWN])
            return Shown("list", parts=shown, more=len(value) - len(shown))
        case dict():
            types = {each.name: each.type for each in kind.fields} if isinstance(kind, inspect.StructType) else {}
            parts = [
                (field_word(page, contract, action, name), _argument(page, contract, action, types.get(name), each))
                for name, each in value.items()
            ]
            return Shown("fields", parts=tuple(each for each in parts if each[1] is not NOTHING))
        case str() if isinstance(kind, inspect.EnumType):
            return Shown("text", page.texts.sentence(page.ledger.words.text(contract, "statuses", value)))
        case str() if isinstance(kind, inspect.IntType) and is_instant(kind):
            return Shown("time", value=from_iso(value, "time"))
        case int() if isinstance(kind, inspect.IntType) and kind.le == LAST_DAY:
            return Shown("text", iso_day(value))
        case str() if kind is None or isinstance(kind, inspect.StrType):
            return text(page, contract, value)
    return plain(value)


def plain(value: Any) -> Shown:
    """A value of JSON, such as an action's argument."""
    if isinstance(value, dict):
        parts = [(name.replace("_", " "), plain(each)) for name, each in value.items()]
        return Shown("fields", parts=tuple(each for each in parts if each[1] is not NOTHING))
    if isinstance(value, list):
        shown = tuple(plain(each) for each in value[:ITEMS_SHOWN])
        return Shown("list", parts=shown, more=len(value) - len(shown)) if value else NOTHING
    if value is None or value == "":
        return NOTHING
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Shown("code" if len(text) > 24 and " " not in text and text.isascii() else "text", text)
