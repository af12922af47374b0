"""What the tests of keys in tokens share: SoftHSM, which a process initialises with one folder."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from softhsm import SoftToken

_numbers = itertools.count()


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all tokens of this process."""
    return tmp_path_factory.mktemp("softhsm")


@pytest.fixture
def token(tokens: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A token of one's own."""
    made = SoftToken(tokens, f"token-{next(_numbers)}")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made
