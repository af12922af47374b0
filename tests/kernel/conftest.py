"""What the kernel's tests share: a ledger with a pier."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pier import FOUNDATION, GUEST, HOME, HOUR, PIER, Open

from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial
from infoharbor.kernel.registry import Registry


@pytest.fixture
def trial() -> Trial:
    """A ledger with the pier and one free berth for the guest, which closes in an hour."""
    made = Trial(PLAYERS, registry=Registry([*FOUNDATION, PIER]))
    made.act(Open("berth", HOME, (GUEST,), made.now + HOUR), by=HOME)
    return made
