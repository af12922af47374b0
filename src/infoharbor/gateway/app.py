"""The HTTP application: every route of the gateway, and what else is hung beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from infoharbor.engine.interface import Refused
from infoharbor.gateway import acting, imports, invoices, light, log, looking, openapi, proofs, reports, stream
from infoharbor.gateway.door import add_safe_headers, bounded
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.epcis.routes import router
from infoharbor.gateway.exchange import Asked, answer, gateway_of
from infoharbor.gateway.observing import Observer
from infoharbor.gateway.pending.bundles import Bundles
from infoharbor.gateway.pending.routes import ROUTES as PENDING_ROUTES
from infoharbor.gateway.problems import Problems
from infoharbor.gateway.service import DEFAULT, Config, Gateway
from infoharbor.kernel.encoding import Malformed
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import Node


@get("/v1/openapi.json", sync_to_thread=False)
def get_openapi(request: Asked) -> Response[bytes]:
    """The OpenAPI document of this node's contracts."""
    return answer(request.app.state.openapi)


HEADLESS: Final = ("/v1/stream", "/epcis")
ROUTES: list[Any] = [
    *acting.ROUTES, *PENDING_ROUTES, *looking.ROUTES, *reports.ROUTES, *imports.ROUTES, *invoices.ROUTES,
    *stream.ROUTES, *log.ROUTES, *light.ROUTES, *proofs.ROUTES, get_openapi,
]  # fmt: skip


class Answering(Litestar):
    """Answers HEAD wherever it answers GET, which tools that watch links and nodes ask; the server leaves the body out.

    A stream has no end, and the standard's own paths say for themselves what they take.
    """

    observer: Observer | None = None
    """Follows requests, where the operator wants it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].startswith(HEADLESS):
            scope = {**scope, "method": "GET"}
        if self.observer is not None and scope["type"] == "http":
            await self.observer.pass_on(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(engine: Node, *, config: Config = DEFAULT, routes: Sequence[Any] = ()) -> Litestar:
    """The gateway over this engine; `routes` are further handlers, such as a portal's."""
    gateway = Gateway(engine, config)
    epcis = None if config.data is None or gateway.vaults is None else Epcis(gateway, config.data, gateway.vaults)
    pending = None if config.data is None else Bundles(gateway, config.data)
    explain = Problems(gateway.ledger.words).answer

    @asynccontextmanager
    async def living(_: Litestar) -> AsyncIterator[None]:
        await gateway.pulse.start()
        if pending is not None:
            await pending.start()
        if epcis is not None:
            await epcis.start()
        try:
            yield
        finally:
            if epcis is not None:
                await epcis.stop()
            if pending is not None:
                await pending.stop()
            await gateway.pulse.stop()
            gateway.close()

    app = Answering(
        route_handlers=[*ROUTES, *([router] if epcis is not None else []), *routes],
        exception_handlers=dict.fromkeys((Problem, Refused, Malformed, HTTPException, Exception), explain),
        middleware=[bounded],
        before_send=[add_safe_headers],
        lifespan=[living],
        state=State(
            {
                "gateway": gateway,
                "epcis": epcis,
                "pending": pending,
                "openapi": msgspec.json.encode(openapi.document(gateway.registry)),
            }
        ),
        openapi_config=None,
        request_max_body_size=None,
        logging_config=None,
    )
    app.observer = config.observer
    return app


def gateway_in(app: Litestar) -> Gateway:
    """The gateway of an application that `create_app` made."""
    gateway: Gateway = app.state.gateway
    return gateway


__all__ = ["Config", "create_app", "gateway_in", "gateway_of"]
