"""Pages of records: any table, any record, with its history, its readers and its proof."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Response, get
from msgspec import inspect

from infoharbor.edgekit.json_form import is_instant
from infoharbor.gateway.exchange import Asked, part, path_after
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.kernel.records import PUBLIC, RecordType
from infoharbor.portal.display import Display, Shown, labelled
from infoharbor.portal.entering import MemberPage
from infoharbor.portal.naming import parties_word
from infoharbor.portal.shell import Page
from infoharbor.sdk.listing import list_records
from infoharbor.sdk.problems import Problem

ROWS: Final = 50
COLUMNS: Final = 6
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
    rows = [(seen.path, seen.path.removeprefix(kind.prefix), _cells(display, seen.record)) for seen in found.items]
    columns = [name for name, _, shown in rows[0][2]] if rows else []
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
        key=labelled(path.removeprefix(kind.prefix)),
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
    return display.status(record.status.value) if record is not None and display.kind.moves else None


def _cells(display: Display, record: Any) -> list[tuple[str, str, Shown]]:
    """The fields that fit a row: the status first, times next, then other simple ones; the key stands before them."""
    fields = [each for each in display.fields(record) if each[0] not in display.kind.key]
    times = {field.name for field in display.shape.fields if is_instant(field.type)}
    fields.sort(key=lambda each: (each[0] != "status", each[0] not in times))
    simple = _simple(display)
    return [each for each in fields if each[0] in simple][:COLUMNS]


def _simple(display: Display) -> set[str]:
    compound = (inspect.VarTupleType, inspect.TupleType, inspect.StructType, inspect.UnionType)
    return {field.name for field in display.shape.fields if not isinstance(field.type, compound)}


def _offered(display: Display) -> list[dict[str, Any]]:
    """The filters of the form: the key's parts, organisations, and the status."""
    offered: list[dict[str, Any]] = []
    names = [
        *display.kind.key,
        *(field.name for field in display.shape.fields if field.name in ("organisation", "owner")),
    ]
    for name in dict.fromkeys(names):
        offered.append({"name": name, "word": display.word(name), "choices": []})
    if display.kind.moves:
        choices = list(dict.fromkeys(str(move.after) for move in display.kind.moves))
        words = [(choice, display.status(choice).text) for choice in choices]
        offered.append({"name": "status", "word": display.word("status"), "choices": words})
    return offered


ROUTES = [get_records, get_record]
