"""The paths below `/epcis`, as the standard's OpenAPI document has them."""

from typing import Any, Final
from urllib.parse import quote

from litestar import Response, Router, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException

from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.document import DOCUMENT_BYTES, EVENT_BYTES
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rebuild import query_document
from infoharbor.engine.interface import Refused
from infoharbor.gateway.epcis.captures import Captures
from infoharbor.gateway.epcis.events import Events, as_document
from infoharbor.gateway.epcis.headers import (
    ANSWERED,
    CAPTURE_LIMITS,
    DISCOVERED,
    MEDIA_TYPES,
    ensure_spoken,
    error_behaviour,
)
from infoharbor.gateway.epcis.problems import explain
from infoharbor.gateway.exchange import Asked, Parameters, answer, body_of, gateway_of, path_after, reader_of
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

BASE: Final = "/epcis"
RESOURCES: Final = ("capture", "events")
NEXT_ISSUE: Final = (
    "eventTypes",
    "epcs",
    "bizSteps",
    "bizLocations",
    "readPoints",
    "dispositions",
    "queries",
    "nextPageToken",
)
PAGE: Final = 30
PAGE_MAX: Final = 500
TOKEN_MS: Final = 60 * 60 * 1000
GET: Final = [HttpMethod.GET, HttpMethod.HEAD]


def captures_of(request: Asked) -> Captures:
    captures: Captures = request.app.state.epcis.captures
    return captures


def events_of(request: Asked) -> Events:
    events: Events = request.app.state.epcis.events
    return events


@route(
    ["/", "/capture", "/events", "/capture/{identifier:str}", "/events/{event_id:path}"], http_method=HttpMethod.OPTIONS
)
async def discover(request: Asked) -> Response[bytes]:
    """What this resource takes, and what the server speaks."""
    path = request.scope["path"].removeprefix(BASE).strip("/")
    headers = DISCOVERED | {"Allow": "GET, HEAD, POST, OPTIONS" if path in RESOURCES else "GET, HEAD, OPTIONS"}
    if path == "capture":
        headers |= CAPTURE_LIMITS | {"GS1-Capture-Error-Behaviour": "all"}
    return Response(b"", status_code=204, headers=headers)


@route("/", http_method=GET, status_code=200, sync_to_thread=False)
def get_resources(request: Asked) -> Response[bytes]:
    """The top-level resources that exist."""
    _asked(request)
    listing = {"@context": STANDARD_CONTEXT, "type": "Collection", "member": list(RESOURCES)}
    return answer(listing, headers=ANSWERED)


@route("/capture", http_method=HttpMethod.POST)
async def post_capture(request: Asked) -> Response[bytes]:
    """Take a document as a capture job (202); the job's address is in `Location`."""
    reader = _member(request)
    behaviour = error_behaviour(request)
    raw = await body_of(request, DOCUMENT_BYTES, MEDIA_TYPES)
    job = await captures_of(request).accept(reader, raw, behaviour)
    headers = ANSWERED | {"Location": f"{BASE}/capture/{job.id}", "GS1-Capture-Error-Behaviour": behaviour}
    return Response(b"", status_code=202, headers=headers)


@route("/capture", http_method=GET, status_code=200, sync_to_thread=True)
def get_jobs(request: Asked) -> Response[bytes]:
    """The organisation's capture jobs, in the order of their making."""
    reader = _member(request)
    after, limit = _page(request)
    found = captures_of(request).jobs.page(reader.organisation, after=after, limit=limit + 1)
    last = found[limit - 1].id if len(found) > limit else ""
    headers = ANSWERED | _link(request, f"{BASE}/capture", limit, last)
    return answer([job.form for job in found[:limit]], headers=headers)


@route("/capture/{identifier:str}", http_method=GET, status_code=200, sync_to_thread=True)
def get_job(request: Asked) -> Response[bytes]:
    """How a capture job stands."""
    reader = _member(request)
    Parameters(request).end()
    job = captures_of(request).jobs.find(reader.organisation, str(request.path_params["identifier"]))
    if job is None:
        raise Problem("trace.epcis_job_unknown", field="captureID", expected="a job of your organisation")
    return answer(job.form, headers=ANSWERED)


