"""Pages of goods: the search, and the graph of where they came from and went."""

from typing import Any, Final, NamedTuple
from urllib.parse import quote

from litestar import Response, get
from litestar.response import Redirect

from infoharbor.contractkit import gs1
from infoharbor.contracts.farm.land import Site
from infoharbor.contracts.trace.pages import identify, node, owner_of
from infoharbor.contracts.trace.rules import object_id
from infoharbor.edgekit.json_form import from_iso
from infoharbor.gateway.exchange import Asked
from infoharbor.kernel.limits import KEY_BYTES
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.portal.diagrams import Label, goods
from infoharbor.portal.moments import moment, zone_at
from infoharbor.portal.origin import called, key_of, places_of
from infoharbor.portal.shell import Page
from infoharbor.sdk.problems import Problem

LISTED: Final = 50
NUMBER_MAX: Final = 20
"""Longer is no lot or serial number of GS1."""


@get("/trace", sync_to_thread=True)
def get_search(request: Asked) -> Response[Any]:
    """Look for an object by any identifier of it, or its number alone; below stand those that are known, and what does
    not fit."""
    page = Page(request)
    wanted = page.asked.text("object").strip()
    if wanted:
        return _found(page, wanted)
    after = page.asked.text("after")
    return page.show(
        "trace.html",
        known=page.client.query("trace", "objects", {"limit": str(LISTED), "after": after}),
        nonconforming=page.client.query("trace", "nonconforming", {"limit": str(LISTED)})["items"],
        wanted="",
        name=name_of,
        node=node,
        when=when_of,
    )


def _found(page: Page, wanted: str) -> Response[Any]:
    """The page of the one object that is meant; a choice where a number or a product means several. A number may be
    a lot's before it is a product's: many lots are numbered by their day."""
    bare = not any(mark in wanted for mark in "/:(~")
    known = _known(page, number=wanted) if bare and len(wanted) <= NUMBER_MAX else []
    if not known:
        key = identified(page, wanted)
        kind, _, rest = key.partition("~")
        if kind == gs1.GTIN and "~" not in rest:
            known = _known(page, gtin=rest)
        elif rest or ":" in key:
            return _sent_to(key)
    if len(known) == 1:
        return _sent_to(known[0]["id"])
    content = {"wanted": wanted, "known": {"items": known, "next": None}, "name": name_of}
    return page.show("trace.html", http_status=200 if known else 404, **content)


def _known(page: Page, **named: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = page.client.query("trace", "objects", named | {"limit": str(LISTED)})["items"]
    return items


def _sent_to(key: str) -> Response[Any]:
    return Redirect(f"/trace/{quote(key, safe='~')}", status_code=303)


@get("/trace/{object_id:path}", sync_to_thread=True)
def get_graph(request: Asked) -> Response[str]:
    """The graph of an object, drawn and as a table."""
    page = Page(request)
    identifier = identified(page, below(request, "/trace/"))
    trace = page.client.query("trace", "trace", {"object": identifier})
    lot = page.client.query("trace", "lot", {"object": identifier})
    places = places_of(page, lot["events"])
    events = [told(page, event, places) for event in lot["events"]]
    breaking = {event["event"]: event["broken"] for event in events}
    broken_objects = {each["object"] for event in events for each in event["about"] if each["broken"]}

    def named(node: dict[str, Any]) -> Label:
        look = "here" if node["id"] == identifier else "object"
        look += " wrong" if node["id"] in broken_objects else ""
        return Label(name_of(page, node), node["value"], look, f"/trace/{quote(node['id'], safe='~')}")

    def stepped(event: dict[str, Any]) -> Label:
        look = "event wrong" if breaking.get(event["event"]) else "event"
        step = page.texts.epcis(event["biz_step"] or "other")
        return Label(step, when_of(event)[:10], look, f"/records/trace/events/{event['event']}")

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
        link=link_of(lot["uri"]),
    )


