"""What a ledger's answers look like in JSON: records, receipts, transactions, blocks, contracts."""

import base64
from typing import Any

from infoharbor.edgekit.json_form import iso, shape_of, to_json
from infoharbor.edgekit.json_schema import schema
from infoharbor.edgekit.languages import Sentence, Words
from infoharbor.edgekit.sight import Seen
from infoharbor.engine.interface import Block
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.records import RecordType
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.transaction import Opened, SaltedAction


def record_form(seen: Seen) -> dict[str, Any]:
    """One version of a record; `record` is null where it was deleted."""
    return {
        "path": seen.path,
        "version": seen.entry.version,
        "height": seen.entry.height,
        "transaction": seen.entry.transaction.hex(),
        "record": None if seen.record is None else to_json(seen.record),
    }


def receipt_form(receipt: Receipt, words: Words, *, show_expected: bool) -> dict[str, Any]:
    """What became of a transaction. `expected` may tell of records, so that only its signers are shown it."""
    form: dict[str, Any] = {
        "transaction": receipt.transaction.hex(),
        "height": receipt.height,
        "position": receipt.position,
        "result": "refused" if receipt.code else "committed",
        "signers": [
            {"key": signer.key.hex(), "user": signer.user, "organisation": signer.organisation}
            for signer in receipt.signers
        ],
        "relied": list(receipt.relied),
        "writes": [{"path": path, "version": version} for path, version in receipt.writes],
    }
    if receipt.code:
        sentence = words.refusal(receipt.code)
        expected = words.expected(receipt.code, receipt.expected if show_expected else "")
        form["refusal"] = {
            "code": receipt.code,
            "action": receipt.action,
            "field": receipt.field,
            "expected": expected.en,
            "expected_zh": expected.zh,
            "sentence": sentence.en,
            "sentence_zh": sentence.zh,
        }
    return form


def transaction_form(opened: Opened, registry: Registry) -> dict[str, Any]:
    """A transaction's content; arguments by name where this node has the action, in hex where it has not."""
    return {
        "id": opened.id.hex(),
        "keys": [key.hex() for key in opened.body.keys],
        "expiry": iso(opened.body.expiry),
        "actions": [action_form(action, registry) for action in opened.actions],
        "raw": base64.b64encode(opened.raw).decode(),
    }


def action_form(action: SaltedAction, registry: Registry) -> dict[str, Any]:
    form: dict[str, Any] = {"by": list(action.by), "contract": action.contract, "action": action.name}
    read = registry.read_action(action)
    return form | ({"arguments_hex": action.arguments.hex()} if read is None else {"arguments": to_json(read)})


def block_form(block: Block) -> dict[str, Any]:
    """A block's header by name, with the encoded header whose hash is a leaf of the header log."""
    header = block.header
    return {
        "height": header.height,
        "time": iso(header.time),
        "transactions": header.transactions,
        "receipts": header.receipts,
        "writes": len(block.written),
        "transactions_root": header.transactions_root.hex(),
        "receipts_root": header.receipts_root.hex(),
        "state_root": header.state_root.hex(),
        "replay_digest": header.replay_digest.hex(),
        "header": base64.b64encode(block.header_bytes).decode(),
    }


def contracts_form(registry: Registry, words: Words, active: dict[str, int]) -> list[dict[str, Any]]:
    """Every contract of this node: what it keeps, what may be done, its texts; `active` gives the voted versions."""
    return [
        {
            "contract": name,
            "version": contract.version,
            "active": active.get(name),
            "rules_hash": contract.rules_hash.hex(),
            **_both("title", words.text(name, "title")),
            **_both("about", words.text(name, "about")),
            "tables": [_table_form(kind, words) for kind in registry.tables.values() if kind.contract == name],
            "actions": [
                {
                    "action": kind.name,
                    **_both("title", words.text(name, "actions", kind.name)),
                    **_both("about", words.about(kind)),
                    "arguments": schema(kind.of),
                }
                for kind in registry.actions(name)
            ],
        }
        for name, contract in sorted(registry.contracts.items())
    ]


def _table_form(kind: RecordType, words: Words) -> dict[str, Any]:
    return {
        "table": kind.table,
        **_both("title", words.text(kind.contract, "tables", kind.table)),
        "key": list(kind.key),
        "visible": kind.visible,
        "readers": [str(reader) for reader in kind.readers],
        "moves": [
            {"before": str(move.before), "after": str(move.after), "by": [str(party) for party in move.parties]}
            for move in kind.moves
        ],
        "fields": [
            {"field": field.name, **_both("title", words.text(kind.contract, "fields", f"{kind.table}.{field.name}"))}
            for field in shape_of(kind.of).fields
        ],
        "schema": schema(kind.of),
        "schema_hash": kind.schema_hash.hex(),
    }


def _both(name: str, sentence: Sentence) -> dict[str, str]:
    return {name: sentence.en, f"{name}_zh": sentence.zh}
