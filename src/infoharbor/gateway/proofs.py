"""Routes that give evidence to take away: proofs of records, and the trust file that they are checked against."""

from contextlib import nullcontext

from litestar import Response, get

from infoharbor.gateway.exchange import (
    Asked,
    Parameters,
    answer,
    client_of,
    gateway_of,
    path_after,
    place_to_wait,
    reader_of,
)
from infoharbor.sdk.problems import Problem


@get("/v1/proofs/{record:path}", sync_to_thread=True)
def get_proof(request: Asked) -> Response[bytes]:
    """The evidence file of the record at CONTRACT/TABLE/KEY, present or absent; `history=false`: the newest version;
    `witnessed=true`: under the next checkpoint that outside witnesses cosigned."""
    parameters = Parameters(request)
    history = parameters.flag("history", True)
    witnessed = parameters.flag("witnessed", False)
    parameters.end()
    path = path_after(request, "/v1/proofs/")
    name = "".join(sign if sign.isalnum() or sign in "-." else "_" for sign in path)[:100]
    headers = {"Content-Disposition": f'attachment; filename="{name}.evidence.json"'}
    client = client_of(request)
    with place_to_wait(request, client.reader) if witnessed else nullcontext():
        return answer(client.proof(path, history=history, witnessed=witnessed), headers=headers)


@get("/v1/trust", sync_to_thread=True)
def get_trust(request: Asked) -> Response[bytes]:
    """The trust file: get it from someone you trust, not from where the evidence comes from."""
    reader_of(request)
    trust = gateway_of(request).config.trust
    if trust is None:
        raise Problem("http.not_found", field="path", expected="a node that gives out its trust file")
    headers = {"Content-Disposition": 'attachment; filename="trust.txt"'}
    return answer(trust(), media_type="text/plain", headers=headers)


ROUTES = [get_proof, get_trust]
