"""The page on which a member captures events with a phone, and does what goes with them, also without a network."""

import functools
import hashlib
from operator import itemgetter
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.datastructures import State

from infoharbor.contracts.farm.events import PER_CENT, WATER
from infoharbor.contracts.farm.indications import Allotment, Indication
from infoharbor.contracts.farm.land import Plot, Product, ProductClass, Site
from infoharbor.contracts.farm.pages.codes import REASONS
from infoharbor.contracts.farm.pledges import Basis, Pledge, PledgeStatus
from infoharbor.contracts.farm.records import Lot
from infoharbor.contracts.identity.records import Organisation
from infoharbor.contracts.trace.pages import label_of
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.edgekit.sight import Sight
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.exchange import Asked, answer, body_of, gateway_of, json_body
from infoharbor.gateway.problems import as_problem, status_of
from infoharbor.portal.deeds import CONTRACT, deed_in, do
from infoharbor.portal.entering import MemberPage, ensure_same_site
from infoharbor.portal.origin import called, kilograms
from infoharbor.portal.pages.assets import KEPT
from infoharbor.portal.shell import POLICY, read_static
from infoharbor.sdk.problems import Problem

EVENT_BYTES: Final = 64 * 1024
DEED_BYTES: Final = 16 * 1024
LISTED: Final = 200
CHOSEN: Final = 1_000
"""Of more members than these nobody chooses in a list: the recipient's id is typed."""
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
"""What can be captured of a lot: the business step, the action and the disposition of CBV 2.0."""
LOADS: Final = {
    "packing_lot": ("packing|ADD|container_closed|packs", "pallet packs lot"),
    "packing_cases": ("packing|ADD|container_closed|cases", "pallet cases"),
    "unpacking": ("unpacking|DELETE||all", "pallet"),
    "pallet_shipping": ("shipping|OBSERVE|in_transit|itself", "pallet"),
    "pallet_receiving": ("receiving|OBSERVE|in_progress|itself", "pallet"),
}
"""What can be captured of a pallet by its number (SSCC): the same, with what it is about, and the fields that it takes."""
DEEDS: Final = ("pledge", "collect", "hold")
"""What can be done beside it."""
UNITS: Final = ("KGM", "GRM", "TNE", "")
SCRIPTS: Final = ("capture-codes.js", "capture.js")
WORKER: Final = "capture-worker.js"
WORDS: Final = (
    "online", "offline", "waiting", "recorded", "present", "refused", "enter", "again", "drop", "code_wrong",
    "grams_wrong", "sscc_wrong", "derived",
)  # fmt: skip
"""What the script says."""
KNOWN: Final = "trace.event_known"


@functools.cache
def version() -> str:
    """Changes with the scripts, so that a browser fetches new ones."""
    return hashlib.sha256(b"".join(read_static(name) for name in (*SCRIPTS, WORKER))).hexdigest()[:12]


class Kept(NamedTuple):
    """What the page knows without a network: the member's own things, and what was made out to it."""

    products: list[tuple[Product, ProductClass | None]]
    sites: list[Site]
    plots: list[Plot]
    seasons: list[tuple[Indication, str]]
    lots: list[Lot]
    pledges: list[Pledge]


def _kept_for(sight: Sight, me: str) -> Kept:
    """What of it the newest state has, the newest first where it may be more than a page holds."""
    plots = sight.select(Plot, {"owner": me}, limit=LISTED)
    allotted = sight.select(Allotment, {"plot": {each.id for each in plots}}, limit=LISTED) if plots else []
    seasons = sorted({(each.indication, each.season) for each in allotted})
    organisation = sight.find(Organisation, me)
    place = organisation.country if organisation is not None else ""
    products = sight.select(Product, {"organisation": me}, limit=LISTED)
    return Kept(
        [(each, sight.find(ProductClass, place, each.product)) for each in products],
        sight.select(Site, {"owner": me}, limit=LISTED),
        plots,
        [(named, season) for code, season in seasons if (named := sight.find(Indication, code)) is not None],
        sight.select(Lot, {"holder": me}, order_by="-recorded_at", limit=LISTED),
        sight.select(Pledge, {"recipient": me, "status": PledgeStatus.ISSUED}, order_by="-issued_at", limit=LISTED),
    )


@get("/capture", sync_to_thread=True)
def get_capture(request: Asked) -> Response[str]:
    """The form; it opens without a network once it was opened with one."""
    page = MemberPage(request)
    me = page.reader.organisation
    with page.ledger.sight(page.reader) as sight:
        kept = _kept_for(sight, me) if me else None
    shown = page.show(
        "capture.html", member=me, version=version(), **(_content(page, kept) if kept is not None else {})
    )
    shown.headers["Content-Security-Policy"] = SCRIPTED
    shown.headers["X-Capture"] = "member" if me else "nobody"
    return shown


