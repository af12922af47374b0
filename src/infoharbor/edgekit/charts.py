"""Charts of reports as SVG: stacked bars, by day, week or month, or by any other column's values; no script, no style.

Amounts of several currencies or units never share a chart: each has its own. A chart repeats a table, which stands
beside it; its title and description say for those who cannot see it what it shows.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree

from infoharbor.contractkit.days import date_of, day_from, iso_day
from infoharbor.contractkit.money import minor_digits
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import DAILY, MONTH, WEEK, Bars, Kind, Row, Table
from infoharbor.edgekit.sheets import Speech, scaled

BARS_MAX: Final = 62
SERIES_MAX: Final = 8
"""Further ones are one: nobody tells nine colours apart."""
COLOURS: Final = ("#0f4c5c", "#e3b866", "#8a2f1b", "#7fb3bd", "#2b5d34", "#c98a76", "#586469", "#b9c7a6")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, LEGEND = 720, 260, 64, 46, 10, 22
NARROW: Final = 360
"""So wide is a chart of a few bars, which then fits a phone."""
FEW, FEW_DAYS = 2, 4
BAR_MAX, KEY = 64, 220
"""How wide a bar is at most, and an entry of the legend."""
DAY_LABEL: Final = 74
"""So much room a day takes below the axis, as wide as the font draws it."""
LETTER, IDEOGRAM, APART = 7, 12, 4
"""How wide a sign is, and how far a label ends from the next."""
FONT: Final = "Noto Sans, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
OTHERS: Final = Sentence("others", "其他")
SCALES: Final = {
    "en": ((10**9, "bn"), (10**6, "m"), (10**3, "k")),
    "zh": ((10**8, "亿"), (10**4, "万")),
}
SHOWS: Final = Sentence("{title}: {largest} at most, at {where}.", "{title}：最高为{where}的{largest}。")
UNIT: Final = Sentence(" ({unit})", "（{unit}）")


class Chart(NamedTuple):
    """A drawn chart: `unit` is the code of the currency or unit of all that it shows."""

    unit: str
    svg: str


class Stack(NamedTuple):
    """One bar: what stands below it, and the value of each series."""

    label: str
    values: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.values.values())


def charts_of(table: Table, speech: Speech, unit_name: Callable[[str], str] = str) -> list[Chart]:
    """The charts of a report, one for each currency or unit, which people read as `unit_name` says; none where there is
    nothing, or too much, to draw."""
    bars = table.report.chart
    if bars is None:
        return []
    measured = table.report.columns[table.report.place(bars.of)]
    apart: dict[str, list[Row]] = {}
    for row in table.rows:
        apart.setdefault(table.unit(row, measured), []).append(row)
    drawn = []
    for unit, rows in sorted(apart.items()):
        stacks, series = _stacks(table._replace(rows=rows), bars, speech)
        if 0 < len(stacks) <= BARS_MAX and any(stack.total > 0 for stack in stacks):
            digits = minor_digits(unit) if measured.kind is Kind.MONEY else measured.digits
            title = table.report.title.to(speech.language)
            title += UNIT.to(speech.language).format(unit=unit_name(unit)) if unit else ""
            dated = table.report.columns[table.report.place(bars.along)].kind is Kind.DAY
            width = NARROW if len(stacks) <= (FEW_DAYS if dated else FEW) else WIDTH
            drawn.append(Chart(unit, _draw(title, stacks, series, digits, speech.language, width)))
    return drawn


def _stacks(table: Table, bars: Bars, speech: Speech) -> tuple[list[Stack], list[str]]:
    """The bars in order, gaps in time included, and the names of what is stacked in them."""
    report, of = table.report, table.report.place(bars.of)
    along = report.columns[report.place(bars.along)]
    sums: dict[Any, dict[str, int]] = {}
    totals: dict[str, int] = {}
    for row in table.rows:
        cell = row[report.place(bars.along)]
        value = max(row[of] or 0, 0)
        if cell is None or not value:
            continue
        place = _begin(cell, bars.step) if along.kind is Kind.DAY else speech.cell(table, row, along, cell)
        name = _series(table, row, bars, speech)
        sums.setdefault(place, {})
        sums[place][name] = sums[place].get(name, 0) + value
        totals[name] = totals.get(name, 0) + value
    kept = sorted(totals, key=lambda name: (-totals[name], name))[: SERIES_MAX - (len(totals) > SERIES_MAX)]
    series = sorted(kept) + ([OTHERS.to(speech.language)] if len(totals) > SERIES_MAX else [])
    places = list(_steps(min(sums), max(sums), bars.step)) if along.kind is Kind.DAY and sums else list(sums)
    stacks = []
    for place in places:
        values = dict.fromkeys(series, 0)
        for name, value in sums.get(place, {}).items():
            values[name if name in kept else series[-1]] += value
        stacks.append(Stack(_label(place, bars.step) if along.kind is Kind.DAY else str(place), values))
    return stacks, series


def _series(table: Table, row: Row, bars: Bars, speech: Speech) -> str:
    """What a row is stacked as; a bare number says what it counts."""
    if not bars.by:
        return ""
    column = table.report.columns[table.report.place(bars.by)]
    text = speech.cell(table, row, column, row[table.report.place(bars.by)])
    return f"{column.title.to(speech.language)} {text}" if column.kind is Kind.COUNT else text


def _begin(day: int, step: str) -> int:
    """The day on which the step begins that a day is in; weeks begin on Monday."""
    if step == MONTH:
        year, month, _ = date_of(day)
        return day_from(year, month, 1)
    return day - (day + 3) % 7 if step == WEEK and day >= 4 else day


def _steps(first: int, last: int, step: str) -> Iterator[int]:
    """Every step from the first to the last; stops beyond what could be drawn."""
    place, count = first, 0
    while place <= last and count <= BARS_MAX:
        yield place
        count += 1
        if step == MONTH:
            year, month, _ = date_of(place)
            place = day_from(year + month // 12, month % 12 + 1, 1)
        else:
            place += 7 if step == WEEK else 1


def _label(day: int, step: str) -> str:
    return iso_day(day)[:7] if step == MONTH else iso_day(day)[5:] if step == DAILY else iso_day(day)


def _fitting(text: str, room: float) -> str:
    """The text, cut where it would run into its neighbour."""
    wide = 0
    for at, sign in enumerate(text):
        wide += IDEOGRAM if sign >= "\u2e80" else LETTER
        if wide > room:
            return f"{text[: max(at - 1, 1)]}…"
    return text


def _draw(title: str, stacks: list[Stack], series: list[str], digits: int, language: str, width: int) -> str:
    named = [name for name in series if name]
    across = (width - LEFT) // KEY or 1
    rows = -(-len(named) // across)
    height = HEIGHT + (rows - 1) * LEGEND
    largest = max(stacks, key=lambda stack: stack.total)
    top = _nice(largest.total)
    told = SHOWS.to(language).format(title=title, largest=scaled(largest.total, digits), where=largest.label)
    root = ElementTree.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "role": "img",
        "class": "bars few" if width == NARROW else "bars", "aria-label": told, "font-family": FONT, "font-size": "12",
    })  # fmt: skip
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "desc").text = told
    floor, room = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    for part in range(5):
        value = top * part // 4
        y = floor - room * part // 4
        line = {"x1": str(LEFT), "x2": str(width), "y1": str(y), "y2": str(y), "stroke": "#e0dbcf"}
        ElementTree.SubElement(root, "line", line)
        _text(root, LEFT - 8, y + 4, _short(value, digits, language), anchor="end")
    pitch = (width - LEFT) / len(stacks)
    every = -(-len(stacks) * DAY_LABEL // (width - LEFT))
    broad = min(pitch * 0.7, BAR_MAX)
    for at, stack in enumerate(stacks):
        x, top_of = LEFT + pitch * at + (pitch - broad) / 2, float(floor)
        for place, name in enumerate(series):
            tall = room * stack.values[name] / top
            if tall:
                top_of -= tall
                box = {
                    "x": f"{x:.1f}", "y": f"{top_of:.1f}", "width": f"{broad:.1f}", "height": f"{tall:.1f}",
                    "fill": COLOURS[place], "stroke": "#fff", "stroke-width": "0.8",
                }  # fmt: skip
                bar = ElementTree.SubElement(root, "rect", box)
                said = " · ".join(filter(None, (stack.label, name, scaled(stack.values[name], digits))))
                ElementTree.SubElement(bar, "title").text = said
        if at % every == 0:
            _text(root, round(x + broad / 2), floor + 18, _fitting(stack.label, pitch * every - APART))
    for at, name in enumerate(named):
        left, base = LEFT + at % across * KEY, HEIGHT - 12 + at // across * LEGEND
        key = {"x": str(left), "y": str(base - 10), "width": "12", "height": "12", "fill": COLOURS[series.index(name)]}
        ElementTree.SubElement(root, "rect", key)
        _text(root, left + 18, base, _fitting(name, min(KEY, width - LEFT) - 26), anchor="start")
    return ElementTree.tostring(root, encoding="unicode")


def _text(root: ElementTree.Element, x: int, y: int, text: str, *, anchor: str = "middle") -> None:
    made = {"x": str(x), "y": str(y), "text-anchor": anchor, "fill": "#40505a"}
    ElementTree.SubElement(root, "text", made).text = text


def _nice(value: int) -> int:
    """The smallest of 4, 8, 12, 20, 40 … that is not below the value: its quarters are round."""
    power = 1
    while True:
        for step in (4, 8, 12, 20):
            if step * power >= value:
                return step * power
        power *= 10


def _short(value: int, digits: int, language: str) -> str:
    """A number on the scale, such as 30万 or 300k; exact where it is not round."""
    unit = 10**digits
    for size, name in SCALES[language]:
        if value >= size * unit:
            tenths = value * 10 // (size * unit)
            return f"{tenths // 10}{f'.{tenths % 10}' if tenths % 10 else ''}{name}"
    return scaled(value, digits) if value % unit else str(value // unit)
