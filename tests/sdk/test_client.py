"""The same verbs over HTTP and in process, with the same answers and the same refusals."""

import asyncio
from typing import Any

import httpx
import pytest
from node import TOKEN, Node

from infoharbor.evidence.file import decode_evidence
from infoharbor.gateway.service import Gateway
from infoharbor.sdk import async_client as async_client_module
from infoharbor.sdk import client as client_module
from infoharbor.sdk.async_client import AsyncClient
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import READ_MS, read_credential
from infoharbor.sdk.problems import Problem

BALANCE = f"asset/balances/{TOKEN}/firm-1"


def test_a_signer_acts_and_reads_as_its_organisation(node: Node) -> None:
    with Client(node.url, signer=node.signer("firm-1")) as client:
        receipt = client.act(node.transfer("firm-2", 5))
        record = client.record(BALANCE)
        assert record["version"] == {each["path"]: each["version"] for each in receipt["writes"]}[BALANCE]
        assert client.receipt(receipt["transaction"])["content"]["actions"][0]["action"] == "Transfer"
        assert decode_evidence(client.proof(BALANCE)).records[0].path == BALANCE
        assert client.checkpoint().startswith("gateway.example/")


def test_local_and_http_clients_answer_the_same(node: Node) -> None:
    local = node.local("firm-1")
    with Client(node.url, signer=node.signer("firm-1")) as client:
        assert client.record(BALANCE) == local.record(BALANCE)
        assert client.records("asset", "tokens")["items"] == local.records("asset", "tokens")["items"]
        refused = []
        for each in (client, local):
            with pytest.raises(Problem) as caught:
                each.act(node.transfer("firm-2", 10**15))
            problem = caught.value
            refused.append((problem.code, problem.field, problem.expected, problem.sentence))
            assert problem.receipt is not None
        assert refused[0] == refused[1]
        assert refused[0][2]
        assert refused[0][3].zh != refused[0][3].en


def test_many_transactions_go_together(node: Node) -> None:
    raws = [
        node.raw(node.transfer("firm-2", 1), by="firm-1"),
        b"no",
        node.raw(node.transfer("firm-2", 10**15), by="firm-1"),
    ]
    with Client(node.url, signer=node.signer("firm-1")) as client:
        for found in (client.submit_many(raws), node.local("firm-1").submit_many(raws)):
            assert isinstance(found[0], dict)
            assert [each.code for each in found[1:] if isinstance(each, Problem)] == [
                "ledger.malformed",
                "asset.balance_short",
            ]


def test_what_was_sent_can_be_waited_for(node: Node) -> None:
    with Client(node.url, signer=node.signer("firm-1")) as client:
        identifier = client.send(node.raw(node.transfer("firm-2", 8), by="firm-1"))
        assert client.wait(identifier)["result"] == "committed"


def test_who_acts_has_the_receipt_or_the_refusal_however_long_the_block_takes(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway stops waiting long before there is a block."""
    monkeypatch.setattr(Gateway.submit, "__kwdefaults__", {"wait_s": 0.001})
    for module in (client_module, async_client_module):
        monkeypatch.setattr(module, "SENDINGS", 100_000)

    async def act_async(amount: int) -> dict[str, Any]:
        async with AsyncClient(node.url, signer=node.signer("firm-1")) as client:
            return await client.act(node.transfer("firm-2", amount))

    with Client(node.url, signer=node.signer("firm-1")) as client:
        for act in (
            lambda amount: client.act(node.transfer("firm-2", amount)),
            lambda amount: asyncio.run(act_async(amount)),
        ):
            assert act(3)["result"] == "committed"
            with pytest.raises(Problem) as refused:
                act(10**15)
            assert refused.value.code == "asset.balance_short"
            assert refused.value.receipt is not None


def test_a_transaction_without_its_block_is_no_receipt(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_block_in_time(*_: object) -> None:
        return None

    monkeypatch.setattr(Gateway, "submit", no_block_in_time)
    with (
        Client(node.url, signer=node.signer("firm-1")) as client,
        pytest.raises(Problem, match=r"ledger\.still_waiting"),
    ):
        client.act(node.transfer("firm-2", 4))


def test_a_listing_is_gone_through_page_by_page(node: Node) -> None:
    with Client(node.url, token=node.token_of("bank")) as client:
        holders = {each["record"]["holder"] for each in client.all_records("asset", "balances", token=TOKEN)}
    assert holders >= {"firm-1", "firm-2", "firm-3"}


def test_a_follower_goes_on_from_its_cursor(node: Node) -> None:
    receipt = node.local("firm-1").act(node.transfer("firm-2", 2))
    with Client(node.url, signer=node.signer("firm-1")) as client:
        event = next(iter(client.follow(after=receipt["height"] - 1)))
    assert event == next(iter(node.local("firm-1").follow(after=receipt["height"] - 1)))
    assert receipt in event["receipts"]


def test_a_signers_credential_holds_at_one_gateway_and_for_minutes(node: Node) -> None:
    signer, chain = node.signer("firm-1"), node.ledger.chain.id
    good = read_credential(signer, chain, node.address, now_ms() + 60_000)
    bad = [
        read_credential(signer, chain, "elsewhere.example", now_ms() + 60_000),
        read_credential(signer, bytes(32), node.address, now_ms() + 60_000),
        read_credential(signer, chain, node.address, now_ms() - 1),
        read_credential(signer, chain, node.address, now_ms() + 2 * READ_MS),
        read_credential(node.cast.signer("firm-1", "nobody"), chain, node.address, now_ms() + 60_000),
        good.replace(".", ".1", 1),
    ]
    assert httpx.get(f"{node.url}/v1/records/{BALANCE}", headers={"Authorization": good}).status_code == 200
    for each in bad:
        assert httpx.get(f"{node.url}/v1/records/{BALANCE}", headers={"Authorization": each}).status_code == 401


def test_a_node_that_does_not_answer_is_a_problem_like_any_other() -> None:
    with Client("http://127.0.0.1:1") as client, pytest.raises(Problem, match=r"client\.unreachable"):
        client.status()


def test_without_a_key_nothing_is_signed(node: Node) -> None:
    with Client(node.url) as client, pytest.raises(Problem, match=r"client\.no_signer"):
        client.act(node.transfer("firm-2", 1))


def test_the_asynchronous_client_has_the_same_verbs(node: Node) -> None:
    async def all_of_it() -> None:
        async with AsyncClient(node.url, signer=node.signer("firm-1")) as client:
            receipt = await client.act(node.transfer("firm-2", 3))
            assert (await client.record(BALANCE))["path"] == BALANCE
            assert (await client.records("asset", "balances", token=TOKEN))["items"]
            assert (await client.receipt(receipt["transaction"]))["result"] == "committed"
            assert await client.proof(BALANCE)
            assert (await client.checkpoint()).startswith("gateway.example/")
            many = await client.submit_many([node.raw(node.transfer("firm-2", 1), by="firm-1")])
            assert isinstance(many[0], dict)
            async for event in client.follow(after=receipt["height"] - 1):
                assert receipt in event["receipts"]
                break
            with pytest.raises(Problem):
                await client.act(node.transfer("firm-2", 10**15))

    asyncio.run(all_of_it())


def test_following_ends_in_a_problem_where_the_cursor_is_none(node: Node) -> None:
    with Client(node.url) as client, pytest.raises(Problem, match="after"):
        next(iter(client.follow(after=10**9)))
