"""The portal's pages of what waits for signatures: for members only, in both languages, with a way to decline."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from joint import bundle
from node import Node

from infoharbor.portal.serve import node_server
from infoharbor.sdk.client import Client


class PortalNode(Node):
    """The same node with its portal."""

    def _start(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.server = node_server(self.engine, data=self.data)
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.serve([self._socket]),), daemon=True)
        self._thread.start()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalNode]:
    running = PortalNode(tmp_path_factory.mktemp("portal") / "data")
    running.open_accounts()
    yield running
    running.close()


def browser(portal: PortalNode, organisation: str, language: str = "en") -> httpx.Client:
    cookies = {"member": portal.token_of(organisation)} if organisation else {}
    headers = {"Accept": "text/html", "Accept-Language": language}
    return httpx.Client(base_url=portal.url, cookies=cookies, headers=headers, timeout=20)


@pytest.mark.parametrize(
    ("language", "title", "action"), [("en", "Waits for signatures", "Pay"), ("zh", "等待签名", "支付")]
)
def test_a_member_sees_what_waits_and_what_it_would_do(
    portal: PortalNode, language: str, title: str, action: str
) -> None:
    unsigned = bundle(portal, amount=4321)
    with Client(portal.url, signer=portal.signer("firm-1")) as client:
        client.pending.put(unsigned, portal.signer("firm-1"))
    with browser(portal, "firm-2", language) as page:
        listed = page.get("/pending")
        assert listed.status_code == 200
        assert title in listed.text
        assert action in listed.text
        assert f"/pending/{unsigned.id.hex()}" in listed.text
        shown = page.get(f"/pending/{unsigned.id.hex()}").text
        assert shown.count("43.21 CNY") == shown.count('title="4321"') == 3
        assert "infoharbor pending sign" in shown
        prepared = page.get(f"/pending/{unsigned.id.hex()}/prepared.json").json()
        assert prepared["id"] == unsigned.id.hex()
        declined = page.post(
            f"/pending/{unsigned.id.hex()}/decline", data={"reason": "<b>no</b>"}, follow_redirects=True
        )
        assert "&lt;b&gt;no&lt;/b&gt;" in declined.text
        assert unsigned.id.hex() not in page.get("/pending").text
        assert unsigned.id.hex() in page.get("/pending?ended=true").text


@pytest.mark.parametrize(("language", "signed"), [("en", "You have signed"), ("zh", "贵机构已签名")])
def test_a_member_that_has_signed_sees_who_is_awaited_and_may_take_it_back(
    portal: PortalNode, language: str, signed: str
) -> None:
    unsigned = bundle(portal, amount=77)
    path = f"/pending/{unsigned.id.hex()}"
    with Client(portal.url, signer=portal.signer("firm-1")) as client:
        client.pending.put(unsigned, portal.signer("firm-1"))
    with browser(portal, "firm-1", language) as own, browser(portal, "firm-2", language) as other:
        shown = own.get(path).text
        assert signed in shown
        assert "infoharbor pending sign" not in shown
        awaited = shown.partition(signed)[2]
        assert "/organisations/firm-2" in awaited
        assert "/organisations/firm-3" in awaited
        assert "/organisations/firm-1" not in awaited
        assert signed not in other.get(path).text
        assert own.post(f"{path}/decline", data={"reason": "a mistake"}, follow_redirects=True).status_code == 200
        assert signed not in own.get(path).text


def test_nobody_else_sees_or_answers_it(portal: PortalNode) -> None:
    unsigned = bundle(portal)
    path = f"/pending/{unsigned.id.hex()}"
    with Client(portal.url, signer=portal.signer("firm-1")) as client:
        client.pending.put(unsigned, portal.signer("firm-1"))
    with browser(portal, "bank") as bank, browser(portal, "") as anyone, browser(portal, "firm-2") as own:
        for page, status in ((bank, 404), (anyone, 401)):
            assert unsigned.id.hex() not in page.get("/pending").text
            assert page.get(path).status_code == status
            assert page.post(f"{path}/decline", data={"reason": "no"}).status_code == status
        assert own.post(f"{path}/decline", headers={"Origin": "https://evil.example"}).status_code == 403
        assert own.post(f"{path}/sign").status_code == 403, "no key is kept here"
        assert "pending.unknown" not in own.get(path).text
