"""Half-signed bundles over HTTP: three organisations act as one."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from joint import FIRMS, bundle, refuses
from node import Node

from infoharbor.contracts.identity.keys import RevokeKey
from infoharbor.contracts.identity.records import NewKey, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Signer
from infoharbor.gateway.pending import bundles as rules
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.async_client import AsyncClient
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import id_of


def test_three_organisations_act_as_one(node: Node, firms: list[Client]) -> None:
    unsigned = bundle(node)
    put = firms[0].pending.put(unsigned, node.signer("firm-1"))
    assert (put["state"], put["waits_for_you"], put["proposer"]) == ("waiting", False, "firm-1")
    for client in firms[1:]:
        (item,) = client.pending.list()["items"]
        assert (item["id"], item["waits_for_you"]) == (unsigned.id.hex(), True)
        assert [each["title_zh"] for each in item["actions"]] == ["支付"] * 3
        assert all(each["title"] and "arguments" not in each for each in item["actions"])
        (whole,) = {each["arguments"]["amount"] for each in client.pending.get(item["id"])["actions"]}
        assert whole == "1"
    again = firms[1].pending.sign(unsigned.id.hex(), node.signer("firm-2"))
    assert [each["signed"] for each in again["signers"]].count(True) == 2
    done = firms[2].pending.sign(unsigned.id.hex(), node.signer("firm-3"))
    assert (done["state"], done["receipt"]["result"]) == ("committed", "committed")
    assert all(client.pending.list()["items"] == [] for client in firms)
    ended = firms[0].pending.list(waiting=False)["items"]
    assert next(each for each in ended if each["id"] == unsigned.id.hex())["state"] == "committed"


def test_the_async_client_does_the_same(node: Node) -> None:
    async def act() -> dict[str, Any]:
        unsigned = bundle(node)
        async with AsyncClient(node.url, signer=node.signer("firm-1")) as client:
            await client.pending.put(unsigned, node.signer("firm-1"), node.signer("firm-2"))
            assert [each["id"] for each in (await client.pending.list())["items"]] == [unsigned.id.hex()]
        async with AsyncClient(node.url, signer=node.signer("firm-3")) as client:
            return await client.pending.sign(unsigned.id.hex(), node.signer("firm-3"))

    assert asyncio.run(act())["state"] == "committed"


def test_with_every_signature_nothing_waits(node: Node, firms: list[Client]) -> None:
    assert firms[0].pending.put(bundle(node), *map(node.signer, FIRMS))["state"] == "committed"


def test_what_the_ledger_refuses_is_told_with_its_receipt(node: Node, firms: list[Client]) -> None:
    unsigned = bundle(node, amount=10**15)
    firms[0].pending.put(unsigned, node.signer("firm-1"), node.signer("firm-2"))
    done = firms[2].pending.sign(unsigned.id.hex(), node.signer("firm-3"))
    assert (done["state"], done["receipt"]["refusal"]["code"]) == ("refused", "asset.balance_short")


def test_what_someone_else_sends_meanwhile_is_noticed(node: Node, firms: list[Client]) -> None:
    unsigned = bundle(node)
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    firms[1].submit(unsigned.signed_by(*map(node.signer, FIRMS)))
    assert firms[0].pending.list()["items"] == []
    assert firms[0].pending.get(unsigned.id.hex())["state"] == "committed"
    for call in (
        lambda: firms[1].pending.sign(unsigned.id.hex(), node.signer("firm-2")),
        lambda: firms[1].pending.decline(unsigned.id.hex(), "late"),
        lambda: firms[0].pending.put(unsigned, node.signer("firm-1")),
    ):
        refuses("pending.ended", call)


def test_one_that_declines_ends_it_and_says_why(node: Node, firms: list[Client]) -> None:
    unsigned = bundle(node)
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    declined = firms[2].pending.decline(unsigned.id.hex(), "the price is wrong 价格有误")
    assert declined["state"] == "declined"
    seen = firms[0].pending.get(unsigned.id.hex())
    assert seen["declined"] == {"organisation": "firm-3", "reason": "the price is wrong 价格有误"}
    assert not seen["waits_for_you"]
    refuses("pending.ended", lambda: firms[1].pending.sign(unsigned.id.hex(), node.signer("firm-2")))
    refuses("pending.ended", lambda: firms[1].pending.decline(unsigned.id.hex(), "again"))


def test_a_restart_keeps_what_waits(tmp_path: Path) -> None:
    node = Node(tmp_path / "data")
    node.open_accounts()
    unsigned = bundle(node)
    with Client(node.url, signer=node.signer("firm-1")) as client:
        client.pending.put(unsigned, node.signer("firm-1"), node.signer("firm-2"))
    node.close()
    again = Node(tmp_path / "data")
    with closing(again), Client(again.url, signer=again.signer("firm-3")) as client:
        assert [each["id"] for each in client.pending.list()["items"]] == [unsigned.id.hex()]
        assert client.pending.sign(unsigned.id.hex(), again.signer("firm-3"))["state"] == "committed"


def test_a_complete_bundle_that_the_node_could_not_take_is_sent_after_a_restart(tmp_path: Path) -> None:
    node = Node(tmp_path / "data")
    node.open_accounts()
    unsigned = bundle(node)
    pending = rules.Bundles(node.server.gateway, tmp_path / "data")
    signed = {id_of(each): each.key.sign(unsigned.to_sign) for each in map(node.signer, FIRMS)}
    pending._put(Reader("firm-1"), unsigned, signed)
    height = node.engine.status().height
    node.close()
    again = Node(tmp_path / "data")
    with closing(again), Client(again.url, signer=again.signer("firm-1")) as client:
        again.engine.wait_beyond(height, 20)
        assert client.pending.get(unsigned.id.hex())["state"] == "committed"


def test_a_key_that_was_revoked_meanwhile_is_named(node: Node, firms: list[Client]) -> None:
    lost = Signer("u-of-a-lost-key", "firm-2", SUITES["ed25519"].generate())
    key = NewKey("ed25519", lost.key.public_key, lost.possession, 0, 0)
    node.local("firm-2").act(AddUser(lost.user, UserKind.PERSON, (), key, ()))
    unsigned = bundle(node, signers=(node.signer("firm-1"), lost, node.signer("firm-3")))
    firms[0].pending.put(unsigned, node.signer("firm-1"))
    node.local("firm-2").act(RevokeKey(lost.key_id.hex()))
    named = [each for each in firms[2].pending.get(unsigned.id.hex())["signers"] if each["problem"]]
    assert [(each["organisation"], each["problem"]["code"]) for each in named] == [("firm-2", "identity.key_revoked")]
    assert named[0]["problem"]["sentence_zh"] != named[0]["problem"]["code"]
    problem = refuses("identity.key_revoked", lambda: firms[1].pending.sign(unsigned.id.hex(), lost))
    assert lost.key_id.hex() in problem.field
