"""What the command line's tests share: a demo ledger that was told once, and copied for whoever changes it."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from nodes import running


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, in which the whole demo was told; nobody changes it."""
    folder = tmp_path_factory.mktemp("told")
    with running("--demo", "--data", "data", cwd=folder) as node:
        assert node.stop() == 0
    return folder


@pytest.fixture
def demo(told: Path, tmp_path: Path) -> Path:
    """A folder of one's own with the demo's `data`."""
    shutil.copytree(told / "data", tmp_path / "data")
    return tmp_path
