"""Routes that send transactions: as bytes, in batches, or as JSON that is prepared, signed and submitted."""

from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.exceptions import HTTPException

from infoharbor.engine.interface import Refused
from infoharbor.gateway.door import BODY_BYTES
from infoharbor.gateway.exchange import Asked, address_of, answer, binary_body, gateway_of, json_body, reader_of
from infoharbor.gateway.problems import as_problem, problem_form
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.transaction import open_transaction
from infoharbor.sdk.documents import complete, object_of, prepare, prepared_form, read_parts
from infoharbor.sdk.problems import Problem

BATCH_TRANSACTIONS: Final = 1_000
_batch = msgspec.msgpack.Decoder(list[bytes])


@post("/v1/transactions")
async def post_transaction(request: Asked) -> Response[bytes]:
    """Send one transaction's bytes and wait for its block. `Prefer: respond-async` does not wait (RFC 7240)."""
    return await _send(request, reader_of(request), await binary_body(request, limits.TRANSACTION_BYTES))


@post("/v1/transactions/batch")
async def post_batch(request: Asked) -> Response[bytes]:
    """Send up to 1,000 transactions, as a MessagePack array of their bytes; each has an answer of its own, in order."""
    gateway, reader = gateway_of(request), reader_of(request)
    raws = _batch_of(await binary_body(request, BODY_BYTES))
    gateway.charge(reader, address_of(request), len(raws))
    found = await gateway.submit_many(reader, raws)
    return answer({"items": [_item(gateway.ledger.words, each) for each in found]})


@post("/v1/prepare")
async def post_prepare(request: Asked) -> Response[bytes]:
    """Turn actions in JSON into the exact bytes to sign. Nothing is sent, and nothing is kept."""
    reader_of(request)
    ledger = gateway_of(request).ledger
    return answer(prepared_form(prepare(ledger.chain, ledger.registry, await json_body(request))))


@post("/v1/submit")
async def post_submit(request: Asked) -> Response[bytes]:
    """Send what `prepare` gave, with the signatures by key id, and wait for its block."""
    chain, reader = gateway_of(request).ledger.chain, reader_of(request)
    return await _send(request, reader, complete(chain, await json_body(request)))


@post("/v1/act")
async def post_act(request: Asked) -> Response[bytes]:
    """Send actions in JSON that the token's organisation's agent signs here; its key's scope says which it may."""
    gateway, reader = gateway_of(request), reader_of(request)
    members = object_of(await json_body(request), "", ("actions",))
    parts = read_parts(gateway.registry, members["actions"])
    return await _send(request, reader, gateway.sign_as_agent(reader, parts))


async def _send(request: Asked, reader: Reader, raw: bytes) -> Response[bytes]:
    gateway = gateway_of(request)
    at_once = "respond-async" in request.headers.get("prefer", "").lower()
    receipt = await gateway.submit(reader, raw, **({"wait_s": 0.0} if at_once else {}))
    if receipt is not None:
        return answer(receipt)
    identifier = open_transaction(gateway.registry.suite, raw).id.hex()
    headers = {"Location": f"/v1/transactions/{identifier}"} | (
        {"Preference-Applied": "respond-async"} if at_once else {}
    )
    return answer({"transaction": identifier, "result": "waiting"}, status=202, headers=headers)


def _batch_of(raw: bytes) -> list[bytes]:
    try:
        raws = _batch.decode(raw)
    except msgspec.DecodeError as fault:
        raise Problem(
            "ledger.malformed", field="body", expected=f"a MessagePack array of transactions: {fault}"[:200]
        ) from None
    if not 1 <= len(raws) <= BATCH_TRANSACTIONS:
        raise Problem("input.length", field="body", expected=f"1 to {BATCH_TRANSACTIONS} transactions")
    return raws


def _item(words: Any, found: dict[str, Any] | Exception) -> dict[str, Any]:
    if isinstance(found, dict):
        return {"receipt": found}
    if not isinstance(found, (Problem, Refused, Malformed, HTTPException)):
        raise found
    problem = as_problem(found)
    return {"problem": problem_form(problem, words, "en")}


ROUTES = [post_transaction, post_batch, post_prepare, post_submit, post_act]
