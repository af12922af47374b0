"""How the routes below `/epcis` read requests: who asks, with which parameters, from which page on."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from litestar import Response

from infoharbor.contracts.trace.exchange import times
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT, Names
from infoharbor.gateway.epcis.conditions import Condition, EventQuery
from infoharbor.gateway.epcis.events import Page, Place
from infoharbor.gateway.epcis.headers import ensure_spoken
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.epcis.language import read_query
from infoharbor.gateway.epcis.writing import query_answer
from infoharbor.gateway.exchange import Asked, gateway_of, reader_of
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

BASE: Final = "/epcis"
PAGE: Final = 30
PAGE_MAX: Final = 500
TOKEN_MS: Final = 60 * 60 * 1000
QUERY_BYTES: Final = 16 * 1024
PAGING: Final = ("perPage", "nextPageToken")


def epcis_of(request: Asked) -> Epcis:
    epcis: Epcis = request.app.state.epcis
    return epcis


def asked(request: Asked, *, xml: bool = False) -> Reader:
    """Who asks, in a version and format that is spoken here, in a URL of a length that is read here."""
    reader = reader_of(request)
    ensure_spoken(request, xml=xml)
    if len(request.scope["query_string"]) > QUERY_BYTES:
        expected = f"at most {QUERY_BYTES} bytes of parameters; a named query takes more"
        raise Problem("trace.epcis_uri_too_long", field="path", expected=expected)
    return reader


def member(request: Asked, *, xml: bool = False) -> Reader:
    reader = asked(request, xml=xml)
    if not reader.is_member:
        raise Problem("http.credential", field="Authorization", expected="a bearer token")
    return reader


def parameters_of(request: Asked) -> dict[str, str]:
    """The request's parameters, each once."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise Problem("input.name_twice", field=name[:100], expected="each parameter once; values divided by |")
        found[name] = value
    return found


def only_paging(request: Asked) -> None:
    """Refuse parameters other than those of paging."""
    other = next((name for name in parameters_of(request) if name not in PAGING), None)
    if other is not None:
        expected = " or ".join(PAGING)
        raise Problem("trace.epcis_query_unknown_parameter", field=other[:100], expected=expected)


def query_of(request: Asked, *conditions: Condition) -> EventQuery:
    """The query in the URL, with what the path says."""
    given = {name: value for name, value in parameters_of(request).items() if name not in PAGING}
    return read_query(given, declared(request.headers.get("gs1-extensions", ""))).also(*conditions)


def declared(extensions: str) -> Names:
    """The prefixes of a `GS1-Extensions` header: `prefix=namespace`, divided by commas or semicolons."""
    pairs = (part.strip().partition("=") for part in extensions[:4096].replace(";", ",").split(","))
    context = {prefix.strip(): namespace.strip() for prefix, equals, namespace in pairs if equals and ":" in namespace}
    try:
        return Names({}).declare(context)
    except EventFault as fault:
        raise Problem("trace.epcis_query_parameter", field="GS1-Extensions", expected=fault.expected) from None


def page_of(request: Asked) -> tuple[str, int]:
    """Where the page begins, and how long it is at most."""
    given = parameters_of(request)
    text, token = given.get("perPage", str(PAGE)), given.get("nextPageToken", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= PAGE_MAX):
        raise Problem("input.range", field="perPage", expected=f"an integer from 1 to {PAGE_MAX}")
    return open_token(request, token)[1] if token else "", int(text)


def open_token(request: Asked, token: str) -> tuple[int, str]:
    """When a page token lapses (ms since 1970 UTC), and where its page begins; refused if it no longer holds."""
    try:
        expiry, _, after = gateway_of(request).ledger.cursors.open(token).partition("|")
        lapses = int(expiry)
    except (Problem, ValueError):
        lapses, after = 0, ""
    if lapses < now_ms() or epcis_of(request).released.holds(token):
        raise Problem("trace.epcis_page_token", field="nextPageToken", expected="the token of an answer of this hour")
    return lapses, after


def event_page_of(request: Asked) -> tuple[Place | None, int]:
    """Where a page of events begins, and how long it is at most."""
    after, limit = page_of(request)
    try:
        place, seq, left = after.split(":") if after else ("", "", "")
        return Place(int(place), int(seq), int(left) if left else None) if after else None, limit
    except ValueError:
        expected = "the token of an answer of this very resource"
        raise Problem("trace.epcis_page_token", field="nextPageToken", expected=expected) from None


def next_page(request: Asked, path: str, limit: int, after: str) -> dict[str, str]:
    """The headers that lead to the next page, if there is one: the same question, from there on."""
    if not after:
        return {}
    expiry = now_ms() + TOKEN_MS
    token = gateway_of(request).ledger.cursors.seal(f"{expiry}|{after}")
    given = {name: value for name, value in parameters_of(request).items() if name not in PAGING}
    parameters = urlencode(given | {"perPage": str(limit), "nextPageToken": token}, quote_via=quote)
    return {
        "Link": f'<{path}?{parameters}>; rel="next"',
        "GS1-Next-Page-Token-Expires": times.utc(expiry),
    }


def events_answer(
    request: Asked, path: str, page: Page, limit: int, *, name: str = "SimpleEventQuery"
) -> Response[bytes]:
    """A page of events as an EPCISQueryDocument."""
    after = "" if page.next is None else ":".join("" if each is None else str(each) for each in page.next)
    return query_answer(request, page.events, name=name, headers=next_page(request, path, limit, after))


def collection(members: list[str]) -> dict[str, Any]:
    """A JSON-LD collection, as the standard lists resources."""
    return {"@context": STANDARD_CONTEXT, "type": "Collection", "member": members}
