"""An example of every format of `docs/reference/formats.md`, computed by today's code from a frozen history."""

from typing import Any

import msgspec
from attested_ledger import Attested
from frozen_contract.actions import CloseNote, EraseNote, WriteNote
from frozen_contract.records import Note, Place
from frozen_ledger import MEMBERS, START, FrozenLedger, member_key, salted, secret_of

from infoharbor.contractkit.signatures import possession_message
from infoharbor.crypto.hashes import SHA256, SM3, hash_suite
from infoharbor.crypto.suites import SUITES, key_id
from infoharbor.evidence.making import make_evidence
from infoharbor.kernel import merkle
from infoharbor.kernel.block import FORMAT, Genesis, receipt_blind, receipt_leaf
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.leaf import Leaf, blind, leaf_hash, path_hash
from infoharbor.kernel.records import record_type
from infoharbor.kernel.replay import ReplayDigest
from infoharbor.kernel.rulefiles import rules_hash
from infoharbor.kernel.transaction import Ceilings, action_hash, assemble, build_body, open_transaction, signing_bytes
from infoharbor.sdk.keys import read_message

LIVING, ERASED, LAPSED, ABSENT = (
    f"frozen_contract/notes/{key}" for key in ("bank/a", "trader/b", "customs/c", "bank/z")
)
VALUES: list[Any] = [
    None, False, True, 0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, -1, -32, -33, -128, -129,
    -32768, -32769, -(2**31), -(2**31) - 1, -(2**63), "", "信港", "x" * 31, "x" * 32, "x" * 255, "x" * 256, b"",
    b"\0" * 255, b"\0" * 256, [], [1, [2, [b"3"]]], [0] * 15, [0] * 16,
]  # fmt: skip


def plain(value: Any) -> Any:
    """A value as JSON: bytes in hex, structures as objects."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def bundle(chain: bytes, suite: str, name: str, minutes: int, parts: list[tuple[Any, tuple[str, ...]]]) -> bytes:
    """A signed transaction of these actions, of whom each names, that expires so many minutes after the genesis."""
    actions = [salted(f"{name}{index}", by, action) for index, (action, by) in enumerate(parts)]
    keys = {member: member_key(member) for _, by in parts for member in by}
    ids = {member: key_id(key.suite, key.public_key) for member, key in keys.items()}
    body = build_body(
        hash_suite(suite), chain=chain, keys=list(ids.values()), nonce=secret_of(name)[:16],
        expiry=START + minutes * 60_000, ceilings=Ceilings(100, 10, 10_000), actions=actions,
    )  # fmt: skip
    signatures = {ids[member]: key.sign(signing_bytes(body)) for member, key in keys.items()}
    return assemble(body, actions, signatures)


def new_history(suite: str) -> dict[str, Any]:
    """Seven blocks in which everything happens that leaves a trace; signatures are fresh, so it is made once."""
    secret = secret_of("blinds")
    place = Place(22_542_810, 114_059_560)
    first = salted("genesis", (), WriteNote("customs", "c", "開港", b"", START + 4000, ()))
    genesis = encode(
        Genesis(FORMAT, "frozen", suite, START, tagged_hash(SHA256, "blind-secret", secret), (first,), None)
    )
    ledger = FrozenLedger(genesis, secret)
    chain, until = ledger.chain.id, START + 10**9
    write = [WriteNote("bank", "a", text, text.encode(), until, (place,)) for text in ("一", "two", "ba")]
    other = WriteNote("trader", "b", "for one block", b"\0\xff", until, ())
    blocks = [
        (1000, [bundle(chain, suite, "0", 5, [(write[0], ("bank",)), (other, ("trader",))])]),
        (2000, [bundle(chain, suite, "1", 15, [(write[1], ("bank",))]),
                bundle(chain, suite, "2", 5, [(WriteNote("bank", "d", "x" * 101, b"", until, ()), ("bank",))])]),
        (3000, []),
        (5000, [bundle(chain, suite, "3", 5, [(WriteNote("customs", "e", "e", b"", until, ()), ("customs",))])]),
        (6000, [bundle(chain, suite, "4", 25, [(EraseNote("trader", "b"), ("trader",))]),
                bundle(chain, suite, "5", 25, [(write[2], ("bank",)), (CloseNote("bank", "a"), ("bank", "harbour"))])]),
        (1_000_000, [bundle(chain, suite, "6", 25, [(CloseNote("customs", "c"), ("customs", "harbour"))])]),
    ]  # fmt: skip
    for number in range(20):
        note = WriteNote("bank", f"n{number}", "", b"", until, ())
        blocks[2][1].append(bundle(chain, suite, f"n{number}", 5, [(note, ("bank",))]))
    outcomes = [ledger.run(START + time, transactions) for time, transactions in blocks]
    return {
        "genesis": genesis.hex(),
        "secret": secret.hex(),
        "header": ledger.outcomes[0].header_bytes.hex(),
        "receipts": plain(ledger.outcomes[0].receipts),
        "blocks": [
            {
                "time": START + time,
                "transactions": plain(transactions),
                "header": outcome.header_bytes.hex(),
                "receipts": plain(outcome.receipts),
                "writes": [[write.path, write.entry.version, write.entry.leaf_hash.hex()] for write in outcome.writes],
            }
            for (time, transactions), outcome in zip(blocks, outcomes, strict=True)
        ],
    }


def replay(history: dict[str, Any]) -> FrozenLedger:
    """The ledger that today's rules make of the frozen blocks."""
    ledger = FrozenLedger(bytes.fromhex(history["genesis"]), bytes.fromhex(history["secret"]))
    for block in history["blocks"]:
        ledger.run(block["time"], [bytes.fromhex(raw) for raw in block["transactions"]])
    return ledger


