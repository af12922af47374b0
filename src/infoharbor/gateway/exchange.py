"""How the routes read requests and write answers."""

from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, Response
from litestar.datastructures import State

from infoharbor.edgekit.json_text import parse_json
from infoharbor.gateway.door import too_large
from infoharbor.gateway.service import Gateway
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.local import LocalClient
from infoharbor.sdk.problems import Problem

Asked = Request[Any, Any, State]
JSON: Final = "application/json"
BINARY: Final = ("application/msgpack", "application/vnd.msgpack", "application/octet-stream")
XML: Final = ("application/xml", "text/xml")
SHEETS: Final = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
JSON_BYTES: Final = 4 * 1024 * limits.KIBIBYTE


def gateway_of(request: Asked) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


def reader_of(request: Asked) -> Reader:
    """Who asks, within the rate; raises a `Problem`. Every route begins with it."""
    headers = request.headers
    return gateway_of(request).admit(headers.get("authorization", ""), headers.get("host", ""), address_of(request))


def address_of(request: Asked) -> str:
    """From where it is asked; empty where there is no network between."""
    return request.client.host if request.client is not None else ""


def place_to_wait(request: Asked, reader: Reader) -> AbstractContextManager[None]:
    """Held while the asker waits for outside witnesses; raises a `Problem` if there is none."""
    return gateway_of(request).places.held(reader, address_of(request))


def client_of(request: Asked) -> LocalClient:
    """The ledger as the asker may see it; raises a `Problem` for a credential that does not hold."""
    return gateway_of(request).client(reader_of(request))


def part(request: Asked, name: str) -> str:
    """A part of the request's path, by the name that the route gives it."""
    return str(request.path_params[name])


def height_in(request: Asked) -> int:
    """The height in the request's path."""
    height = part(request, "height")
    if not (height.isascii() and height.isdigit() and len(height) <= 18):
        raise Malformed("input.range", "height", "a height that exists")
    return int(height)


def answer(
    content: Any, *, status: int = 200, media_type: str = JSON, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """An answer; anything but bytes and text becomes JSON."""
    if isinstance(content, str):
        content = content.encode()
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Response(body, status_code=status, media_type=media_type, headers=headers)


async def binary_body(request: Asked, most: int) -> bytes:
    """The body, sent as bytes."""
    return await body_of(request, most, BINARY)


async def body_of(request: Asked, most: int, media_types: tuple[str, ...]) -> bytes:
    """The body as it was sent, in one of these media types."""
    _ensure_media_type(request, media_types)
    return await _body(request, most)


async def json_body(request: Asked, most: int = JSON_BYTES) -> Any:
    """The body's value, sent as JSON: bounded, exact, every name once."""
    return parse_json(await body_of(request, most, (JSON,)), most=most)


async def _body(request: Asked, most: int) -> bytes:
    if int(request.headers.get("content-length", "0")) > most:
        raise too_large(most)
    raw = await request.body()
    if len(raw) > most:
        raise too_large(most)
    return raw


def _ensure_media_type(request: Asked, allowed: tuple[str, ...]) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise Problem("http.media_type", field="Content-Type", expected=" or ".join(allowed))


class Parameters:
    """A request's query parameters: each at most once, bounded, and none that nobody asked for."""

    def __init__(self, request: Asked) -> None:
        self._left: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name in self._left:
                raise Problem("input.name_twice", field=name[:100], expected="each parameter once")
            if len(value) > 1024:
                raise Problem("input.length", field=name[:100], expected="at most 1024 characters")
            self._left[name] = value

    def text(self, name: str) -> str:
        return self._left.pop(name, "")

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self._left.pop(name, str(default))
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and least <= int(text) <= most):
            raise Problem("input.range", field=name, expected=f"an integer from {least} to {most}")
        return int(text)

    def flag(self, name: str, default: bool) -> bool:
        text = self._left.pop(name, "true" if default else "false")
        if text not in ("true", "false"):
            raise Problem("input.type", field=name, expected="true or false")
        return text == "true"

    def rest(self) -> dict[str, str]:
        """What has not been taken, such as filters."""
        rest, self._left = self._left, {}
        return rest

    def end(self) -> None:
        """Refuse what is left."""
        if self._left:
            raise Problem("input.field_unknown", field=next(iter(self._left))[:100], expected="no such parameter")


def path_after(request: Asked, prefix: str) -> str:
    """What follows `prefix` in the request's path, as it was sent: a router would fold slashes that belong to a key."""
    raw = request.scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    path = raw.removeprefix(request.scope.get("root_path", ""))
    try:
        rest = unquote(path.removeprefix(prefix), errors="strict")
    except UnicodeDecodeError:
        rest = "\0"
    if not rest.isascii() or not rest.isprintable() or len(rest) > limits.KEY_BYTES:
        raise Problem("ledger.key", field="path", expected=f"printable ASCII, at most {limits.KEY_BYTES} bytes")
    return rest
