"""Named queries and their subscriptions: made, looked at, asked and removed by the members of one organisation."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

from litestar import Response, WebSocket, route, websocket
from litestar.datastructures import State
from litestar.enums import HttpMethod

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.gateway.epcis.asking import (
    BASE,
    epcis_of,
    event_page_of,
    events_answer,
    member,
    next_page,
    only_paging,
    page_of,
    parameters_of,
)
from infoharbor.gateway.epcis.headers import ANSWERED, ensure_spoken, manner_of
from infoharbor.gateway.epcis.problems import refusal
from infoharbor.gateway.epcis.schedule import UNITS
from infoharbor.gateway.epcis.store import NamedQuery, Store
from infoharbor.gateway.epcis.streams import FLAGS, deny, timing_of
from infoharbor.gateway.epcis.subscriptions import (
    BODY_BYTES,
    query_form,
    query_in,
    read_named_query,
    read_subscription,
    subscription_form,
)
from infoharbor.gateway.exchange import JSON, Asked, answer, body_of, gateway_of, part
from infoharbor.gateway.problems import MEDIA_TYPE
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.problems import Problem

GET: Final = [HttpMethod.GET, HttpMethod.HEAD]
PATHS: Final = [
    "/queries",
    "/queries/{name:str}",
    "/queries/{name:str}/events",
    "/queries/{name:str}/subscriptions",
    "/queries/{name:str}/subscriptions/{identifier:str}",
]
SUBSCRIBING: Final = (*UNITS, *FLAGS, "initialRecordTime")


@route("/queries", http_method=GET, status_code=200, sync_to_thread=True)
def get_queries(request: Asked) -> Response[bytes]:
    """The organisation's named queries, by name."""
    reader = member(request)
    only_paging(request)
    after, limit = page_of(request)
    found = epcis_of(request).store.queries(reader.organisation, after=after, limit=limit + 1)
    last = found[limit - 1].name if len(found) > limit else ""
    headers = ANSWERED | next_page(request, f"{BASE}/queries", limit, last)
    return _json([query_form(each) for each in found[:limit]], headers)


@route("/queries", http_method=HttpMethod.POST)
async def post_query(request: Asked) -> Response[bytes]:
    """Name a query (201); its address is in `Location`."""
    reader = member(request)
    named = read_named_query(await body_of(request, BODY_BYTES, (JSON,)), reader)
    await asyncio.to_thread(epcis_of(request).store.add_query, named)
    return Response(b"", status_code=201, headers=ANSWERED | {"Location": _path(named.name)})


@route("/queries/{name:str}", http_method=GET, status_code=200, sync_to_thread=True)
def get_query(request: Asked) -> Response[bytes]:
    """The definition of a named query."""
    named = _named(request, member(request))
    _no_parameters(request)
    return _json(query_form(named), ANSWERED)


@route("/queries/{name:str}", http_method=HttpMethod.DELETE, status_code=200)
async def delete_query(request: Asked) -> Response[bytes]:
    """Remove a named query, and with it all that listens to it."""
    reader, epcis = member(request), epcis_of(request)
    named = await asyncio.to_thread(_named, request, reader)
    for identifier in await asyncio.to_thread(epcis.store.remove_query, reader.organisation, named.name):
        epcis.notifier.forget(identifier)
    epcis.streams.end(reader.organisation, named.name)
    return Response(b"", status_code=204, headers=ANSWERED)


@route("/queries/{name:str}/events", http_method=GET, status_code=200, sync_to_thread=True)
def get_query_events(request: Asked) -> Response[bytes]:
    """The events that a named query finds now."""
    reader = member(request, xml=True)
    named = _named(request, reader)
    subscribing = next((name for name in parameters_of(request) if name in SUBSCRIBING), None)
    if subscribing is not None:
        expected = "a connection that is upgraded to a WebSocket, or a subscription"
        raise Problem("trace.epcis_subscription", field=subscribing, expected=expected)
    only_paging(request)
    after, limit = event_page_of(request)
    page = epcis_of(request).events.page(reader, query_in(named), after=after, limit=limit)
    return events_answer(request, f"{_path(named.name)}/events", page, limit, name=named.name)


@route("/queries/{name:str}/subscriptions", http_method=GET, status_code=200, sync_to_thread=True)
def get_subscriptions(request: Asked) -> Response[bytes]:
    """The subscriptions of a named query."""
    reader = member(request)
    named = _named(request, reader)
    only_paging(request)
    after, limit = page_of(request)
    found = epcis_of(request).store.of_query(reader.organisation, named.name, after=after, limit=limit + 1)
    last = found[limit - 1].id if len(found) > limit else ""
    headers = ANSWERED | next_page(request, f"{_path(named.name)}/subscriptions", limit, last)
    return answer([subscription_form(each) for each in found[:limit]], headers=headers)


