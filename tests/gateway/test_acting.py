"""Transactions over HTTP: taken as bytes or as JSON, refused by name, and never half."""

import base64
import hashlib
from typing import Any

import httpx
import msgspec
import pytest
from nacl.signing import SigningKey
from node import TOKEN, Node
from problem import assert_problem

from infoharbor.kernel import limits
from infoharbor.sdk.building import build, now_ms
from infoharbor.sdk.keys import id_of

MSGPACK = {"Content-Type": "application/msgpack"}


def post(node: Node, raw: bytes, *, organisation: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    with node.asking(organisation) as client:
        return client.post("/v1/transactions", content=raw, headers=MSGPACK | (headers or {}))


def transfer(amount: Any = "5", **changes: Any) -> dict[str, Any]:
    arguments = {"token": TOKEN, "to": "firm-2", "amount": amount, "reference": ""} | changes
    return {"by": ["firm-1"], "contract": "asset", "action": "Transfer", "arguments": arguments}


def test_a_signed_transfer_is_answered_with_its_receipt(node: Node) -> None:
    answer = post(node, node.raw(node.transfer("firm-2", 7), by="firm-1"))
    assert answer.status_code == 200
    receipt = answer.json()
    assert receipt["result"] == "committed"
    assert {each["path"].rpartition("/")[2] for each in receipt["writes"]} >= {"firm-1", "firm-2"}


def test_a_replay_is_answered_with_the_first_receipt_and_does_nothing(node: Node) -> None:
    raw = node.raw(node.transfer("firm-2", 3), by="firm-1")
    first = post(node, raw).json()
    before = node.local("firm-1").record(f"asset/balances/{TOKEN}/firm-1")
    assert post(node, raw).json() == first
    assert node.local("firm-1").record(f"asset/balances/{TOKEN}/firm-1") == before


def test_prefer_respond_async_is_answered_at_once_with_where_to_look(node: Node) -> None:
    with node.asking("firm-1") as client:
        raw = node.raw(node.transfer("firm-2", 4), by="firm-1")
        answer = client.post("/v1/transactions", content=raw, headers=MSGPACK | {"Prefer": "respond-async"})
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "respond-async"
        node.engine.submit(raw).result(10)
        receipt = client.get(answer.headers["location"]).json()
        assert receipt["transaction"] == answer.json()["transaction"]


def test_a_refusal_of_the_ledger_is_409_with_its_receipt(node: Node) -> None:
    answer = post(node, node.raw(node.transfer("firm-2", 10**15), by="firm-1"), organisation="firm-1")
    problem = assert_problem(answer, 409, "asset.balance_short")
    assert problem["receipt"]["result"] == "refused"
    assert problem["receipt"]["writes"] == []


def test_what_would_have_been_right_is_told_to_the_signers_organisation_alone(node: Node) -> None:
    raw = node.raw(node.transfer("firm-2", 10**15), by="firm-1")
    told = post(node, raw, organisation="firm-1").json()
    assert told["expected"]
    assert told["receipt"]["refusal"]["expected"] == told["expected"]
    for stranger in ("firm-2", ""):
        silent = post(node, raw, organisation=stranger).json()
        assert silent["code"] == told["code"]
        assert silent["expected"] == silent["receipt"]["refusal"]["expected"] == ""


def test_a_problem_speaks_the_language_that_is_preferred_and_always_chinese(node: Node) -> None:
    raw = b"\x93"
    english, chinese = (post(node, raw, headers={"Accept-Language": each}) for each in ("en-GB, zh;q=0.5", "zh-CN"))
    assert english.headers["content-language"] == "en"
    assert chinese.headers["content-language"] == "zh"
    assert english.json()["title_zh"] == chinese.json()["title"] == chinese.json()["title_zh"]
    assert english.json()["title"] != chinese.json()["title"]


def altered(node: Node, place: str) -> bytes:
    """A signed transfer with one thing wrong."""
    body, actions, signatures = msgspec.msgpack.decode(node.raw(node.transfer("firm-2", 1), by="firm-1"))
    match place:
        case "signature":
            signatures = [bytes([signatures[0][0] ^ 1]) + signatures[0][1:]]
        case "stripped":
            signatures = []
        case "added":
            signatures = [*signatures, signatures[0]]
        case "action":
            actions = [actions[0][:-1] + bytes([actions[0][-1] ^ 1])]
        case "surplus":
            return msgspec.msgpack.encode([body, actions, signatures, 1])
        case "trailing":
            return msgspec.msgpack.encode([body, actions, signatures]) + b"\0"
        case "long header":
            return b"\xdc\x00\x03" + msgspec.msgpack.encode([body, actions, signatures])[1:]
    return msgspec.msgpack.encode([body, actions, signatures])


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("signature", "ledger.signature_invalid"),
        ("stripped", "ledger.signature_count"),
        ("added", "ledger.signature_count"),
        ("action", "ledger.action_hash"),
        ("surplus", "ledger.malformed"),
        ("trailing", "ledger.malformed"),
        ("long header", "ledger.not_canonical"),
    ],
)
def test_an_altered_transaction_is_no_transaction(node: Node, place: str, code: str) -> None:
    assert_problem(post(node, altered(node, place)), 422, code)


