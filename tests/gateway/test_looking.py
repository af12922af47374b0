"""What may be read over HTTP, by whom, in which pieces."""

import base64
from dataclasses import replace
from typing import Any

import httpx
import pytest
from node import ORGANISATIONS, TOKEN, Node
from problem import assert_problem

from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.file import decode_evidence
from infoharbor.evidence.tiles import subtrees_in, tiles_of
from infoharbor.gateway.app import ROUTES
from infoharbor.gateway.operations import OPERATIONS
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec

BALANCE = f"/v1/records/asset/balances/{TOKEN}/firm-1"


def get(node: Node, path: str, organisation: str = "", **parameters: Any) -> httpx.Response:
    with node.asking(organisation) as client:
        return client.get(path, params=parameters or None)


# Readers


@pytest.mark.parametrize(("organisation", "status"), [("firm-1", 200), ("bank", 200), ("firm-2", 404), ("", 404)])
def test_a_balance_is_read_by_its_holder_and_issuer_alone(node: Node, organisation: str, status: int) -> None:
    answer = get(node, BALANCE, organisation)
    assert answer.status_code == status
    if status == 404:
        absent = get(node, f"/v1/records/asset/balances/{TOKEN}/nobody", organisation)
        assert answer.json() == absent.json(), "what may not be read looks like what is not there"


def test_a_public_table_is_read_by_anyone(node: Node) -> None:
    record = get(node, f"/v1/records/asset/tokens/{TOKEN}").json()
    assert record["path"] == f"asset/tokens/{TOKEN}"
    assert record["record"]["status"] == "active"
    assert type(record["record"]["minted"]) is str
    assert type(record["record"]["decimals"]) is int


def test_a_listing_holds_only_what_the_asker_may_read(node: Node) -> None:
    holders = {
        organisation: {
            item["record"]["holder"] for item in get(node, "/v1/records/asset/balances", organisation).json()["items"]
        }
        for organisation in ("", "firm-1", "firm-2", "bank")
    }
    assert holders[""] == set()
    assert holders["firm-1"] == {"firm-1"}
    assert holders["firm-2"] == {"firm-2"}
    assert holders["bank"] >= set(ORGANISATIONS[1:])


def test_the_history_and_the_proof_follow_the_same_readers(node: Node) -> None:
    for place in ("history", "proofs"):
        path = f"/v1/{place}/asset/balances/{TOKEN}/firm-1"
        assert get(node, path, "firm-1").status_code == 200
        for organisation in ("firm-2", ""):
            assert_problem(get(node, path, organisation), 404, "ledger.record_unknown")


def test_a_transaction_is_read_by_who_may_read_every_record_that_it_wrote(node: Node) -> None:
    transaction = node.local("firm-1").act(node.transfer("firm-2", 6))["transaction"]
    for organisation, status in (("firm-1", 200), ("bank", 200), ("firm-2", 404), ("firm-3", 404), ("", 404)):
        answer = get(node, f"/v1/transactions/{transaction}", organisation)
        assert answer.status_code == status, organisation


def test_a_refused_transaction_is_read_by_its_signers_alone(node: Node) -> None:
    raw = node.raw(node.transfer("firm-2", 10**15), by="firm-1")
    transaction = node.engine.submit(raw).result(10).transaction.hex()
    for organisation, status in (("firm-1", 200), ("bank", 404), ("firm-2", 404), ("", 404)):
        assert get(node, f"/v1/transactions/{transaction}", organisation).status_code == status, organisation


def test_a_block_shows_the_receipts_that_the_asker_may_read(node: Node) -> None:
    receipt = node.local("firm-1").act(node.transfer("firm-2", 6))
    seen = {}
    for organisation in ("firm-1", "firm-3"):
        results = get(node, f"/v1/blocks/{receipt['height']}", organisation).json()["results"]
        seen[organisation] = {each["transaction"] for each in results}
    assert receipt["transaction"] in seen["firm-1"] - seen["firm-3"]


# Credentials


