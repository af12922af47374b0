"""The route of reports: as JSON for programs, as CSV and XLSX for people."""

import functools
from typing import Final

from litestar import Response, get

from infoharbor.contractkit.days import day_at, iso_day
from infoharbor.contracts.farm.land import Site
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.rules import object_id
from infoharbor.edgekit.languages import LANGUAGES, Sentence, preferred
from infoharbor.edgekit.reports import Table
from infoharbor.edgekit.sheets import Speech, csv_file, xlsx_file
from infoharbor.gateway.exchange import SHEETS, Asked, Parameters, answer, client_of, part
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.local import LocalClient
from infoharbor.sdk.problems import Problem

MEDIA: Final = dict(zip(("csv", "xlsx"), SHEETS, strict=True))
FORMATS: Final = ("json", *MEDIA)


@get("/v1/reports/{contract:str}/{name:str}", sync_to_thread=True)
def get_report(request: Asked) -> Response[bytes]:
    """A contract's report. `format` is json, csv or xlsx, `lang` the files' language; the rest are its parameters."""
    client, parameters = client_of(request), Parameters(request)
    wanted, language = parameters.text("format") or "json", parameters.text("lang")
    if wanted not in FORMATS:
        raise Problem("input.choice", field="format", expected=" or ".join(FORMATS))
    if language not in ("", *LANGUAGES):
        raise Problem("input.choice", field="lang", expected=" or ".join(LANGUAGES))
    given = {name: text for name, text in parameters.rest().items() if text}
    table = client.report(part(request, "contract"), part(request, "name"), given)
    spoken = language or preferred(request.headers.get("accept-language", ""))
    return answer(table.form()) if wanted == "json" else report_file(client, table, wanted, spoken)


def report_file(client: LocalClient, table: Table, wanted: str, language: str) -> Response[bytes]:
    """The report as a file of this format, named after the report and the day."""
    report = table.report
    name = f"{report.contract}-{report.name}-{iso_day(day_at(table.now, 'CN'))}.{wanted}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    speech = speech_in(client.ledger, client, language)
    content = csv_file(table, speech) if wanted == "csv" else xlsx_file(table, speech)
    return answer(content, media_type=MEDIA[wanted], headers=headers)


def speech_in(ledger: Ledger, client: LocalClient, language: str) -> Speech:
    """Says cells in a language, with the names of those organisations and places that a report speaks of."""

    @functools.cache
    def name_of(organisation: str) -> Sentence:
        return named(Organisation, organisation, organisation)

    @functools.cache
    def place_of(uri: str) -> Sentence:
        return named(Site, object_id(uri), uri)

    def named(of: type[Organisation] | type[Site], key: str, otherwise: str) -> Sentence:
        with ledger.sight(client.reader) as sight:
            found = sight.find(of, key)
        return Sentence(otherwise, otherwise) if found is None else Sentence(found.name_en or found.name, found.name)

    return Speech(language, ledger.words, name_of, place_of)


ROUTES = [get_report]
