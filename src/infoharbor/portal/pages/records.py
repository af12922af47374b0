"""Pages of records: any table, any record, with its history, its readers and its proof."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Response, get
from msgspec import inspect

from infoharbor.contractkit.days import LAST_DAY
from infoharbor.edgekit.json_form import is_instant, without_none
from infoharbor.gateway.exchange import Asked, part, path_after
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.kernel.records import PUBLIC, RecordType
from infoharbor.portal.display import Display, Shown, labelled
from infoharbor.portal.entering import MemberPage
from infoharbor.portal.forms import ORGANISATION
from infoharbor.portal.naming import parties_word
from infoharbor.portal.shell import Page
from infoharbor.sdk.listing import list_records
from infoharbor.sdk.problems import Problem

ROWS: Final = 50
COLUMNS: Final = 6
FEW: Final = 2
"""So many times and amounts go before what is neither."""
CHOSEN: Final = 50
"""Up to so many organisations are chosen from a list."""
VERSIONS: Final = 30


@get("/records/{contract:str}/{table:str}", sync_to_thread=True)
def get_records(request: Asked) -> Response[str]:
    """A page of a table's records, filtered by fields."""
    page = MemberPage(request)
    kind = page.client.table(part(request, "contract"), part(request, "table"))
    after = page.asked.text("after")
    filters = {name: value for name, value in page.asked.rest().items() if value}
    ledger = page.ledger
    with ledger.explained(), ledger.sight(page.reader) as sight:
        found = list_records(sight, kind, filters, limit=ROWS, after=after, cursors=ledger.cursors)
    display = Display(page, kind)
    shown = [{name: each for name, _, each in display.fields(seen.record)} for seen in found.items]
    columns = _columns(display, shown)
    rows = [
        (seen.path, display.key(seen.record), [(display.word(name), cells[name]) for name in columns])
        for seen, cells in zip(found.items, shown, strict=True)
    ]
    following = {**filters, "after": found.next} if found.next else None
    return page.show(
        "records.html",
        table=described(page, kind),
        columns=[(name, display.word(name)) for name in columns],
        rows=rows,
        filters=filters,
        offered=_offered(display),
        next=urlencode(following) if following else "",
    )


@get("/records/{contract:str}/{table:str}/{key:path}", sync_to_thread=True)
def get_record(request: Asked) -> Response[str]:
    """One record: its newest version, its history, who may read it, and where its proof is."""
    page = MemberPage(request)
    path = path_after(request, "/records/")
    kind = page.ledger.registry.table(path)
    if kind is None:
        raise Problem("ledger.table_unknown", field="table", expected="a table of a contract")
    display = Display(page, kind)
    with page.ledger.sight(page.reader) as sight:
        versions = [seen for _, seen in zip(range(VERSIONS), sight.versions(path), strict=False)]
        newest = sight.at(path)
    if newest is None:
        raise Problem("ledger.record_unknown", field="path", expected="a record that you may read")
    with page.ledger.sight(ANONYMOUS) as sight:
        is_open = sight.at(path) is not None
    history = [
        {
            "version": seen.entry.version,
            "height": seen.entry.height,
            "time": header_codec.decode(page.ledger.engine.header(seen.entry.height)).time,
            "transaction": seen.entry.transaction.hex(),
            "status": _status(display, seen.record),
            "deleted": seen.record is None,
        }
        for seen in versions
    ]
    return page.show(
        "record.html",
        table=described(page, kind),
        record_path=path,
        key=labelled(path.removeprefix(kind.prefix)) if newest.record is None else display.key(newest.record),
        fields=display.fields(newest.record) if newest.record is not None else [],
        status=_status(display, newest.record),
        history=history,
        # Programs ask there with a token, which a browser's link does not carry.
        proof=f"/v1/proofs/{quote(path, safe='/')}" if is_open else "",
        raw=f"/v1/records/{quote(path, safe='/')}",
    )


def described(page: Page, kind: RecordType) -> dict[str, Any]:
    """What a page says of the table that it shows."""
    return {
        "contract": kind.contract,
        "contract_title": page.contract_title(kind.contract),
        "name": kind.table,
        "title": page.texts.sentence(page.ledger.words.text(kind.contract, "tables", kind.table)),
        "public": kind.visible == PUBLIC,
        "readers": parties_word(page, kind.contract, kind.table, kind.readers),
    }


def _status(display: Display, record: Any) -> Shown | None:
    return display.status(record.status) if record is not None and display.kind.moves else None


def _columns(display: Display, rows: list[dict[str, Shown]]) -> list[str]:
    """The fields that fit a row, and that any of them has: the status first, then a few times and amounts, then other simple
    ones, but for units, which amounts say; the key stands before them."""
    simple = [name for name in _simple(display) if name not in display.kind.key]
    kinds = {name: {row[name].kind for row in rows} - {"none"} for name in simple}
    found = [name for name in simple if kinds[name] and not kinds[name] & {"bytes", "fields"}]
    moments = [name for name in found if name in _moments(display)]
    amounts = [name for name in found if "amount" in kinds[name]]
    units = {display.page.ledger.measures[display.contract, name].of for name in amounts}
    first = [*(name for name in found if name == "status"), *moments[:FEW], *amounts[:FEW]]
    return [*first, *(name for name in found if name not in {*first, *moments, *amounts, *units})][:COLUMNS]


def _moments(display: Display) -> set[str]:
    fields = ((each.name, without_none(each.type)) for each in display.shape.fields)
    return {
        name for name, kind in fields if is_instant(kind) or (isinstance(kind, inspect.IntType) and kind.le == LAST_DAY)
    }


def _simple(display: Display) -> list[str]:
    compound = (inspect.VarTupleType, inspect.TupleType, inspect.StructType)
    return [field.name for field in display.shape.fields if not isinstance(without_none(field.type), compound)]


def _offered(display: Display) -> list[dict[str, Any]]:
    """The filters of the form: the key's parts, organisations, and the status."""
    offered: list[dict[str, Any]] = []
    names = [
        *display.kind.key,
        *(field.name for field in display.shape.fields if field.name in ("organisation", "owner")),
    ]
    kinds = {field.name: without_none(field.type) for field in display.shape.fields}
    organisations = [(each, display.page.organisation_name(each)) for each in display.page.organisations]
    for name in dict.fromkeys(names):
        choices = organisations if kinds[name] == ORGANISATION and len(organisations) <= CHOSEN else []
        offered.append({"name": name, "word": display.word(name), "choices": choices})
    if display.kind.moves:
        statuses = list(dict.fromkeys(move.after for move in display.kind.moves))
        words = [(choice, display.status(choice).text) for choice in statuses]
        offered.append({"name": "status", "word": display.word("status"), "choices": words})
    return offered


ROUTES = [get_records, get_record]
