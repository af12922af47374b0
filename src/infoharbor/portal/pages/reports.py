"""Pages of reports: the desks of a member, and each report with its chart, its table and its files."""

import functools
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get
from markupsafe import Markup

from infoharbor.edgekit.charts import charts_of
from infoharbor.edgekit.languages import Sentence
from infoharbor.edgekit.reports import ME, Kind, Report, Table
from infoharbor.edgekit.sheets import Speech, several
from infoharbor.gateway.exchange import Asked, part
from infoharbor.gateway.reports import MEDIA, report_file, speech_in
from infoharbor.kernel.records import Status
from infoharbor.portal.codes import country_name, unit_name
from infoharbor.portal.display import NOTHING, Shown, country, named, tone_of, unit
from infoharbor.portal.entering import MemberPage
from infoharbor.portal.measuring import grouped
from infoharbor.sdk.problems import Problem

ROWS_ON_DESK: Final = 20
ROWS_SHOWN: Final = 500
"""The files have all rows; nobody scrolls through more."""
COLUMNS_MOST: Final = 10
"""The rows of a table with more are cards: it would be wider than the page."""
COUNTRY, TRANSACTION = "country", "transaction"
"""Columns whose codes pages say otherwise than files do."""
FILLING: Final = (Kind.TEXT, Kind.COUNT, Kind.ORGANISATION)
"""What a row says of these fills in the form of an action that it offers."""
NUMBERS: Final = (Kind.MONEY, Kind.QUANTITY, Kind.COUNT, Kind.SHARE)


@get("/desks", sync_to_thread=True)
def get_desks(request: Asked) -> Response[str]:
    """All desks and reports, by contract; who is not a member is asked to enter first."""
    page = MemberPage(request)
    contracts = sorted({contract for contract, _ in page.ledger.reports})
    return page.show(
        "desks.html",
        member=page.reader.organisation,
        contracts=[
            {
                "name": name,
                "title": page.contract_title(name),
                "desks": [each for (contract, _), each in page.ledger.desks.items() if contract == name],
                "reports": [each for (contract, _), each in sorted(page.ledger.reports.items()) if contract == name],
            }
            for name in contracts
        ],
    )


@get("/desks/{contract:str}/{name:str}", sync_to_thread=True)
def get_desk(request: Asked) -> Response[str]:
    """One desk: its reports one below the other, as far as the member may see."""
    page, contract = MemberPage(request), part(request, "contract")
    desk = page.ledger.desks.get((contract, part(request, "name")))
    if desk is None:
        raise Problem("http.not_found", field="desk", expected="a desk that /desks lists")
    me = page.reader.organisation
    speech = speech_in(page.ledger, page.client, page.language)
    parts = []
    for each in desk.parts if me else ():
        given = {name: me if value == ME else value for name, value in each.given.items()}
        parts.append(_shown(page, page.client.report(contract, each.report, given), speech, ROWS_ON_DESK))
    title = page.contract_title(contract)
    return page.show("desk.html", desk=desk, contract=contract, contract_title=title, parts=parts, member=me)


@get("/reports/{contract:str}/{name:str}", sync_to_thread=True)
def get_report_page(request: Asked) -> Response[Any]:
    """One report with the form of its parameters; `format` csv or xlsx gives the file."""
    page, contract, name = MemberPage(request), part(request, "contract"), part(request, "name")
    wanted = page.asked.text("format")
    if wanted not in ("", *MEDIA):
        raise Problem("input.choice", field="format", expected=" or ".join(MEDIA))
    given = {key: text for key, text in page.asked.rest().items() if text}
    report = page.ledger.reports.get((contract, name))
    if report is not None and not wanted and not given and _needs(report):
        return _asking(page, report)
    table = page.client.report(contract, name, given)
    if wanted:
        return report_file(page.client, table, wanted, page.language)
    speech = speech_in(page.ledger, page.client, page.language)
    return page.show(
        "report.html",
        contract=contract,
        contract_title=page.contract_title(contract),
        shown=_shown(page, table, speech, ROWS_SHOWN),
        filters=[(key, _label(page, table.report, key), given.get(key, "")) for key in table.report.labels],
        parties=_parties(page, table.report),
        member=page.reader.organisation,
    )


def _needs(report: Report) -> bool:
    """Whether the report says nothing before it is told what it is asked about."""
    return any(each.default is each.empty for each in report.question.parameters.values())


def _asking(page: MemberPage, report: Report) -> Response[str]:
    """The form of a report that needs to be told first what it is asked about."""
    return page.show(
        "report.html",
        contract=report.contract,
        contract_title=page.contract_title(report.contract),
        shown={
            "title": page.texts.sentence(report.title),
            "about": page.texts.sentence(report.about),
            "address": f"/reports/{report.contract}/{report.name}",
        },
        filters=[(key, _label(page, report, key), "") for key in report.labels],
        parties=_parties(page, report),
        member=page.reader.organisation,
    )


def _parties(page: MemberPage, report: Report) -> set[str]:
    """The parameters that take an organisation: those called like a column of such, or that a desk fills in with its
    member."""
    columns = {each.name for each in report.columns if each.kind is Kind.ORGANISATION}
    desks = (each for (contract, _), each in page.ledger.desks.items() if contract == report.contract)
    filled = (part.given for desk in desks for part in desk.parts if part.report == report.name)
    return columns | {name for given in filled for name, value in given.items() if value == ME}


