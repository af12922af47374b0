"""A demo ledger whose story began ninety days ago, behind gateway and portal; every member signs with the demo's keys."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.portal.conftest import browser

from infoharbor.contractkit import Action
from infoharbor.edgekit.cast import Cast, Signer
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.listening import address_of, listen
from infoharbor.gateway.tokens import issue_token
from infoharbor.portal.serve import node_server
from infoharbor.sdk.building import Chain, build, now_ms
from infoharbor.sdk.telling import DAY_MS, PAST_DAYS, SEED_FILE, StoryClock, found_demo, tell

__all__ = ["browser"]


class Finance(NamedTuple):
    """The running node."""

    url: str
    data: Path
    engine: NodeEngine
    cast: Cast

    def asking(self, organisation: str = "") -> httpx.Client:
        """A client with the organisation's token; anonymous without one."""
        headers = {}
        if organisation:
            token = issue_token(self.data, organisation, self.cast.signer(organisation).user)
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def send(self, *actions: Action, by: tuple[str, ...], users: tuple[Signer, ...] = ()) -> httpx.Response:
        """Send actions over HTTP as one bundle, signed by these organisations' administrators, or by these users."""
        signers = users or tuple(self.cast.signer(each) for each in by)
        chain = Chain(self.engine.chain.id, self.engine.chain.suite)
        raw = build(chain, [(each, by) for each in actions], [each.key_id for each in signers]).signed_by(*signers)
        headers = {"Content-Type": "application/octet-stream"}
        with self.asking(by[0]) as client:
            return client.post("/v1/transactions", content=raw, headers=headers)

    def act(self, *actions: Action, by: str) -> dict[str, Any]:
        answer = self.send(*actions, by=(by,))
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    def refused(self, *actions: Action, by: tuple[str, ...], code: str, field: str = "") -> dict[str, Any]:
        """The problem; the ledger refused it by this code, it wrote nothing, and every record is as before."""
        before = self.engine.status().height
        answer = self.send(*actions, by=by)
        assert answer.status_code == 409, answer.text
        problem: dict[str, Any] = answer.json()
        assert problem["code"] == code, problem
        assert field in ("", problem["field"])
        assert problem["receipt"]["writes"] == []
        with self.asking() as client:
            roots = {
                client.get(f"/v1/blocks/{height}").json()["state_root"]
                for height in range(before, problem["receipt"]["height"] + 1)
            }
        assert len(roots) == 1
        assert problem["title"] != code
        assert problem["title"] != problem["title_zh"]
        return problem

    def record(self, path: str, *, by: str) -> dict[str, Any]:
        with self.asking(by) as client:
            record: dict[str, Any] = client.get(f"/v1/records/{path}").json()["record"]
            return record

    def report(self, name: str, *, by: str = "", **given: str) -> list[dict[str, Any]]:
        with self.asking(by) as client:
            answer = client.get(f"/v1/reports/receivable/{name}", params=given)
            assert answer.status_code == 200, answer.text
            rows: list[dict[str, Any]] = answer.json()["rows"]
            return rows


@pytest.fixture(scope="session")
def finance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finance]:
    data: Path = tmp_path_factory.mktemp("finance") / "data"
    data.mkdir(mode=0o700)
    found_demo(data, time=now_ms() - PAST_DAYS * DAY_MS)
    clock = StoryClock(data)
    engine = open_engine(data, workers=0, clock=clock)
    tell(data, engine, engine.chain.registry, lambda en, zh: None, clock=clock)
    listening = listen("127.0.0.1", 0)
    doors = node_server(engine, data=data)
    serving = threading.Thread(target=lambda: doors.run(sockets=[listening]))
    serving.start()
    try:
        yield Finance(address_of(listening), data, engine, Cast((data / SEED_FILE).read_bytes()))
    finally:
        doors.stop()
        serving.join(30)
        listening.close()
        engine.close()


class Members:
    """Opens pages as a member sees them who came in by the demo's own door."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address

    def open(self, organisation: str, path: str, *, language: str = "en-US", width: int = 1200) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, base_url=self._address
        )
        page = context.new_page()
        if organisation:
            page.goto("/enter")
            page.click(f"button[value={organisation}]")
        page.goto(path)
        return page


@pytest.fixture
def members(browser: Browser, finance: Finance) -> Iterator[Members]:
    yield Members(browser, finance.url)
    for context in browser.contexts:
        context.close()
