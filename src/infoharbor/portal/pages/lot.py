"""The public page behind a QR code: where goods come from, what is proved of them, and the proof to take away."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

import segno
from litestar import Response, get, post
from litestar.response import Redirect
from markupsafe import Markup

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.pages import identify
from infoharbor.contracts.trace.records import Event, Judgement, Mention, Object
from infoharbor.contracts.trace.rules import object_id, uri_of
from infoharbor.edgekit.sight import Sight
from infoharbor.evidence.file import ITEMS_MAX
from infoharbor.gateway.exchange import Asked
from infoharbor.gateway.scans import DAYS, REGIONS
from infoharbor.kernel.limits import KEY_BYTES
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.kernel.records import record_type
from infoharbor.portal.display import Shown, country, plain
from infoharbor.portal.origin import in_words, origin_of
from infoharbor.portal.pages.trace import LISTED, below, identified, link_of, name_of, told, when_of
from infoharbor.portal.pages.verifier import FETCHING, digest, given_along
from infoharbor.portal.shell import Page
from infoharbor.portal.wording import PUBLIC_LANGUAGES
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import prove

QR_MARGIN: Final = 2
SCAN_COST: Final = 20
"""Telling regions in bulk would only make noise."""
COUNTRY: Final = "countryOfOrigin"
EVENTS: Final = record_type(Event).prefix
BEGINNING: Final = ("create", "output")
"""What an event does to an object whose master data it gives."""


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
    if raw.rstrip("/") != link_of(uri):
        return Redirect(link_of(uri), status_code=302)
    key = gs1.read(uri)
    if key is not None and key.ai == gs1.GTIN and not key.qualifiers:
        return _product(page, key.value)
    lot = page.client.query("trace", "lot", {"object": object_id(uri)})
    address = address_of(page, request, uri)
    origin = origin_of(page, lot)
    events = [told(page, event, origin.places) for event in lot["events"]]
    beginnings = [event for event in events if _begins(event, lot["id"])]
    shown = page.show(
        "lot.html",
        lot=lot,
        address=address,
        code=qr(address),
        events=events,
        first=when_of(events[0])[:10] if events else "",
        last=when_of(events[-1])[:10] if events else "",
        wrong=[event for event in events if event["broken"]],
        claims=[event for event in events if event["standing"] == "claim"],
        master=[pair for event in beginnings for pair in _master(page, event["master_data"])],
        name=name_of,
        origin=origin,
        scans=_counted(page, key, lot["id"]),
        **in_words(page),
        evidence=f"/evidence/{quote(lot['id'], safe='~')}",
        evidence_file=file_name(lot["id"]),
        label=f"/labels/{quote(lot['id'], safe='~')}",
        given=given_along(
            page,
            evidence=file_name(lot["id"]),
            about={"object": lot["id"], "shown": [f"{EVENTS}{event['event']}" for event in events] + origin.records},
        ),
        version=digest(),
    )
    shown.headers["Content-Security-Policy"] = FETCHING
    return shown


@post("/scans", status_code=303)
async def post_scan(request: Asked) -> Response[Any]:
    """A reader tells from which region a piece was scanned; nothing else of the reader is kept."""
    page = Page(request, PUBLIC_LANGUAGES, cost=SCAN_COST)
    form = await request.form()
    region, text = str(form.get("region", ""))[:40], str(form.get("object", ""))
    if region not in REGIONS:
        raise Problem("input.choice", field="region", expected=", ".join(REGIONS))
    return await asyncio.to_thread(_told_of, page, identified(page, text), region)


def _told_of(page: Page, identifier: str, region: str) -> Response[Any]:
    page.client.query("trace", "lot", {"object": identifier})  # only what the ledger knows is counted
    if page.gateway.scans is not None and _is_piece(gs1.read(uri_of(identifier))):
        page.gateway.scans.count(identifier, region)
    return Redirect(link_of(uri_of(identifier)) or "/trace", status_code=303)


def _counted(page: Page, key: gs1.Key | None, identifier: str) -> dict[str, Any] | None:
    """What is known of scans of a piece, this one included; None for a lot or unit, which many scan for good reason."""
    if page.gateway.scans is None or not _is_piece(key):
        return None
    page.gateway.scans.count(identifier)
    seen = page.gateway.scans.seen(identifier)
    regions = sorted(seen.regions.items(), key=lambda each: (-each[1], each[0]))
    return {
        "object": identifier,
        "opened": seen.opened,
        "days": DAYS,
        "regions": regions,
        "suspect": seen.is_suspect,
        "choices": REGIONS,
    }


def _is_piece(key: gs1.Key | None) -> bool:
    return key is not None and key.ai == gs1.GTIN and any(ai == gs1.SERIAL for ai, _ in key.qualifiers)


def address_of(page: Page, request: Asked, uri: str) -> str:
    """Where readers find a thing's public page: what its QR code says."""
    base = page.gateway.config.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base.rstrip('/')}{link_of(uri)}"


