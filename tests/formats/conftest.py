"""Lets these tests import what lies beside them and the frozen ledger of the vectors."""

import sys
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "vectors"):
    sys.path.insert(0, str(folder))