def test_a_transaction_for_another_chain_is_refused(node: Node) -> None:
    chain = node.ledger.chain._replace(id=bytes(32))
    raw = build(chain, [(node.transfer("firm-2", 1), ("firm-1",))], [id_of(node.signer("firm-1"))])
    assert_problem(post(node, raw.signed_by(node.signer("firm-1"))), 422, "ledger.wrong_chain", "chain")


def test_a_lapsed_transaction_and_one_that_asks_for_too_long_are_refused(node: Node) -> None:
    signer = node.signer("firm-1")
    for expiry, code in (
        (now_ms() - 5000, "ledger.expired"),
        (now_ms() + 2 * limits.EXPIRY_MS, "ledger.expiry_too_far"),
    ):
        unsigned = build(node.ledger.chain, [(node.transfer("firm-2", 1), ("firm-1",))], [id_of(signer)], expiry=expiry)
        assert_problem(post(node, unsigned.signed_by(signer)), 422, code, "expiry")


def test_an_unknown_key_is_refused(node: Node) -> None:
    stranger = node.cast.signer("firm-1", "nobody")
    unsigned = build(node.ledger.chain, [(node.transfer("firm-2", 1), ("firm-1",))], [id_of(stranger)])
    assert_problem(post(node, unsigned.signed_by(stranger)), 422, "identity.key_unknown", "keys")


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(node: Node) -> None:
    assert_problem(post(node, bytes(limits.TRANSACTION_BYTES + 1)), 413, "input.too_large", "body")
    with node.asking() as client:
        endless = iter([bytes(1024 * 1024)] * 20)
        assert_problem(
            client.post("/v1/prepare", content=endless, headers={"Content-Type": "application/json"}),
            413,
            "input.too_large",
        )


def test_another_media_type_is_refused(node: Node) -> None:
    with node.asking() as client:
        assert_problem(
            client.post("/v1/transactions", content=b"x", headers={"Content-Type": "text/plain"}),
            415,
            "http.media_type",
        )
        assert_problem(client.post("/v1/prepare", content=b"{}", headers=MSGPACK), 415, "http.media_type")


def test_a_batch_has_an_answer_for_each_in_order(node: Node) -> None:
    raws = [
        node.raw(node.transfer("firm-2", 1), by="firm-1"),
        b"nothing",
        node.raw(node.transfer("firm-2", 10**15), by="firm-1"),
    ]
    with node.asking("firm-1") as client:
        items = client.post("/v1/transactions/batch", content=msgspec.msgpack.encode(raws), headers=MSGPACK).json()[
            "items"
        ]
    assert items[0]["receipt"]["result"] == "committed"
    assert items[1]["problem"]["code"] == "ledger.malformed"
    assert items[2]["problem"]["code"] == "asset.balance_short"
    assert items[2]["problem"]["receipt"]["result"] == "refused"


