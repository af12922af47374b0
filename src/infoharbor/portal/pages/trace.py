"""Pages of goods: the search, the graph of where they came from and went, and the public page behind a QR code."""

from typing import Any, Final, NamedTuple
from urllib.parse import quote

import segno
from litestar import Response, get
from litestar.response import Redirect
from markupsafe import Markup

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.pages import identify, owner_of
from infoharbor.contracts.trace.records import Judgement, Mention, Object
from infoharbor.contracts.trace.rules import object_id, uri_of
from infoharbor.edgekit.json_form import from_iso
from infoharbor.edgekit.sight import Sight
from infoharbor.evidence.file import ITEMS_MAX
from infoharbor.gateway.exchange import Asked
from infoharbor.kernel.limits import KEY_BYTES
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.kernel.records import record_type
from infoharbor.portal.diagrams import Label, goods
from infoharbor.portal.display import Shown, plain
from infoharbor.portal.moments import moment, zone_at
from infoharbor.portal.shell import Page
from infoharbor.portal.wording import PUBLIC_LANGUAGES
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import prove

LISTED: Final = 50
QR_MARGIN: Final = 2
BEGINNING: Final = ("create", "output")
"""What an event does to an object whose master data it gives."""


@get("/trace", sync_to_thread=True)
def get_search(request: Asked) -> Response[Any]:
    """Look for an object by any identifier of it; below stand those that are known, and what does not fit."""
    page = Page(request)
    wanted = page.asked.text("object").strip()
    if wanted:
        return Redirect(f"/trace/{quote(_identified(page, wanted), safe='~')}", status_code=303)
    after = page.asked.text("after")
    return page.show(
        "trace.html",
        known=page.client.query("trace", "objects", {"limit": str(LISTED), "after": after}),
        nonconforming=page.client.query("trace", "nonconforming", {"limit": str(LISTED)})["items"],
        name=name_of,
        when=_when,
    )


@get("/trace/{object_id:path}", sync_to_thread=True)
def get_graph(request: Asked) -> Response[str]:
    """The graph of an object, drawn and as a table."""
    page = Page(request)
    identifier = _identified(page, _below(request, "/trace/"))
    trace = page.client.query("trace", "trace", {"object": identifier})
    lot = page.client.query("trace", "lot", {"object": identifier})
    events = [_told(page, event) for event in lot["events"]]
    breaking = {event["event"]: event["broken"] for event in events}
    broken_objects = {each["object"] for event in events for each in event["about"] if each["broken"]}

    def named(node: dict[str, Any]) -> Label:
        look = "here" if node["id"] == identifier else "object"
        look += " wrong" if node["id"] in broken_objects else ""
        return Label(name_of(page, node), node["value"], look, f"/trace/{quote(node['id'], safe='~')}")

    def stepped(event: dict[str, Any]) -> Label:
        look = "event wrong" if breaking.get(event["event"]) else "event"
        step = page.texts.word("steps", event["biz_step"] or "other")
        return Label(step, _when(event)[:10], look, f"/records/trace/events/{event['event']}")

    return page.show(
        "graph.html",
        lot=lot,
        object=identifier,
        events=events,
        picture=goods(trace, breaking, named, stepped),
        edges=[edge | {"broken": breaking.get(edge["event"], [])} for edge in trace["edges"]],
        nodes={node["id"]: node for node in trace["nodes"]},
        complete=trace["complete"],
        name=name_of,
        link=_link_of(lot["uri"]),
    )


@get("/01/{rest:path}", sync_to_thread=True)
def get_lot(request: Asked) -> Response[Any]:
    """The public page of a product, lot or piece, under its GS1 Digital Link."""
    return _public_page(request)


@get("/00/{rest:path}", sync_to_thread=True)
def get_unit(request: Asked) -> Response[Any]:
    """The public page of a logistic unit, under its GS1 Digital Link."""
    return _public_page(request)


