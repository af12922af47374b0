"""The route at which a node that comes new asks this member's CometBFT whose signatures later blocks have.

`POST /log/consensus` takes the questions that CometBFT's light client has, in its own JSON-RPC, and passes on no others.
"""

import asyncio

from litestar import Response, post

from infoharbor.engine.cometbft.light import QUESTION_BYTES, QUESTIONS_PATH, LightBlocks
from infoharbor.gateway.exchange import JSON, Asked, Parameters, answer, body_of, gateway_of, reader_of
from infoharbor.sdk.problems import Problem


@post(QUESTIONS_PATH, status_code=200)
async def post_question(request: Asked) -> Response[bytes]:
    """Signed headers, validators and parameters of CometBFT's blocks, as CometBFT answers."""
    reader_of(request)
    Parameters(request).end()
    raw = await body_of(request, QUESTION_BYTES, (JSON,))
    blocks: LightBlocks | None = getattr(gateway_of(request).engine, "light_blocks", None)
    if blocks is None:
        raise Problem("http.not_found", field="path", expected="a network's node")
    return answer(await asyncio.to_thread(blocks.ask, raw))


ROUTES = [post_question]
