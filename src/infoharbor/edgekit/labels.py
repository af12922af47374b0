"""Labels of lots and logistic units as PDF and ZPL: a Digital Link as QR code, an SSCC also as GS1-128."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import segno
import zxingcpp
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from infoharbor.kernel.encoding import Malformed

FONTS: Final = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("C:/Windows/Fonts/msyh.ttc", 0),
)
"""Where systems keep a font with Chinese, and its number in that file."""
LATIN: Final = "helvetica"
"""Every PDF reader has it; it knows Latin-1 alone."""
LABELS_MAX: Final = 200
LINES_MAX: Final = 8
TEXT_MAX: Final = 60
MARGIN: Final = 4
POINTS: Final = (10, 8, 6)
"""Sizes of a PDF's lines: the largest in which they have room."""
MM_PER_POINT: Final = 0.53
"""From one line to the next."""
LEADING: Final = 8
"""Dots between a printer's lines, where the feet of letters such as g have room."""
DOTS: Final = ((40, 30), (34, 24), (28, 18))
"""Sizes of a printer's title and lines, likewise."""
BASELINE: Final = 0.88
"""Where a Chinese sign's lower edge and a Latin letter's baseline meet, as a share of the size."""
QR_MM: Final = 30
QUIET: Final = 4
DOTS_PER_MM: Final = 8
"""Of a label printer with 203 dots an inch."""
WIDTH_MM, LOT_MM, UNIT_MM = 100, 60, 100
BAR_MM: Final = 0.495
"""The width of an SSCC's narrowest bar; GS1 asks for 0.495 to 0.940 mm on logistic labels."""
BARS_MM: Final = 32
"""The height of an SSCC's bars, as GS1 asks."""


class Label(NamedTuple):
    """What stands on one label. `lines` are pairs of caption and value; `link` is the address in the QR code; `sscc` has
    18 digits, or is empty."""

    title: str
    lines: tuple[tuple[str, str], ...]
    link: str
    sscc: str = ""

    @property
    def height(self) -> int:
        return UNIT_MM if self.sscc else LOT_MM


def pdf_file(labels: Sequence[Label]) -> bytes:
    """One page for each label. Raises `Malformed` where a text needs a font that this machine has not."""
    sheet = FPDF(unit="mm")
    sheet.set_auto_page_break(False)
    sheet.set_title("; ".join(label.title for label in labels[:3]))
    family = LATIN
    if not all(_is_latin(text) for label in labels for text in _texts(label)):
        file, number = font()
        family = "label"
        sheet.add_font(family, fname=file, collection_font_number=number)
    for label in _bounded(labels):
        sheet.add_page(format=(WIDTH_MM, label.height))
        _draw(sheet, family, label)
    return bytes(sheet.output())


def _draw(sheet: FPDF, family: str, label: Label) -> None:
    _squares(sheet, label.link, WIDTH_MM - MARGIN - QR_MM, MARGIN)
    sheet.set_font(family, size=14)
    sheet.set_xy(MARGIN, MARGIN)
    width = WIDTH_MM - 3 * MARGIN - QR_MM
    sheet.multi_cell(width, 6.5, label.title, align="L")
    top = sheet.get_y() + 1
    texts = [f"{caption}  {value}" if caption else value for caption, value in label.lines]
    for points in POINTS:
        sheet.set_font(family, size=points)
        high: list[Any] = [
            sheet.multi_cell(width, points * MM_PER_POINT, text, dry_run=True, output="HEIGHT") for text in texts
        ]
        if top + sum(high) <= text_bottom(label):
            break
    for text, height in zip(texts, high, strict=True):
        if top + height > text_bottom(label):  # Nothing is printed over the bars.
            break
        sheet.set_xy(MARGIN, top)
        sheet.multi_cell(width, points * MM_PER_POINT, text, align="L")
        top = sheet.get_y()
    if label.sscc:
        pattern = bars(label.sscc)
        left, top = (WIDTH_MM - len(pattern) * BAR_MM) / 2, bars_top(label)
        for at, width in runs(pattern):
            sheet.rect(left + at * BAR_MM, top, width * BAR_MM, BARS_MM, style="F")
        sheet.set_font(LATIN, size=12)
        sheet.set_xy(0, top + BARS_MM + 1)
        sheet.cell(WIDTH_MM, 6, f"(00) {label.sscc}", align="C")


def bars_top(label: Label) -> int:
    return label.height - BARS_MM - 3 * MARGIN


def text_bottom(label: Label) -> int:
    """Down to where text may go, in millimetres: an SSCC's bars keep a quiet zone above them."""
    return (bars_top(label) if label.sscc else label.height) - MARGIN


def _squares(sheet: FPDF, link: str, left: float, top: float) -> None:
    """The QR code as rows of bars, sharp at any size."""
    rows = [bytes(row) for row in segno.make(link, error="m", micro=False).matrix]
    side = QR_MM / (len(rows) + 2 * QUIET)
    for line, row in enumerate(rows):
        for at, width in runs("".join("#" if dark else " " for dark in row)):
            sheet.rect(left + (at + QUIET) * side, top + (line + QUIET) * side, width * side, side * 1.02, style="F")


def zpl_file(labels: Sequence[Label]) -> bytes:
    """ZPL II for a printer of 203 dots an inch; a text that its fonts may lack goes as a picture."""
    return "".join(_zpl(label) for label in _bounded(labels)).encode("ascii")


