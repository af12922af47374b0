"""Reports: tables that a contract's pages declare once, and every way out gives: JSON, CSV, XLSX, the portal's pages.

    @report(
        "maturity", "What falls due, by day", "到期分布",
        about_en="Leaves not yet paid, by due day.", about_zh="尚未兑付的分项，按到期日。",
        columns=(
            Column("due_on", Kind.DAY, "Due day", "到期日"),
            Column("debtor", Kind.ORGANISATION, "Debtor", "债务人"),
            Column("face", Kind.MONEY, "Face", "面额", of="currency"),
            Column("currency", Kind.TEXT, "Currency", "币种"),
        ),
        chart=Bars("due_on", "face", by="debtor", step=MONTH),
    )
    def maturity(read: Sight, debtor: str = "") -> Iterator[Row]:
        for total in read.totals(Leaf, {"status": LIVE}, by=("due_on", "debtor", "currency"), sums=("face",)):
            yield (total.by[0], total.by[1], total.sums[0], total.by[2])

It is at `/v1/reports/CONTRACT/maturity?format=json|csv|xlsx&debtor=…`, and drawn, shown and offered for download at
`/reports/CONTRACT/maturity`. A row has one cell for each column, in order; None leaves it empty. Like a query it sees
only what the asker may read, and its parameters are str, int or bool. Amounts are integers; `of` names the column that
says their currency or unit. A parameter that is called like a column is labelled like it, another needs `labels`.

A `Desk` puts the reports that one kind of user works with on one page, at `/desks/CONTRACT/NAME`.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from infoharbor.contractkit.days import iso_day
from infoharbor.edgekit.json_form import iso
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.queries import Query, question
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed

ROWS_MAX: Final = 100_000
"""A report that could have more has to be narrowed by a parameter: nobody reads more, and a sheet ends somewhere."""
DAILY, WEEK, MONTH = "day", "week", "month"
ME: Final = "@me"
Row = tuple[Any, ...]


class Kind(enum.Enum):
    """What a column's cells hold."""

    TEXT = "text"
    """Words or an identifier: a sheet keeps its leading zeros and all of its digits."""
    ORGANISATION = "organisation"
    """An organisation's id, or a tuple of several; people also read the names."""
    WORD = "word"
    """A status, the name of an action, a rule or a code that people enter, or a tuple of several: the contract's words
    file says it in both languages."""
    NAMED = "named"
    """A code that has names on the ledger: a `Named`."""
    PLACE = "place"
    """The URI of a place; people also read the name that its owner gave it."""
    MONEY = "money"
    """Minor units of the currency in the column that `of` names."""
    QUANTITY = "quantity"
    """An integer with `digits` decimals, in the unit in the column that `of` names."""
    COUNT = "count"
    DAY = "day"
    """Days since 1970."""
    INSTANT = "instant"
    """Milliseconds since 1970 UTC."""
    SHARE = "share"
    """Basis points, shown as per cent."""
    FLAG = "flag"


class Named(NamedTuple):
    """A code, with what people call it; programs are given the code alone."""

    code: str
    name: Sentence


class Column(NamedTuple):
    name: str
    kind: Kind
    title_en: str
    title_zh: str
    of: str = ""
    digits: int = 0

    @property
    def title(self) -> Sentence:
        return Sentence(self.title_en, self.title_zh)


class Bars(NamedTuple):
    """A chart of a report: `of` summed along a column, stacked by another; a DAY column goes in steps of `step`."""

    along: str
    of: str
    by: str = ""
    step: str = MONTH


class Report(NamedTuple):
    """A table that a contract's pages answer; `question` has its name, its titles and its parameters."""

    question: Query
    columns: tuple[Column, ...]
    about: Sentence
    labels: Mapping[str, Sentence]
    chart: Bars | None

    @property
    def contract(self) -> str:
        return self.question.contract

    @property
    def name(self) -> str:
        return self.question.name

    @property
    def title(self) -> Sentence:
        return Sentence(self.question.title_en, self.question.title_zh)

    def ask(self, read: Sight, given: Mapping[str, str]) -> "Table":
        """The report now, for this reader. Raises `Malformed` for parameters that do not fit, or too many rows."""
        rows: list[Row] = []
        for row in self.question.run(read, **self.question.values(given)):
            if len(rows) == ROWS_MAX:
                raise Malformed("input.answer_too_large", "report", f"a question with at most {ROWS_MAX} rows")
            if len(row) != len(self.columns):
                raise TypeError(f"{self.contract}/{self.name}: a row of {len(row)}, not {len(self.columns)} cells")
            rows.append(tuple(row))
        return Table(self, rows, {name: given[name] for name in self.labels if name in given}, read.now)

    def place(self, column: str) -> int:
        """Where a column's cell stands in a row."""
        return next(at for at, each in enumerate(self.columns) if each.name == column)


