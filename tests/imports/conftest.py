"""A node at which firms import sheets."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "epcis"))

from trading import Trader, TradingNode


@pytest.fixture(scope="session")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TradingNode]:
    node = TradingNode(tmp_path_factory.mktemp("imports") / "data")
    node.open_for_trade()
    yield node
    node.close()


@pytest.fixture
def firm(trading: TradingNode) -> Iterator[Trader]:
    with trading.trader() as trader:
        yield trader
