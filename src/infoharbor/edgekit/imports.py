"""Imports: sheets that a contract's pages declare once, read row by row, with a preview of what would become of each.

    @importer(
        "prefixes", "Accredited prefixes", "已认可的前缀",
        columns=(Cell("prefix", "Prefix", "前缀", needed=True), Cell("country", "Country", "国家或地区")),
    )
    def prefixes(row: Cells) -> AccreditPrefix:
        return AccreditPrefix(row.text("prefix"), …)

It is taken at `POST /v1/imports/CONTRACT/prefixes`, and with `?preview=true` only judged. A row becomes an action, or
whatever else the contract's own way in takes; a `Malformed` that is raised names the column. The sheet's first row
names the columns, by their names or by their titles in either language, in any order.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.pages import pages_of
from infoharbor.edgekit.sheet_reading import Line, read_sheet
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.registry import Registry

UNREADABLE: Final = "import.cell"


class Cell(NamedTuple):
    """A column of an import. `needed` says that no row goes without it; `like` shows a value that fits."""

    name: str
    title_en: str
    title_zh: str
    needed: bool = False
    like: str = ""

    @property
    def title(self) -> Sentence:
        return Sentence(self.title_en, self.title_zh)


class Cells:
    """One row's texts by column; a column that the sheet does not have is empty."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def text(self, name: str) -> str:
        return self._texts.get(name, "")


class Made(NamedTuple):
    """A row, and what was made of it, or why nothing could be."""

    number: int
    value: Any
    fault: Malformed | None


class Import(NamedTuple):
    """A sheet that a contract's pages take in."""

    contract: str
    name: str
    title: Sentence
    about: Sentence
    columns: tuple[Cell, ...]
    read: Callable[[Cells], Any]

    def rows(self, raw: bytes) -> list[Made]:
        """What each row of the file becomes. Raises `Malformed` where the file as a whole is of no use."""
        lines = read_sheet(raw)
        if len(lines) < 2:
            raise Malformed("import.empty", "file", "a row of column names, and rows below it")
        places = self._places(lines[0])
        return [self._made(line, places) for line in lines[1:]]

    def _places(self, head: Line) -> dict[int, Cell]:
        known = {_plain(text): each for each in self.columns for text in (each.name, each.title_en, each.title_zh)}
        places: dict[int, Cell] = {}
        for at, text in enumerate(head.cells):
            if not text:
                continue
            column = known.get(_plain(text))
            if column is None:
                expected = "one of " + ", ".join(each.name for each in self.columns)
                raise Malformed("import.column_unknown", text[:100], expected)
            if column in places.values():
                raise Malformed("input.name_twice", column.name, "each column once")
            places[at] = column
        missing = next((each.name for each in self.columns if each.needed and each not in places.values()), None)
        if missing is not None:
            raise Malformed("import.column_missing", missing, "a column of this name")
        return places

    def _made(self, line: Line, places: dict[int, Cell]) -> Made:
        texts = {column.name: line.cells[at] for at, column in places.items() if at < len(line.cells)}
        try:
            for at, expected in line.faulty.items():
                named = places[at].name if at in places else f"column {at + 1}"
                raise Malformed(UNREADABLE, named, expected)
            stray = next((at for at, text in enumerate(line.cells) if text and at not in places), None)
            if stray is not None:
                raise Malformed("import.column_unknown", f"column {stray + 1}", "a name in the first row")
            for column in self.columns:
                if column.needed and not texts.get(column.name):
                    raise Malformed("input.field_missing", column.name, column.like or "a value")
            return Made(line.number, self.read(Cells(texts)), None)
        except Malformed as fault:
            return Made(line.number, None, fault)


def importer(
    name: str, title_en: str, title_zh: str, *, about_en: str, about_zh: str, columns: tuple[Cell, ...]
) -> Callable[[Callable[[Cells], Any]], Callable[[Cells], Any]]:
    """Declares an import: `def f(row)` that gives what the row says, or raises `Malformed` with the column's name."""

    def declare(read: Callable[[Cells], Any]) -> Callable[[Cells], Any]:
        above, _, _ = f"{read.__module__}.".rpartition(".pages.")
        contract = (above or read.__module__.rpartition(".")[0]).rpartition(".")[2]
        read.__import__ = Import(  # type: ignore[attr-defined]
            contract, name, Sentence(title_en, title_zh), Sentence(about_en, about_zh), columns, read
        )
        return read

    return declare


def imports_of(registry: Registry) -> dict[tuple[str, str], Import]:
    """Every import by contract and name."""
    return {(each.contract, each.name): each for each in _declared(registry)}


def _declared(registry: Registry) -> Iterator[Import]:
    for modules in pages_of(registry).values():
        for module in modules:
            for value in vars(module).values():
                declared = getattr(value, "__import__", None)
                if isinstance(declared, Import) and value.__module__ == module.__name__:
                    yield declared


def _plain(text: str) -> str:
    return text.strip().casefold().replace(" ", "_")
