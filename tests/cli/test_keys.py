"""`infoharbor key`: key files of every suite, for their owner's eyes only."""

import json
import stat
from pathlib import Path

import pytest
from nodes import as_json, infoharbor

from infoharbor.contractkit.signatures import is_possessed
from infoharbor.crypto.keyfile import read_key
from infoharbor.crypto.suites import SUITES


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_of_each_suite_signs(suite: str, tmp_path: Path) -> None:
    made = as_json("key", "new", "--suite", suite, cwd=tmp_path)
    file = tmp_path / made["file"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = read_key(file)
    assert key.public_key.hex() == made["public_key"]
    assert SUITES[suite].verify(key.public_key, b"message", key.sign(b"message"))


@pytest.mark.parametrize("suite", SUITES)
def test_an_application_proves_possession_and_tells_no_secret(suite: str, tmp_path: Path) -> None:
    infoharbor("key", "new", "--suite", suite, "-o", "key.json", cwd=tmp_path)
    told = infoharbor("key", "apply", "key.json", cwd=tmp_path).stdout
    application = json.loads(told)
    public_key, proof = (bytes.fromhex(application["key"][name]) for name in ("public_key", "proof"))
    assert is_possessed(application["user"], suite, public_key, proof)
    assert read_key(tmp_path / "key.json").secret.hex() not in told


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    infoharbor("key", "new", "-o", "key.json", cwd=tmp_path)
    before = (tmp_path / "key.json").read_bytes()
    assert "cli.file_exists" in infoharbor("key", "new", "-o", "key.json", cwd=tmp_path, fails=True).stderr
    assert (tmp_path / "key.json").read_bytes() == before


def test_a_sealed_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    sealing = ("--passphrase-variable", "WORDS")
    infoharbor("key", "new", "-o", "key.json", *sealing, cwd=tmp_path, WORDS="trà sáu đê")
    infoharbor("key", "apply", "key.json", *sealing, cwd=tmp_path, WORDS="trà sáu đê")
    for environment in ({"WORDS": "tea"}, {}):
        infoharbor("key", "apply", "key.json", *sealing, cwd=tmp_path, fails=True, **environment)
    assert "key.passphrase" in infoharbor("key", "apply", "key.json", cwd=tmp_path, fails=True).stderr


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    infoharbor("key", "new", "-o", "key.json", cwd=tmp_path)
    (tmp_path / "key.json").chmod(0o640)
    assert "key.readable_by_others" in infoharbor("key", "apply", "key.json", cwd=tmp_path, fails=True).stderr
