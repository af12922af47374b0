"""Where the vault's tests begin: an owner's vault, and a reader's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infoharbor.engine.interface import Refused
from infoharbor.vault.store import Vault

CHAIN = bytes(range(32))
RECORD = "trace/events/0001"
SECRET = b"grower Wei, plot 17, sold at 83.50 the kilogram"


def opened(folder: Path, organisation: str = "owner") -> Vault:
    return Vault(folder, chain=CHAIN, organisation=organisation)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = opened(tmp_path / "owner")
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Vault]:
    made = opened(tmp_path / "reader", "reader")
    yield made
    made.close()


def refusal(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, match=rf"^{code}\b")
