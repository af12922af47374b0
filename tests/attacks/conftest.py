"""What the attacks share: a ledger on disk to attack, and a node with every door to attack it through."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))
sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))
sys.path.insert(0, str(Path(__file__).parent))

from harbour import Harbour
from world import World

from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine


@pytest.fixture(scope="session")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A node with gateway, EPCIS, portal and mirror; no attack may count on an untouched ledger."""
    running = Harbour(tmp_path_factory.mktemp("harbour") / "data")
    running.open_accounts()
    yield running
    running.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def data(world: World, tmp_path: Path) -> Path:
    return world.create(tmp_path / "data")


@pytest.fixture
def start() -> Iterator[Callable[[Path], NodeEngine]]:
    """Opens engines that check signatures in place, and closes them at the end."""
    opened: list[NodeEngine] = []

    def open_one(data: Path) -> NodeEngine:
        opened.append(open_engine(data, workers=0))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(world: World, data: Path, start: Callable[[Path], NodeEngine]) -> NodeEngine:
    """A running ledger of a bank and two firms on which everyone has money."""
    engine = start(data)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    return engine
