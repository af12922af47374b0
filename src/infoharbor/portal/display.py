"""Records and actions as a person reads them: each field under its word, each value in the form of its kind."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY, iso_day
from infoharbor.contractkit.encoding import decode_action
from infoharbor.contractkit.gs1 import CANONICAL, Gs1Fault
from infoharbor.contracts.trace.pages import identify, label_of
from infoharbor.edgekit.json_form import from_json, is_instant, shape_of, without_none
from infoharbor.edgekit.pages import Enclosed
from infoharbor.kernel.authority import contract_actor
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.records import NEW, PUBLIC, Record, RecordType, Status
from infoharbor.kernel.refusal import Refusal
from infoharbor.portal.codes import country_name, currency_name, measure_name, unit_name
from infoharbor.portal.measuring import reading
from infoharbor.portal.naming import action_title, code_word, field_word, status_word, table_word
from infoharbor.portal.references import name_of, placed, referred
from infoharbor.portal.shell import Page, record_url

PLACE: Final = "414~"
"""How the keys of places begin."""
CONTRACT_ACTOR: Final = contract_actor("")
ITEMS_SHOWN: Final = 50
"""Of a longer list the rest is counted; the record's JSON has all of it."""


class Shown(NamedTuple):
    """A value on a page. `kind` says how: text, time, number, amount, badge, link, record, code, bytes, named, organisation,
    list, fields or none; `value` is what lies behind the text, such as an address or the code that a name stands for; `parts`
    holds the items of a list, pairs of word and value, or the unit of an amount; `more` counts what is left out."""

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

    def fields(self, shown: msgspec.Struct, around: Mapping[str, Any] = {}) -> list[tuple[str, str, Shown]]:
        """Name, word and value of every field, in declared order; `around` is the fields of what it stands in."""
        beside = {**around, **{each: getattr(shown, each) for each in shown.__struct_fields__}}
        enclosed = self.page.ledger.enclosed.get(type(shown))
        return [
            (
                field.name,
                self.word(field.name),
                self._enclosed(enclosed, beside)
                if enclosed is not None and field.name == enclosed.held
                else self.shown(field.name, field.type, beside[field.name], beside),
            )
            for field in shape_of(type(shown)).fields
        ]

    def _enclosed(self, enclosed: Enclosed, beside: Mapping[str, Any]) -> Shown:
        """An encoded action as its fields."""
        value, of = beside[enclosed.held], enclosed.kinds.get(beside[enclosed.named])
        try:
            action = None if of is None else decode_action(of, value)
        except Refusal:  # Of a version of the action that was before.
            action = None
        if action is None:
            return _octets(value)
        kind = action.__action__
        return Fields(self.page, kind.contract, kind.name).struct(action)

    def struct(self, value: msgspec.Struct, around: Mapping[str, Any] = {}) -> Shown:
        """All fields that hold something, but for those that an amount among them has said."""
        found = self.fields(value, around)
        raised = {name: self._raised(name) for name, _, each in found if each.kind == "amount" and self._raised(name)}
        said = {part for each in raised.values() for part in each}
        parts = [
            (self.page.texts("value.quantity") if name in raised else word, each)
            for name, word, each in found
            if each is not NOTHING and name not in said
        ]
        return Shown("fields", parts=tuple(parts))

    def _raised(self, field: str) -> tuple[str, ...]:
        """The fields that say a quantity together with this one, if it is a number to be raised by a power of ten."""
        measure = self.page.ledger.measures.get((self.contract, field))
        return () if measure is None or not measure.exponent else (measure.of, measure.exponent)

    def shown(self, field: str, kind: inspect.Type, value: Any, beside: Mapping[str, Any]) -> Shown:
        """A field's value; `beside` is the values of the fields that stand with it, by name."""
        kind = without_none(kind)
        if value is None or value in ("", b"", ()):
            return NOTHING
        if isinstance(kind, (inspect.StrType, inspect.IntType)):
            leads = self._reference(field, value, beside)
            if leads is not None:
                return leads
        match kind:
            case inspect.IntType():
                return self._number(field, kind, value, beside)
            case inspect.BoolType():
                return Shown("text", self.page.texts("value.yes" if value else "value.no"))
            case inspect.BytesType():
                return _octets(value)
            case inspect.EnumType():
                return self._choice(field, value)
            case inspect.StructType():
                return self.struct(value, beside)
            case inspect.VarTupleType():
                return self._items(
                    [self.shown(field, kind.item_type, each, beside) for each in value[:ITEMS_SHOWN]], len(value)
                )
            case inspect.TupleType():
                pairs = zip(kind.item_types, value, strict=True)
                return self._items([self.shown(field, part, each, beside) for part, each in pairs], len(value))
        return self._text(field, value)

    def _number(self, field: str, kind: inspect.IntType, value: int, beside: Mapping[str, Any]) -> Shown:
        if is_instant(kind):
            return Shown("time", value=value) if value else NOTHING
        if kind.le == LAST_DAY:
            return Shown("number", iso_day(value)) if value else NOTHING
        read = reading(self.page, self.contract, field, beside, value)
        return Shown("number", f"{value:,}") if read is None else Shown("amount", read.text, value, (read.unit,))

    def _reference(self, field: str, value: Any, beside: Mapping[str, Any]) -> Shown | None:
        """A link to the record that the value stands for, under its name."""
        found = referred(self.page, self.contract, field, beside, value)
        return None if found is None else Shown("record", found[1], found[0])

    def _text(self, field: str, value: str) -> Shown:
        match field:
            case "role" | "roles" | "eligible_role":
                return named(self.page.texts.word("roles", value), value)
            case "scheme":
                return named(self.page.texts.word("schemes", value), value)
            case "currency":
                return named(currency_name(value, self.page.language), value)
            case "contract":
                return named(self.page.contract_title(value), value)
            case "unit":
                return named(measure_name(value, self.page.texts), value)
            case "audience" if value == PUBLIC:
                return Shown("text", self.page.texts("party.public"))
            case "country" | "jurisdiction":
                return country(self.page, value)
            case "code_table":
                return named(table_word(self.page, self.contract, value), value)
            case "uom":
                return unit(self.page, value)
        return text(self.page, self.contract, value)

    def _choice(self, field: str, value: Status) -> Shown:
        return Shown("text", status_word(self.page, self.contract, value))

    def _items(self, items: list[Shown], count: int) -> Shown:
        return Shown("list", parts=tuple(items), more=count - len(items))


