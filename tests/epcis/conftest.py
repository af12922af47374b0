"""What the tests of `/epcis` share."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from receiver import receiving
from standing import Standing
from trading import Trader
from trading_fixtures import firm, other, trading

__all__ = ["firm", "other", "trading"]


@pytest.fixture
def receiver() -> Any:
    with receiving() as found:
        yield found


@pytest.fixture
def standing(firm: Trader) -> Any:
    made = Standing(firm)
    yield made
    firm.delete(f"/queries/{made.name}")
