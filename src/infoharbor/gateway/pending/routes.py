"""Routes of the bundles that wait for signatures: put, look, sign, decline."""

import asyncio
from typing import Any

from litestar import Response, get, post

from infoharbor.gateway.exchange import Asked, Parameters, answer, json_body, part, reader_of
from infoharbor.gateway.pending.bundles import PAGE_MAX, Bundles
from infoharbor.sdk.documents import HALF_SIGNED_BYTES, half_signed, object_of, signatures_of
from infoharbor.sdk.problems import Problem


def bundles_of(request: Asked) -> Bundles:
    found: Bundles | None = request.app.state.pending
    if found is None:
        raise Problem("http.not_found", field="path", expected="a gateway with a data folder")
    return found


@post("/v1/pending")
async def post_pending(request: Asked) -> Response[bytes]:
    """Keep what `prepare` gave, with at least one signature, until every key has signed; it is sent with the last."""
    reader = reader_of(request)
    unsigned, signatures = half_signed(bundles_of(request).chain, await json_body(request, HALF_SIGNED_BYTES))
    return _found(await bundles_of(request).put(reader, unsigned, signatures))


@get("/v1/pending", sync_to_thread=True)
def get_pending(request: Asked) -> Response[bytes]:
    """Bundles that the asker's organisation is to sign, or has signed, the newest first; `waiting=false`: ended ones too."""
    reader, parameters = reader_of(request), Parameters(request)
    waiting, limit = parameters.flag("waiting", True), parameters.integer("limit", PAGE_MAX, 1, PAGE_MAX)
    before = parameters.text("before")
    parameters.end()
    return answer(bundles_of(request).page(reader, waiting=waiting, limit=limit, before=before))


@get("/v1/pending/{identifier:str}", sync_to_thread=True)
def get_bundle(request: Asked) -> Response[bytes]:
    """One bundle: what it would do, who has signed, and the bytes to sign."""
    reader = reader_of(request)
    Parameters(request).end()
    return answer(bundles_of(request).show(reader, part(request, "identifier")))


@post("/v1/pending/{identifier:str}/signatures")
async def post_signatures(request: Asked) -> Response[bytes]:
    """Add signatures by key id; the last one sends the bundle."""
    reader = reader_of(request)
    members = object_of(await json_body(request, HALF_SIGNED_BYTES), "", ("signatures",))
    return _found(await bundles_of(request).sign(reader, part(request, "identifier"), signatures_of(members)))


@post("/v1/pending/{identifier:str}/decline")
async def post_decline(request: Asked) -> Response[bytes]:
    """Do not sign, or take a signature back, for a reason that the others read."""
    reader = reader_of(request)
    reason = object_of(await json_body(request, HALF_SIGNED_BYTES), "", ("reason",))["reason"]
    found = await asyncio.to_thread(bundles_of(request).decline, reader, part(request, "identifier"), reason)
    return _found(found)


def _found(form: dict[str, Any]) -> Response[bytes]:
    return answer(form, headers={"Location": f"/v1/pending/{form['id']}"})


ROUTES = [post_pending, get_pending, get_bundle, post_signatures, post_decline]
