"""The door for sheets: every import that a contract declares, judged row by row, and then taken in or only shown."""

import asyncio
from collections import Counter
from typing import Any, Final

import msgspec
from litestar import Response, get, post

from infoharbor.edgekit.imports import Import, imports_of
from infoharbor.edgekit.languages import preferred
from infoharbor.edgekit.sheet_reading import SHEET_BYTES
from infoharbor.gateway.epcis.importing import EventRows
from infoharbor.gateway.exchange import SHEETS, Asked, Parameters, answer, body_of, gateway_of, part, reader_of
from infoharbor.gateway.importing import KNOWN, OUTCOMES, REFUSED, ActionRows, Rows, Verdict
from infoharbor.gateway.problems import MEDIA_TYPE, problem_form
from infoharbor.sdk.problems import Problem

EVENTS: Final = ("trace", "events")
"""The import whose rows are events, which the EPCIS interface takes; the rows of all others are actions."""


@get("/v1/imports", sync_to_thread=True)
def get_imports(request: Asked) -> Response[bytes]:
    """The imports that there are, with the columns of their sheets."""
    reader_of(request)
    Parameters(request).end()
    found = imports_of(gateway_of(request).registry)
    return answer({"items": [described(found[key]) for key in sorted(found)]})


@post("/v1/imports/{contract:str}/{name:str}", status_code=200)
async def post_import(request: Asked) -> Response[bytes]:
    """Take in a CSV or XLSX sheet. With `preview=true` nothing is taken in: the answer says what would become of each
    row. Without it, a sheet with a row that would be refused is refused whole, unless `proceed=true`."""
    reader, parameters = reader_of(request), Parameters(request)
    preview, proceed = parameters.flag("preview", False), parameters.flag("proceed", False)
    parameters.end()
    gateway = gateway_of(request)
    declared = imports_of(gateway.registry).get((part(request, "contract"), part(request, "name")))
    if declared is None:
        raise Problem("import.unknown", field="path", expected="one that GET /v1/imports lists")
    gateway.ensure_agent(reader)
    raw = await body_of(request, SHEET_BYTES, SHEETS)
    rows = await asyncio.to_thread(declared.rows, raw)
    taking = _rows_of(request, declared)
    verdicts = await asyncio.to_thread(taking.judge, reader, rows)
    form = _form(request, declared, verdicts)
    refused = [each for each in verdicts if each.outcome == REFUSED]
    if preview:
        return answer(form)
    if refused and not proceed:
        return _refused(request, refused[0], form)
    wanted = [row for row, said in zip(rows, verdicts, strict=True) if said.outcome not in (REFUSED, KNOWN)]
    if not wanted:
        return answer(form)
    taken = await taking.take(reader, wanted)
    return answer(form | taken.body, status=taken.status, headers=taken.headers)


def described(declared: Import) -> dict[str, Any]:
    """An import as a list of imports has it."""
    return {
        "import": f"{declared.contract}/{declared.name}",
        "title": declared.title.en,
        "title_zh": declared.title.zh,
        "about": declared.about.en,
        "about_zh": declared.about.zh,
        "columns": [
            {
                "name": each.name,
                "title": each.title_en,
                "title_zh": each.title_zh,
                "needed": each.needed,
                "like": each.like,
            }
            for each in declared.columns
        ],
    }


def _rows_of(request: Asked, declared: Import) -> Rows:
    gateway, epcis = gateway_of(request), request.app.state.epcis
    if (declared.contract, declared.name) != EVENTS:
        return ActionRows(gateway)
    if epcis is None or gateway.vaults is None:
        raise Problem("http.not_found", field="path", expected="a gateway with a data folder")
    return EventRows(gateway, epcis, gateway.vaults)


def _form(request: Asked, declared: Import, verdicts: list[Verdict]) -> dict[str, Any]:
    words = gateway_of(request).ledger.words
    counts = Counter(each.outcome for each in verdicts)
    return {
        "import": f"{declared.contract}/{declared.name}",
        "counts": {each: counts[each] for each in OUTCOMES},
        "items": [each.form(words, declared.contract) for each in verdicts],
    }


def _refused(request: Asked, first: Verdict, form: dict[str, Any]) -> Response[bytes]:
    """The refusal of a sheet, with what was found of each row."""
    problem = Problem(
        "import.refused_rows", field=f"row {first.number}", expected="rows that are taken, or proceed=true"
    )
    language = preferred(request.headers.get("accept-language", ""))
    told = problem_form(problem, gateway_of(request).ledger.words, language)
    body = msgspec.json.encode(told | form)
    return Response(body, status_code=told["status"], media_type=MEDIA_TYPE, headers={"Content-Language": language})


ROUTES = [get_imports, post_import]
