"""Transactions over HTTP: taken as bytes or as JSON, refused by name, and never half."""

import httpx
import msgspec
import pytest
from node import TOKEN, Node
from problem import assert_problem

from infoharbor.kernel import limits
from infoharbor.sdk.building import build, now_ms
from infoharbor.sdk.keys import id_of

MSGPACK = {"Content-Type": "application/msgpack"}


def post(node: Node, raw: bytes, *, organisation: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    with node.asking(organisation) as client:
        return client.post("/v1/transactions", content=raw, headers=MSGPACK | (headers or {}))


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


def test_who_asks_for_no_wait_is_shown_where_to_look_even_when_the_block_is_there(node: Node) -> None:
    raw = node.raw(node.transfer("firm-2", 5), by="firm-1")
    assert post(node, raw).status_code == 200
    assert post(node, raw, headers={"Prefer": "respond-async"}).status_code == 202


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
    assert told["receipt"]["refusal"]["expected_zh"] == told["expected_zh"] != ""
    for stranger in ("firm-2", ""):
        silent = post(node, raw, organisation=stranger).json()
        assert silent["code"] == told["code"]
        assert silent["expected"] == silent["receipt"]["refusal"]["expected"] == ""
        assert silent["expected_zh"] == silent["receipt"]["refusal"]["expected_zh"] == ""


def test_a_problem_speaks_the_language_that_is_preferred_and_always_chinese(node: Node) -> None:
    raw = b"\x93"
    english, chinese = (post(node, raw, headers={"Accept-Language": each}) for each in ("en-GB, zh;q=0.5", "zh-CN"))
    assert english.headers["content-language"] == "en"
    assert chinese.headers["content-language"] == "zh"
    assert english.json()["title_zh"] == chinese.json()["title"] == chinese.json()["title_zh"]
    assert english.json()["title"] != chinese.json()["title"]


def test_what_would_be_right_is_told_in_chinese_too(node: Node) -> None:
    with node.asking() as client:
        english, chinese = (
            client.get("/v1/blocks/999999", headers={"Accept-Language": language}).json() for language in ("en", "zh")
        )
    assert english["expected"] == chinese["expected"] == "a height that exists, not 999999"
    assert english["expected_zh"] == chinese["expected_zh"] == "存在的高度，而不是 999999"
    assert "Expected: a height that exists, not 999999." in english["detail"]
    assert "应为：存在的高度，而不是 999999。" in english["detail_zh"] == chinese["detail"]


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