def of_ledger(ledger: FrozenLedger) -> dict[str, Any]:
    """Every format whose hashes are the chain's."""
    suite, secret = ledger.chain.suite, ledger.chain.secret
    return {
        "genesis": {
            "encoded": encode(ledger.genesis).hex(),
            "fields": plain(ledger.genesis),
            "chain_id": ledger.chain.id.hex(),
        },
        "transactions": [_transaction(ledger, raw) for sent in ledger.sent for raw in sent[:2]],
        "leaves": [
            {
                "fields": plain(leaf),
                "encoded": encode(leaf).hex(),
                "leaf_hash": leaf_hash(suite, leaf).hex(),
                "path_hash": path_hash(suite, leaf.path).hex(),
            }
            for path in (LIVING, ERASED, LAPSED)
            for entry in ledger.history(path)
            for hidden in [blind(suite, secret, path, entry.version)]
            for leaf in [
                Leaf(
                    path,
                    entry.version,
                    entry.height,
                    entry.transaction,
                    entry.previous,
                    entry.schema,
                    hidden,
                    entry.value,
                )
            ]
        ],
        "tree": {
            "state_root": ledger.outcomes[-1].header.state_root.hex(),
            "proofs": [{"path": path, **plain(ledger.place(path))} for path in (LIVING, ERASED, ABSENT, ABSENT + "4")],
        },
        "receipts": [
            {
                "encoded": raw.hex(),
                "fields": plain(receipt),
                "blind": hidden.hex(),
                "leaf": receipt_leaf(raw, hidden).hex(),
                "leaf_hash": merkle.leaf_hash(receipt_leaf(raw, hidden), suite.digest).hex(),
            }
            for outcome in ledger.outcomes
            for raw, receipt in list(zip(outcome.receipts, outcome.results, strict=True))[:2]
            for hidden in [receipt_blind(suite, secret, receipt.transaction)]
        ],
        "headers": [
            {
                "encoded": outcome.header_bytes.hex(),
                "fields": plain(outcome.header),
                "leaf_hash": merkle.leaf_hash(outcome.header_bytes).hex(),
            }
            for outcome in ledger.outcomes
        ],
        "replay_digests": _replay_digests(ledger),
        "checkpoint": {"note": ledger.note.decode(), "vkey": ledger.log_key.encode()},
    }