def _product(page: Page, gtin: str) -> Response[str]:
    """A product without a lot: the lots and pieces of it that are known."""
    known = page.client.query("trace", "objects", {"gtin": gtin, "limit": str(LISTED)})["items"]
    return page.show("product.html", gtin=gtin, known=known, name=name_of, link_of=link_of)


@get("/evidence/{object_id:path}", sync_to_thread=True)
def get_evidence(request: Asked) -> Response[bytes]:
    """The evidence file of everything that an object's public page shows."""
    page = Page(request, cost=5)
    identifier = identified(page, below(request, "/evidence/"))
    headers = {"Content-Disposition": f'attachment; filename="{file_name(identifier)}"'}
    return Response(evidence_of(page, identifier), media_type="application/json", headers=headers)


def file_name(identifier: str) -> str:
    """What the downloaded proof is called."""
    name = "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in identifier)[:80]
    return f"{name}.evidence.json"


def evidence_of(page: Page, identifier: str) -> bytes:
    """The proof of what an object's page shows."""
    lot = page.client.query("trace", "lot", {"object": identifier})
    records = origin_of(page, lot).records
    ledger: Ledger = page.ledger
    with ledger.explained(), ledger.sight(ANONYMOUS) as sight:
        paths = {*evidence_paths(sight, lot), *records}
        if len(paths) > ITEMS_MAX:
            raise Problem("input.answer_too_large", field="object", expected=f"at most {ITEMS_MAX} records")
        return prove(ledger.engine, sight, sorted(paths))


def evidence_paths(sight: Sight, lot: dict[str, Any]) -> list[str]:
    """The records behind a lot's page: events, their judgements, what they say of each object, and the lot itself."""
    events = {event["event"] for event in lot["events"]}
    paths = {f"{EVENTS}{each}" for each in events}
    for kind, keys in ((Judgement, events), (Object, [lot["id"]])):
        paths |= {path for key in keys if sight.at(path := f"{record_type(kind).prefix}{key}") is not None}
    for identifier in sorted({lot["id"], *(each["object"] for event in lot["events"] for each in event["about"])}):
        for said in sight.scan(Mention, identifier):
            if f"{said.captured_by}/{said.digest}" in events:
                paths.add(record_type(Mention).path_of(said))
            if len(paths) > ITEMS_MAX:
                raise Problem("input.answer_too_large", field="object", expected=f"at most {ITEMS_MAX} records")
    return sorted(paths)


def qr(address: str) -> Markup:
    """The address as a QR code, to stand in a page."""
    return Markup(
        segno.make(address, error="m", micro=False).svg_inline(border=QR_MARGIN, omitsize=True, svgclass="qr")
    )


def _begins(event: dict[str, Any], identifier: str) -> bool:
    return any(each["object"] == identifier and each["effect"] in BEGINNING for each in event["about"])


def _master(page: Page, data: Any) -> list[tuple[str, Shown]]:
    """Master data under names without their namespaces."""
    members = data.items() if isinstance(data, dict) else ()
    named = [(name.rpartition("}")[2], value) for name, value in members]
    return [
        (name, country(page, value) if name == COUNTRY and isinstance(value, str) else plain(value))
        for name, value in named
    ]


def _digital_link(page: Page, request: Asked) -> str:
    """The canonical link that this address is, in whatever form it came."""
    raw = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    if len(raw) > KEY_BYTES:
        raise Problem("input.length", field="path", expected=f"at most {KEY_BYTES} characters")
    with page.ledger.explained():
        uri = uri_of(identify(raw.rstrip("/")))
    if not link_of(uri):
        raise Problem("trace.identifier", field="path", expected="/01/GTIN/10/LOT")
    return uri


ROUTES = [get_lot, get_unit, get_evidence, post_scan]