def test_a_credential_that_does_not_hold_is_refused_never_taken_for_none(node: Node) -> None:
    revoked = node.token_of("firm-1")
    assert node.server.gateway.tokens is not None
    assert node.server.gateway.tokens.revoke(revoked)
    expired = node.server.gateway.tokens.issue("firm-1", node.signer("firm-1").user, days=-1)
    stranger = node.server.gateway.tokens.issue("firm-1", "u-" + "0" * 24)
    for header in (
        f"Bearer {revoked}",
        f"Bearer {expired}",
        f"Bearer {stranger}",
        "Bearer ih_nothing",
        "Basic YTpi",
        "Key a.b.c",
        "Bearer " + "x" * 9000,
    ):
        answer = httpx.get(node.url + "/v1/status", headers={"Authorization": header})
        assert_problem(answer, 401, "http.credential", "Authorization")
        assert answer.headers["www-authenticate"]


def test_only_hashes_of_tokens_are_kept(node: Node) -> None:
    token = node.token_of("firm-1")
    for file in node.data.glob("tokens.sqlite*"):
        assert token.encode() not in file.read_bytes()
        assert token.removeprefix("ih_").encode() not in file.read_bytes()


# Pages and filters


def test_pages_lead_from_one_to_the_next_without_gap_or_repeat(node: Node) -> None:
    for number in range(7):
        node.local("bank").act(IssueToken(f"page-{number}", TokenKind.MONEY, "CNY", 2, "CN", None))
    whole = [item["path"] for item in get(node, "/v1/records/asset/tokens").json()["items"]]
    paged, after = [], ""
    while after is not None:
        page = get(node, "/v1/records/asset/tokens", limit=2, **({"after": after} if after else {})).json()
        assert len(page["items"]) <= 2
        paged += [item["path"] for item in page["items"]]
        after = page["next"]
    assert paged == whole == sorted(whole)


def test_a_filter_keeps_records_whose_field_is_so(node: Node) -> None:
    items = get(node, "/v1/records/asset/balances", "bank", token=TOKEN, holder="firm-2").json()["items"]
    assert [item["record"]["holder"] for item in items] == ["firm-2"]


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/v1/records/asset/nothing", 404, "ledger.table_unknown", "table"),
        ("/v1/records/asset/tokens?limit=0", 422, "input.range", "limit"),
        ("/v1/records/asset/tokens?limit=1001", 422, "input.range", "limit"),
        ("/v1/records/asset/tokens?limit=x", 422, "input.range", "limit"),
        ("/v1/records/asset/tokens?limit=1&limit=2", 400, "input.name_twice", "limit"),
        ("/v1/records/asset/tokens?nothing=1", 422, "input.field_unknown", "nothing"),
        ("/v1/records/asset/tokens?after=abc", 422, "input.cursor", "after"),
        ("/v1/records/asset/tokens/a?x=1", 422, "input.field_unknown", "x"),
        ("/v1/records/asset/tokens/%00", 422, "ledger.key", "path"),
        ("/v1/records/asset/tokens/" + "k" * 500, 422, "ledger.key", "path"),
        ("/v1/records/asset/tokens/nobody:x", 404, "ledger.record_unknown", "path"),
        ("/v1/transactions/xyz", 422, "input.type", "id"),
        ("/v1/transactions/" + "00" * 32, 404, "ledger.transaction_unknown", "id"),
        ("/v1/blocks/99999999", 404, "ledger.height_unknown", "height"),
        ("/v1/blocks/-1", 422, "input.range", "height"),
        ("/v1/queries/asset/nothing", 404, "ledger.query_unknown", "name"),
        ("/v1/stream?after=99999999", 422, "input.range", "after"),
        ("/v1/nothing", 404, "http.not_found", None),
        ("/v1/transactions", 405, "http.method", None),
        ("/log/tile/5/000", 404, "log.tile_unknown", "path"),
        ("/log/tile/0/0", 404, "log.tile_unknown", "path"),
        ("/v1/trust", 404, "http.not_found", "path"),
    ],
)
def test_each_bad_question_has_a_named_refusal(
    node: Node, path: str, status: int, code: str, field: str | None
) -> None:
    problem = assert_problem(get(node, path), status, code, field)
    assert httpx.get(node.url + problem["type"]).json()["title"] == problem["title"]


