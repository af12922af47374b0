"""Lets the attestation's tests import the network beside them and the vectors' examples, and gives them a network."""

import sys
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "vectors"):
    sys.path.insert(0, str(folder))

from attested_network import AttestedNetwork  # noqa: E402


@pytest.fixture
def network(tmp_path: Path) -> AttestedNetwork:
    """Four members that have attested the genesis."""
    return AttestedNetwork(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> AttestedNetwork:
    """Four members for tests that add no block."""
    network = AttestedNetwork(tmp_path_factory.mktemp("shared"))
    network.grow(2)
    return network
