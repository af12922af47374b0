"""What the engine's tests share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from world import World

from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def data(world: World, tmp_path: Path) -> Path:
    """A founded ledger of three organisations."""
    return world.create(tmp_path / "data")


@pytest.fixture
def start() -> Iterator[Callable[..., NodeEngine]]:
    """Opens engines that check signatures in place, and closes them at the end."""
    opened: list[NodeEngine] = []

    def open_one(data: Path, *, workers: int = 0) -> NodeEngine:
        engine = open_engine(data, workers=workers)
        opened.append(engine)
        return engine

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(world: World, data: Path, start: Callable[..., NodeEngine]) -> NodeEngine:
    """A running ledger on which everyone has money."""
    engine = start(data)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    return engine
