"""Runs a node's doors: the gateway, the standards' own paths and the portal on one port, the SQL mirror beside them."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from infoharbor.edgekit.webhooks import PUBLIC, Targets
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.listening import address_of, listen
from infoharbor.gateway.metrics import node_registry, published
from infoharbor.gateway.observing import Observer
from infoharbor.gateway.serve import Server, server
from infoharbor.gateway.service import Config
from infoharbor.gateway.showing import Showing
from infoharbor.gateway.witness import witness_routes
from infoharbor.portal.routes import answer_browsers, portal
from infoharbor.readmodel.database import default_url, open_database
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.trusting import ledger_trust


def node_server(
    engine: NodeEngine,
    *,
    data: Path,
    host: str = "127.0.0.1",
    port: int = 8600,
    follower: Follower | None = None,
    public_url: str = "",
    webhooks: Targets = PUBLIC,
    trusted_proxies: tuple[str, ...] = (),
    observer: Observer | None = None,
) -> Server:
    """A server with every door of this node, ready to `run(sockets=[…])`."""
    trust = lambda: ledger_trust(engine).encode().decode()  # noqa: E731
    config = Config(
        data=data, trust=trust, follower=follower, public_url=public_url, webhooks=webhooks,
        trusted_proxies=trusted_proxies, observer=observer,
    )  # fmt: skip
    attesting = [] if engine.attestation is None else witness_routes(engine.attestation, None, engine.witnessed)
    made = server(engine, host=host, port=port, config=config, routes=[portal, *attesting])
    answer_browsers(made.config.app)  # type: ignore[arg-type]
    return made


def serve(
    engine: NodeEngine,
    *,
    data: Path,
    host: str,
    port: int,
    readmodel_url: str = "",
    public_url: str = "",
    webhooks: Targets = PUBLIC,
    trusted_proxies: tuple[str, ...] = (),
    metrics_port: int | None = None,
    observer: Observer | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` gets the address. The engine is the caller's, to be closed after this.

    Metrics are published only where a port for them is named.
    """
    database = open_database(readmodel_url or default_url(data))
    follower = Follower(engine, engine.chain.registry, engine.chain.id, database)
    showing = None
    if engine.attestation is not None:
        showing = Showing(engine, engine.attestation, DataFolder(data).witnesses, engine.witnessed)
    doors = node_server(
        engine, data=data, host=host, port=port, follower=follower, public_url=public_url, webhooks=webhooks,
        trusted_proxies=trusted_proxies, observer=observer,
    )  # fmt: skip
    with ExitStack() as open_ports:
        listening = open_ports.enter_context(listen(host, port))
        if metrics_port is not None:
            open_ports.enter_context(published(node_registry(engine, data, follower), metrics_port))
        follower.start()
        if showing is not None:
            open_ports.callback(showing.stop)
            showing.start()
        try:
            ready(address_of(listening))
            doors.run(sockets=[listening])
        finally:
            follower.stop()
            follower.database.dispose()
