"""The OpenAPI document (3.1), derived from the contracts and from the table of the routes."""

import importlib.metadata
from typing import Any, Final

from infoharbor.edgekit.json_schema import schema
from infoharbor.edgekit.languages import Sentence, Words
from infoharbor.gateway.exchange import BINARY, JSON, SHEETS, XML
from infoharbor.gateway.importing import OUTCOMES
from infoharbor.gateway.operations import BYTES, OPERATIONS, SHEET_BODY, TEXT, XML_BODY, Operation
from infoharbor.gateway.problems import MEDIA_TYPE
from infoharbor.kernel.actions import ActionType
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry
from infoharbor.sdk.documents import INNER_ACTIONS

HEX: Final = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
ID: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
BASE64: Final = {"type": "string", "contentEncoding": "base64"}
INSTANT: Final = {"type": "string", "format": "date-time"}
COUNT: Final = {"type": "integer", "minimum": 0}
REFUSED: Final = {
    "400": "Not what this route reads.",
    "401": "The credential does not hold.",
    "404": "There is none, or none that you may read.",
    "409": "Refused by the ledger, and recorded.",
    "410": "It is over.",
    "413": "Too large.",
    "415": "Another media type is wanted.",
    "422": "Named, but unfit: see code, field and expected.",
    "429": "Too often: see Retry-After.",
    "503": "Not now: see Retry-After.",
}
WHY: Final = ("code", "field", "expected", "expected_zh")
"""What a refusal says by which a program and a person mend what was sent."""


