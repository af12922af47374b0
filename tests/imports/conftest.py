"""A node at which firms import sheets."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "epcis"))

from trading_fixtures import firm, trading

__all__ = ["firm", "trading"]
