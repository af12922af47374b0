"""A vault's folder is its owner's alone, for one organisation on one chain, and opens with its own keys only."""

import sqlite3
import stat
from pathlib import Path

import pytest
from tests.vault.conftest import CHAIN, RECORD, SECRET, opened, refusal

from infoharbor.engine.interface import Damaged
from infoharbor.vault.store import Vault


def test_everything_in_the_folder_is_its_owners_alone(vault: Vault, tmp_path: Path) -> None:
    vault.put(RECORD, "held", SECRET)
    folder = tmp_path / "owner"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_vault_is_held_by_one_process(vault: Vault, tmp_path: Path) -> None:
    with refusal("vault.locked"):
        opened(tmp_path / "owner")


@pytest.mark.parametrize(("chain", "organisation"), [(bytes(32), "owner"), (CHAIN, "somebody")])
def test_a_vault_is_of_one_organisation_on_one_chain(tmp_path: Path, chain: bytes, organisation: str) -> None:
    opened(tmp_path).close()
    with refusal("vault.other"):
        Vault(tmp_path, chain=chain, organisation=organisation)


@pytest.mark.parametrize(("chain", "organisation"), [(bytes(31), "owner"), (CHAIN, "")])
def test_a_vault_is_not_made_for_nobody(tmp_path: Path, chain: bytes, organisation: str) -> None:
    with refusal("vault.other"):
        Vault(tmp_path, chain=chain, organisation=organisation)


@pytest.mark.parametrize("name", ["key", "sealing_key"])
def test_without_its_key_files_a_vault_does_not_open(tmp_path: Path, name: str) -> None:
    opened(tmp_path).close()
    file = tmp_path / name
    held = file.read_bytes()
    file.chmod(0o640)
    with refusal("vault.key_exposed"):
        opened(tmp_path)
    file.chmod(0o600)
    file.write_bytes(held[1:])
    with refusal("vault.key_wrong"):
        opened(tmp_path)
    file.unlink()
    with refusal("vault.key_missing"):
        opened(tmp_path)
    file.write_bytes(held)
    file.chmod(0o600)
    opened(tmp_path).close()


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "key").write_bytes(bytes(32))
    with refusal("vault.key_wrong"):
        opened(tmp_path)


def test_a_vault_cut_short_while_being_made_is_made_with_the_same_keys(tmp_path: Path) -> None:
    opened(tmp_path).close()
    keys = [(tmp_path / name).read_bytes() for name in ("key", "sealing_key")]
    (tmp_path / "contents.sqlite").unlink()
    vault = opened(tmp_path)
    vault.put(RECORD, "held", SECRET)
    vault.close()
    assert [(tmp_path / name).read_bytes() for name in ("key", "sealing_key")] == keys


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "contents.sqlite").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(Damaged):
        opened(tmp_path)


def test_a_wrong_format_is_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "contents.sqlite") as database:
        database.execute("UPDATE vault SET format = 2")
    database.close()
    with refusal("vault.other"):
        opened(tmp_path)
