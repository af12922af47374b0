"""A report as a file: CSV that Excel opens in any language, and XLSX whose identifiers stay text."""

import csv
import datetime
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import xlsxwriter

from infoharbor.contractkit.days import date_of, iso_day
from infoharbor.contractkit.money import decimal_text, minor_digits
from infoharbor.edgekit.json_form import iso
from infoharbor.edgekit.languages import Sentence, Words
from infoharbor.edgekit.reports import Column, Kind, Named, Row, Table

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""
EXACT_DIGITS: Final = 15
"""A spreadsheet's numbers have no more; a longer one goes in as text."""
FIRST_SHEET_YEAR: Final = 1900
WIDTH_MAX: Final = 48
GRAMS: Final = 3
"""Decimals of a kilogram that are always written out; of finer amounts only those that are not zero."""
NAME_ID: Final = Sentence(" (id)", "（标识）")
SPOKEN: Final = (Kind.TEXT, Kind.ORGANISATION, Kind.PLACE, Kind.WORD, Kind.NAMED)
IDENTIFIED: Final = (Kind.ORGANISATION, Kind.PLACE)
"""What has a column of its own for its identifier beside that of its name."""
YES_NO: Final = (Sentence("no", "否"), Sentence("yes", "是"))
AS_OF: Final = Sentence("As of", "截至")


def unnamed(uri: str) -> Sentence:
    """A place that nobody named."""
    return Sentence(uri, uri)


class Speech(NamedTuple):
    """Says a report's cells in a language; `name_of` gives an organisation's name, `place_of` a place's."""

    language: str
    words: Words
    name_of: Callable[[str], Sentence]
    place_of: Callable[[str], Sentence] = unnamed

    def title(self, column: Column) -> str:
        per_cent = " (%)" if column.kind is Kind.SHARE else ""
        return column.title.to(self.language) + per_cent

    def cell(self, table: Table, row: Row, column: Column, cell: Any) -> str:
        """A cell as a person reads it; empty for None."""
        if cell is None:
            return ""
        match column.kind:
            case Kind.ORGANISATION:
                return self._joined(self.name_of(each) for each in several(cell))
            case Kind.PLACE:
                return self.place_of(cell).to(self.language) if cell else ""
            case Kind.WORD:
                return self._joined(self._word(table.report.contract, each) for each in several(cell))
            case Kind.NAMED:
                return self._named(cell)
            case Kind.MONEY:
                return decimal_text(cell, table.unit(row, column))
            case Kind.QUANTITY:
                return amount(cell, column.digits)
            case Kind.SHARE:
                return scaled(cell, 2)
            case Kind.DAY:
                return iso_day(cell)
            case Kind.INSTANT:
                return iso(cell)
            case Kind.FLAG:
                return YES_NO[bool(cell)].to(self.language)
        return str(cell)

    def _word(self, contract: str, value: str) -> Sentence:
        """The word for a status, or else for an action, a rule, or a code."""
        unknown = Sentence(value, value)
        found = (self.words.text(contract, part, value) for part in ("statuses", "actions", "rules", "codes"))
        return next((each for each in found if each != unknown), unknown)

    def _named(self, cell: Named) -> str:
        name = cell.name.to(self.language)
        return f"{name} ({cell.code})" if name not in ("", cell.code) else cell.code

    def _joined(self, sentences: Iterable[Sentence]) -> str:
        return ("、" if self.language == "zh" else ", ").join(each.to(self.language) for each in sentences)


def several(cell: Any) -> tuple[str, ...]:
    """The texts in a cell that may hold one or several."""
    return tuple(str(getattr(each, "value", each)) for each in (cell if isinstance(cell, tuple) else (cell,)))


def identifiers(cell: Any) -> str:
    """The ids in a cell of organisations or places."""
    return "" if cell is None else ", ".join(several(cell))


def scaled(number: int, digits: int) -> str:
    """An integer with so many decimals, such as -12.34."""
    if not digits:
        return str(number)
    plain = str(abs(number)).rjust(digits + 1, "0")
    return f"{'-' if number < 0 else ''}{plain[:-digits]}.{plain[-digits:]}"


def amount(number: int, digits: int) -> str:
    """The same as people read an amount."""
    text = scaled(number, digits)
    return text.rstrip("0").rstrip(".") if digits > GRAMS else text


