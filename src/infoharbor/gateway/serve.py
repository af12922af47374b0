"""Runs the application on a port; a signal ends it within seconds, open streams and all."""

import socket
from collections.abc import Sequence
from types import FrameType
from typing import Any, Final

import uvicorn

from infoharbor.gateway.app import create_app, gateway_in
from infoharbor.gateway.service import DEFAULT, Config, Gateway
from infoharbor.sdk.proving import Node

HOST: Final = "127.0.0.1"
"""Nothing is reachable from elsewhere unless the operator says so."""
PORT: Final = 8600
GRACE_S: Final = 5
KEEP_ALIVE_S: Final = 30
HEADER_BYTES: Final = 32 * 1024
MESSAGE_BYTES: Final = 64 * 1024
"""What a WebSocket's client may say at once; it is not listened to."""
CONNECTIONS_MAX: Final = 2_000


class Server(uvicorn.Server):
    """A server that tells the streams to end as soon as it is told to stop: they would hold it up."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self.gateway = gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server in order, a second one at once. Neither is raised again after it, as uvicorn
        would: whoever serves has an engine to close."""
        self.force_exit = self.should_exit
        self.stop()

    def stop(self) -> None:
        """Ask the server to end; callable from any thread."""
        self.gateway.pulse.end_streams()
        self.should_exit = True


def server(
    engine: Node,
    *,
    host: str = HOST,
    port: int = PORT,
    config: Config = DEFAULT,
    routes: Sequence[Any] = (),
) -> Server:
    """A server that is ready to `run()`, or to `run(sockets=[…])`."""
    app = create_app(engine, config=config, routes=routes)
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="auto",
        lifespan="on",
        log_config=uvicorn.config.LOGGING_CONFIG if config.observer is None else None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(config.trusted_proxies),
        forwarded_allow_ips=list(config.trusted_proxies),
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEADER_BYTES,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
    )
    return Server(settings, gateway_in(app))


def serve(
    engine: Node,
    *,
    host: str = HOST,
    port: int = PORT,
    config: Config = DEFAULT,
    routes: Sequence[Any] = (),
    sockets: list[socket.socket] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. The engine is the caller's, to be closed after this returns."""
    server(engine, host=host, port=port, config=config, routes=routes).run(sockets=sockets)
