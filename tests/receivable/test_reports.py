"""Reports: one table for programs, spreadsheets and readers, and nobody sees in it what is not theirs to read."""

import csv
import io
import itertools
import re
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.receivable.conftest import Finance

from infoharbor.contractkit.money import decimal_text
from infoharbor.contracts.receivable.demo import BANK, DEBTOR, OFFICE, RIVAL, SUPPLIER
from infoharbor.edgekit.charts import BARS_MAX, charts_of
from infoharbor.edgekit.languages import Sentence, Words
from infoharbor.edgekit.pages import desks_of, reports_of
from infoharbor.edgekit.queries import Query
from infoharbor.edgekit.reports import Bars, Column, Kind, Report, Table, report
from infoharbor.edgekit.sheets import FORMULA, Speech, csv_file, xlsx_file
from infoharbor.kernel.registry import installed_registry

REPORTS = sorted(
    key
    for key, each in reports_of(installed_registry()).items()
    if all(parameter.default != parameter.empty for parameter in each.question.parameters.values())
)
"""Those that need not be told of what."""
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
COLUMNS = (
    Column("note", Kind.TEXT, "Note", "备注"),
    Column("amount", Kind.MONEY, "Amount", "金额", of="currency"),
    Column("currency", Kind.TEXT, "Currency", "币种"),
    Column("day", Kind.DAY, "Day", "日期"),
)
SPEECH = Speech("zh", Words(installed_registry()), lambda known: Sentence(known, known))
ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs", "Cc")), max_size=20)
        | st.sampled_from(["=1+1", "+86", "-1", "@x", "＝1", "0012345678901234567890"]),
        st.integers(-(2**53), 2**53) | st.none(),
        st.sampled_from(["CNY", "VND", "KWD"]),
        st.integers(0, 40_000) | st.none(),
    ),
    max_size=20,
)


def table_of(rows: list[tuple[object, ...]], chart: Bars | None = None) -> Table:
    question = Query("receivable", "trial", "A trial", "试验", lambda read: rows, {})
    made = Report(question, COLUMNS, Sentence("About", "说明"), {}, chart)
    return Table(made, list(rows), {}, 0)