class Display(Fields):
    """Shows records of one table, whose status is a badge."""

    def __init__(self, page: Page, kind: RecordType) -> None:
        super().__init__(page, kind.contract, kind.table)
        self.kind, self.shape = kind, shape_of(kind.of)

    def status(self, status: str) -> Shown:
        return Shown("badge", status_word(self.page, self.contract, status), tone_of(self.page, self.kind, str(status)))

    def key(self, record: Record) -> str:
        """What the record is called: what its key says, in words, with its name in place of the last part."""
        said = {name: self._plain(shown) for name, _, shown in self.fields(record) if name in self.kind.key}
        named_by = (each for each in self.page.ledger.references.values() if each.of is self.kind.of and each.by)
        refer = next(named_by, None)
        if refer is not None:
            said[self.kind.key[-1]] = name_of(self.page, refer, record)
        return " · ".join(said[name] for name in self.kind.key)

    def _plain(self, shown: Shown) -> str:
        return self.page.moment(shown.value) if shown.kind == "time" else shown.text

    def _choice(self, field: str, value: Status) -> Shown:
        return self.status(value) if field == "status" else super()._choice(field, value)

    def _reference(self, field: str, value: Any, beside: Mapping[str, Any]) -> Shown | None:
        """A record does not lead to itself."""
        found = super()._reference(field, value, beside)
        itself = [beside.get(each) for each in self.kind.key]
        return None if found is not None and found.value == record_url(self.kind.path(tuple(itself))) else found

    def _text(self, field: str, value: str) -> Shown:
        """A record's own id leads nowhere else."""
        return Shown("text", labelled(value)) if field == "id" else super()._text(field, value)


def country(page: Page, code: str) -> Shown:
    """A country by its name, with its two letters."""
    return named(country_name(code, page.language), code)


def unit(page: Page, code: str) -> Shown:
    """A unit by its name, with its code."""
    return named(unit_name(code, page.texts), code)


def named(name: str, code: str) -> Shown:
    """A code by its name."""
    return Shown("named", name, code) if name != code else plain(code)


def text(page: Page, contract: str, value: str) -> Shown:
    """A text; an organisation's id leads to it, a code that has a word is said, and long identifiers may break
    anywhere."""
    if value in page.organisations:
        return Shown("organisation", page.organisation_name(value), value)
    said = code_word(page, contract, value)
    if said != value:
        return Shown("text", said)
    if value.startswith(CONTRACT_ACTOR):
        return Shown("text", page.texts("party.contract", contract=page.contract_title(value[len(CONTRACT_ACTOR) :])))
    known = page.ledger.registry.contracts.get(value.partition(".")[0])
    if known is not None and "." in value:
        return named(action_title(page, known.name, value.partition(".")[2]), value)
    if value.startswith((CANONICAL, PLACE)):
        return _of_standard(page, value)
    label = labelled(value)
    return Shown("text", label) if label != value else plain(value)


def labelled(key: str) -> str:
    """The key of a thing as its label says it; any other text as it is."""
    try:
        return label_of(key)
    except Gs1Fault:  # Members write texts that only look like keys.
        return key


def _of_standard(page: Page, text: str) -> Shown:
    """A GS1 identifier as labels say it; products, lots and units have a page, and places a name."""
    try:
        key = identify(text)
        label = label_of(key)
    except (Malformed, Gs1Fault):
        return plain(text)
    place = placed(page, key)
    if place is not None:
        return Shown("record", f"{place[1]} {label}", place[0])
    path = text.removeprefix(CANONICAL)
    return Shown("record", label, path) if path.startswith(("/01/", "/00/")) else Shown("text", label)


def _octets(value: bytes) -> Shown:
    return Shown("bytes", value.hex(), len(value))


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