# Prepare, sign, submit


def test_a_foreign_signer_needs_json_and_ed25519_alone(node: Node) -> None:
    """Only the standard library's JSON and base64, and a bare Ed25519: what a Java or .NET client with an HSM has."""
    signer = node.signer("firm-1")
    seed = hashlib.sha256(b"gateway tests" + b"ed25519/firm-1/administrator").digest()
    key = id_of(signer).hex()
    with node.asking("firm-1") as client:
        prepared = client.post("/v1/prepare", json={"actions": [transfer("11")], "keys": [key]}).json()
        signature = SigningKey(seed).sign(base64.b64decode(prepared["to_sign"])).signature
        document = {name: prepared[name] for name in ("body", "actions")}
        document["signatures"] = {key: base64.b64encode(signature).decode()}
        receipt = client.post("/v1/submit", json=document).json()
        assert receipt["result"] == "committed"
        assert receipt["transaction"] == prepared["id"]
        shown = client.get(f"/v1/transactions/{prepared['id']}").json()
    assert shown["content"]["actions"] == [transfer("11")]


def test_prepare_changes_and_keeps_nothing(node: Node) -> None:
    height = node.engine.status().height
    with node.asking() as client:
        document = {"actions": [transfer()], "keys": [id_of(node.signer("firm-1")).hex()]}
        first, second = (client.post("/v1/prepare", json=document).json() for _ in range(2))
    assert first["id"] != second["id"]
    assert node.engine.status().height == height


@pytest.mark.parametrize(
    ("action", "code", "field"),
    [
        (transfer(0), "input.range", "actions[0].arguments.amount"),
        (transfer(-1), "input.range", "actions[0].arguments.amount"),
        (transfer(str(2**63)), "input.range", "actions[0].arguments.amount"),
        (transfer(2**63), "input.range", "actions[0].arguments.amount"),
        (transfer("1e3"), "input.type", "actions[0].arguments.amount"),
        (transfer("01"), "input.type", "actions[0].arguments.amount"),
        (transfer(True), "input.type", "actions[0].arguments.amount"),
        (transfer(None), "input.type", "actions[0].arguments.amount"),
        (transfer(to=""), "input.length", "actions[0].arguments.to"),
        (transfer(to=5), "input.type", "actions[0].arguments.to"),
        (transfer(more=1), "input.field_unknown", "actions[0].arguments.more"),
        ({**transfer(), "action": "Steal"}, "ledger.action_unknown", "actions[0].action"),
        ({**transfer(), "contract": "nothing"}, "ledger.action_unknown", "actions[0].action"),
        ({**transfer(), "by": []}, "input.type", "actions[0].by"),
        ({**transfer(), "note": ""}, "input.field_unknown", "actions[0].note"),
        ({"by": ["firm-1"], "contract": "asset", "action": "Transfer"}, "input.field_missing", "actions[0].arguments"),
    ],
)
def test_prepare_names_the_field_that_is_wrong(node: Node, action: Any, code: str, field: str) -> None:
    with node.asking() as client:
        answer = client.post("/v1/prepare", json={"actions": [action], "keys": ["00" * 32]})
    problem = assert_problem(answer, 422, code, field)
    assert problem["expected"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "input.not_json"),
        (b"\xff", "input.not_json"),
        (b'{"a": 1, "a": 2}', "input.name_twice"),
        (b'{"a": 1.5}', "input.not_exact"),
        (b'{"a": NaN}', "input.not_exact"),
        (b"[" * 17 + b"]" * 17, "input.too_deep"),
        (b"[" * 100_000, "input.too_deep"),
    ],
)
def test_json_that_is_not_exact_or_too_deep_is_refused(node: Node, text: bytes, code: str) -> None:
    with node.asking() as client:
        assert_problem(
            client.post("/v1/prepare", content=text, headers={"Content-Type": "application/json"}), 400, code
        )