def _transaction(ledger: FrozenLedger, raw: bytes) -> dict[str, Any]:
    opened = open_transaction(ledger.chain.suite, raw)
    encoded = msgspec.msgpack.decode(raw)
    return {
        "encoded": raw.hex(),
        "id": opened.id.hex(),
        "signed_message": opened.message.hex(),
        "body": plain(opened.body),
        "actions": [
            {"encoded": action.hex(), "hash": action_hash(ledger.chain.suite, action).hex(), "fields": plain(fields)}
            for action, fields in zip(encoded[1], opened.actions, strict=True)
        ],
        "signatures": plain(opened.signatures),
    }


def _replay_digests(ledger: FrozenLedger) -> list[dict[str, Any]]:
    digest, steps = ReplayDigest(ledger.chain.suite), []
    for now, ids in [(START, []), (START + 1, [b"\0\x2d\0\1" + bytes(28)]), (START + 2, [b"\x7f\0\0\1" + bytes(28)] * 2),
                     (START + 3, [b"\x7f\0\0\1" + b"\1" * 28, b"\x7f\0\0\2" + bytes(28)])]:  # fmt: skip
        header_digest = digest.advance(now, ids)
        buckets = [[bucket, each.hex()] for bucket, each in sorted(digest.buckets.items())]
        steps.append({"time": now, "ids": plain(ids), "buckets": buckets, "digest": header_digest.hex()})
    return steps


def common() -> dict[str, Any]:
    """Every format that is the same on all chains."""
    kind = record_type(Note)
    files = {"actions.py": b"act\n", "records.py": b"keep\n"}
    return {
        "messagepack": [{"value": plain(value), "encoded": encode(value).hex()} for value in VALUES],
        "keys": [
            {
                "suite": suite,
                "secret": key.secret.hex(),
                "public_key": key.public_key.hex(),
                "key_id": key_id(key.suite, key.public_key).hex(),
                "possession_message": possession_message("user-1234", suite, key.public_key).hex(),
            }
            for suite in SUITES
            for key in [SUITES[suite].private_key(secret_of(suite))]
        ],
        "read_message": read_message(bytes(32), "Gateway.example:443", START).hex(),
        "schema": {"text": kind.schema.decode(), "schema_hash": kind.schema_hash.hex()},
        "rules": {
            "files": {name: content.decode() for name, content in files.items()},
            "hash": rules_hash(files).hex(),
        },
        "logs": [
            {
                "digest": suite.name,
                "size": size,
                "root": merkle.root(leaves, suite.digest).hex(),
                "inclusion": [plain(merkle.inclusion_path(index, leaves, suite.digest)) for index in range(size)],
                "consistency": [
                    plain(merkle.consistency_proof(old, size, merkle.in_memory(leaves, suite.digest), suite.digest))
                    for old in range(1, size)
                ],
            }
            for suite in (SHA256, SM3)
            for size in (0, 1, 2, 3, 7, 8)
            for leaves in [[merkle.leaf_hash(bytes([number]), suite.digest) for number in range(size)]]
        ],
    }


def evidence(ledger: FrozenLedger) -> dict[str, tuple[bytes, bytes]]:
    """Evidence files of several shapes, each with its trust file."""
    made = {
        "present": make_evidence(ledger.chain, ledger, [LIVING, LAPSED]),
        "newest": make_evidence(ledger.chain, ledger, [LIVING], history=False, receipts=False),
        "absent": make_evidence(ledger.chain, ledger, [ABSENT, ABSENT + "4", LIVING]),
        "erased": make_evidence(ledger.chain, ledger, [ERASED]),
        "opened": make_evidence(ledger.chain, ledger, [LIVING, ERASED], open_actions=True),
    }
    files = {name: (raw, ledger.trust.encode()) for name, raw in made.items()}
    attested = Attested(ledger)
    files["cosigned"] = (make_evidence(ledger.chain, attested, [LIVING, ABSENT]), attested.trust.encode())
    return files


__all__ = ["MEMBERS", "common", "evidence", "new_history", "of_ledger", "replay"]
