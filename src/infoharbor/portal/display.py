"""Records as a person reads them: each field under its word, each value in the form of its kind."""

from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from infoharbor.edgekit.json_form import is_instant, shape_of
from infoharbor.kernel.records import NEW, RecordType
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
        """A field's word; a nested field that has none is called by its name."""
        found = self.page.texts.sentence(
            self.page.ledger.words.text(self.kind.contract, "fields", f"{self.kind.table}.{field}")
        )
        return field.replace("_", " ") if found == f"{self.kind.table}.{field}" else found

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
        return Shown("text", value) if field == "id" else self.text(value)

    def text(self, value: str) -> Shown:
        """A text; an organisation's id leads to it, and long identifiers may break anywhere."""
        if value in self.page.organisations:
            return Shown("organisation", self.page.organisation_name(value), value)
        return Shown("code" if len(value) > 24 and " " not in value and value.isascii() else "text", value)

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