def _public_page(request: Asked) -> Response[Any]:
    page = Page(request, PUBLIC_LANGUAGES)
    uri = _digital_link(page, request)
    raw = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    if raw.rstrip("/") != _link_of(uri):
        return Redirect(_link_of(uri), status_code=302)
    key = gs1.read(uri)
    if key is not None and key.ai == gs1.GTIN and not key.qualifiers:
        return _product(page, key.value)
    lot = page.client.query("trace", "lot", {"object": object_id(uri)})
    address = f"{request.url.scheme}://{request.url.netloc}{_link_of(uri)}"
    events = [_told(page, event) for event in lot["events"]]
    beginnings = [event for event in events if _begins(event, lot["id"])]
    countries = sorted({each["country"] for each in lot["organisations"].values() if each["country"]})
    return page.show(
        "lot.html",
        lot=lot,
        address=address,
        code=qr(address),
        events=events,
        countries=countries,
        first=_when(events[0])[:10] if events else "",
        last=_when(events[-1])[:10] if events else "",
        wrong=[event for event in events if event["broken"]],
        claims=[event for event in events if event["standing"] == "claim"],
        master=[pair for event in beginnings for pair in _master(event["master_data"])],
        name=name_of,
        evidence=f"/evidence/{quote(lot['id'], safe='~')}",
    )


def _product(page: Page, gtin: str) -> Response[str]:
    """A product without a lot: the lots and pieces of it that are known."""
    known = page.client.query("trace", "objects", {"gtin": gtin, "limit": str(LISTED)})["items"]
    return page.show("product.html", gtin=gtin, known=known, name=name_of, link_of=_link_of)


@get("/evidence/{object_id:path}", sync_to_thread=True)
def get_evidence(request: Asked) -> Response[bytes]:
    """The evidence file of everything that an object's public page shows."""
    page = Page(request, cost=5)
    identifier = _identified(page, _below(request, "/evidence/"))
    lot = page.client.query("trace", "lot", {"object": identifier})
    with page.ledger.explained(), page.ledger.sight(ANONYMOUS) as sight:
        evidence = prove(page.ledger.engine, sight, evidence_paths(sight, lot))
    name = "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in identifier)[:80]
    headers = {"Content-Disposition": f'attachment; filename="{name}.evidence.json"'}
    return Response(evidence, media_type="application/json", headers=headers)


def evidence_paths(sight: Sight, lot: dict[str, Any]) -> list[str]:
    """The records behind a lot's page: events, their judgements, what they say of each object, and the lot itself."""
    events = {event["event"] for event in lot["events"]}
    paths = {f"trace/events/{each}" for each in events}
    for kind, keys in ((Judgement, events), (Object, [lot["id"]])):
        paths |= {path for key in keys if sight.at(path := f"{record_type(kind).prefix}{key}") is not None}
    for identifier in sorted({lot["id"], *(each["object"] for event in lot["events"] for each in event["about"])}):
        for said in sight.scan(Mention, identifier):
            if f"{said.captured_by}/{said.digest}" in events:
                paths.add(record_type(Mention).path_of(said))
            if len(paths) > ITEMS_MAX:
                raise Problem("input.answer_too_large", field="object", expected=f"at most {ITEMS_MAX} records")
    return sorted(paths)


def name_of(page: Page, node: dict[str, Any]) -> str:
    """What a person calls an object: a lot, a piece, a unit; the identifier where it has no such name."""
    for part in ("serial", "lot"):
        if node[part]:
            return page.texts(f"object.{part}", number=node[part])
    if node["key"] == gs1.SSCC:
        return page.texts("object.unit", number=node["value"][-7:])
    return page.texts("object.product", number=node["value"]) if node["key"] == gs1.GTIN else str(node["uri"])


def qr(address: str) -> Markup:
    """The address as a QR code, to stand in a page."""
    return Markup(
        segno.make(address, error="m", micro=False).svg_inline(border=QR_MARGIN, omitsize=True, svgclass="qr")
    )


class Place(NamedTuple):
    """Where an event was: its number, and the member whose number it is."""

    number: str
    owner: str


def _told(page: Page, event: dict[str, Any]) -> dict[str, Any]:
    """An event with what its page needs: words, local time, place, broken rules, and what its word weighs."""
    standings = {each["standing"] for each in event["about"]}
    return event | {
        "when": _when(event),
        "step": page.texts.word("steps", event["biz_step"] or "other"),
        "condition": page.texts.word("dispositions", event["disposition"]) if event["disposition"] else "",
        "where": _place(page, event["place"]),
        "broken": sorted({each["broken"] for each in event["about"] if each["broken"]}),
        "standing": next((each for each in ("own", "open", "claim") if each in standings), ""),
        "effects": sorted({each["effect"] for each in event["about"]}),
        "measured": _measured(page, event["sensors"]),
    }


