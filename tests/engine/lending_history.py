"""Tells a ledger's history with version 1 of `lending`, says so, and keeps it running until standard input ends.

Usage: lending_history.py DATA
"""

import os
import sys
from pathlib import Path
from typing import Any

import infoharbor  # noqa: F401 - it comes before the contract

sys.path.insert(0, str(Path(__file__).parent))

from lending.actions import AcceptLoan, ConfirmReturn, OfferLoan
from world import World

from infoharbor.engine.lifecycle import open_engine

BEGIN = 1_800_000_000_000
DAY = 24 * 60 * 60 * 1000
LOANS = [f"loan-{number}" for number in range(8)]


def main(data: Path) -> None:
    now = [BEGIN]
    world = World(begin=BEGIN)
    with open_engine(world.create(data), workers=0, clock=lambda: now[0]) as engine:

        def act(action: Any, by: str, code: str = "") -> None:
            now[0] += 1_000  # Further than blocks lie apart: the clock stands still meanwhile.
            receipt = engine.submit(world.signed(action, by=by, expiry=now[0] + 60_000)).result(30)
            assert receipt.code == code, (action, receipt)

        for number, loan in enumerate(LOANS):
            act(OfferLoan(loan, "firm-1", "scales", now[0] + (number + 1) * DAY), "bank")
        for loan in LOANS[:6]:
            act(AcceptLoan(loan), "firm-1")
        act(OfferLoan("for-long", "firm-1", "crane", now[0] + 400 * DAY), "bank")
        act(ConfirmReturn("loan-7"), "bank", "ledger.move_undeclared")
        act(ConfirmReturn("loan-5"), "bank")
        now[0] += 3 * DAY
        act(AcceptLoan("loan-0"), "firm-1", "ledger.move_undeclared")
        now[0] += 40 * DAY
        act(ConfirmReturn("loan-1"), "bank")
        os.write(1, b"told\n")
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
