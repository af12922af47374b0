"""How sheets are read: the same texts from CSV and XLSX, whatever stands in them, and any other bytes refused."""

import csv
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.edgekit.sheet_reading import CELL_CHARACTERS, FORMULA, UNPACKED_BYTES, read_sheet
from infoharbor.kernel.encoding import Malformed

TEXTS = st.text(st.characters(codec="gb18030", categories=("L", "N", "P", "S", "Zs")), max_size=12).map(str.strip)
ROWS = st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=5)


def as_csv(rows: list[list[str]], encoding: str, delimiter: str = ",") -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows([["a"] * 9, *rows])
    return written.getvalue().encode(encoding)


def as_xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for at, row in enumerate([["a"] * 9, *rows], 1):
        for place, value in enumerate(row, 1):
            sheet.cell(at, place).value = value
            if isinstance(value, str):
                sheet.cell(at, place).data_type = "s"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def texts_of(raw: bytes) -> list[list[str]]:
    return [[cell for cell in line.cells if cell] for line in read_sheet(raw)[1:]]


def plain(rows: list[list[str]]) -> list[list[str]]:
    """What is left of rows when an apostrophe before a formula counts for nothing."""
    kept = [
        [each[1:] if each[0] == "'" and each[1:].startswith(FORMULA) else each for each in row if each] for row in rows
    ]
    return [row for row in kept if row]


@given(ROWS, st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]), st.sampled_from(",;\t"))
def test_a_text_comes_out_of_csv_as_it_went_in(rows: list[list[str]], encoding: str, delimiter: str) -> None:
    rows = [[each for each in row if not each.startswith("=")] for row in rows]
    # A few bytes may be right in both encodings, so that the head says which it is.
    raw = as_csv([["行"], *rows], encoding, delimiter)
    assert texts_of(raw)[1:] == plain(rows)


@given(ROWS)
@settings(max_examples=20, deadline=None)
def test_a_text_comes_out_of_a_workbook_as_it_went_in(rows: list[list[str]]) -> None:
    assert texts_of(as_xlsx(rows)) == plain(rows)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda raw: b"PK\x03\x04" + raw))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    fault = None
    try:
        read_sheet(raw)
    except Malformed as refused:
        fault = refused
    assert fault is None or (fault.code.startswith(("import.", "input.")) and fault.expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9521001003032, "9521001003032"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (True, "true"),
        (1e20, None),
        (123456789012345678, None),
    ],
)
def test_a_number_keeps_its_digits_or_is_refused(value: Any, text: str | None) -> None:
    _, line = read_sheet(as_xlsx([[value]]))
    assert (line.cells[0] == text) if text is not None else 0 in line.faulty


def test_a_cell_that_is_too_long_is_refused() -> None:
    _, line = read_sheet(as_csv([["x" * (CELL_CHARACTERS + 1)]], "utf-8"))
    assert 0 in line.faulty


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (UNPACKED_BYTES + 1))
    with pytest.raises(Malformed) as refused:
        read_sheet(written.getvalue())
    assert refused.value.code == "input.too_large"


def test_a_workbook_with_entities_is_refused() -> None:
    raw, written = as_xlsx([["x"]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as good, zipfile.ZipFile(written, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name.endswith("sheet1.xml"):
                content = (
                    b'<!DOCTYPE x [<!ENTITY a "b">]>' + content.partition(b"?>")[2]
                    if b"?>" in content
                    else (b'<!DOCTYPE x [<!ENTITY a "b">]>' + content)
                )
            bad.writestr(name, content)
    with pytest.raises(Malformed) as refused:
        read_sheet(written.getvalue())
    assert refused.value.code == "import.file"
