"""The HTTP application: every route of the gateway, and what else is hung beside them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from infoharbor.engine.interface import Refused
from infoharbor.gateway import acting, log, looking, openapi, proofs, stream
from infoharbor.gateway.door import add_safe_headers, bounded
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.epcis.routes import router
from infoharbor.gateway.exchange import Asked, answer, gateway_of
from infoharbor.gateway.problems import Problems
from infoharbor.gateway.service import DEFAULT, Config, Gateway
from infoharbor.kernel.encoding import Malformed
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import Node


@get("/v1/openapi.json", sync_to_thread=False)
def get_openapi(request: Asked) -> Response[bytes]:
    """The OpenAPI document of this node's contracts."""
    return answer(request.app.state.openapi)


ROUTES: list[Any] = [*acting.ROUTES, *looking.ROUTES, *stream.ROUTES, *log.ROUTES, *proofs.ROUTES, get_openapi]


def create_app(engine: Node, *, config: Config = DEFAULT, routes: Sequence[Any] = ()) -> Litestar:
    """The gateway over this engine; `routes` are further handlers, such as a portal's."""
    gateway = Gateway(engine, config)
    epcis = None if config.data is None or gateway.vaults is None else Epcis(gateway, config.data, gateway.vaults)
    explain = Problems(gateway.ledger.words).answer

    @asynccontextmanager
    async def living(_: Litestar) -> AsyncIterator[None]:
        await gateway.pulse.start()
        if epcis is not None:
            await epcis.start()
        try:
            yield
        finally:
            if epcis is not None:
                await epcis.stop()
            await gateway.pulse.stop()
            gateway.close()

    return Litestar(
        route_handlers=[*ROUTES, *([router] if epcis is not None else []), *routes],
        exception_handlers=dict.fromkeys((Problem, Refused, Malformed, HTTPException, Exception), explain),
        middleware=[bounded],
        before_send=[add_safe_headers],
        lifespan=[living],
        state=State(
            {"gateway": gateway, "epcis": epcis, "openapi": msgspec.json.encode(openapi.document(gateway.registry))}
        ),
        openapi_config=None,
        request_max_body_size=None,
        logging_config=None,
    )


def gateway_in(app: Litestar) -> Gateway:
    """The gateway of an application that `create_app` made."""
    gateway: Gateway = app.state.gateway
    return gateway


__all__ = ["Config", "create_app", "gateway_in", "gateway_of"]