@route("/events", http_method=HttpMethod.POST)
async def post_event(request: Asked) -> Response[bytes]:
    """Record one event and wait for it (201); 409 if it is known."""
    reader = _member(request)
    raw = await body_of(request, EVENT_BYTES, MEDIA_TYPES)
    received = await captures_of(request).capture_one(reader, raw)
    found = events_of(request).find(reader, received.event_id)
    if found is None:
        raise Problem("http.fault")
    headers = ANSWERED | {"Location": f"{BASE}/events/{quote(received.event_id, safe='')}"}
    return answer(json_text.write(as_document(found)), status=201, headers=headers)


@route("/events", http_method=GET, status_code=200, sync_to_thread=True)
def get_events(request: Asked) -> Response[bytes]:
    """All events that the asker may read, page by page; `Link` leads to the next."""
    reader = _asked(request)
    after, limit = _page(request)
    page = events_of(request).page(reader, after=after, limit=limit)
    headers = ANSWERED | _link(request, f"{BASE}/events", limit, page.next)
    return _query_answer(page.events, headers)


@route("/events/{event_id:path}", http_method=GET, status_code=200, sync_to_thread=True)
def get_event(request: Asked) -> Response[bytes]:
    """The event with this id. A hash's `?ver=` belongs to the id, percent-encoded or not."""
    reader = _asked(request)
    parameters = Parameters(request)
    event_id, version = path_after(request, f"{BASE}/events/"), parameters.text("ver")
    parameters.end()
    found = events_of(request).find(reader, f"{event_id}?ver={version}" if version else event_id)
    if found is None:
        raise Problem("trace.epcis_event_unknown", field="eventID", expected="an event that you may read")
    return _query_answer([found], ANSWERED)


@route(
    [f"/{name}" for name in NEXT_ISSUE] + [f"/{name}/{{rest:path}}" for name in NEXT_ISSUE],
    http_method=[*GET, HttpMethod.POST],
)
async def not_written(request: Asked) -> Response[bytes]:
    """A part of the standard that this server does not have yet."""
    _asked(request)
    raise Problem("trace.epcis_not_written", field="path", expected=" or ".join(f"{BASE}/{name}" for name in RESOURCES))


def _asked(request: Asked) -> Reader:
    """Who asks, in a version that is spoken here."""
    reader = reader_of(request)
    ensure_spoken(request)
    return reader


def _member(request: Asked) -> Reader:
    reader = _asked(request)
    if not reader.is_member:
        raise Problem("http.credential", field="Authorization", expected="a bearer token")
    return reader


def _page(request: Asked) -> tuple[str, int]:
    """Where the page begins, and how long it is at most."""
    parameters = Parameters(request)
    limit, token = parameters.integer("perPage", PAGE, 1, PAGE_MAX), parameters.text("nextPageToken")
    parameters.end()
    if not token:
        return "", limit
    try:
        expiry, _, after = gateway_of(request).ledger.cursors.open(token).partition("|")
        lapsed = int(expiry) < now_ms()
    except (Problem, ValueError):
        lapsed, after = True, ""
    if lapsed:
        raise Problem("trace.epcis_page_token", field="nextPageToken", expected="the token of an answer of this hour")
    return after, limit


def _link(request: Asked, path: str, limit: int, last: str) -> dict[str, str]:
    """The headers that lead to the next page, if there is one."""
    if not last:
        return {}
    expiry = now_ms() + TOKEN_MS
    token = quote(gateway_of(request).ledger.cursors.seal(f"{expiry}|{last}"), safe="")
    return {
        "Link": f'<{path}?perPage={limit}&nextPageToken={token}>; rel="next"',
        "GS1-Next-Page-Token-Expires": times.utc(expiry),
    }


def _query_answer(events: list[dict[str, Any]], headers: dict[str, str]) -> Response[bytes]:
    return answer(json_text.write(query_document(events, created=now_ms())), headers=headers)


router = Router(
    BASE,
    route_handlers=[
        discover, get_resources, post_capture, get_jobs, get_job, post_event, get_events, get_event, not_written,
    ],
    exception_handlers=dict.fromkeys((Problem, Refused, Malformed, HTTPException, Exception), explain),
)  # fmt: skip