def _zpl(label: Label) -> str:
    width = WIDTH_MM * DOTS_PER_MM
    parts = ["^XA", "^CI28", f"^PW{width}", f"^LL{label.height * DOTS_PER_MM}"]
    side = QR_MM * DOTS_PER_MM
    scale = side // (len(segno.make(label.link, error="m", micro=False).matrix) + 2 * QUIET)
    parts.append(f"^FO{width - side},{MARGIN * DOTS_PER_MM}^BQN,2,{max(scale, 2)}^FH_^FDMA,{_field(label.link)}^FS")
    y = MARGIN * DOTS_PER_MM
    room = width - side - 2 * MARGIN * DOTS_PER_MM
    for line, size in _laid(label, room, text_bottom(label) * DOTS_PER_MM - y):
        parts.append(f"^FO{MARGIN * DOTS_PER_MM},{y}{_printed(line, size)}^FS")
        y += size + LEADING
    if label.sscc:
        top = bars_top(label) * DOTS_PER_MM
        left = (width - len(bars(label.sscc)) * 4) // 2
        parts.append(f"^BY4^FO{left},{top}^BCN,{BARS_MM * DOTS_PER_MM},Y,N,N,D^FD(00){label.sscc}^FS")
    return "\n".join([*parts, "^XZ\n"])


def _laid(label: Label, room: int, height: int) -> list[tuple[str, int]]:
    """The label's lines with their sizes, the largest in which they have room; nothing is printed over the bars."""
    laid: list[tuple[str, int]] = []
    for title, rest in DOTS:
        texts = [(label.title, title), *((f"{caption}  {value}".strip(), rest) for caption, value in label.lines)]
        laid = [(line, size) for text, size in texts for line in _wrapped(text, room * 2 // size)]
        if sum(size + LEADING for _, size in laid) <= height:
            return laid
    ends = itertools.accumulate(size + LEADING for _, size in laid)
    return [each for each, end in zip(laid, ends, strict=True) if end <= height]


def _printed(text: str, size: int) -> str:
    """A text in the printer's own font, which has Latin-1, or drawn here."""
    if _is_latin(text):
        return f"^A0N,{size},{size}^FH_^FD{_field(text)}"
    picture = drawn(text, size)
    row = (picture.width + 7) // 8
    bits = bytes(255 - each for each in picture.tobytes())
    return f"^GFA,{len(bits)},{len(bits)},{row},{bits.hex().upper()}"


def drawn(text: str, size: int) -> Image.Image:
    """A line of text in black on white, one bit a dot, a whole number of bytes wide."""
    file, number = font()
    face = ImageFont.truetype(file, size, index=number, layout_engine=ImageFont.Layout.BASIC)
    width = -(-int(face.getlength(text) + 1) // 8) * 8
    picture = Image.new("1", (width, size + LEADING), 1)
    ImageDraw.Draw(picture).text((0, round(size * BASELINE)), text, font=face, fill=0, anchor="ls")
    return picture


def _field(text: str) -> str:
    """Field data without what ZPL takes for a command, in hexadecimal after `_`."""
    return "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in "^~_\\" else _hex(sign) for sign in text
    )


def _hex(sign: str) -> str:
    return "".join(f"_{byte:02X}" for byte in sign.encode())


def _wrapped(text: str, most: int) -> Iterator[str]:
    """The text in lines of about `most` halves of a Chinese sign, broken at a space where the line has one."""
    line, used = "", 0
    for sign in text:
        wide = _halves(sign)
        if used + wide > most:
            head, space, tail = line.rpartition(" ")
            whole = bool(head.strip()) and bool(space) and sign != " "
            yield head if whole else line
            line = tail if whole else ""
            used = sum(map(_halves, line))
        line, used = line + sign, used + wide
    yield line


def _halves(sign: str) -> int:
    return 1 if ord(sign) < 0x1100 else 2


def bars(sscc: str) -> str:
    """The modules of a GS1-128 symbol: `#` for a bar. Raises `ValueError` for what is no SSCC."""
    symbol: Any = zxingcpp.create_barcode(f"(00){sscc}", zxingcpp.BarcodeFormat.Code128, gs1=True)
    rows: Any = memoryview(symbol.to_image(scale=1, add_quiet_zones=False)).tolist()
    return "".join("#" if dot < 128 else " " for dot in rows[0])


def runs(pattern: str) -> Iterator[tuple[int, int]]:
    """Where each bar begins, and how many modules wide it is."""
    at = 0
    while (at := pattern.find("#", at)) >= 0:
        end = pattern.find(" ", at) if " " in pattern[at:] else len(pattern)
        yield at, end - at
        at = end


@functools.cache
def font() -> tuple[str, int]:
    """A font of this machine with Chinese; `Malformed` where it has none: a label without its name would mislead."""
    for file, number in FONTS:
        if Path(file).is_file():
            return file, number
    raise Malformed("label.font_missing", "lang", "en, or Noto Sans CJK on the node (package fonts-noto-cjk)")


def _is_latin(text: str) -> bool:
    return all(ord(sign) < 256 for sign in text)


def _texts(label: Label) -> Iterator[str]:
    yield label.title
    for pair in label.lines:
        yield from pair


def _bounded(labels: Sequence[Label]) -> Iterator[Label]:
    """The labels without signs that nothing prints."""
    if not 1 <= len(labels) <= LABELS_MAX:
        raise Malformed("input.range", "copies", f"1 to {LABELS_MAX}")
    for label in labels:
        if len(label.lines) > LINES_MAX or any(len(text) > TEXT_MAX for text in _texts(label)):
            raise Malformed("input.length", "label", f"at most {LINES_MAX} lines of {TEXT_MAX} characters")
    for label in labels:
        lines = tuple((_printable(caption), _printable(value)) for caption, value in label.lines)
        yield label._replace(title=_printable(label.title), lines=lines)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
