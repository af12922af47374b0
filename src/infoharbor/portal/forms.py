"""The inputs of an action's form, by the types of its fields, filled in with what was typed."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY
from infoharbor.contractkit.types import OrganisationId
from infoharbor.edgekit.json_form import is_instant, shape_of, without_none
from infoharbor.edgekit.kinds import told
from infoharbor.edgekit.pages import offered_for
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.readers import EVERYONE
from infoharbor.kernel.records import Status
from infoharbor.portal.measuring import kept_word
from infoharbor.portal.naming import action_title, code_word, status_word
from infoharbor.portal.references import known
from infoharbor.portal.shell import Page

HASH_BYTES: Final = 32
HASH: Final = "_hash"
"""How fields are called that take the hash of what everybody has, typed; any other hash is of a file that stays here."""
ORGANISATION: Final = inspect.type_info(OrganisationId)
"""No other type of text has its bounds."""
AUDIENCE: Final = "audience"
"""How fields are called that take organisations, or everyone."""
FIELDS_MAX: Final = 8
"""A structure of more fields is no form that anyone fills in: it is written as JSON."""
ROWS_FREE: Final = 2
"""So many empty rows stand below those of a list that are filled in."""
ROWS_MAX: Final = 200
NUMBERED: Final = re.compile(r"\[([0-9]{1,3})\]")
Given = Mapping[str, str]
"""What was typed, by where it belongs: `` for a field itself, `.grams` and `[2]` for what is in it."""


class Input(NamedTuple):
    """One field. `name` is its place among the arguments, such as inputs[0].grams; `kind` is text, optional (a text or
    none), hex, number, day, time, choice, file, lines or json, or for what consists of `parts` group (the fields of a
    structure) or rows (the items of a list). `choices` are values with their words: of a choice all that there are, of a
    text those that are known; where `turns`, other choices ask for other fields. What is not `needed` may be left
    empty."""

    name: str
    word: str
    kind: str
    expected: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""
    needed: bool = True
    parts: tuple["Input", ...] = ()
    turns: bool = False

    @property
    def key(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def known(self) -> str:
        """The name of the list of its choices: the rows of a list have one together."""
        return "known-" + NUMBERED.sub("", self.name)

    @property
    def is_filled(self) -> bool:
        return any(each.is_filled for each in self.parts) if self.parts else bool(self.value.strip())


def inputs(page: Page, kind: ActionType, typed: Given) -> list[Input]:
    """The action's fields, under the words that its contract has for them."""
    return list(Form(page, kind).fields("", kind, typed))


def parties(page: Page, kind: ActionType, name: str, word: str, typed: Given) -> Input:
    """Rows for organisations that stand beside the action's fields."""
    return Form(page, kind).rows(Input(name, word, "rows"), name, ORGANISATION, _in(typed, name))


def leaves(made: list[Input]) -> Iterator[Input]:
    """Every field that something is typed into."""
    for each in made:
        if each.parts:
            yield from leaves(list(each.parts))
        else:
            yield each