class Table(NamedTuple):
    """A report's rows as one reader saw them at `now`, with the parameters as they were given, in the report's order."""

    report: Report
    rows: list[Row]
    given: dict[str, str]
    now: int

    def unit(self, row: Row, column: Column) -> str:
        """The currency or unit of this column's cell in the row."""
        return str(row[self.report.place(column.of)]) if column.of else ""

    def form(self) -> dict[str, Any]:
        """The report in JSON's terms: whole numbers stay minor units, days and times are ISO 8601."""
        return {
            "report": f"{self.report.contract}/{self.report.name}",
            "title": self.report.title.en,
            "title_zh": self.report.title.zh,
            "as_of": iso(self.now),
            "columns": [
                {"name": each.name, "kind": each.kind.value, "title": each.title_en, "title_zh": each.title_zh}
                | ({"of": each.of} if each.of else {})
                | ({"digits": each.digits} if each.digits else {})
                for each in self.report.columns
            ],
            "rows": [
                {each.name: _plain(each.kind, cell) for each, cell in zip(self.report.columns, row, strict=True)}
                for row in self.rows
            ],
        }


class Part(NamedTuple):
    """A report on a desk, asked with these parameters; `ME` stands for the reader's organisation."""

    report: str
    given: Mapping[str, str] = {}


class Desk(NamedTuple):
    """What one kind of user has before it: reports, one below the other; `tells` says above them what the reader should
    know, such as who can see what."""

    name: str
    title_en: str
    title_zh: str
    parts: tuple[Part, ...]
    tells: tuple[Sentence, ...] = ()

    @property
    def title(self) -> Sentence:
        return Sentence(self.title_en, self.title_zh)


def report(
    name: str,
    title_en: str,
    title_zh: str,
    *,
    about_en: str,
    about_zh: str,
    columns: tuple[Column, ...],
    labels: Mapping[str, Sentence] | None = None,
    chart: Bars | None = None,
) -> Callable[[Callable[..., Iterable[Row]]], Callable[..., Iterable[Row]]]:
    """Declares a report: `def f(read, **parameters)` that gives rows. TypeError for a declaration that does not fit."""
    kinds = {each.name: each.kind for each in columns}
    named = [each.of for each in columns if each.of] + ([] if chart is None else [chart.along, chart.of])
    named += [chart.by] if chart is not None and chart.by else []
    needs_unit = [each.name for each in columns if each.kind in (Kind.MONEY, Kind.QUANTITY) and not each.of]
    if len(kinds) != len(columns) or not set(named) <= set(kinds) or needs_unit:
        raise TypeError(f"report {name}: columns named twice, or not at all, or amounts without their unit")

    def declare(run: Callable[..., Iterable[Row]]) -> Callable[..., Iterable[Row]]:
        asked = question(run, name, title_en, title_zh)
        known = {each.name: each.title for each in columns} | dict(labels or {})
        if missing := set(asked.parameters) - set(known):
            raise TypeError(f"report {name}: no label for {', '.join(sorted(missing))}")
        found = {each: known[each] for each in asked.parameters}
        run.__report__ = Report(asked, columns, Sentence(about_en, about_zh), found, chart)  # type: ignore[attr-defined]
        return run

    return declare


def _plain(kind: Kind, cell: Any) -> Any:
    if cell is None:
        return None
    if kind is Kind.DAY:
        return iso_day(cell)
    if kind is Kind.NAMED:
        return cell.code
    if isinstance(cell, tuple):
        return [_plain(kind, each) for each in cell]
    return iso(cell) if kind is Kind.INSTANT else cell.value if isinstance(cell, enum.Enum) else cell
