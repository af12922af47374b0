"""What the tests of `/epcis` share: one node for all of them, so that no test may count on an untouched ledger."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from trading import Trader, TradingNode, listening


@pytest.fixture(scope="session")
def trading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TradingNode]:
    running = listening(tmp_path_factory.mktemp("trading") / "data")
    running.open_for_trade()
    yield running
    running.close()


@pytest.fixture
def firm(trading: TradingNode) -> Iterator[Trader]:
    with trading.trader() as trader:
        yield trader


@pytest.fixture
def other(trading: TradingNode) -> Iterator[Trader]:
    with trading.trader("firm-2") as trader:
        yield trader