def test_submit_wants_exactly_one_signature_of_each_key(node: Node) -> None:
    key = id_of(node.signer("firm-1")).hex()
    with node.asking() as client:
        prepared = client.post("/v1/prepare", json={"actions": [transfer()], "keys": [key]}).json()
        document = {name: prepared[name] for name in ("body", "actions")}
        for signatures in ({}, {key: "AAAA", "00" * 32: "AAAA"}):
            answer = client.post("/v1/submit", json=document | {"signatures": signatures})
            assert_problem(answer, 422, "ledger.signature_count", "signatures")
        answer = client.post("/v1/submit", json=document | {"signatures": {key: base64.b64encode(bytes(64)).decode()}})
        assert_problem(answer, 422, "ledger.signature_invalid", "signatures")


# The organisation's agent


def set_audience(by: str = "firm-1") -> dict[str, Any]:
    """The one action that the agent may sign."""
    arguments = {"product": "*", "audience": ["firm-2"]}
    return {"by": [by], "contract": "trace", "action": "SetAudience", "arguments": arguments}


def test_a_bearer_acts_through_the_agent_of_its_organisation(node: Node) -> None:
    with node.asking("firm-1") as client:
        receipt = client.post("/v1/act", json={"actions": [set_audience()]}).json()
    assert receipt["signers"] == [{"key": id_of(node.agent).hex(), "user": node.agent.user, "organisation": "firm-1"}]


def test_the_agent_signs_only_what_is_in_its_scope(node: Node) -> None:
    with node.asking("firm-1") as client:
        assert_problem(client.post("/v1/act", json={"actions": [transfer()]}), 409, "identity.not_signed", "by")


def test_nobody_acts_for_another_organisation_or_without_an_agent(node: Node) -> None:
    with node.asking("firm-2") as client:
        assert_problem(client.post("/v1/act", json={"actions": [set_audience()]}), 403, "http.forbidden")
        assert_problem(client.post("/v1/act", json={"actions": [set_audience("firm-2")]}), 403, "http.no_agent")
    with node.asking() as client:
        assert_problem(client.post("/v1/act", json={"actions": [set_audience()]}), 401, "http.credential")


def proposal(action: str, decision: Any) -> dict[str, Any]:
    arguments = {"id": "in-json", "action": action, "decision": decision, "reason": "example"}
    return {"by": ["bank"], "contract": "governance", "action": "Propose", "arguments": arguments}


def test_a_decision_is_proposed_in_json(node: Node) -> None:
    key = id_of(node.signer("bank")).hex()
    grant = {
        "organisation": "firm-3", "role": "customs", "jurisdiction": "VN", "valid_from": None, "until": None,
        "reference": "example",
    }  # fmt: skip
    with node.asking("bank") as client:
        document = {"actions": [proposal("identity.GrantRole", grant)], "keys": [key]}
        answer = client.post("/v1/prepare", json=document)
        assert answer.status_code == 200, answer.text
        prepared = answer.json()
        signature = node.signer("bank").key.sign(base64.b64decode(prepared["to_sign"]))
        bundle = {name: prepared[name] for name in ("body", "actions")}
        bundle["signatures"] = {key: base64.b64encode(signature).decode()}
        receipt = client.post("/v1/submit", json=bundle).json()
        assert receipt["result"] == "committed"
        assert "identity/accreditations/firm-3/customs/VN" in [each["path"] for each in receipt["writes"]]
        for wrong, field in (
            (proposal("identity.GrantRole", grant | {"role": 5}), "actions[0].arguments.decision.role"),
            (proposal("identity.Nothing", grant), "actions[0].arguments.action"),
            (proposal("nothing", grant), "actions[0].arguments.action"),
        ):
            refused = client.post("/v1/prepare", json={"actions": [wrong], "keys": [key]}).json()
            assert refused["field"] == field
