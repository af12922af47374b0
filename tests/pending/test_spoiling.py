"""Attacks on half-signed bundles: nobody sees, changes, floods or spoils them for others."""

import base64
from typing import Any

import httpx
import pytest
from joint import DAY_MS, FIRMS, bundle, refuses
from node import TOKEN, Node

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Signer
from infoharbor.gateway.pending import bundles as rules
from infoharbor.gateway.pending.store import Room
from infoharbor.sdk.building import build, now_ms
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signing, id_of
from infoharbor.sdk.pending import signatures, signed_document


def post(node: Node, by: str, document: Any, path: str = "/v1/pending") -> httpx.Response:
    with node.asking(by) as client:
        return client.post(path, json=document)


def test_others_see_nothing_of_a_bundle(node: Node, firms: list[Client]) -> None:
    unsigned = bundle(node)
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    path = f"/v1/pending/{unsigned.id.hex()}"
    with node.asking("bank") as bank, node.asking() as anyone:
        assert bank.get("/v1/pending").json() == {"items": [], "next": None}
        missing = bank.get(f"/v1/pending/{'0' * 64}").json()
        for answer in (
            bank.get(path),
            bank.post(f"{path}/decline", json={"reason": ""}),
            bank.post(f"{path}/signatures", json=signatures(unsigned, node.signer("firm-2"))),
        ):
            assert answer.status_code == 404
            assert answer.json() == missing
        for answer in (
            anyone.get(path),
            anyone.get("/v1/pending"),
            anyone.post(f"{path}/decline", json={"reason": ""}),
        ):
            assert answer.json()["code"] == "http.credential"
    assert firms[1].pending.get(unsigned.id.hex())["state"] == "waiting"


def test_signatures_cannot_be_stripped_swapped_or_forged(node: Node, firms: list[Client]) -> None:
    unsigned, other = bundle(node), bundle(node)
    one, two, three = map(node.signer, FIRMS)
    firms[0].pending.put(unsigned, one, two)
    path = f"/v1/pending/{unsigned.id.hex()}/signatures"
    forged = {"signatures": {id_of(three).hex(): base64.b64encode(one.key.sign(unsigned.to_sign)).decode()}}
    elsewhere = {"signatures": {id_of(three).hex(): base64.b64encode(three.key.sign(other.to_sign)).decode()}}
    for wrong in (forged, elsewhere):
        refused = post(node, "firm-3", wrong, path)
        assert refused.json()["code"] == "ledger.signature_invalid"
        assert refused.json()["field"] == f"signatures.{id_of(three).hex()}"
    assert post(node, "firm-3", signatures(unsigned, node.signer("bank")), path).json()["code"] == "pending.key"
    # Put again with fewer signatures, nothing is lost.
    firms[0].pending.put(unsigned, one)
    assert [each["signed"] for each in firms[0].pending.get(unsigned.id.hex())["signers"]].count(True) == 2


def test_a_changed_bundle_is_another_bundle(node: Node, firms: list[Client]) -> None:
    unsigned, dearer = bundle(node), bundle(node, amount=500)
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    mixed = signed_document(unsigned, node.signer("firm-1"))
    mixed["actions"] = signed_document(dearer)["actions"]
    assert post(node, "firm-1", mixed).json()["code"] == "ledger.action_hash"
    moved = signed_document(dearer) | signatures(unsigned, node.signer("firm-1"))
    assert post(node, "firm-1", moved).json()["code"] == "ledger.signature_invalid"


