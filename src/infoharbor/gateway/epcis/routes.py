"""The paths below `/epcis`, as the standard's OpenAPI document has them: discovery, capture, events, and the rest."""

from typing import Final
from urllib.parse import quote

from litestar import Response, Router, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException

from infoharbor.contracts.trace.exchange.document import DOCUMENT_BYTES, EVENT_BYTES
from infoharbor.contracts.trace.exchange.xml_document import is_xml
from infoharbor.engine.interface import Refused
from infoharbor.gateway.epcis import querying, resources
from infoharbor.gateway.epcis.asking import (
    BASE,
    asked,
    collection,
    epcis_of,
    event_page_of,
    events_answer,
    member,
    next_page,
    only_paging,
    open_token,
    page_of,
    query_of,
)
from infoharbor.gateway.epcis.headers import ANSWERED, CAPTURE_LIMITS, DISCOVERED, MEDIA_TYPES, error_behaviour
from infoharbor.gateway.epcis.problems import explain
from infoharbor.gateway.epcis.writing import event_answer, query_answer
from infoharbor.gateway.exchange import XML, Asked, Parameters, answer, body_of, path_after
from infoharbor.kernel.encoding import Malformed
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

TOP: Final = ("capture", "events", *resources.NAMES, "queries")
GET: Final = [HttpMethod.GET, HttpMethod.HEAD]
PATHS: Final = [
    "/",
    "/capture",
    "/capture/{identifier:str}",
    "/events",
    "/events/{event_id:path}",
    "/nextPageToken/{token:path}",
    *resources.PATHS,
    *querying.PATHS,
]


@route(PATHS, http_method=HttpMethod.OPTIONS)
async def discover(request: Asked) -> Response[bytes]:
    """What this resource takes, and what the server speaks."""
    path = request.scope["path"].removeprefix(BASE).strip("/")
    headers = DISCOVERED | {"Allow": f"GET, HEAD, {_further(path.split('/'))}OPTIONS"}
    if path == "capture":
        headers |= CAPTURE_LIMITS | {"GS1-Capture-Error-Behaviour": "all"}
    return Response(b"", status_code=204, headers=headers)


def _further(parts: list[str]) -> str:
    """The methods of a resource that not all of them have."""
    match parts:
        case ["capture" | "events" | "queries"] | ["queries", _, "subscriptions"]:
            return "POST, "
        case ["queries", _] | ["queries", _, "subscriptions", _]:
            return "DELETE, "
    return ""


@route("/", http_method=GET, status_code=200, sync_to_thread=False)
def get_resources(request: Asked) -> Response[bytes]:
    """The top-level resources."""
    asked(request)
    return answer(collection(list(TOP)), headers=ANSWERED)


async def _sent(request: Asked, most: int) -> bytes:
    """The body, in the binding that its media type says."""
    raw = await body_of(request, most, (*MEDIA_TYPES, *XML))
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if is_xml(raw) != (said in XML):
        right = XML if is_xml(raw) else MEDIA_TYPES
        raise Problem("http.media_type", field="Content-Type", expected=f"for this body {' or '.join(right)}")
    return raw


@route("/capture", http_method=HttpMethod.POST)
async def post_capture(request: Asked) -> Response[bytes]:
    """Take a document as a capture job (202); the job's address is in `Location`."""
    reader = member(request, xml=True)
    behaviour = error_behaviour(request)
    raw = await _sent(request, DOCUMENT_BYTES)
    job = await epcis_of(request).captures.accept(reader, raw, behaviour)
    headers = ANSWERED | {"Location": f"{BASE}/capture/{job.id}", "GS1-Capture-Error-Behaviour": behaviour}
    return Response(b"", status_code=202, headers=headers)


@route("/capture", http_method=GET, status_code=200, sync_to_thread=True)
def get_jobs(request: Asked) -> Response[bytes]:
    """The organisation's capture jobs, in the order of their making."""
    reader = member(request)
    only_paging(request)
    after, limit = page_of(request)
    found = epcis_of(request).captures.jobs.page(reader.organisation, after=after, limit=limit + 1)
    last = found[limit - 1].id if len(found) > limit else ""
    headers = ANSWERED | next_page(request, f"{BASE}/capture", limit, last)
    return answer([job.form for job in found[:limit]], headers=headers)


@route("/capture/{identifier:str}", http_method=GET, status_code=200)
async def get_job(request: Asked) -> Response[bytes]:
    """How a capture job stands."""
    reader = member(request)
    Parameters(request).end()
    job = await epcis_of(request).captures.find(reader.organisation, str(request.path_params["identifier"]))
    if job is None:
        raise Problem("trace.epcis_job_unknown", field="captureID", expected="a job of your organisation")
    return answer(job.form, headers=ANSWERED)


@route("/events", http_method=HttpMethod.POST)
async def post_event(request: Asked) -> Response[bytes]:
    """Record one event and wait for it (201); 409 if it is known."""
    reader = member(request, xml=True)
    raw = await _sent(request, EVENT_BYTES)
    epcis = epcis_of(request)
    received = await epcis.captures.capture_one(reader, raw)
    found = epcis.events.find(reader, received.event_id)
    if found is None:
        raise Problem("http.fault")
    headers = {"Location": f"{BASE}/events/{quote(received.event_id, safe='')}"}
    return event_answer(request, found, status=201, headers=headers)


@route("/events", http_method=GET, status_code=200, sync_to_thread=True)
def get_events(request: Asked) -> Response[bytes]:
    """The events that fit the parameters, of those that the asker may read; `Link` leads to the next page."""
    reader = asked(request, xml=True)
    after, limit = event_page_of(request)
    page = epcis_of(request).events.page(reader, query_of(request), after=after, limit=limit)
    return events_answer(request, f"{BASE}/events", page, limit)


@route("/events/{event_id:path}", http_method=GET, status_code=200, sync_to_thread=True)
def get_event(request: Asked) -> Response[bytes]:
    """The event with this id. A hash's `?ver=` belongs to the id, percent-encoded or not."""
    reader = asked(request, xml=True)
    parameters = Parameters(request)
    event_id, version = path_after(request, f"{BASE}/events/"), parameters.text("ver")
    parameters.end()
    found = epcis_of(request).events.find(reader, f"{event_id}?ver={version}" if version else event_id)
    if found is None:
        raise Problem("trace.epcis_event_unknown", field="eventID", expected="an event that you may read")
    return query_answer(request, [found])


@route("/nextPageToken/{token:path}", http_method=HttpMethod.DELETE, status_code=204, sync_to_thread=True)
def release_token(request: Asked) -> Response[None]:
    """Give a page token up: it leads nowhere any more."""
    asked(request)
    Parameters(request).end()
    token = path_after(request, f"{BASE}/nextPageToken/")
    lapses, _ = open_token(request, token)
    epcis_of(request).released.add(token, lapses, now_ms())
    return Response(None, status_code=204, headers=ANSWERED)


router = Router(
    BASE,
    route_handlers=[
        discover, get_resources, post_capture, get_jobs, get_job, post_event, get_events, get_event, release_token,
        *resources.ROUTES, *querying.ROUTES,
    ],
    exception_handlers=dict.fromkeys((Problem, Refused, Malformed, HTTPException, Exception), explain),
)  # fmt: skip
