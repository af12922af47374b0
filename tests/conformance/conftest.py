"""A node that captures the standards' own documents."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "epcis"))

from trading_fixtures import firm, other, trading

__all__ = ["firm", "other", "trading"]
