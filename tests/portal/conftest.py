"""A demo ledger behind its portal, with one member whose name is an attack; and a browser to look at it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.attestation.attested_network import AttestedNetwork

from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.demo import admission
from infoharbor.contracts.trace.actions import CaptureEvents, SetAudience
from infoharbor.contracts.trace.records import CapturedEvent
from infoharbor.edgekit.cast import Player
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.listening import address_of, listen
from infoharbor.portal.serve import node_server
from infoharbor.sdk.telling import SEED_FILE, LiveWorld, found_demo, tell

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ATTACK = '"><script>document.title=1</script>'
EVIL = "/01/09521002002027/21/EVIL"
ATTACKER = Player("attacker", ATTACK, "<img src=x onerror=document.title=1>{{7*7}}", "VN", "registry", "ATTACK-0001")


def nonsense() -> CapturedEvent:
    """An event that no exchange would pass, sent to the ledger directly."""
    fields: dict[str, object] = {field.name: () for field in msgspec.structs.fields(CapturedEvent)}
    fields |= dict.fromkeys(("parent_id", "transformation_id", "biz_location", "extensions", "event_hash"), "")
    fields |= dict.fromkeys(("event_id", "biz_step", "disposition", "read_point"), ATTACK)
    return CapturedEvent(
        **fields
        | {
            "digest": "0" * 40,
            "type": "ObjectEvent",
            "action": "ADD",
            "event_time": 1,
            "event_time_zone_offset": "+99:99",
            "epcs": (f"https://id.gs1.org{EVIL}",),
            "certification_info": ("javascript:alert(1)", ATTACK),
            "sensors": '[5,{"sensorReport":5},{"sensorReport":[{"type":5,"value":{},"uom":[]}]}]',
            "ilmd": '{"<b>":["<i>",{"x":"<u>"}]}',
            "error_declaration": None,
            "has_private": False,
            "commitment": b"",
        }
    )


class Portal(NamedTuple):
    """A running portal."""

    address: str
    engine: NodeEngine

    def get(self, path: str, *, language: str = "en", **more: object) -> httpx.Response:
        headers = {"Accept": "text/html", "Accept-Language": language}
        return httpx.get(f"{self.address}{path}", headers=headers, timeout=30, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    data: Path = tmp_path_factory.mktemp("node") / "data"
    data.mkdir(mode=0o700)
    found_demo(data)
    engine = open_engine(data)
    registry = engine.chain.registry
    world = LiveWorld(engine, registry, (data / SEED_FILE).read_bytes())
    decide(world, admission(ATTACKER, world.cast.signer(ATTACKER.id)), id="admit-attacker", reason=ATTACK)
    tell(data, engine, registry, lambda en, zh: None)
    world.act(SetAudience("*", ("public",)), by=ATTACKER.id)
    world.act(CaptureEvents((nonsense(),)), by=ATTACKER.id)
    with serving(engine, data) as portal:
        yield portal


@contextmanager
def serving(engine: NodeEngine, data: Path) -> Iterator[Portal]:
    """A portal for this ledger, which is closed with it."""
    listening: socket.socket = listen("127.0.0.1", 0)
    doors = node_server(engine, data=data)
    thread = threading.Thread(target=lambda: doors.run(sockets=[listening]))
    thread.start()
    try:
        yield Portal(address_of(listening), engine)
    finally:
        doors.stop()
        thread.join(30)
        listening.close()
        engine.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while it runs, nothing else in the process can run an event loop."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=SWITCHES)
        yield running
        running.close()


class Screens:
    """Opens pages as a reader of a language sees them, `width` pixels wide."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address

    def open(self, path: str, *, language: str = "en-US", width: int = 1200, script: bool = True) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": 800},
            locale=language,
            java_script_enabled=script,
            base_url=self._address,
        )
        page = context.new_page()
        page.goto(path)
        return page


@pytest.fixture
def screens(browser: Browser, portal: Portal) -> Iterator[Screens]:
    yield Screens(browser, portal.address)
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> AttestedNetwork:
    """A network that changed its attesters twice; `old_trust` and `old_keys` are of before."""
    network = AttestedNetwork(tmp_path_factory.mktemp("grown"))
    network.old_trust, network.old_keys = network.trust(), dict(network.keys)
    network.grow(2)
    network.rotate("beihai", "beihai, renewed")
    network.grow()
    network.rotate("haiphong", "haiphong, renewed")
    network.grow()
    return network
