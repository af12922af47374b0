"""The page on which a member captures events with a phone, also where there is no network."""

import functools
import hashlib
from typing import Any, Final

from litestar import Response, get, post
from litestar.datastructures import State

from infoharbor.contracts.farm.land import Product, Site
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.exchange import Asked, answer, body_of
from infoharbor.gateway.problems import as_problem, status_of
from infoharbor.portal.entering import MemberPage, ensure_same_site
from infoharbor.portal.origin import place_name
from infoharbor.portal.shell import POLICY, read_static
from infoharbor.sdk.problems import Problem

EVENT_BYTES: Final = 64 * 1024
LISTED: Final = 200
SCRIPTED: Final = POLICY.replace(
    "default-src 'none';", "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self';"
)
"""This page alone has a script: this node's own, which speaks to this node alone."""
STEPS: Final = {
    "harvest": "commissioning|ADD|active",
    "receiving": "receiving|OBSERVE|in_progress",
    "shipping": "shipping|OBSERVE|in_transit",
    "storing": "storing|OBSERVE|in_progress",
    "destroying": "destroying|DELETE|destroyed",
}
"""What can be captured: the business step, the action and the disposition of CBV 2.0."""
UNITS: Final = ("KGM", "GRM", "TNE", "")
SCRIPTS: Final = {"capture.js": "capture.js", "worker.js": "capture-worker.js"}
KNOWN: Final = "trace.event_known"


@functools.cache
def version() -> str:
    """Changes with the scripts, so that a browser fetches new ones."""
    return hashlib.sha256(b"".join(read_static(name) for name in SCRIPTS.values())).hexdigest()[:12]


@get("/capture", sync_to_thread=True)
def get_capture(request: Asked) -> Response[str]:
    """The form; it opens without a network once it was opened with one."""
    page = MemberPage(request)
    me = page.reader.organisation
    with page.ledger.sight(page.reader) as sight:
        products = sight.select(Product, {"organisation": me}, limit=LISTED) if me else []
        sites = sight.select(Site, {"owner": me}, limit=LISTED) if me else []
    shown = page.show(
        "capture.html",
        member=me,
        products=products,
        sites=[(uri_of(each.id), place_name(page, each)) for each in sites],
        steps=STEPS,
        units=UNITS,
        version=version(),
    )
    shown.headers["Content-Security-Policy"] = SCRIPTED
    shown.headers["X-Capture"] = "member" if me else "nobody"
    return shown


@post("/capture/events", status_code=200)
async def post_captured(request: Asked) -> Response[bytes]:
    """Record one event of the page's queue: `recorded`, or `present` where an earlier sending had arrived."""
    ensure_same_site(request)
    page = MemberPage(request)
    try:
        reader = page.ensure_member()
        raw = await body_of(request, EVENT_BYTES, ("application/json",))
        await _epcis(request.app.state).captures.capture_one(reader, raw)
    except Exception as fault:
        problem: Problem = as_problem(fault)
        if problem.code == KNOWN:
            return answer({"result": "present"})
        sentence = page.texts.sentence(page.ledger.words.refusal(problem.code))
        told = {"code": problem.code, "field": problem.field, "expected": problem.expected, "sentence": sentence}
        return answer(told, status=status_of(problem))
    return answer({"result": "recorded"})


@get("/capture/worker.js", sync_to_thread=False)
def get_worker() -> Response[bytes]:
    """The service worker, for the capture page alone."""
    headers = {
        "Service-Worker-Allowed": "/capture",
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    }
    return Response(read_static("capture-worker.js"), media_type="text/javascript", headers=headers)


@get("/portal/{digest:str}/capture.js", sync_to_thread=False)
def get_script() -> Response[bytes]:
    """The page's script."""
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(read_static("capture.js"), media_type="text/javascript", headers=kept)


def _epcis(state: State) -> Epcis:
    epcis: Any = state.epcis
    if epcis is None:
        raise Problem("http.no_agent", field="", expected="a gateway that keeps an agent key")
    found: Epcis = epcis
    return found


ROUTES = [get_capture, post_captured, get_worker, get_script]
