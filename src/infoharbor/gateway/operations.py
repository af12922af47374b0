"""The routes of the gateway as its description lists them: what each is for, takes and gives."""

from typing import Any, Final, NamedTuple

from infoharbor.gateway.exchange import JSON
from infoharbor.sdk.listing import PAGE_MAX
from infoharbor.sdk.local import BLOCKS_A_PAGE

TEXT: Final = {"type": "string"}
BYTES: Final = "bytes"
XML_BODY: Final = "xml"
SHEET_BODY: Final = "sheet"
PENDING_MAX: Final = 100


class Operation(NamedTuple):
    """One route. `body` and `gives` name schemas, or are `BYTES`; `media` is the answer's media type."""

    method: str
    path: str
    name: str
    summary: str
    gives: str
    body: str = ""
    queries: dict[str, Any] = {}  # noqa: RUF012
    media: str = JSON
    open_queries: bool = False


def _integer(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


BIG: Final = 2**53 - 1
OPERATIONS: Final = (
    Operation("post", "/v1/transactions", "postTransaction", "Send a transaction's bytes.", "Receipt", BYTES),
    Operation(
        "post", "/v1/transactions/batch", "postBatch", "Send a MessagePack array of transactions.", "Batch", BYTES
    ),
    Operation("get", "/v1/transactions/{identifier}", "getTransaction", "What became of a transaction.", "Transaction"),
    Operation("post", "/v1/prepare", "prepare", "Turn actions into the exact bytes to sign.", "Prepared", "Prepare"),
    Operation(
        "post", "/v1/pending", "postPending", "Let a half-signed bundle wait for signatures.", "Pending", "Submit"
    ),
    Operation(
        "get",
        "/v1/pending",
        "getPendings",
        "Bundles that wait for signatures.",
        "Pendings",
        queries={"waiting": {"type": "boolean"}, "limit": _integer(1, PENDING_MAX), "before": TEXT},
    ),
    Operation("get", "/v1/pending/{identifier}", "getPending", "One of them, with the bytes to sign.", "Pending"),
    Operation("post", "/v1/pending/{identifier}/signatures", "signPending", "Sign it.", "Pending", "Signatures"),
    Operation("post", "/v1/pending/{identifier}/decline", "declinePending", "Do not sign it.", "Pending", "Decline"),
    Operation("post", "/v1/submit", "submit", "Send what was prepared, with its signatures.", "Receipt", "Submit"),
    Operation("post", "/v1/act", "act", "Send actions that the organisation's agent signs.", "Receipt", "Act"),
    Operation(
        "get",
        "/v1/records/{contract}/{table}",
        "getRecords",
        "Records of a table; any field is a filter.",
        "Records",
        queries={"limit": _integer(1, PAGE_MAX), "after": TEXT},
        open_queries=True,
    ),
    Operation("get", "/v1/records/{contract}/{table}/{key}", "getRecord", "The newest version of a record.", "Record"),
    Operation(
        "get",
        "/v1/history/{contract}/{table}/{key}",
        "getHistory",
        "The versions of a record, the newest first.",
        "History",
        queries={"limit": _integer(1, PAGE_MAX), "before": _integer(0, BIG)},
    ),
    Operation(
        "get", "/v1/queries/{contract}/{name}", "getQuery", "A named query's answer.", "Answer", open_queries=True
    ),
    Operation(
        "get",
        "/v1/reports/{contract}/{name}",
        "getReport",
        "A contract's report; as a file with format=csv or xlsx.",
        "Report",
        queries={"format": {"enum": ["json", "csv", "xlsx"]}, "lang": {"enum": ["en", "zh"]}},
        open_queries=True,
    ),
    Operation("get", "/v1/imports", "getImports", "The sheets that can be imported, with their columns.", "Imports"),
    Operation(
        "post",
        "/v1/imports/{contract}/{name}",
        "postImport",
        "Take in a sheet, or with preview=true only say what would become of each row.",
        "Import",
        SHEET_BODY,
        queries={"preview": {"type": "boolean"}, "proceed": {"type": "boolean"}},
    ),
    Operation(
        "post",
        "/v1/invoices/check",
        "checkInvoice",
        "Whether an invoice file is right; nothing is kept.",
        "Invoice",
        XML_BODY,
    ),
    Operation(
        "get",
        "/v1/blocks",
        "getBlocks",
        "Blocks, ascending.",
        "Blocks",
        queries={"limit": _integer(1, BLOCKS_A_PAGE), "after": _integer(-1, BIG)},
    ),
    Operation("get", "/v1/blocks/{height}", "getBlock", "A block with its readable receipts.", "BlockWithResults"),
    Operation("get", "/v1/status", "getStatus", "How the node is.", "Status"),
    Operation("get", "/v1/contracts", "getContracts", "The contracts.", "Contracts"),
    Operation(
        "get",
        "/v1/stream",
        "getStream",
        "Server-sent events, one a block.",
        BYTES,
        queries={"after": _integer(-1, BIG)},
        media="text/event-stream",
    ),
    Operation(
        "get",
        "/v1/proofs/{record}",
        "getProof",
        "A record's evidence file.",
        BYTES,
        queries={"history": {"type": "boolean"}},
    ),
    Operation("get", "/v1/trust", "getTrust", "The trust file.", BYTES, media="text/plain"),
    Operation("get", "/v1/problems/{code}", "getProblem", "What a refusal's code says.", "Explained"),
    Operation("get", "/v1/openapi.json", "getOpenapi", "This document.", BYTES),
    Operation("get", "/log/checkpoint", "getCheckpoint", "The signed checkpoint.", BYTES, media="text/plain"),
    Operation(
        "get", "/log/tile/{tile}", "getTile", "A tile of the header log.", BYTES, media="application/octet-stream"
    ),
    Operation(
        "get",
        "/log/digests/{height}",
        "getDigests",
        "What a block did, as digests: where another member's ledger parts from this one.",
        BYTES,
        media="application/msgpack",
    ),
    Operation(
        "post",
        "/log/consensus",
        "askConsensus",
        "What CometBFT's light client asks of a network's node, in JSON-RPC.",
        "ConsensusAnswer",
        "ConsensusQuestion",
    ),
)