# What the ledger is


def test_status_contracts_and_blocks_agree_with_the_engine(node: Node) -> None:
    status = get(node, "/v1/status").json()
    assert status["chain"] == node.engine.status().chain.hex()
    contracts = {each["contract"]: each for each in get(node, "/v1/contracts").json()["items"]}
    assert contracts["asset"]["active"] == contracts["asset"]["version"]
    assert {each["table"] for each in contracts["asset"]["tables"]} >= {"tokens", "balances"}
    blocks = get(node, "/v1/blocks", limit=2).json()
    assert [each["height"] for each in blocks["items"]] == [0, 1]
    assert get(node, "/v1/blocks", after=blocks["next"], limit=1).json()["items"][0]["height"] == 2
    header = header_codec.decode(base64.b64decode(blocks["items"][1]["header"]))
    assert header.height == 1


def test_a_proof_of_a_record_and_of_an_absence_can_be_taken_away(node: Node) -> None:
    present = get(node, f"/v1/proofs/asset/balances/{TOKEN}/firm-1", "firm-1")
    assert "attachment" in present.headers["content-disposition"]
    evidence = decode_evidence(present.content)
    assert evidence.records[0].path == f"asset/balances/{TOKEN}/firm-1"
    assert evidence.records[0].complete
    assert evidence.receipts
    newest = decode_evidence(get(node, f"/v1/proofs/asset/balances/{TOKEN}/firm-1?history=false", "firm-1").content)
    assert len(newest.records[0].versions) == 1
    absent = decode_evidence(get(node, "/v1/proofs/asset/tokens/bank:none").content)
    assert absent.records[0].versions == ()


def test_the_header_log_is_served_as_a_transparency_log(node: Node) -> None:
    text = get(node, "/log/checkpoint").text
    checkpoint = Checkpoint.parse(text.partition("\n\n")[0] + "\n")
    tiles = [tile for tile in tiles_of(checkpoint.size) if tile.level == 0]
    leaves = []
    for tile in tiles:
        answer = get(node, f"/log/{tile.path()}")
        assert "immutable" in answer.headers["cache-control"]
        leaves += subtrees_in(answer.content)
    assert merkle.root(leaves) == checkpoint.root
    entries = get(node, f"/log/{replace(tiles[0], level=-1).path()}").content
    first = int.from_bytes(entries[:2], "big")
    assert merkle.leaf_hash(entries[2 : 2 + first]) == leaves[0]


def test_the_api_description_lists_the_routes_and_forbids_what_they_refuse(node: Node) -> None:
    document = get(node, "/v1/openapi.json").json()
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    served = set()
    for handler in ROUTES:
        for path in handler.paths:
            plain = "/".join(part.partition(":")[0] + "}" if part.startswith("{") else part for part in path.split("/"))
            served |= {(method.lower(), plain) for method in handler.http_methods if method in ("GET", "POST")}
    assert described == served
    schemas = document["components"]["schemas"]
    assert schemas["action.asset.Transfer"]["properties"]["arguments"]["additionalProperties"] is False
    assert all(each.get("additionalProperties") is False or "anyOf" in each for each in schemas.values())


def test_every_answer_has_safe_headers_and_listens_to_this_machine_alone(node: Node) -> None:
    for path in ("/v1/status", "/v1/nothing", "/log/checkpoint"):
        headers = get(node, path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    assert node.address.startswith("127.0.0.1:")


def test_head_is_answered_wherever_there_is_something_to_get(node: Node) -> None:
    with node.asking() as client:
        for path in ("/v1/status", "/log/checkpoint", "/v1/contracts"):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
            assert answer.headers["content-type"] == client.get(path).headers["content-type"]
        assert client.head("/v1/nothing").status_code == 404
        assert client.head("/v1/stream").status_code == 405
        assert client.head("/v1/submit").status_code == 405


def test_a_media_type_names_its_characters_once(node: Node) -> None:
    assert get(node, "/log/checkpoint").headers["content-type"] == "text/plain; charset=utf-8"
