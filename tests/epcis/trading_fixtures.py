"""The node at which firms trade, one for all tests of a folder, so that no test may count on an untouched ledger."""

from collections.abc import Iterator

import pytest
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
