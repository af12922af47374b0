"""Prepare, sign, submit: a client acts with JSON and a signature alone, or through its organisation's agent."""

import base64
import hashlib
from typing import Any

import pytest
from nacl.signing import SigningKey
from node import Node, transfer
from problem import assert_problem

from infoharbor.sdk.keys import id_of

ISSUE = {
    "by": ["firm-1"],
    "contract": "asset",
    "action": "IssueToken",
    "arguments": {
        "symbol": "T", "kind": "money", "unit": "CNY", "decimals": 2, "jurisdiction": "ZZ", "eligible_role": None,
    },
}  # fmt: skip


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
        (ISSUE, "identity.country", "actions[0].arguments.jurisdiction"),
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
