"""A node on which the stories of trace and farm were told, behind all its doors; and a browser to look at it."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.portal.conftest import browser

from infoharbor.contractkit import Action
from infoharbor.contracts.farm import demo as farm_story
from infoharbor.contracts.identity import demo as identity
from infoharbor.contracts.identity.demo import CAPTURING, COOPERATIVE
from infoharbor.contracts.trace import demo as trace
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.listening import address_of, listen
from infoharbor.gateway.tokens import issue_token
from infoharbor.kernel.transaction import HIGHEST
from infoharbor.portal.entering import SESSION
from infoharbor.portal.serve import node_server
from infoharbor.sdk.building import Chain, build
from infoharbor.sdk.telling import SEED_FILE, LiveWorld, found_demo

__all__ = ["browser"]

GROWER = COOPERATIVE.id


class Farm:
    """A running node with the demo's members."""

    def __init__(self, data: Path, engine: NodeEngine, world: LiveWorld, address: str) -> None:
        self.data, self.engine, self.world, self.address = data, engine, world, address
        self._chain = Chain(engine.status().chain, engine.chain.registry.suite)

    def token(self, organisation: str) -> str:
        return issue_token(self.data, organisation, self.world.cast.signer(organisation).user)

    def get(self, path: str, *, by: str = "", language: str = "en", **more: Any) -> httpx.Response:
        headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {self.token(by)}"} if by else {})
        return httpx.get(f"{self.address}{path}", headers=headers | more.pop("headers", {}), timeout=30, **more)

    def send(self, *actions: Action, by: str | Sequence[str]) -> httpx.Response:
        """Sign a bundle as these organisations, and post it as the first of them."""
        organisations = (by,) if isinstance(by, str) else tuple(by)
        signers = [self.world.cast.signer(each) for each in organisations]
        parts = [(action, organisations) for action in actions]
        raw = build(self._chain, parts, [each.key_id for each in signers], ceilings=HIGHEST).signed_by(*signers)
        headers = {"Content-Type": "application/msgpack", "Authorization": f"Bearer {self.token(organisations[0])}"}
        return httpx.post(f"{self.address}/v1/transactions", content=raw, headers=headers, timeout=30)

    def record(self, path: str, *, by: str = "") -> Any:
        answer = self.get(f"/v1/records/{path}", by=by)
        assert answer.status_code == 200, answer.text
        return answer.json()["record"]


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    data: Path = tmp_path_factory.mktemp("farm") / "data"
    data.mkdir(mode=0o700)
    found_demo(data)
    engine = open_engine(data)
    world = LiveWorld(engine, engine.chain.registry, (data / SEED_FILE).read_bytes())
    for story in (identity.story, trace.story, farm_story.story):
        for step in story.steps:
            step.tell(world)
    for player in CAPTURING:
        keep_agent_key(data, player.id, world.cast.signer(player.id, "scanner").key)
    listening = listen("127.0.0.1", 0)
    doors = node_server(engine, data=data)
    serving = threading.Thread(target=lambda: doors.run(sockets=[listening]))
    serving.start()
    try:
        yield Farm(data, engine, world, address_of(listening))
    finally:
        doors.stop()
        serving.join(30)
        listening.close()
        engine.close()


@pytest.fixture
def phone(browser: Browser, farm: Farm) -> Iterator[BrowserContext]:
    """A phone on which the cooperative has entered."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="zh-CN", base_url=farm.address)
    enter(context, farm, GROWER)
    yield context
    context.close()


def enter(context: BrowserContext, farm: Farm, organisation: str) -> None:
    context.add_cookies([{"name": SESSION, "value": farm.token(organisation), "url": farm.address}])
