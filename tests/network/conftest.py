"""What the network's tests share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))
sys.path.insert(0, str(Path(__file__).parent))

from driven import Driven
from world import World


@pytest.fixture
def world() -> World:
    return World(4)


@pytest.fixture
def drive(world: World, tmp_path: Path) -> Iterator[Callable[..., Driven]]:
    """Founds the chain in a folder of this name, or opens it again, and drives its application as CometBFT would."""
    opened: list[Driven] = []

    def open_one(name: str = "node", **options: object) -> Driven:
        driven = Driven(world, tmp_path / name, **options)
        opened.append(driven)
        return driven

    yield open_one
    for driven in opened:
        driven.close()
