"""Where the goods of a public page come from: their farm records, the places on their way, and a map of both."""

from typing import Any, Final, NamedTuple

from infoharbor.contracts.farm.cells import square_of
from infoharbor.contracts.farm.indications import Indication
from infoharbor.contracts.farm.land import ProductClass, Site
from infoharbor.contracts.trace.pages import PACKED_IN, identify
from infoharbor.edgekit.json_form import from_iso
from infoharbor.kernel.readers import ANONYMOUS
from infoharbor.portal.map import Map, Pin, drawn
from infoharbor.portal.shell import Page
from infoharbor.sdk.problems import Problem

LOTS_MAX: Final = 20
"""Of a unit that holds more lots, the page tells of these."""


class Origin(NamedTuple):
    """`lots` are the answers of farm's query `origin`; `places` those that somebody named, by key; `records` are the
    paths of what proves all of it."""

    lots: list[dict[str, Any]]
    places: dict[str, Site]
    map: Map | None
    records: list[str]

    @property
    def first(self) -> dict[str, Any] | None:
        return self.lots[0] if self.lots else None

    @property
    def whole(self) -> bool:
        """Whether all of the lots' past may be read."""
        return all(lot["whole"] for lot in self.lots)

    def each(self, part: str) -> list[Any]:
        """A part of all lots' answers, each item once."""
        found: list[Any] = []
        for lot in self.lots:
            found += [item for item in lot[part] if item not in found]
        return found


def origin_of(page: Page, lot: dict[str, Any]) -> Origin:
    """What is known of an object's lots: of itself, of the lot of a piece, or of the lots inside a unit."""
    lots = [answer for each in _lots_of(page, lot) if (answer := _asked(page, each)) is not None]
    places = places_of(page, lot["events"])
    records = sorted({path for each in lots for path in each["records"]} | {f"farm/sites/{key}" for key in places})
    return Origin(lots, places, drawn(_pins(page, lots, places), page.language), records)


def places_of(page: Page, events: list[dict[str, Any]]) -> dict[str, Site]:
    """The events' places that somebody named, by key."""
    keys = list(dict.fromkeys(key for event in events if (key := key_of(event["place"]))))
    with page.ledger.sight(ANONYMOUS) as sight:
        return {key: site for key in keys if (site := sight.find(Site, key)) is not None}


def key_of(place: str) -> str:
    """The key of a place's URI; an empty text where it is none."""
    try:
        return identify(place) if place else ""
    except ValueError:
        return ""


def _lots_of(page: Page, lot: dict[str, Any]) -> list[str]:
    own = lot["id"].partition("~21~")[0]
    if "~10~" in own:
        return [own]
    edges = page.client.query("trace", "trace", {"object": lot["id"], "direction": "back"})["edges"]
    inside = [lot["id"]]
    for unit in inside:
        for edge in edges:
            if edge["to"] == unit and edge["kind"] == PACKED_IN and edge["from"] not in inside:
                inside.append(edge["from"])
    found = [each.partition("~21~")[0] for each in inside if "~10~" in each]
    return list(dict.fromkeys(found))[:LOTS_MAX]


def _asked(page: Page, lot: str) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = page.client.query("farm", "origin", {"lot": lot})
    except Problem as problem:
        if problem.code != "ledger.record_unknown":
            raise
        return None
    return answer


def _pins(page: Page, lots: list[dict[str, Any]], places: dict[str, Site]) -> list[Pin]:
    """Plots first, then the places of the way in the order of time."""
    pins: dict[str, Pin] = {}
    for lot in lots:
        for harvest in lot["harvests"]:
            for plot in harvest["plots"]:
                square = square_of(plot["cell"])
                if square is not None:
                    pins.setdefault(plot["id"], Pin(square, plot["cell"], plot["id"].partition(":")[2], grown=True))
    for key, site in places.items():
        square = square_of(site.cell)
        if square is not None:
            pins.setdefault(key, Pin(square, site.cell, called(page, site), grown=False))
    return list(pins.values())


def called(page: Page, named: Site | Indication | ProductClass) -> str:
    """What it is called in the reader's language."""
    return named.name if page.language == "zh" else named.name_en or named.name


def in_words(page: Page) -> dict[str, Any]:
    """How the template writes times, masses, areas and parts."""

    def when(text: str) -> str:
        return page.moment(from_iso(text, "time"))

    return {"when": when, "kilograms": kilograms, "hectares": _hectares, "percent": _percent}


def kilograms(grams: int | str) -> str:
    return _decimal(int(grams), 1_000, 3)


def _hectares(square_metres: int | str) -> str:
    return _decimal(int(square_metres), 10_000, 4)


def _percent(part: int | str, whole: int | str) -> str:
    return f"{_decimal(int(part) * 1_000 // int(whole), 10, 1)} %"


def _decimal(value: int, unit: int, digits: int) -> str:
    """A quotient without trailing zeros."""
    if value % unit == 0:
        return f"{value // unit:,}"
    return f"{value // unit:,}.{value % unit:0{digits}d}".rstrip("0")