def closed(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with these members and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def page(name: str, cursor: Any) -> dict[str, Any]:
    return closed({"items": {"type": "array", "items": named(name)}, "next": {"anyOf": [cursor, {"type": "null"}]}})


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _shared_schemas() -> dict[str, Any]:
    signer = {"key": ID, "user": TEXT, "organisation": TEXT}
    sentences = closed({"code": TEXT, "sentence": TEXT, "sentence_zh": TEXT})
    refusal = closed({"action": COUNT} | dict.fromkeys((*WHY, "sentence", "sentence_zh"), TEXT))
    receipt = {
        "transaction": ID,
        "height": COUNT,
        "position": COUNT,
        "result": {"type": "string", "enum": ["committed", "refused", "waiting"]},
        "signers": _list(closed(signer)),
        "relied": _list(TEXT),
        "writes": _list(closed({"path": TEXT, "version": COUNT})),
        "refusal": refusal,
    }
    action = {
        "by": _list(TEXT),
        "contract": TEXT,
        "action": TEXT,
        "arguments": {"type": "object"},
        "arguments_hex": HEX,
    }
    content = closed(
        {
            "id": ID,
            "keys": _list(ID),
            "expiry": INSTANT,
            "actions": _list(closed(action, optional=("arguments", "arguments_hex"))),
            "raw": BASE64,
        }
    )
    block = {
        "height": COUNT, "time": INSTANT, "transactions": COUNT, "receipts": COUNT, "writes": COUNT,
        "transactions_root": ID, "receipts_root": ID, "state_root": ID, "replay_digest": ID, "header": BASE64,
    }  # fmt: skip
    problem = {
        "type": TEXT, "title": TEXT, "title_zh": TEXT, "status": COUNT, "detail": TEXT, "detail_zh": TEXT,
        "code": TEXT, "field": TEXT, "expected": TEXT, "expected_zh": TEXT, "receipt": named("Receipt"),
    }  # fmt: skip
    status = {
        "chain": ID, "name": TEXT, "height": COUNT, "time": INSTANT, "flushed": {"type": "integer"}, "waiting": COUNT,
        "condition": TEXT, "reason": TEXT, "hash_suite": {"enum": ["sha256", "sm3"]},
        "readmodel": {"anyOf": [closed({"height": {"type": "integer"}, "follows": {"type": "boolean"}}), {"type": "null"}]},
    }  # fmt: skip
    party = signer | {"signed": {"type": "boolean"}, "problem": {"anyOf": [sentences, {"type": "null"}]}}
    pending = {
        "id": ID,
        "state": {"enum": ["waiting", "committed", "refused", "declined", "lapsed"]},
        "received": INSTANT,
        "expiry": INSTANT,
        "proposer": TEXT,
        "waits_for_you": {"type": "boolean"},
        "signers": _list(closed(party)),
        "actions": _list(closed(action | {"title": TEXT, "title_zh": TEXT}, optional=("arguments", "arguments_hex"))),
        "declined": {"anyOf": [closed({"organisation": TEXT, "reason": TEXT}), {"type": "null"}]},
        "receipt": {"anyOf": [named("Receipt"), {"type": "null"}]},
        "prepared": named("Prepared"),
    }
    rpc = {"id": COUNT, "jsonrpc": TEXT}
    prepare = {"actions": _list(named("Action")), "keys": _list(ID), "expiry": INSTANT, "ceilings": named("Ceilings")}
    return {
        "Receipt": closed(receipt, optional=tuple(name for name in receipt if name not in ("transaction", "result"))),
        "Transaction": closed(
            receipt | {"time": INSTANT, "content": {"anyOf": [content, {"type": "null"}]}}, optional=("refusal",)
        ),
        "Batch": closed(
            {
                "items": _list(
                    closed({"receipt": named("Receipt"), "problem": named("Problem")}, optional=("receipt", "problem"))
                )
            }
        ),
        "Ceilings": closed({"reads": COUNT, "writes": COUNT, "written_bytes": COUNT}),
        "Prepare": closed(prepare, optional=("expiry", "ceilings")),
        "Prepared": closed({"id": ID, "body": BASE64, "actions": _list(BASE64), "to_sign": BASE64}),
        "Submit": closed(
            {"body": BASE64, "actions": _list(BASE64), "signatures": {"type": "object", "additionalProperties": BASE64}}
        ),
        "Signatures": closed({"signatures": {"type": "object", "additionalProperties": BASE64}}),
        "Decline": closed({"reason": TEXT}),
        "Pending": closed(pending, optional=("prepared",)),
        "Pendings": page("Pending", TEXT),
        "Act": closed({"actions": _list(named("Action"))}),
        "Block": closed(block),
        "BlockWithResults": closed(block | {"results": _list(named("Receipt"))}),
        "Blocks": page("Block", COUNT),
        "Records": page("Record", TEXT),
        "History": page("Record", COUNT),
        "Answer": closed({"query": TEXT, "answer": {}}),
        "ConsensusQuestion": closed(
            rpc | {"method": TEXT, "params": {"type": "object"}}, optional=("params", "jsonrpc")
        ),
        "ConsensusAnswer": closed(rpc | {"result": {}, "error": {}}, optional=("result", "error")),
        "Report": closed(
            {
                "report": TEXT,
                "title": TEXT,
                "title_zh": TEXT,
                "as_of": INSTANT,
                "columns": _list({"type": "object"}),
                "rows": _list({"type": "object"}),
            }
        ),
        "Import": closed(
            {
                "import": TEXT,
                "counts": closed(dict.fromkeys(OUTCOMES, COUNT)),
                "items": _list(named("ImportedRow")),
                "capture": TEXT,
                "receipt": {"anyOf": [named("Receipt"), {"type": "null"}]},
            },
            optional=("capture", "receipt"),
        ),
        "ImportedRow": closed(
            {
                "row": COUNT,
                "outcome": {"enum": list(OUTCOMES)},
                "problem": closed(dict.fromkeys((*WHY, "title", "title_zh"), TEXT)),
                "breaks": _list(closed(dict.fromkeys(("rule", "about", "title", "title_zh"), TEXT))),
            },
            optional=("problem", "breaks"),
        ),
        "Imports": closed({"items": _list(named("ImportDeclared"))}),
        "ImportDeclared": closed(
            {
                **dict.fromkeys(("import", "title", "title_zh", "about", "about_zh"), TEXT),
                "columns": _list(
                    closed(dict.fromkeys(("name", "title", "title_zh", "like"), TEXT) | {"needed": {"type": "boolean"}})
                ),
            }
        ),
        "Invoice": closed(
            {
                "kind": TEXT,
                "standard": TEXT,
                "country": TEXT,
                "identity": TEXT,
                "series": TEXT,
                "number": TEXT,
                "year": COUNT,
                "seller": named("InvoiceParty"),
                "buyer": named("InvoiceParty"),
                "currency": TEXT,
                "net": COUNT,
                "tax": COUNT,
                "total": COUNT,
                "issued_on": COUNT,
                "due_on": {"anyOf": [COUNT, {"type": "null"}]},
                "of": _list(TEXT),
            }
        ),
        "InvoiceParty": closed({"name": TEXT, "number": TEXT}),
        "Status": closed(status),
        "Contracts": closed({"items": _list({"type": "object"})}),
        "Explained": closed({"code": TEXT, "title": TEXT, "title_zh": TEXT}),
        "Problem": closed(problem, optional=("receipt",)),
    }


def _record_schema(kind: RecordType) -> dict[str, Any]:
    path = {"type": "string", "pattern": f"^{kind.prefix}"}
    record = {"anyOf": [schema(kind.of), {"type": "null"}]}
    return closed({"path": path, "version": COUNT, "height": COUNT, "transaction": ID, "record": record})


def _arguments_schema(contract: str, kind: ActionType, about: Sentence) -> dict[str, Any]:
    made = schema(kind.of) | {"description": f"{about.en}\n\n{about.zh}"}
    inner = INNER_ACTIONS.get((contract, kind.name))
    if inner is not None:
        made["properties"][inner.arguments] = {"anyOf": [made["properties"][inner.arguments], {"type": "object"}]}
    return made


def document(registry: Registry) -> dict[str, Any]:
    """The whole document; every record and action of the registry has a schema of its own."""
    schemas, words = _shared_schemas(), Words(registry)
    records = {f"record.{kind.contract}.{kind.table}": _record_schema(kind) for kind in registry.tables.values()}
    actions = {
        f"action.{name}.{kind.name}": closed(
            {
                "by": _list(TEXT),
                "contract": {"const": name},
                "action": {"const": kind.name},
                "arguments": _arguments_schema(name, kind, words.about(kind)),
            }
        )
        for name in sorted(registry.contracts)
        for kind in registry.actions(name)
    }
    schemas |= records | actions
    schemas["Record"] = {"anyOf": [named(name) for name in records]}
    schemas["Action"] = {"anyOf": [named(name) for name in actions]}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "InfoHarbor",
            "version": importlib.metadata.version("infoharbor"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "Key ID.EXPIRY.SIGNATURE",
                },
            },
        },
        "security": [{}, {"bearer": []}, {"key": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    inside = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in inside]
    parameters += [{"name": name, "in": "query", "schema": kind} for name, kind in operation.queries.items()]
    if operation.open_queries:
        free = {"type": "object", "additionalProperties": TEXT}
        parameters.append({"name": "others", "in": "query", "style": "form", "explode": True, "schema": free})
    given = {} if operation.gives == BYTES else named(operation.gives)
    refused = {MEDIA_TYPE: {"schema": named("Problem")}}
    responses: dict[str, Any] = {
        "200": {"description": operation.summary, "content": {operation.media: {"schema": given}}}
    }
    if operation.gives == "Receipt":
        responses["202"] = {"description": "It waits for its block.", "content": {JSON: {"schema": named("Receipt")}}}
    responses |= {status: {"description": text, "content": refused} for status, text in REFUSED.items()}
    made = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if operation.body:
        files = {BYTES: BINARY, XML_BODY: XML, SHEET_BODY: SHEETS}.get(operation.body, ())
        medias: dict[str, Any] = {each: {"schema": {}} for each in files} or {JSON: {"schema": named(operation.body)}}
        made["requestBody"] = {"required": True, "content": medias}
    return made