def _label(page: MemberPage, report: Report, parameter: str) -> str:
    return page.texts.sentence(report.labels[parameter])


def _shown(page: MemberPage, table: Table, speech: Speech, most: int) -> dict[str, Any]:
    """What a template says of a report; a column that a parameter fixes, the same in every row, is left out, and one that
    has nothing in any row."""
    report = table.report
    address = f"/reports/{report.contract}/{report.name}"
    fixed = {at for at, column in enumerate(report.columns) if column.name in table.given and table.rows}
    fixed = {at for at in fixed if all(row[at] == table.rows[0][at] for row in table.rows)}
    rows = [
        [_cell(page, speech, table, row, column, cell) for column, cell in zip(report.columns, row, strict=True)]
        for row in table.rows[:most]
    ]
    bare = {at for at in range(len(report.columns)) if rows and all(row[at] is NOTHING for row in rows)}
    shown = [at for at in range(len(report.columns)) if at not in fixed | bare]
    said = functools.partial(unit_name, texts=page.texts)
    return {
        "name": report.name,
        "title": page.texts.sentence(report.title),
        "about": page.texts.sentence(report.about),
        "address": address + (f"?{urlencode(table.given)}" if table.given else ""),
        "given": [
            (_label(page, report, name), page.organisation_name(value) if value in page.organisations else value)
            for name, value in table.given.items()
            if name in report.labels and name not in (each.name for each in report.columns)
        ],
        "files": [(each, f"{address}?{urlencode({**table.given, 'format': each})}") for each in MEDIA],
        "as_of": table.now,
        "columns": [(speech.title(report.columns[at]), report.columns[at].kind in NUMBERS) for at in shown],
        "columns_most": COLUMNS_MOST,
        "rows": [[row[at] for at in shown] for row in rows],
        "more": max(len(table.rows) - most, 0),
        "measured": speech.title(report.columns[report.place(report.chart.of)]) if report.chart else "",
        "along": speech.title(report.columns[report.place(report.chart.along)]) if report.chart else "",
        "charts": [
            (said(each.unit) if each.unit else "", Markup(each.svg))
            for each in charts_of(_named_countries(page, table), speech, said)
        ],
    }


def _named_countries(page: MemberPage, table: Table) -> Table:
    """The table with the names of countries in place of their codes."""
    at = next((at for at, each in enumerate(table.report.columns) if each.name == COUNTRY), None)
    if at is None:
        return table
    rows = [(*row[:at], country_name(row[at], page.language), *row[at + 1 :]) for row in table.rows]
    return table._replace(rows=rows)


def _cell(page: MemberPage, speech: Speech, table: Table, row: Any, column: Any, cell: Any) -> Shown:
    """A cell as the templates' macro shows values."""
    measured = [each for each in table.report.columns if each.kind is Kind.QUANTITY and each.of == column.name]
    if measured and all(row[table.report.place(each.name)] is None for each in measured):
        return NOTHING
    if cell is None or (cell == "" and not measured):
        return NOTHING
    if column.kind is Kind.INSTANT:
        return Shown("time", value=cell)
    if column.kind is Kind.ORGANISATION:
        return Shown(
            "list", parts=tuple(Shown("organisation", page.organisation_name(each), each) for each in several(cell))
        )
    if column.kind is Kind.WORD and not isinstance(cell, tuple):
        text, tone = speech.cell(table, row, column, cell), _tone(page, table.report.contract, cell)
        return Shown("badge", text, tone) if tone else Shown("text", text)
    if column.kind is Kind.WORD:
        return Shown("actions", parts=tuple(_action(speech, table, row, each) for each in several(cell)))
    text = speech.cell(table, row, column, cell)
    if column.kind is Kind.PLACE:
        return named(text, cell)
    if column.name == COUNTRY:
        return country(page, text)
    if column.name == TRANSACTION:
        return Shown("link", f"{text[:8]}…{text[-6:]}", f"/transactions/{text}")
    if measured:
        return unit(page, text)
    if column.kind in NUMBERS:
        return Shown("number", grouped(text))
    return Shown("number" if column.kind is Kind.DAY else "text", text)


def _tone(page: MemberPage, contract: str, word: Any) -> str:
    """How a word looks as a badge: a record's status, or a rule that was broken. Empty for any other, which is text."""
    if isinstance(word, Status):
        tables = (each for each in page.ledger.registry.tables.values() if each.contract == contract)
        of = next((each for each in tables if each.moves and type(each.moves[0].after) is type(word)), None)
        return "" if of is None else tone_of(page, of, str(word))
    rule = page.ledger.words.text(contract, "rules", str(word))
    return "wrong" if rule != Sentence(str(word), str(word)) else ""


def _action(speech: Speech, table: Table, row: Any, name: str) -> Shown:
    """An action's name with the address of its form, filled in with what the row says."""
    columns = table.report.columns
    word = next(each for each, cell in zip(columns, row, strict=True) if isinstance(cell, tuple) and name in cell)
    known = {each.name: cell for each, cell in zip(columns, row, strict=True) if each.kind in FILLING}
    filled = {key: str(cell) for key, cell in known.items() if cell is not None and not isinstance(cell, tuple)}
    address = f"/act/{table.report.contract}/{name}?{urlencode(filled)}"
    return Shown("text", speech.cell(table, row, word, name), address)


ROUTES = [get_desks, get_desk, get_report_page]