def _content(page: MemberPage, kept: Kept) -> dict[str, Any]:
    """What the form offers, in the reader's language."""

    def word(part: str, code: str) -> str:
        return page.texts.sentence(page.ledger.words.text(CONTRACT, part, code))

    others = [(each, page.organisation_name(each)) for each in page.organisations if each != page.reader.organisation]
    return {
        "products": [(each.gtin, called(page, of) if of else each.product) for each, of in kept.products],
        "sites": [(uri_of(each.id), called(page, each)) for each in kept.sites],
        "plots": [(each.id, f"{each.id.partition(':')[2]} · {each.farm}") for each in kept.plots],
        "seasons": [(f"{each.id}|{season}", f"{called(page, each)} · {season}") for each, season in kept.seasons],
        "lots": [code_of(each.id) for each in kept.lots],
        "pledges": [(each.id, _told(page, each)) for each in kept.pledges],
        "recipients": sorted(others, key=itemgetter(1)) if len(others) <= CHOSEN else [],
        "bases": [(each.value, word("statuses", each.value)) for each in Basis],
        "reasons": [(each, word("codes", each)) for each in REASONS],
        "steps": STEPS,
        "loads": LOADS,
        "deeds": DEEDS,
        "units": UNITS,
        "water": WATER,
        "per_cent": PER_CENT,
        "scripts": SCRIPTS,
        "words": WORDS,
    }


def code_of(lot: str) -> str:
    """A lot as its label says it; by its key where its number has parentheses, at which a label would be cut."""
    label = label_of(lot)
    return label if label.count("(") + label.count(")") == lot.count("~") + 1 else lot


def _told(page: MemberPage, pledge: Pledge) -> str:
    """A pledge as its recipient knows it: from whom, of which lot, how much."""
    lot = label_of(pledge.lot)
    return (
        f"{page.organisation_name(pledge.issuer)} · {lot} · {kilograms(pledge.grams)} {page.texts.word('units', 'KGM')}"
    )


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
        if as_problem(fault).code == KNOWN:
            return answer({"result": "present"})
        return _refusal(page, fault)
    return answer({"result": "recorded"})


@post("/capture/deeds", status_code=200)
async def post_deed(request: Asked) -> Response[bytes]:
    """Do one of the queue's other things: `recorded`, or `present` where an earlier sending had arrived."""
    ensure_same_site(request)
    page = MemberPage(request)
    try:
        reader = page.ensure_member()
        gateway = gateway_of(request)
        did = await do(gateway, reader, deed_in(gateway, reader, await json_body(request, DEED_BYTES)))
    except Exception as fault:
        return _refusal(page, fault)
    if did is None:
        return answer({"code": "ledger.still_waiting"}, status=503)
    return answer({"result": "recorded" if did else "present"})


def _refusal(page: MemberPage, fault: Exception) -> Response[bytes]:
    problem: Problem = as_problem(fault)
    sentence = page.texts.sentence(page.ledger.words.refusal(problem.code))
    expected = page.expected(problem.code, problem.expected)
    told = {"code": problem.code, "field": problem.field, "expected": expected, "sentence": sentence}
    return answer(told, status=status_of(problem))


@get("/capture/worker.js", sync_to_thread=False)
def get_worker() -> Response[bytes]:
    """The service worker, for the capture page alone."""
    headers = {
        "Service-Worker-Allowed": "/capture",
        "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    }
    return Response(read_static(WORKER), media_type="text/javascript", headers=headers)


@get([f"/portal/{{digest:str}}/{name}" for name in SCRIPTS], sync_to_thread=False)
def get_script(request: Asked) -> Response[bytes]:
    """The page's scripts."""
    # A page of another version may ask here: its browser is not to keep what does not belong to it.
    kept = KEPT if request.path_params["digest"] == version() else {"Cache-Control": "no-store"}
    name = request.scope["path"].rpartition("/")[2]
    return Response(read_static(name), media_type="text/javascript", headers=kept)


def _epcis(state: State) -> Epcis:
    epcis: Any = state.epcis
    if epcis is None:
        raise Problem("http.no_agent", field="", expected="a gateway that keeps an agent key")
    found: Epcis = epcis
    return found


ROUTES = [get_capture, post_captured, post_deed, get_worker, get_script]