def sheet_texts(content: bytes) -> list[list[str]]:
    """The cells of a workbook's first sheet, as texts; the book must hold no formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        shared = ["".join(part.itertext()) for part in root.findall(f"{SPREADSHEET}si")]
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert sheet.find(f".//{SPREADSHEET}f") is None
    rows = []
    for row in sheet.iter(f"{SPREADSHEET}row"):
        cells = [(cell.get("t"), cell.findtext(f"{SPREADSHEET}v") or "") for cell in row.iter(f"{SPREADSHEET}c")]
        rows.append([shared[int(value)] if kind == "s" else value for kind, value in cells])
    return rows


@given(ROWS)
def test_csv_gives_every_cell_back_and_nothing_that_a_spreadsheet_runs(rows: list[tuple[object, ...]]) -> None:
    content = csv_file(table_of(rows), SPEECH)
    assert content.startswith(b"\xef\xbb\xbf")
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert head == ["备注", "金额", "币种", "日期"]
    assert len(lines) == len(rows)
    for line, (note, amount, currency, _) in zip(lines, rows, strict=True):
        assert not line[0].startswith(FORMULA)
        assert line[0] in (note, f"'{note}")
        assert line[1] == ("" if amount is None else decimal_text(amount, str(currency)))  # type: ignore[arg-type]


@settings(max_examples=25)
@given(ROWS)
def test_xlsx_keeps_texts_as_texts_and_amounts_exact(rows: list[tuple[object, ...]]) -> None:
    _, *lines = sheet_texts(xlsx_file(table_of(rows), SPEECH))
    for line, (note, amount, currency, _) in zip(lines, rows, strict=True):
        assert line[0] == note
        if amount is not None:
            digits = decimal_text(amount, str(currency))  # type: ignore[arg-type]
            assert float(line[1]) == pytest.approx(float(digits), rel=1e-15)
            assert len(digits.replace(".", "").lstrip("-0")) <= 15 or line[1] == digits


@given(ROWS, st.sampled_from(["day", "week", "month"]))
def test_a_chart_adds_up_to_its_table_one_for_each_currency(rows: list[tuple[object, ...]], step: str) -> None:
    charts = charts_of(table_of(rows, Bars("day", "amount", by="note", step=step)), SPEECH)
    for chart in charts:
        root = ElementTree.fromstring(chart.svg)
        names = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}title")][1:]
        drawn = sum(int(re.sub(r"\D", "", name.rpartition(" · ")[2])) for name in names)
        told = [row for row in rows if row[2] == chart.unit and row[1] and row[1] > 0 and row[3] is not None]  # type: ignore[operator]
        assert drawn == sum(row[1] for row in told)  # type: ignore[misc]
        assert len(names) <= BARS_MAX * 8
        assert root.get("role") == "img"
        assert root.get("aria-label")
    assert [chart.unit for chart in charts] == sorted({chart.unit for chart in charts})


@given(st.lists(st.text("bW水公", min_size=1, max_size=40), min_size=1, max_size=12, unique=True))
def test_what_stands_below_the_bars_of_a_chart_does_not_run_together(notes: list[str]) -> None:
    rows: list[tuple[object, ...]] = [(note, 1, "CNY", 1) for note in notes]
    (chart,) = charts_of(table_of(rows, Bars("note", "amount")), SPEECH)
    texts = ElementTree.fromstring(chart.svg).iter("{http://www.w3.org/2000/svg}text")
    below = [each for each in texts if each.get("text-anchor") == "middle"]
    wide = [sum(12 if sign >= "\u2e80" else 7 for sign in each.text or "") for each in below]
    apart = [int(other.get("x", "")) - int(one.get("x", "")) for one, other in itertools.pairwise(below)]
    for at, room in enumerate(apart):
        assert (wide[at] + wide[at + 1]) / 2 <= room


def test_a_declaration_that_does_not_fit_is_no_report() -> None:
    text = {"about_en": "x", "about_zh": "x"}
    with pytest.raises(TypeError, match="without their unit"):
        report("a", "A", "A", columns=(Column("amount", Kind.MONEY, "A", "A"),), **text)
    with pytest.raises(TypeError, match="no label"):

        @report("b", "B", "B", columns=COLUMNS, **text)
        def unlabelled(read: object, other: str = "") -> list[tuple[object, ...]]:
            return []


def test_every_desk_has_reports_that_there_are_in_both_languages() -> None:
    for desk in desks_of(installed_registry()).values():
        assert desk.parts
        assert desk.title_en
        assert desk.title_zh
    for each in reports_of(installed_registry()).values():
        texts = [each.title, each.about, *(column.title for column in each.columns), *each.labels.values()]
        assert all(text.en and text.zh for text in texts)


@pytest.mark.parametrize(("contract", "name"), REPORTS)
def test_every_report_is_given_in_every_form_and_the_forms_agree(finance: Finance, contract: str, name: str) -> None:
    address = f"/v1/reports/{contract}/{name}"
    with finance.asking(BANK) as client:
        rows = client.get(address).json()["rows"]
        for language in ("zh", "en"):
            text = client.get(address, params={"format": "csv", "lang": language})
            book = client.get(address, params={"format": "xlsx", "lang": language})
            assert text.headers["content-language"] == book.headers["content-language"] == language
            assert text.headers["content-disposition"].endswith('.csv"')
            assert len(list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"), newline="")))) == len(rows) + 1
            assert len(sheet_texts(book.content)) == len(rows) + 1


@pytest.mark.parametrize("name", [name for contract, name in REPORTS if contract == "receivable"])
def test_who_is_no_member_sees_no_claim(finance: Finance, name: str) -> None:
    assert finance.report(name) == []


def test_a_member_sees_its_own_and_no_more(finance: Finance) -> None:
    own = finance.report("holdings", by=SUPPLIER)
    assert own
    assert {row["holder"] for row in own} == {SUPPLIER}
    assert finance.report("holdings", by=SUPPLIER, holder=RIVAL.id) == []
    assert {row["debtor"] for row in finance.report("owed", by=DEBTOR)} == {DEBTOR}
    assert all(SUPPLIER in row["seen_by"] for row in finance.report("invoices", by=SUPPLIER))
    seen = {row["receivable"] for row in finance.report("owed", by=OFFICE.id)}
    assert seen >= {row["receivable"] for row in finance.report("owed", by=BANK)}
    assert {row["debtor"] for row in finance.report("overdue", by=OFFICE.id)} == {"cangwu-baskets"}


def test_the_supplier_sees_what_each_offer_costs_and_chooses_by_it(finance: Finance) -> None:
    offers = [row for row in finance.report("offers", by=SUPPLIER, holder=SUPPLIER) if "autumn" in row["receivable"]]
    assert [row["financier"] for row in offers] == [BANK, RIVAL.id]
    for row in offers:
        assert row["proceeds"] + row["cost"] == row["face"]
        exact = row["cost"] * 365 * 10_000 / (row["proceeds"] * row["days"])
        assert exact <= row["annual_cost"] < exact + 1
    assert offers[0]["annual_cost"] < offers[1]["annual_cost"]


def test_reports_agree_with_one_another(finance: Finance) -> None:
    held = sum(row["face"] for row in finance.report("maturity", by=BANK, bank=BANK))
    assert held == sum(row["face"] for row in finance.report("tiers", by=BANK, bank=BANK))
    owed = sum(row["outstanding"] for row in finance.report("owed", by=BANK, bank=BANK))
    assert owed == sum(row["outstanding"] for row in finance.report("ageing", by=BANK, bank=BANK))
    assert owed == sum(row["outstanding"] for row in finance.report("concentration", by=BANK, bank=BANK))
    assert owed == sum(row["used"] for row in finance.report("lines", by=BANK, bank=BANK))


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/v1/reports/receivable/nothing", 404, "ledger.report_unknown", "name"),
        ("/v1/reports/receivable/owed?format=pdf", 422, "input.choice", "format"),
        ("/v1/reports/receivable/owed?lang=vi", 422, "input.choice", "lang"),
        ("/v1/reports/receivable/owed?country=CN", 422, "input.field_unknown", "country"),
        ("/v1/reports/receivable/owed?debtor=" + "x" * 401, 422, "input.type", "debtor"),
    ],
)
def test_what_there_is_not_is_refused_by_its_name(
    finance: Finance, path: str, status: int, code: str, field: str
) -> None:
    with finance.asking(BANK) as client:
        answer = client.get(path)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (status, code, field)