def _when(event: dict[str, Any]) -> str:
    """The event's time on the clock of its place."""
    return moment(from_iso(event["event_time"], "event_time"), zone_at(event["event_time_zone_offset"]))


def _place(page: Page, uri: str) -> Place:
    if not uri:
        return Place("", "")
    try:
        key = gs1.read(uri)
    except gs1.Gs1Fault:
        key = None
    if key is None:
        return Place(uri, "")
    with page.ledger.sight(ANONYMOUS) as sight:
        return Place(f"GLN {key.value}" if key.ai == gs1.GLN else key.value, owner_of(sight, object_id(uri)))


def _measured(page: Page, sensors: Any) -> list[str]:
    """Each reading of a sensor in short: its kind, value and unit. A member may have put anything there."""
    elements = [each for each in sensors if isinstance(each, dict)] if isinstance(sensors, list) else []
    lists = [element.get("sensorReport") for element in elements]
    reports = [report for each in lists if isinstance(each, list) for report in each if isinstance(report, dict)]
    return [_reading(page, report) for report in reports[:LISTED] if "value" in report]


def _reading(page: Page, report: dict[str, Any]) -> str:
    kind, unit = (str(report.get(name, "")).removeprefix("gs1:") for name in ("type", "uom"))
    return f"{page.texts.word('master', kind)} {report['value']} {page.texts.word('units', unit)}".strip()


def _begins(event: dict[str, Any], identifier: str) -> bool:
    return any(each["object"] == identifier and each["effect"] in BEGINNING for each in event["about"])


def _master(data: Any) -> list[tuple[str, Shown]]:
    """Master data under names without their namespaces."""
    members = data.items() if isinstance(data, dict) else ()
    return [(name.rpartition("}")[2], plain(value)) for name, value in members]


def _link_of(uri: str) -> str:
    """The path of a thing's public page here; empty for what is no product or unit of GS1."""
    path = uri.removeprefix(gs1.CANONICAL)
    return path if path.startswith(("/01/", "/00/")) else ""


def _below(request: Asked, prefix: str) -> str:
    """What follows the prefix in the address, decoded once, and bounded."""
    rest = request.url.path.removeprefix(prefix)
    if len(rest) > KEY_BYTES:
        raise Problem("input.length", field="object", expected=f"at most {KEY_BYTES} characters")
    return rest


def _identified(page: Page, text: str) -> str:
    """The object's key, from a Digital Link of any domain, an EPC URI, a path, a key, or the number on a label."""
    if len(text) > KEY_BYTES:
        raise Problem("input.length", field="object", expected=f"at most {KEY_BYTES} characters")
    number = text.replace(" ", "")
    if number.startswith("("):
        text = _path_of_label(number)
    elif gs1.all_digits(number):
        text = f"/{gs1.SSCC}/{number}" if len(number) == 18 else f"/{gs1.GTIN}/{number.zfill(14)}"
    with page.ledger.explained():
        return identify(text)


def _path_of_label(text: str) -> str:
    """The path of what is printed below a bar code, such as (01)09521002002027(10)LB250418-B."""
    parts = [part.partition(")") for part in text.split("(")[1:]]
    return "".join(f"/{identifier}/{gs1.encode(value)}" for identifier, _, value in parts)


def _digital_link(page: Page, request: Asked) -> str:
    """The canonical link that this address is, in whatever form it came."""
    raw = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    if len(raw) > KEY_BYTES:
        raise Problem("input.length", field="path", expected=f"at most {KEY_BYTES} characters")
    with page.ledger.explained():
        uri = uri_of(identify(raw.rstrip("/")))
    if not _link_of(uri):
        raise Problem("trace.identifier", field="path", expected="/01/GTIN/10/LOT")
    return uri


ROUTES = [get_search, get_graph, get_lot, get_unit, get_evidence]
