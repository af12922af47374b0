"""The page of the organisations says who could stop the network, as those who vote on blocks are now."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tests.portal.conftest import serving

from infoharbor.contracts.governance.actions import SetCodes
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.contracts.identity.demo import admission
from infoharbor.edgekit.cast import Player
from infoharbor.engine.lifecycle import open_engine
from infoharbor.sdk.telling import SEED_FILE, LiveWorld, found_demo

OTHERS = [
    Player(f"member-{country.lower()}", country, country, country, "registry", f"DEMO-{country}")
    for country in ("CN", "VN", "TH", "MY", "LA")
]


def entries(names: Sequence[str], *, until: int = 0) -> SetCodes:
    keys = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    return SetCodes(tuple(CodeEntry("network-validators", name, key, "", "", 0, until) for name, key in keys.items()))


def test_the_page_names_the_country_without_which_no_block_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    found_demo(data)
    engine = open_engine(data)
    world = LiveWorld(engine, engine.chain.registry, (data / SEED_FILE).read_bytes())
    for each in OTHERS:
        decide(world, admission(each, world.cast.signer(each.id)), id=each.id, reason="")
    with serving(engine, data) as portal:
        assert "Who could stop" not in portal.get("/organisations").text

        four = ["harbor", "member-cn", "member-vn", "member-th"]
        decide(world, entries(four), id="four", reason="")
        page = portal.get("/organisations").text
        assert "4. A block needs 3 of them" in page
        assert "China (2)" in page
        assert "Viet" not in page.partition("Who could stop")[2].partition("</aside>")[0]
        assert "中国" in portal.get("/organisations", language="zh").text.partition("谁能使账本停止")[2]

        decide(world, entries(["member-cn"], until=1), id="left", reason="")
        decide(world, entries(["member-my"]), id="came", reason="")
        assert "No country" in portal.get("/organisations").text
