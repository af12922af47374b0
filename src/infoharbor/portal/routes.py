"""All routes of the portal, and what answers a browser that asks for a page that there is not."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Litestar, Request, Response, Router
from litestar.exceptions import HTTPException

from infoharbor.engine.interface import Refused
from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.pages import (
    acting,
    assets,
    capturing,
    checking,
    contracts,
    entering,
    labels,
    ledger,
    lot,
    members,
    pending,
    records,
    reports,
    trace,
    verifier,
)
from infoharbor.portal.shell import problem_page
from infoharbor.sdk.problems import Problem

PAGES: Final = (
    ledger,
    members,
    contracts,
    records,
    trace,
    lot,
    labels,
    capturing,
    checking,
    entering,
    reports,
    acting,
    pending,
    assets,
    verifier,
)
INTERFACES: Final = ("/v1/", "/epcis", "/log/", "/evidence/")
"""Programs ask here: they get problem+json."""

portal = Router(
    path="/",
    route_handlers=[handler for module in PAGES for handler in module.ROUTES],
    exception_handlers=dict.fromkeys((Problem, Refused, Malformed, HTTPException, Exception), problem_page),
)


def answer_browsers(app: Litestar) -> None:
    """Let an address that no route has be answered with a page, where a browser asks for one."""
    otherwise: Callable[[Request[Any, Any, Any], Exception], Response[Any]] = app.exception_handlers[HTTPException]

    def explain(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
        browser = "text/html" in request.headers.get("accept", "")
        program = request.url.path.startswith(INTERFACES)
        return problem_page(request, fault) if browser and not program else otherwise(request, fault)

    app.exception_handlers[HTTPException] = explain
