"""Routes that read: records and their histories, named queries, transactions, blocks, and what the ledger is."""

from litestar import Response, get

from infoharbor.edgekit.languages import preferred
from infoharbor.gateway.exchange import (
    Asked,
    Parameters,
    answer,
    client_of,
    gateway_of,
    height_in,
    part,
    path_after,
    reader_of,
)
from infoharbor.kernel.limits import INTEGER_MAX
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.documents import hex_bytes
from infoharbor.sdk.listing import PAGE, PAGE_MAX
from infoharbor.sdk.local import BLOCKS_A_PAGE
from infoharbor.sdk.problems import Problem


@get("/v1/records/{contract:str}/{table:str}", sync_to_thread=True)
def get_records(request: Asked) -> Response[bytes]:
    """Records of a table, ascending by key. Any field is a filter; `after` takes the `next` of the answer before."""
    parameters = Parameters(request)
    limit, after = parameters.integer("limit", PAGE, 1, PAGE_MAX), parameters.text("after")
    return answer(
        client_of(request).records(
            part(request, "contract"), part(request, "table"), parameters.rest(), limit=limit, after=after
        )
    )


@get("/v1/records/{contract:str}/{table:str}/{key:path}", sync_to_thread=True)
def get_record(request: Asked) -> Response[bytes]:
    """The newest version of one record."""
    Parameters(request).end()
    return answer(client_of(request).record(path_after(request, "/v1/records/")))


@get("/v1/history/{contract:str}/{table:str}/{key:path}", sync_to_thread=True)
def get_history(request: Asked) -> Response[bytes]:
    """The versions of one record, the newest first; `before` takes the `next` of the answer before."""
    parameters = Parameters(request)
    limit, before = parameters.integer("limit", PAGE, 1, PAGE_MAX), parameters.integer("before", 0, 0, INTEGER_MAX)
    parameters.end()
    path = path_after(request, "/v1/history/")
    return answer(client_of(request).history(path, limit=limit, before=before))


@get("/v1/queries/{contract:str}/{name:str}", sync_to_thread=True)
def get_query(request: Asked) -> Response[bytes]:
    """The answer to a contract's named query; its parameters are the query's own."""
    contract, name = part(request, "contract"), part(request, "name")
    result = client_of(request).query(contract, name, Parameters(request).rest())
    return answer({"query": f"{contract}/{name}", "answer": result})


@get("/v1/transactions/{identifier:str}", sync_to_thread=True)
def get_transaction(request: Asked) -> Response[bytes]:
    """What became of a transaction, with its content."""
    Parameters(request).end()
    return answer(client_of(request).receipt(hex_bytes(part(request, "identifier"), "id", 32)))


@get("/v1/blocks", sync_to_thread=True)
def get_blocks(request: Asked) -> Response[bytes]:
    """Blocks from beyond height `after`, ascending; by default from the first that this node keeps."""
    parameters = Parameters(request)
    first = gateway_of(request).engine.first_block
    limit, after = (
        parameters.integer("limit", BLOCKS_A_PAGE, 1, BLOCKS_A_PAGE),
        parameters.integer("after", first - 1, -1, INTEGER_MAX),
    )
    parameters.end()
    return answer(client_of(request).blocks(after=after, limit=limit))


@get("/v1/blocks/{height:str}", sync_to_thread=True)
def get_block(request: Asked) -> Response[bytes]:
    """A block, with those receipts that the asker may read."""
    Parameters(request).end()
    height = height_in(request)
    return answer(client_of(request).block(height))


@get("/v1/status", sync_to_thread=True)
def get_status(request: Asked) -> Response[bytes]:
    """How the node is, and which ledger it runs. One in quarantine says this to anyone, and nothing else."""
    gateway = gateway_of(request)
    reader = Reader() if gateway.is_quarantined else reader_of(request)
    return answer(gateway.client(reader).status())


@get("/v1/contracts", sync_to_thread=True)
def get_contracts(request: Asked) -> Response[bytes]:
    """The contracts: tables, fields, readers and moves; actions with the schemas of their arguments; queries."""
    return answer({"items": client_of(request).contracts()})


@get("/v1/problems/{code:str}", sync_to_thread=True)
def get_problem(request: Asked) -> Response[bytes]:
    """What a refusal's code says; the `type` of every problem points here."""
    words = gateway_of(request).ledger.words
    code = part(request, "code")
    if not words.has_refusal(code):
        raise Problem("http.not_found", field="code", expected="a code that a refusal carries")
    sentence = words.refusal(code)
    language = preferred(request.headers.get("accept-language", ""))
    return answer({"code": code, "title": sentence.to(language), "title_zh": sentence.zh})


ROUTES = [
    get_records, get_record, get_history, get_query, get_transaction, get_blocks, get_block, get_status, get_contracts,
    get_problem,
]  # fmt: skip