class Form:
    """Makes the inputs of one action, whose codes and words are those of its contract."""

    def __init__(self, page: Page, action: ActionType) -> None:
        self.page, self.contract, self.holder = page, action.contract, action.name
        self.offered = offered_for(page.ledger.registry, action.contract, action.of)
        self.enclosed = page.ledger.enclosed.get(action.of)

    def fields(self, place: str, kind: ActionType, typed: Given) -> Iterator[Input]:
        """All of an action's fields; `place` is where the action itself stands."""
        step = "." if place else ""
        for field in shape_of(kind.of).fields:
            given, name = _in(typed, step + field.name), f"{place}{step}{field.name}"
            made = self.field(name, field.name, field.type, given)
            if self.enclosed is not None and field.name == self.enclosed.named:
                made = self._named(made, tuple(self.enclosed.kinds))
            elif self.enclosed is not None and field.name == self.enclosed.held:
                made = self._held(made, self.enclosed.kinds.get(typed.get(self.enclosed.named, "")), given)
            yield made

    def _named(self, made: Input, kinds: tuple[str, ...]) -> Input:
        titles = [action_title(self.page, *each.split(".", 1)) for each in kinds]
        return made._replace(kind="choice", choices=(("", "—"), *zip(kinds, titles, strict=True)), turns=True)

    def _held(self, made: Input, of: type | None, given: Given) -> Input:
        """The fields of the action that was chosen; none before."""
        if of is None:
            return made._replace(kind="group")
        kind: ActionType = of.__action__  # type: ignore[attr-defined]
        title = action_title(self.page, kind.contract, kind.name)
        return made._replace(
            kind="group", word=title, parts=tuple(Form(self.page, kind).fields(made.name, kind, given))
        )

    def field(self, name: str, field: str, kind: inspect.Type, given: Given, *, in_row: bool = False) -> Input:
        """The input of one field; in a row of a list even a choice may be left empty, like the row."""
        needed = not isinstance(kind, inspect.UnionType)
        kind = without_none(kind)
        word, expected = self._word(field), self.page.texts.sentence(told(kind))
        made = Input(name, word, "text", expected, (), given.get("", ""), needed)
        match kind:
            case inspect.StructType() if _fits(kind):
                parts = tuple(self._members(name, kind, given, in_row or not needed))
                return made._replace(kind="group", parts=parts)
            case inspect.VarTupleType(item_type=inspect.StructType() as item) if _fits(item):
                return self.rows(made, field, item, given)
            case inspect.VarTupleType(item_type=item) if self._choices(field, item)[0]:
                return self.rows(made, field, item, given)
            case inspect.VarTupleType(item_type=inspect.StrType() | inspect.IntType() | inspect.BytesType()):
                return made._replace(kind="lines", needed=False, expected=self._lines(kind.item_type))
        return self._leaf(made, field, kind, in_row)

    def _leaf(self, made: Input, field: str, kind: inspect.Type, in_row: bool) -> Input:
        choices, whole = self._choices(field, kind)
        free = made.needed and not in_row
        match kind:
            case inspect.BoolType() | inspect.EnumType():
                return made._replace(kind="choice", choices=choices if free else (("", "—"), *choices))
            case inspect.StrType() if whole and kind.min_length and made.value in ("", *(each for each, _ in choices)):
                return made._replace(kind="choice", choices=(("", "—"), *choices))
            case inspect.StrType() if not made.needed:
                return made._replace(kind="optional", choices=choices)
            case inspect.StrType():
                return made._replace(choices=choices, needed=bool(kind.min_length))
            case inspect.IntType() if is_instant(kind):
                return made._replace(kind="time", needed=made.needed and bool(kind.ge))
            case inspect.IntType():
                return made._replace(kind="day" if kind.le == LAST_DAY else "number")
            case inspect.BytesType() if kind.min_length == kind.max_length == HASH_BYTES and not field.endswith(HASH):
                return made._replace(kind="file")
            case inspect.BytesType():
                return made._replace(kind="hex", needed=made.needed and bool(kind.min_length))
        return made._replace(kind="json", expected=self.page.texts("act.json", example=_example(kind)))

    def _members(self, name: str, kind: inspect.StructType, given: Given, in_row: bool) -> Iterator[Input]:
        for each in kind.fields:
            inside = _in(given, f".{each.name}")
            yield self.field(f"{name}.{each.name}", each.name, each.type, inside, in_row=in_row)

    def rows(self, made: Input, field: str, item: inspect.Type, given: Given) -> Input:
        """The rows that are filled in, and empty ones below; what is typed as lines is a row for each."""
        lines = [{"": line} for line in given.get("", "").splitlines() if line.strip()]
        numbers = {int(found[1]) for each in given if (found := NUMBERED.match(each))}
        typed = [_in(given, f"[{number}]") for number in sorted(numbers)]
        filled = (lines + [each for each in typed if any(map(str.strip, each.values()))])[:ROWS_MAX]
        rows = [*filled, *[{}] * ROWS_FREE]
        parts = (self.field(f"{made.name}[{at}]", field, item, row, in_row=True) for at, row in enumerate(rows))
        return made._replace(kind="rows", value="", needed=False, parts=tuple(parts))

    def _choices(self, field: str, kind: inspect.Type) -> tuple[tuple[tuple[str, str], ...], bool]:
        """What is offered for a field, with words, and whether there is nothing else."""
        page = self.page
        match kind:
            case inspect.BoolType():
                return (("true", page.texts("value.yes")), ("false", page.texts("value.no"))), True
            case inspect.EnumType():
                return tuple(
                    (str(each.value), status_word(self.page, self.contract, each))
                    for each in kind.cls
                    if isinstance(each, Status)
                ), True
            case inspect.StrType() if kind == ORGANISATION:
                return self._organisations(), False
            case inspect.StrType() if field == AUDIENCE:
                return ((EVERYONE, page.texts("party.public")), *self._organisations()), False
            case inspect.StrType() if field in self.offered:
                return tuple((code, code_word(page, self.contract, code)) for code in self.offered[field]), False
            case inspect.StrType():
                found, whole = known(page, self.contract, field)
                return tuple(found), whole and bool(found)
        return (), False

    def _organisations(self) -> tuple[tuple[str, str], ...]:
        return tuple((each, self.page.organisation_name(each)) for each in self.page.organisations)

    def _lines(self, item: inspect.Type) -> str:
        may_be_empty = isinstance(item, inspect.StrType) and not item.min_length
        return self.page.texts("act.list_empty" if may_be_empty else "act.list")

    def _word(self, field: str) -> str:
        return kept_word(self.page, self.contract, self.holder, field)


def _fits(kind: inspect.StructType) -> bool:
    return len(kind.fields) <= FIELDS_MAX


def _in(typed: Given, step: str) -> dict[str, str]:
    """What was typed into the part that a step leads to."""
    inside = {place.removeprefix(step): text for place, text in typed.items() if place.startswith(step)}
    return {place: text for place, text in inside.items() if place[:1] in ("", ".", "[")}


def _example(kind: inspect.Type) -> str:
    """The form of a value in JSON, such as [{"lot": …, "grams": …}]."""
    match kind:
        case inspect.VarTupleType():
            return f"[{_example(kind.item_type)}]"
        case inspect.StructType():
            return "{" + ", ".join(f'"{each.encode_name}": {_example(each.type)}' for each in kind.fields) + "}"
        case inspect.UnionType():
            return _example(without_none(kind))
    return "…"