def csv_file(table: Table, speech: Speech) -> bytes:
    """UTF-8 with the mark by which Excel knows it; no text in it begins like a formula."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    columns = table.report.columns
    writer.writerow([title for column in columns for title in _titles(column, speech)])
    for row in table.rows:
        texts: list[str] = []
        for column, cell in zip(columns, row, strict=True):
            text = speech.cell(table, row, column, cell)
            texts.append(harmless(text) if column.kind in SPOKEN else text)
            if column.kind in IDENTIFIED:
                texts.append(harmless(identifiers(cell)))
        writer.writerow(texts)
    return written.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """The text behind an apostrophe, if a spreadsheet would run it."""
    return f"'{text}" if text.startswith(FORMULA) else text


def xlsx_file(table: Table, speech: Speech) -> bytes:
    """One sheet of the rows, with a filter and a fixed head, and one that says what they are."""
    written = io.BytesIO()
    settings = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(written, settings)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    title = table.report.title.to(speech.language)
    sheet = book.add_worksheet("".join(sign for sign in title if sign not in "[]:*?/\\'")[:31])
    formats = _Formats(book)
    columns = table.report.columns
    titles = [text for column in columns for text in _titles(column, speech)]
    widths = [_width(text) for text in titles]
    for at, text in enumerate(titles):
        sheet.write_string(0, at, text, head)
    for line, row in enumerate(table.rows, 1):
        at = 0
        for column, cell in zip(columns, row, strict=True):
            text = speech.cell(table, row, column, cell)
            value, form = _typed(table, row, column, cell)
            if value is None:
                sheet.write_string(line, at, text, formats.of("@"))
            elif isinstance(value, datetime.datetime):
                sheet.write_datetime(line, at, value, formats.of(form))
            else:
                sheet.write_number(line, at, value, formats.of(form))
            widths[at] = max(widths[at], _width(text))
            at += 1
            if column.kind in IDENTIFIED:
                sheet.write_string(line, at, identifiers(cell), formats.of("@"))
                widths[at] = max(widths[at], _width(identifiers(cell)))
                at += 1
    for at, width in enumerate(widths):
        sheet.set_column(at, at, min(width + 2, WIDTH_MAX))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table.rows), len(titles) - 1)
    _tell(book.add_worksheet("about" if speech.language == "en" else "说明"), table, speech)
    book.close()
    return written.getvalue()


class _Formats:
    """The book's cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, dict[str, Any]()

    def of(self, form: str) -> Any:
        if form not in self._made:
            self._made[form] = self._book.add_format({"num_format": form})
        return self._made[form]


def _tell(sheet: Any, table: Table, speech: Speech) -> None:
    report = table.report
    lines = [
        (report.title.to(speech.language), f"{report.contract}/{report.name}"),
        (AS_OF.to(speech.language), iso(table.now)),
        *((report.labels[name].to(speech.language), value) for name, value in table.given.items() if value),
        ("", report.about.to(speech.language)),
    ]
    for at, (word, text) in enumerate(lines):
        sheet.write_string(at, 0, word)
        sheet.write_string(at, 1, text)
    sheet.set_column(0, 1, WIDTH_MAX)


def _titles(column: Column, speech: Speech) -> list[str]:
    """A column's heads: an organisation or a place has a second one, for its id."""
    title = speech.title(column)
    return [title, title + NAME_ID.to(speech.language)] if column.kind in IDENTIFIED else [title]


def _typed(table: Table, row: Row, column: Column, cell: Any) -> tuple[Any, str]:
    """The cell as a number or date of a sheet, with its form; None for what goes in as text."""
    match column.kind:
        case Kind.MONEY if cell is not None:
            return _decimal(cell, minor_digits(table.unit(row, column)))
        case Kind.QUANTITY | Kind.COUNT if cell is not None:
            return _decimal(cell, column.digits)
        case Kind.SHARE if cell is not None:
            return _decimal(cell, 2)
        case Kind.DAY if cell is not None and date_of(cell)[0] >= FIRST_SHEET_YEAR:
            return datetime.datetime(*date_of(cell)), "yyyy-mm-dd"  # noqa: DTZ001 - a day has no zone
    return None, "@"


def _decimal(number: int, digits: int) -> tuple[Decimal | None, str]:
    if len(str(abs(number))) > EXACT_DIGITS:
        return None, "@"
    decimals = "." + "0" * digits if digits else ""
    return Decimal(number).scaleb(-digits), "General" if digits > GRAMS else f"#,##0{decimals}"


def _width(text: str) -> int:
    """How many columns a text takes: Chinese signs take two."""
    return sum(1 if sign.isascii() else 2 for sign in text)