def test_a_gateway_that_shows_something_else_gets_no_signature(
    node: Node, firms: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, asked = bundle(node), bundle(node, amount=500)
    for each in (shown, asked):
        firms[0].pending.put(each, node.signer("firm-1"))
    forms = {each: firms[1].pending.get(each.id.hex()) for each in (shown, asked)}
    relabelled = [forms[asked]["actions"][0] | {"action": "Other"}, *forms[asked]["actions"][1:]]
    for lie in (
        forms[shown] | {"prepared": forms[asked]["prepared"]},
        forms[asked] | {"actions": relabelled},
        forms[asked] | {"prepared": forms[asked]["prepared"] | {"actions": forms[shown]["prepared"]["actions"]}},
    ):
        monkeypatch.setattr(firms[1].pending, "get", lambda identifier, lie=lie: lie)
        refuses("client.bundle_differs", lambda: firms[1].pending.sign(asked.id.hex(), node.signer("firm-2")))


def test_a_flood_fills_the_room_of_the_one_who_floods(
    node: Node, firms: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "OWN_ROOM", Room(5, 10**6))
    sent = [bundle(node) for _ in range(6)]
    for each in sent[:5]:
        firms[0].pending.put(each, node.signer("firm-1"))
    assert refuses("pending.full", lambda: firms[0].pending.put(sent[5], node.signer("firm-1"))).field == "body"
    # The same bundle again takes no room; another organisation has its own; what ran gives it back.
    firms[0].pending.put(sent[0], node.signer("firm-1"))
    firms[1].pending.put(bundle(node), node.signer("firm-2"))
    firms[1].submit(sent[0].signed_by(*map(node.signer, FIRMS)))
    firms[0].pending.put(sent[5], node.signer("firm-1"))
    for each in [*sent[1:], *(bundle(node) for _ in range(7))]:
        firms[0].pending.put(each, node.signer("firm-1"))
        firms[0].pending.decline(each.id.hex(), "a flood of its own")
    kept = [each for each in firms[0].pending.list(waiting=False)["items"] if each["proposer"] == "firm-1"]
    assert len(kept) <= 2 * 5
    monkeypatch.setattr(rules, "OWN_ROOM", Room(100, 100))
    refuses("pending.full", lambda: firms[0].pending.put(bundle(node), node.signer("firm-1")))


def test_pages_show_every_bundle_once(node: Node, firms: list[Client]) -> None:
    sent = {bundle(node) for _ in range(5)}
    for each in sent:
        firms[0].pending.put(each, node.signer("firm-1"))
    seen, before = [], ""
    with node.asking("firm-2") as client:
        while before is not None:
            page = client.get("/v1/pending", params={"limit": 2, **({"before": before} if before else {})}).json()
            seen += [each["id"] for each in page["items"]]
            before = page["next"]
        assert client.get("/v1/pending", params={"before": "x"}).json()["code"] == "input.cursor"
    assert sorted(seen) == sorted(each.id.hex() for each in sent)


@pytest.mark.parametrize(("days", "code"), [(31, "ledger.expiry_too_far"), (-1, "ledger.expired")])
def test_no_bundle_waits_longer_than_the_ledger_allows(node: Node, firms: list[Client], days: int, code: str) -> None:
    refuses(code, lambda: firms[0].pending.put(bundle(node, days=days), node.signer("firm-1")))


def test_what_could_never_run_does_not_wait(node: Node, firms: list[Client]) -> None:
    one, two, three = map(node.signer, FIRMS)
    stranger = Signer("u-unknown", "firm-2", SUITES["ed25519"].generate())
    alone = build(
        node.ledger.chain, [(Transfer(TOKEN, "firm-2", 1, ""), ("firm-1",))], [id_of(one)], expiry=now_ms() + 2 * DAY_MS
    )
    for unsigned, signer, code in (
        (bundle(node, signers=(one, three)), one, "identity.not_signed"),
        (bundle(node, signers=(one, stranger, three)), one, "identity.key_unknown"),
        (bundle(node, signers=(one, two, three)), None, "pending.not_signed"),
        (alone, one, "ledger.expiry_too_far"),
    ):
        given: tuple[Signing, ...] = (signer,) if signer is not None else ()
        refuses(code, lambda unsigned=unsigned, given=given: firms[0].pending.put(unsigned, *given))
    refuses("pending.not_signed", lambda: firms[0].pending.put(bundle(node), two))
    with Client(node.url, token=node.token_of("bank")) as bank:
        refuses("pending.not_concerned", lambda: bank.pending.put(bundle(node), one))


@pytest.mark.parametrize(
    ("path", "document", "code"),
    [
        ("", {}, "input.field_missing"),
        ("", {"body": "AA==", "actions": ["AA=="], "signatures": {}}, "ledger.malformed"),
        ("/x/signatures", {"signatures": {}}, "input.type"),
        ("/x/decline", {"reason": ""}, "input.type"),
        (f"/{'0' * 64}/signatures", {"signatures": []}, "input.type"),
        (f"/{'0' * 64}/signatures", {"signatures": {"x": ""}}, "input.type"),
    ],
)
def test_what_does_not_fit_is_named(node: Node, path: str, document: Any, code: str) -> None:
    assert post(node, "firm-1", document, f"/v1/pending{path}").json()["code"] == code


@pytest.mark.parametrize("reason", ["x" * 201, "a\nb", 5, None])
def test_a_reason_is_a_short_line(node: Node, firms: list[Client], reason: Any) -> None:
    unsigned = bundle(node)
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    answer = post(node, "firm-2", {"reason": reason}, f"/v1/pending/{unsigned.id.hex()}/decline")
    assert (answer.json()["code"], answer.json()["field"]) == ("input.length", "reason")