def name_of(page: Page, node: dict[str, Any]) -> str:
    """What a person calls an object: a lot, a piece, a unit; the identifier where it has no such name."""
    for part in ("serial", "lot"):
        if node[part]:
            return page.texts(f"object.{part}", number=node[part])
    if node["key"] == gs1.SSCC:
        return page.texts("object.unit", number=node["value"][-7:])
    return page.texts("object.product", number=node["value"]) if node["key"] == gs1.GTIN else str(node["uri"])


class Place(NamedTuple):
    """Where an event was: its number, the member whose number it is, and how that member calls it."""

    number: str
    owner: str
    name: str = ""


def told(page: Page, event: dict[str, Any], places: dict[str, Site] | None = None) -> dict[str, Any]:
    """An event with what its page needs: words, local time, place, broken rules, and what its word weighs. `places` are
    those that somebody named."""
    standings = {each["standing"] for each in event["about"]}
    return event | {
        "when": when_of(event),
        "step": page.texts.epcis(event["biz_step"] or "other"),
        "condition": page.texts.epcis(event["disposition"]),
        "where": _place(page, event["place"], places or {}),
        "broken": sorted({each["broken"] for each in event["about"] if each["broken"]}),
        "standing": next((each for each in ("own", "open", "claim") if each in standings), ""),
        "effects": sorted({each["effect"] for each in event["about"]}),
        "measured": _measured(page, event["sensors"]),
    }


def when_of(event: dict[str, Any]) -> str:
    """The event's time on the clock of its place."""
    return moment(from_iso(event["event_time"], "event_time"), zone_at(event["event_time_zone_offset"]))


def _place(page: Page, uri: str, places: dict[str, Site]) -> Place:
    if not uri:
        return Place("", "")
    site = places.get(key_of(uri))
    name = called(page, site) if site is not None else ""
    try:
        key = gs1.read(uri)
    except gs1.Gs1Fault:
        key = None
    if key is None:
        return Place(uri, site.owner if site is not None else "", name)
    with page.ledger.sight(ANONYMOUS) as sight:
        return Place(f"GLN {key.value}" if key.ai == gs1.GLN else key.value, owner_of(sight, object_id(uri)), name)


def _measured(page: Page, sensors: Any) -> list[str]:
    """Each reading of a sensor in short: its kind, value and unit. A member may have put anything there."""
    elements = [each for each in sensors if isinstance(each, dict)] if isinstance(sensors, list) else []
    lists = [element.get("sensorReport") for element in elements]
    reports = [report for each in lists if isinstance(each, list) for report in each if isinstance(report, dict)]
    return [_reading(page, report) for report in reports[:LISTED] if "value" in report]


def _reading(page: Page, report: dict[str, Any]) -> str:
    kind, unit = (str(report.get(name, "")).removeprefix("gs1:") for name in ("type", "uom"))
    return f"{page.texts.word('master', kind)} {report['value']} {page.texts.word('units', unit)}".strip()


def link_of(uri: str) -> str:
    """The path of a thing's public page here; empty for what is no product or unit of GS1."""
    path = uri.removeprefix(gs1.CANONICAL)
    return path if path.startswith(("/01/", "/00/")) else ""


def below(request: Asked, prefix: str) -> str:
    """What follows the prefix in the address, decoded once, and bounded."""
    rest = request.url.path.removeprefix(prefix)
    if len(rest) > KEY_BYTES:
        raise Problem("input.length", field="object", expected=f"at most {KEY_BYTES} characters")
    return rest


def identified(page: Page, text: str) -> str:
    """The object's key, from a Digital Link of any domain, an EPC URI, a path, a key, or the number on a label."""
    if len(text) > KEY_BYTES:
        raise Problem("input.length", field="object", expected=f"at most {KEY_BYTES} characters")
    number = text.replace(" ", "")
    if gs1.all_digits(number):
        text = f"/{gs1.SSCC}/{number}" if len(number) == 18 else f"/{gs1.GTIN}/{number.zfill(14)}"
    with page.ledger.explained():
        return identify(text)


ROUTES = [get_search, get_graph]
