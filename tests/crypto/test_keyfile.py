"""A key file gives back its key to its owner alone, and an altered one is refused by a stable code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infoharbor.crypto import keyfile
from infoharbor.crypto.keyfile import KeyFileError, read_key, write_key
from infoharbor.crypto.suites import SUITES

KEY = SUITES["ed25519"].private_key(bytes(range(32)))
OTHER = SUITES["ed25519"].private_key(bytes(32))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keyfile, "SCRYPT_MEMORY", 2**14)
    return tmp_path / "key.json"


def refused(path: Path, passphrase: str | None = None) -> str:
    with pytest.raises(KeyFileError) as refusal:
        read_key(path, passphrase)
    return refusal.value.code


def alter(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("passphrase", [None, "", "港口 passphrase"])
@pytest.mark.parametrize("name", SUITES)
def test_a_written_key_is_read(path: Path, name: str, passphrase: str | None) -> None:
    key = SUITES[name].private_key(bytes(31) + b"\7")
    write_key(path, key, passphrase)
    read = read_key(path, passphrase)
    assert (read.suite, read.secret, read.public_key) == (key.suite, key.secret, key.public_key)


def test_a_sealed_file_does_not_hold_the_secret(path: Path) -> None:
    write_key(path, KEY, "passphrase")
    assert KEY.secret.hex() not in path.read_text()


def test_a_file_is_for_its_owner_alone(path: Path) -> None:
    write_key(path, KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604, 0o620, 0o601):
        path.chmod(mode)
        assert refused(path) == "key.readable_by_others"


def test_a_file_is_never_written_over(path: Path) -> None:
    write_key(path, KEY)
    with pytest.raises(FileExistsError):
        write_key(path, OTHER)
    assert read_key(path).secret == KEY.secret


def test_a_wrong_or_missing_passphrase_is_refused(path: Path) -> None:
    write_key(path, KEY, "right")
    assert refused(path, "wrong") == refused(path) == "key.passphrase"


def test_a_passphrase_is_the_same_however_its_letters_are_composed(path: Path) -> None:
    write_key(path, KEY, "ti\u1ebfng")
    assert read_key(path, "tie\u0302\u0301ng").secret == KEY.secret


@pytest.mark.parametrize(("change", "code"), [
    (lambda content: content.update(secret=OTHER.secret.hex()), "key.mismatch"),
    (lambda content: content.update(public_key=OTHER.public_key.hex()), "key.mismatch"),
    (lambda content: content.update(suite="p256"), "key.mismatch"),
    (lambda content: content.update(suite="rsa"), "key.format"),
    (lambda content: content.update(infoharbor="infoharbor/key/2"), "key.format"),
    (lambda content: content.update(note="x"), "key.malformed"),
    (lambda content: content.pop("created"), "key.malformed"),
    (lambda content: content.pop("secret"), "key.malformed"),
    (lambda content: content.update(created="today"), "key.malformed"),
    (lambda content: content.update(created="2026-01-01T00:00:00"), "key.malformed"),
    (lambda content: content.update(secret="zz"), "key.malformed"),
    (lambda content: content.update(secret=content["secret"].upper()), "key.malformed"),
    (lambda content: content.update(public_key=content["public_key"].upper()), "key.malformed"),
    (lambda content: content.update(secret=content["secret"] + " "), "key.malformed"),
    (lambda content: content.update(secret="00"), "key.malformed"),
    (lambda content: content.update(public_key=1), "key.malformed"),
    (lambda content: content.update(sealed={"n": 16384, "salt": "", "ciphertext": ""}), "key.malformed"),
])  # fmt: skip
def test_an_altered_file_is_refused(path: Path, change: Callable[[dict[str, Any]], object], code: str) -> None:
    write_key(path, KEY)
    alter(path, change)
    assert refused(path) == code


@pytest.mark.parametrize(("member", "value", "code"), [
    ("n", 2**21, "key.malformed"), ("n", 3, "key.malformed"), ("n", 2, "key.malformed"), ("n", 20_000, "key.malformed"),
    ("salt", "00" * 16, "key.passphrase"), ("salt", "00", "key.malformed"), ("salt", "x", "key.malformed"),
    ("ciphertext", "", "key.passphrase"), ("ciphertext", "00" * 60, "key.passphrase"), ("extra", 1, "key.malformed"),
])  # fmt: skip
def test_an_altered_seal_is_refused(path: Path, member: str, value: object, code: str) -> None:
    write_key(path, KEY, "passphrase")
    alter(path, lambda content: content["sealed"].update({member: value}))
    assert refused(path, "passphrase") == code


def test_what_is_no_key_file_is_refused(path: Path) -> None:
    for content, code in ((b"", "key.malformed"), (b"\xff", "key.malformed"), (b" " * 65537, "key.too_large")):
        path.write_bytes(content)
        path.chmod(0o600)
        assert refused(path) == code
