"""Records and actions as a person reads them: each field under its word, each value in the form of its kind."""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY, iso_day
from infoharbor.edgekit.json_form import from_json, is_instant, shape_of, without_none
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.records import NEW, PUBLIC, RecordType
from infoharbor.portal.codes import country_name, unit_name
from infoharbor.portal.naming import code_word, field_word
from infoharbor.portal.shell import Page

ITEMS_SHOWN: Final = 50
"""Of a longer list the rest is counted; the record's JSON has all of it."""


class Shown(NamedTuple):
    """A value on a page. `kind` says how: text, time, number, badge, code, named, organisation, list, fields or none;
    `value` is what lies behind the text, such as the code that a name stands for; `parts` holds the items of a list, or
    pairs of word and value; `more` counts what is left out."""

    kind: str
    text: str = ""
    value: Any = None
    parts: tuple[Any, ...] = ()
    more: int = 0


NOTHING: Final = Shown("none")


def tone_of(page: Page, kind: RecordType, status: str) -> str:
    """How a status looks: one that calls for someone; else where it stands among the declared moves: at the beginning, on
    the way, or at an end."""
    if (f"{kind.contract}/{kind.table}", status) in page.ledger.alarming:
        return "wrong"
    if any(str(move.before) == NEW and str(move.after) == status for move in kind.moves):
        return "begin"
    return "way" if any(str(move.before) == status for move in kind.moves) else "end"


class Fields:
    """Shows the fields of one action, or of one table: `holder` is its name, under which the words have them."""

    def __init__(self, page: Page, contract: str, holder: str) -> None:
        self.page, self.contract, self.holder = page, contract, holder

    def word(self, field: str) -> str:
        return field_word(self.page, self.contract, self.holder, field)

    def fields(self, shown: msgspec.Struct) -> list[tuple[str, str, Shown]]:
        """Name, word and value of every field, in declared order."""
        return [
            (field.name, self.word(field.name), self.shown(field.name, field.type, getattr(shown, field.name)))
            for field in shape_of(type(shown)).fields
        ]

    def struct(self, value: msgspec.Struct) -> Shown:
        """All fields that hold something."""
        found = ((word, shown) for _, word, shown in self.fields(value))
        return Shown("fields", parts=tuple(each for each in found if each[1] is not NOTHING))

    def shown(self, field: str, kind: inspect.Type, value: Any) -> Shown:
        kind = without_none(kind)
        if value is None or value in ("", b"", ()):
            return NOTHING
        match kind:
            case inspect.IntType():
                return _number(kind, value)
            case inspect.BoolType():
                return Shown("text", self.page.texts("value.yes" if value else "value.no"))
            case inspect.BytesType():
                return Shown("code", value.hex())
            case inspect.EnumType():
                return self._choice(field, value.value)
            case inspect.StructType():
                return self.struct(value)
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
            case "role":
                return Shown("text", self.page.texts.word("roles", value))
            case "audience" if value == PUBLIC:
                return Shown("text", self.page.texts("party.public"))
            case "country" | "jurisdiction":
                return country(self.page, value)
            case "uom":
                return unit(self.page, value)
        return text(self.page, self.contract, value)

    def _choice(self, field: str, value: str) -> Shown:
        return Shown("text", self._status_word(value))

    def _items(self, items: list[Shown], count: int) -> Shown:
        return Shown("list", parts=tuple(items), more=count - len(items))

    def _status_word(self, status: str) -> str:
        return self.page.texts.sentence(self.page.ledger.words.text(self.contract, "statuses", status))


class Display(Fields):
    """Shows records of one table, whose status is a badge."""

    def __init__(self, page: Page, kind: RecordType) -> None:
        super().__init__(page, kind.contract, kind.table)
        self.kind, self.shape = kind, shape_of(kind.of)

    def status(self, status: str) -> Shown:
        return Shown("badge", self._status_word(status), tone_of(self.page, self.kind, status))

    def _choice(self, field: str, value: str) -> Shown:
        return self.status(value) if field == "status" else super()._choice(field, value)

    def _text(self, field: str, value: str) -> Shown:
        """A record's own id leads nowhere else."""
        return Shown("text", value) if field == "id" else super()._text(field, value)


def _number(kind: inspect.IntType, value: int) -> Shown:
    if is_instant(kind):
        return Shown("time", value=value) if value else NOTHING
    if kind.le == LAST_DAY:
        return Shown("text", iso_day(value)) if value else NOTHING
    return Shown("number", f"{value:,}")


def country(page: Page, code: str) -> Shown:
    """A country by its name, with its two letters."""
    return _named(country_name(code, page.language), code)


def unit(page: Page, code: str) -> Shown:
    """A unit by its name, with its code."""
    return _named(unit_name(code, page.texts), code)


def _named(name: str, code: str) -> Shown:
    return Shown("named", name, code) if name != code else plain(code)


def text(page: Page, contract: str, value: str) -> Shown:
    """A text; an organisation's id leads to it, a code that has a word is said, and long identifiers may break
    anywhere."""
    if value in page.organisations:
        return Shown("organisation", page.organisation_name(value), value)
    said = code_word(page, contract, value)
    return Shown("text", said) if said != value else plain(value)


def arguments(page: Page, contract: str, action: str, given: Any) -> Shown:
    """An action's arguments from their JSON form; of an action that this node does not know, as they are."""
    known = page.ledger.registry.contracts.get(contract)
    kind = page.ledger.registry.action(contract, action, known.version) if known is not None else None
    try:
        return plain(given) if kind is None else Fields(page, contract, action).struct(from_json(kind.of, given))
    except Malformed:  # Of a version of the action that was before.
        return plain(given)


def plain(value: Any) -> Shown:
    """A value of JSON, such as an argument of an action that is not known."""
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
