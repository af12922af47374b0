"""The stream of blocks: server-sent events whose ids are heights, so that a follower resumes where it stopped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from litestar import get
from litestar.response import Stream

from infoharbor.engine.interface import HeightGone
from infoharbor.gateway.exchange import Asked, Parameters, gateway_of, reader_of
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.problems import Problem

HEARTBEAT_S: Final = 15
BLOCKS_AT_ONCE: Final = 10
RETRY: Final = b"retry: 1000\n\n"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@get("/v1/stream", sync_to_thread=False)
def get_stream(request: Asked) -> Stream:
    """One event a block from beyond height `after`, or beyond `Last-Event-ID`; by default from now on.

    The cursor is the height alone, and the blocks are read from the ledger itself: no event is ever lost. One older than the
    node keeps gets 410: its follower begins anew, with the records as they stand.
    """
    gateway, reader = gateway_of(request), reader_of(request)
    newest = gateway.engine.status().height
    parameters = Parameters(request)
    after = parameters.integer("after", newest, -1, newest)
    parameters.end()
    resumed = request.headers.get("last-event-id", "")
    if resumed:
        if not (resumed.isascii() and resumed.isdigit() and len(resumed) <= 18 and int(resumed) <= newest):
            raise Problem("input.range", field="Last-Event-ID", expected=f"a height up to {newest}")
        after = int(resumed)
    if after + 1 < gateway.engine.first_block:
        raise HeightGone(gateway.engine.first_block)
    if gateway.streams >= gateway.config.streams:
        raise Problem("http.streams", expected=f"at most {gateway.config.streams} open streams; try again soon")
    authorization = request.headers.get("authorization", "")
    return Stream(follow(gateway, reader, authorization, after), media_type="text/event-stream", headers=HEADERS)


async def follow(gateway: Gateway, reader: Reader, authorization: str, after: int) -> AsyncIterator[bytes]:
    """The events' bytes, until the follower leaves, its credential ends or the node stops."""
    gateway.streams += 1
    try:
        yield RETRY
        while not gateway.pulse.closing:
            events = await asyncio.to_thread(_events, gateway, reader, after)
            if not gateway.credentials.still_holds(reader, authorization):
                return
            for height, event in events:
                yield event
                after = height
            if not events and not await gateway.pulse.beyond(after, HEARTBEAT_S):
                yield b": still here\n\n"
    finally:
        gateway.streams -= 1


def _events(gateway: Gateway, reader: Reader, after: int) -> list[tuple[int, bytes]]:
    client = gateway.client(reader)
    events = []
    with gateway.ledger.sight(reader) as sight:
        for block in gateway.engine.blocks(after, BLOCKS_AT_ONCE):
            event = client.event(sight, block)
            data = msgspec.json.encode(event)
            events.append((event["height"], b"id: %d\nevent: block\ndata: %s\n\n" % (event["height"], data)))
    return events


ROUTES = [get_stream]
