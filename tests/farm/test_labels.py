"""Labels: what is printed is read back by a scanner, in PDF and ZPL, in Chinese too."""

import re
import string

import httpx
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.farm.conftest import Farm

from infoharbor.contractkit import gs1
from infoharbor.contracts.farm.demo import BOX_LOT
from infoharbor.contracts.trace.demo import BOXES_LINK, PALLET
from infoharbor.contracts.trace.rules import object_id
from infoharbor.edgekit import labels
from infoharbor.edgekit.labels import Label, bars, drawn, pdf_file, runs, zpl_file
from infoharbor.kernel.encoding import Malformed

UNIT = object_id(gs1.normal(PALLET))
LINK = "https://ledger.example/01/09521002002027/10/LB250418-B"


def scanned(pdf: bytes) -> set[tuple[str, str]]:
    """What a scanner reads on the first page."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=6).to_pil()
    return {(each.text, each.symbology_identifier) for each in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize("language", ["en", "zh", "vi"])
def test_a_lots_label_is_read_back_as_its_public_page(farm: Farm, language: str) -> None:
    answer = farm.get(f"/labels/{BOX_LOT}?format=pdf&copies=2&lang={language}")
    assert answer.headers["content-type"] == "application/pdf"
    assert len(pypdfium2.PdfDocument(answer.content)) == 2
    assert scanned(answer.content) == {(f"{farm.address}{BOXES_LINK}", "]Q1")}
    text = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert {"en": "Liubao tea", "zh": "六堡茶", "vi": "Liubao tea"}[language] in text


def test_a_units_label_has_its_sscc_as_gs1_128(farm: Farm) -> None:
    answer = farm.get(f"/labels/{UNIT}?format=pdf&lang=zh")
    sscc = UNIT.removeprefix("00~")
    assert (f"(00){sscc}", "]C1") in scanned(answer.content)
    zpl = farm.get(f"/labels/{UNIT}?format=zpl&lang=en").text
    assert f"^BCN,256,Y,N,N,D^FD(00){sscc}^FS" in zpl
    inside = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert "LB250418-B" in inside
    assert "MC250405" not in inside, "what the tea was made of is not inside"


@given(st.text(string.digits, min_size=17, max_size=17))
@settings(max_examples=20, deadline=None)
def test_the_bars_of_every_sscc_are_read_back(number: str) -> None:
    sscc = number + gs1.check_digit(number)
    pattern = bars(sscc)
    again = [" "] * len(pattern)
    for at, width in runs(pattern):
        again[at : at + width] = "#" * width
    assert "".join(again) == pattern
    picture = Image.new("L", (3 * len(pattern) + 60, 60), 255)
    for at, width in runs(pattern):
        picture.paste(0, (30 + 3 * at, 0, 30 + 3 * (at + width), 60))
    read = zxingcpp.read_barcode(picture)
    assert read is not None
    assert (read.text, read.symbology_identifier) == (f"(00){sscc}", "]C1")


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_no_text_of_a_label_is_a_command_of_the_printer(title: str, value: str) -> None:
    zpl = zpl_file([Label(title, (("", value),), LINK)]).decode()
    commands = re.findall(r"[\^~][A-Z@][A-Z0-9@]", zpl)
    assert set(commands) <= {"^XA", "^CI", "^PW", "^LL", "^FO", "^BQ", "^FH", "^FD", "^FS", "^A0", "^GF", "^XZ"}
    assert zpl.count("^XA") == zpl.count("^XZ") == 1


LONG = Label("六堡茶 and a long name " * 2, (("", "value of many words, 值 " * 2),) * 8, LINK, "095210030000010045")


def test_no_text_is_printed_over_the_bars() -> None:
    """However long the lines are: a unit whose number cannot be scanned is lost."""
    zpl = zpl_file([LONG]).decode()
    top = int(re.search(r"\^FO\d+,(\d+)\^BCN", zpl)[1])  # type: ignore[index]
    placed = [(int(y), int(size)) for y, size in re.findall(r"\^FO32,(\d+)\^A0N,(\d+)", zpl)]
    drawn_at = [
        (int(y), int(size) // int(row)) for y, size, row in re.findall(r"\^FO32,(\d+)\^GFA,(\d+),\d+,(\d+)", zpl)
    ]
    assert len(placed) + len(drawn_at) > 6
    assert all(y + height <= top for y, height in placed + drawn_at)
    assert (f"(00){LONG.sscc}", "]C1") in scanned(pdf_file([LONG]))


def test_lines_break_between_words() -> None:
    text = "Wuzhou Tea Growers' Cooperative"
    assert list(labels._wrapped(text, 20)) == ["Wuzhou Tea Growers'", "Cooperative"]
    assert "".join(labels._wrapped("x" * 50, 20)) == "x" * 50
    assert [len(line) for line in labels._wrapped("茶" * 25, 20)] == [10, 10, 5]


def test_chinese_goes_to_the_printer_as_the_picture_that_was_drawn() -> None:
    zpl = zpl_file([Label("六堡茶", (), LINK)]).decode()
    found = re.search(r"\^GFA,(\d+),\d+,(\d+),([0-9A-F]+)\^FS", zpl)
    assert found is not None
    size, row, bits = int(found[1]), int(found[2]), bytes.fromhex(found[3])
    assert len(bits) == size
    picture = Image.frombytes("1", (row * 8, size // row), bytes(255 - each for each in bits))
    assert picture.tobytes() == drawn("六堡茶", 40).tobytes()
    assert picture.getextrema() == (0, 255)


def test_without_a_font_a_chinese_label_is_refused_and_an_english_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "FONTS", ())
    labels.font.cache_clear()
    for write in (pdf_file, zpl_file):
        with pytest.raises(Malformed) as refused:
            write([Label("六堡茶", (), LINK)])
        assert (refused.value.code, refused.value.field) == ("label.font_missing", "lang")
        assert write([Label("Liubao", (), LINK)])
    labels.font.cache_clear()


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        (f"{BOX_LOT}?format=png", 422, "format"), (f"{BOX_LOT}?copies=0", 422, "copies"),
        (f"{BOX_LOT}?copies=201", 422, "copies"), (f"{BOX_LOT}?size=1", 422, "size"),
        ("01~09521002002027~10~NONE", 404, "object"), ("https://farms.example/9", 404, "object"),
    ],
)  # fmt: skip
def test_what_is_no_label_is_refused_by_its_field(farm: Farm, path: str, status: int, field: str) -> None:
    answer = httpx.get(f"{farm.address}/labels/{path}", headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert field in answer.text