@route("/queries/{name:str}/subscriptions", http_method=HttpMethod.POST)
async def post_subscription(request: Asked) -> Response[bytes]:
    """Have a query's results sent to an address (201), as they come or on a schedule, written as this request's headers
    ask. The answer itself is JSON."""
    reader, epcis = member(request, xml=True), epcis_of(request)
    named = await asyncio.to_thread(_named, request, reader)
    raw = await body_of(request, BODY_BYTES, (JSON,))
    gateway = gateway_of(request)
    status = gateway.engine.status()
    targets, manner = gateway.config.webhooks, manner_of(request)
    subscription = read_subscription(raw, named, reader.user, manner, targets=targets, status=status)
    await asyncio.to_thread(epcis.store.add_subscription, subscription)
    epcis.notifier.look()
    headers = manner.told | {"Location": f"{_path(named.name)}/subscriptions/{subscription.id}"}
    return answer(subscription_form(subscription), status=201, headers=headers)


@route("/queries/{name:str}/subscriptions/{identifier:str}", http_method=GET, status_code=200, sync_to_thread=True)
def get_subscription(request: Asked) -> Response[bytes]:
    """How a subscription stands; never its secret."""
    reader = member(request)
    _no_parameters(request)
    found = epcis_of(request).store.find(reader.organisation, part(request, "name"), part(request, "identifier"))
    if found is None:
        raise _no_subscription()
    return answer(subscription_form(found), headers=found.manner.told)


@route("/queries/{name:str}/subscriptions/{identifier:str}", http_method=HttpMethod.DELETE, status_code=200)
async def delete_subscription(request: Asked) -> Response[bytes]:
    """Send nothing more."""
    reader = member(request)
    epcis, name, identifier = epcis_of(request), part(request, "name"), part(request, "identifier")
    if not await asyncio.to_thread(epcis.store.remove, reader.organisation, name, identifier):
        raise _no_subscription()
    epcis.notifier.forget(identifier)
    return Response(b"", status_code=204, headers=ANSWERED)


@websocket("/queries/{name:str}/events")
async def stream_query_events(socket: WebSocket[Any, Any, State]) -> None:
    """The results of a named query, while the connection lasts."""
    gateway, epcis = socket.app.state.gateway, socket.app.state.epcis
    authorization = socket.headers.get("authorization", "")
    address = socket.client.host if socket.client is not None else ""
    try:
        reader = gateway.admit(authorization, socket.headers.get("host", ""), address)
        named = await asyncio.to_thread(_found, epcis.store, reader, str(socket.path_params["name"]))
        ensure_spoken(socket, xml=True)
        timing = timing_of(dict(socket.query_params.multi_items()))
        await epcis.streams.serve(socket, reader, named, timing, authorization)
    except Problem as problem:
        form, headers = refusal(problem, gateway.ledger.words, socket.headers.get("accept-language", ""))
        await deny(socket, form["status"], headers | {"Content-Type": MEDIA_TYPE}, form)


def _named(request: Asked, reader: Reader) -> NamedQuery:
    return _found(epcis_of(request).store, reader, part(request, "name"))


def _found(store: Store, reader: Reader, name: str) -> NamedQuery:
    """The organisation's own query of this name."""
    if not reader.is_member:
        raise Problem("http.credential", field="Authorization", expected="a bearer token")
    found = store.find_query(reader.organisation, name)
    if found is None:
        raise Problem("trace.epcis_query_unknown", field="queryName", expected="a query of your organisation")
    return found


def _no_subscription() -> Problem:
    return Problem("trace.epcis_subscription_unknown", field="subscriptionID", expected="one of your organisation")


def _no_parameters(request: Asked) -> None:
    unknown = next(iter(parameters_of(request)), None)
    if unknown is not None:
        raise Problem("trace.epcis_query_unknown_parameter", field=unknown[:100], expected="no parameter")


def _path(name: str) -> str:
    return f"{BASE}/queries/{quote(name, safe='')}"


def _json(content: Any, headers: dict[str, str]) -> Response[bytes]:
    """An answer that may hold exact numbers."""
    return answer(json_text.write(content), headers=headers)


ROUTES: Final = [
    get_queries, post_query, get_query, delete_query, get_query_events, get_subscriptions, post_subscription,
    get_subscription, delete_subscription, stream_query_events,
]  # fmt: skip
