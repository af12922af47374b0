"""What every request passes: a bounded body that arrives in time; and what every answer carries: safe headers."""

import asyncio
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from infoharbor.kernel import limits
from infoharbor.sdk.problems import Problem

BODY_BYTES: Final = 16 * 1024 * limits.KIBIBYTE
BODY_SECONDS: Final = 30
SAFE_HEADERS: Final = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cache-control": b"no-store",
}
"""A route that needs another value sets it; none is overwritten."""


def bounded(app: ASGIApp) -> ASGIApp:
    """A middleware that refuses a body that is too large, or comes too slowly."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 12 or int(declared) > BODY_BYTES:
            raise too_large(BODY_BYTES)
        await app(scope, _Body(receive).receive, send)

    return guarded


class _Body:
    """Counts and times what is received until the body is whole."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = 0
        self._whole = False
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def receive(self) -> Any:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem("http.too_slow", field="body", expected=f"a body within {BODY_SECONDS} s") from None
        if message["type"] == "http.request":
            self._read += len(message["body"])
            self._whole = not message["more_body"]
            if self._read > BODY_BYTES:
                raise too_large(BODY_BYTES)
        return message


def too_large(most: int) -> Problem:
    return Problem("input.too_large", field="body", expected=f"at most {most} bytes")


async def add_safe_headers(message: Message, _: Scope) -> None:
    """A hook before each message is sent."""
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(each for each in SAFE_HEADERS.items() if each[0] not in present)]
