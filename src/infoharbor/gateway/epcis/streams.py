"""Subscriptions over WebSocket: the results of a named query, as they come or on a schedule, while the client listens."""

import asyncio
from typing import Any, Final

import msgspec
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect

from infoharbor.contracts.trace.exchange import times
from infoharbor.gateway.epcis.conditions import EventQuery
from infoharbor.gateway.epcis.events import Events
from infoharbor.gateway.epcis.headers import manner_of
from infoharbor.gateway.epcis.notifier import EVENTS_AT_ONCE, LOOK_S
from infoharbor.gateway.epcis.schedule import UNITS
from infoharbor.gateway.epcis.store import NamedQuery, Store
from infoharbor.gateway.epcis.subscriptions import Timing, next_due, read_timing, since, standing_query
from infoharbor.gateway.epcis.writing import messages
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

SEND_S: Final = 30
"""A client that takes nothing for so long is let go."""
GOING_AWAY: Final = 1001
FLAGS: Final = ("stream", "reportIfEmpty")
MIN_RECORD_TIME: Final = "GS1-Query-Min-Record-Time"


class Streams:
    """The WebSockets of one gateway."""

    def __init__(self, gateway: Gateway, store: Store, events: Events) -> None:
        self._gateway, self._store, self._events = gateway, store, events
        self._ends: dict[tuple[str, str], set[asyncio.Event]] = {}

    def end(self, organisation: str, name: str) -> None:
        """A query was removed: let its listeners go. To be called on the event loop."""
        for each in self._ends.get((organisation, name), ()):
            each.set()

    async def serve(
        self, socket: WebSocket[Any, Any, Any], reader: Reader, named: NamedQuery, timing: Timing, authorization: str
    ) -> None:
        """Take the client in and send what fits, until it leaves, its credential or its query ends, or the node stops."""
        gateway = self._gateway
        if gateway.streams >= gateway.config.streams:
            raise Problem("http.streams", expected=f"at most {gateway.config.streams} open streams; try again soon")
        start = since(timing, gateway.engine.status())
        query = standing_query(named, start.initial)
        key, end = (named.organisation, named.name), asyncio.Event()
        gateway.streams += 1
        self._ends.setdefault(key, set()).add(end)
        left = ended = None
        try:
            told = manner_of(socket).told
            await socket.accept(headers=told | {MIN_RECORD_TIME: times.utc(start.initial)})
            left, ended = asyncio.create_task(_left(socket)), asyncio.create_task(end.wait())
            await self._send_all(socket, reader, named, query, start.after, timing, authorization, {left, ended})
            await socket.close(GOING_AWAY)
        except (TimeoutError, WebSocketDisconnect):
            return
        finally:
            for task in (left, ended):
                if task is not None:
                    task.cancel()
            gateway.streams -= 1
            self._ends[key].discard(end)
            if not self._ends[key]:
                del self._ends[key]

    async def _send_all(
        self,
        socket: WebSocket[Any, Any, Any],
        reader: Reader,
        named: NamedQuery,
        query: EventQuery,
        after: int,
        timing: Timing,
        authorization: str,
        ends: set["asyncio.Task[Any]"],
    ) -> None:
        pulse, credentials = self._gateway.pulse, self._gateway.credentials
        due = next_due(timing.text, now_ms())
        while not pulse.closing and not any(task.done() for task in ends):
            height = pulse.height
            if not await asyncio.to_thread(credentials.still_holds, reader, authorization):
                return
            if now_ms() >= due:
                after = await self._send(socket, reader, named, query, after, report_if_empty=timing.report_if_empty)
                due = next_due(timing.text, now_ms())
            # On a schedule a block is no reason to look, but the node's end is one.
            seconds = min(LOOK_S, max(0, due - now_ms()) / 1000) if timing.text else LOOK_S
            beat = asyncio.create_task(pulse.beyond(INTEGER_MAX if timing.text else height, seconds))
            await asyncio.wait({*ends, beat}, return_when=asyncio.FIRST_COMPLETED)
            beat.cancel()

    async def _send(
        self,
        socket: WebSocket[Any, Any, Any],
        reader: Reader,
        named: NamedQuery,
        query: EventQuery,
        after: int,
        *,
        report_if_empty: bool,
    ) -> int:
        """Send what has come beyond `after`: the sequence number reached."""
        reported = False
        while True:
            page = await asyncio.to_thread(self._events.page, reader, query, limit=EVENTS_AT_ONCE, beyond=after)
            if page.events or (report_if_empty and page.next is None and not reported):
                sent = await asyncio.to_thread(
                    messages, self._gateway.ledger, page.events, manner_of(socket), name=named.name
                )
                for message in sent:
                    async with asyncio.timeout(SEND_S):
                        await socket.send_text(message.body)
                reported = True
            after = page.last
            if page.next is None:
                return after


def timing_of(parameters: dict[str, str]) -> Timing:
    """When a client that upgrades its connection wants results; raises a `Problem` for other parameters."""
    body: dict[str, Any] = {}
    for name, value in parameters.items():
        if name in UNITS:
            body.setdefault("schedule", {})[name] = value
        elif name in FLAGS and value in ("true", "false"):
            body[name] = value == "true"
        elif name == "initialRecordTime":
            body[name] = value
        else:
            expected = ", ".join((*FLAGS, "initialRecordTime", *UNITS))
            raise Problem("trace.epcis_subscription", field=name[:100], expected=expected)
    return read_timing(body)


async def deny(socket: WebSocket[Any, Any, Any], status: int, headers: dict[str, str], form: dict[str, Any]) -> None:
    """Refuse to upgrade, as any other request is refused (ASGI's WebSocket denial response)."""
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    start: Any = {"type": "websocket.http.response.start", "status": status, "headers": sent}
    body: Any = {"type": "websocket.http.response.body", "body": msgspec.json.encode(form), "more_body": False}
    await socket.send(start)
    await socket.send(body)


async def _left(socket: WebSocket[Any, Any, Any]) -> None:
    """Returns when the client has left; what it says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
