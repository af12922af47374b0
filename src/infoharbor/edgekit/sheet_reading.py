"""How a sheet comes in: CSV or XLSX as rows of texts, bounded; nothing in it is ever evaluated."""

import csv
import datetime
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from infoharbor.edgekit.sheets import EXACT_DIGITS, FORMULA
from infoharbor.kernel.encoding import Malformed

SHEET_BYTES: Final = 4 * 1024 * 1024
UNPACKED_BYTES: Final = 64 * 1024 * 1024
"""What an XLSX file, which is a ZIP archive, may hold when unpacked."""
PARTS_MAX: Final = 200
ROWS_MAX: Final = 5_000
COLUMNS_MAX: Final = 60
CELL_CHARACTERS: Final = 4_000
ARCHIVE: Final = b"PK\x03\x04"
DELIMITERS: Final = ",;\t"


class Line(NamedTuple):
    """A row as a person counts it in the sheet, from 1, and its cells; `faulty` names cells that cannot be read, with
    what would be right."""

    number: int
    cells: tuple[str, ...]
    faulty: dict[int, str]


def read_sheet(raw: bytes) -> list[Line]:
    """The rows of the first sheet that are not empty. Raises `Malformed` if the file is none, or too large."""
    if len(raw) > SHEET_BYTES:
        raise Malformed("input.too_large", "file", f"at most {SHEET_BYTES} bytes")
    lines = []
    for number, cells in enumerate(_xlsx(raw) if raw.startswith(ARCHIVE) else _csv(raw), 1):
        if len(cells) > COLUMNS_MAX and any(cell not in ("", None) for cell in cells[COLUMNS_MAX:]):
            raise Malformed("import.columns", f"row {number}", f"at most {COLUMNS_MAX} columns")
        line = _line(number, cells[:COLUMNS_MAX])
        if any(line.cells) or line.faulty:
            lines.append(line)
        if len(lines) > ROWS_MAX + 1 or number > 4 * ROWS_MAX:
            raise Malformed("import.rows", f"row {number}", f"at most {ROWS_MAX} rows")
    return lines


def _line(number: int, cells: Iterable[Any]) -> Line:
    texts, faulty = [], {}
    for at, cell in enumerate(cells):
        text, expected = _text(cell)
        texts.append(text)
        if expected:
            faulty[at] = expected
    return Line(number, tuple(texts), faulty)


def _text(cell: Any) -> tuple[str, str]:
    """A cell as text, and what would be right if it cannot be one."""
    if isinstance(cell, _Unreadable):
        return "", cell.expected
    if isinstance(cell, bool):
        return ("true" if cell else "false"), ""
    if isinstance(cell, (datetime.datetime, datetime.date)):
        return cell.isoformat(), ""
    if isinstance(cell, (int, float)):
        text = format(Decimal(str(cell)).normalize(), "f")
        few = len(text.strip("-").replace(".", "")) <= EXACT_DIGITS
        return text, "" if few else f"a cell of text: a number keeps only {EXACT_DIGITS} digits"
    text = "" if cell is None else str(cell).strip()
    # An apostrophe that keeps a spreadsheet from running a text is no part of it.
    text = text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
    fits = len(text) <= CELL_CHARACTERS and not any(_is_hidden(sign) for sign in text)
    return (text, "") if fits else ("", f"at most {CELL_CHARACTERS} printable characters")


def _is_hidden(sign: str) -> bool:
    """Whether nobody sees it: a control character, say; spaces of every width, which Chinese sheets have, may stay."""
    return sign not in "\n\r\t" and unicodedata.category(sign).startswith("C")


class _Unreadable(NamedTuple):
    """Stands for a cell that has no value of its own."""

    expected: str


_NO_FORMULA: Final = _Unreadable("the value itself: formulas are not evaluated")


def _csv(raw: bytes) -> Iterator[list[Any]]:
    text = _decoded(raw)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield [_NO_FORMULA if cell.startswith("=") else cell for cell in row]
    except csv.Error as fault:
        raise Malformed("import.file", "file", f"CSV with each quote closed: {fault}"[:200]) from None


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Malformed("import.encoding", "file", "CSV in UTF-8 or GB 18030, or an XLSX file")


def _xlsx(raw: bytes) -> Iterator[list[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS_MAX or sum(each.file_size for each in parts) > UNPACKED_BYTES:
                raise Malformed("input.too_large", "file", f"a workbook of at most {UNPACKED_BYTES} bytes unpacked")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False, rich_text=False)
        # What a sheet says of its own size may be wrong.
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in islice(sheet.iter_rows(max_col=COLUMNS_MAX + 1), 4 * ROWS_MAX + 1):
            yield [_cell(each) for each in row]
    except Malformed:
        raise
    except (
        *(zipfile.BadZipFile, InvalidFileException, ParseError, DefusedXmlException, OSError),
        *(KeyError, ValueError, IndexError, TypeError, AttributeError, EOFError, NotImplementedError),
    ):
        raise Malformed("import.file", "file", "an XLSX file with a sheet of rows") from None


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return _NO_FORMULA
    if cell.data_type == "e":
        return _Unreadable("a value, not an error of the spreadsheet")
    return cell.value
