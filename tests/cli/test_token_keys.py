"""A ledger whose keys are all in a token, as the how-to tells it, and commands whose token is not there."""

from pathlib import Path

import pytest
from nodes import as_json, free_port, infoharbor
from test_how_to import STOP, run_document

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
IN_TOKEN = ("key", "new", "--pkcs11", MODULE, "--pkcs11-token")
WITHOUT_TOKEN = """
softhsm2-util --delete-token --token node
curl --silent -H "Authorization: Bearer $BEARER" -H "Content-Type: application/json" \
    -d '{{"actions": [{{"by": ["port"], "contract": "trace", "action": "SetAudience",
         "arguments": {{"product": "*", "audience": []}}}}]}}' http://127.0.0.1:{port}/v1/act
curl --silent --fail http://127.0.0.1:{port}/v1/status
"""


def test_keys_are_kept_in_a_token_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    after = WITHOUT_TOKEN.format(port=port)
    output = run_document("how-to/keep-keys-in-an-hsm.md", tmp_path, port=port, before=STOP, after=after)
    assert output.count("committed") == 2
    assert "PROVED" in output
    assert '"code":"node.key"' in output
    assert '"condition":"running"' in output
    assert '"label": "log"' in (tmp_path / "ledger/keys/log.json").read_text()
    assert not [file for file in tmp_path.rglob("*.json") if '"secret"' in file.read_text()]
    environment = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf")}
    refused = as_json("doctor", "--data", "ledger", cwd=tmp_path, fails=True, **environment)
    assert refused["code"] == "key.token_missing"
    assert refused["detail"] != refused["detail_zh"] != ""


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("node", "--pin-variable", "PIN"), "key.token_missing"),
        (("node", "--pin-variable", "NONE"), "key.pin_missing"),
        (("node",), "cli.option_missing"),
        (("node", "--pin-variable", "PIN", "--pin-file", "pin"), "cli.option_missing"),
        (("node", "--pin-variable", "PIN", "--passphrase-variable", "PIN"), "input.choice"),
        (("node", "--pin-variable", "PIN", "--suite", "sm2"), "key.suite_not_in_token"),
    ],
)
def test_what_makes_no_key_leaves_no_file(options: tuple[str, ...], code: str, tmp_path: Path) -> None:
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}\n")
    given = (*IN_TOKEN, *options)
    environment = {"PIN": "492837", "SOFTHSM2_CONF": str(configuration)}
    assert as_json(*given, cwd=tmp_path, fails=True, **environment)["code"] == code
    assert list(tmp_path.glob("*.json")) == []


def test_a_log_key_of_another_suite_founds_nothing(tmp_path: Path) -> None:
    infoharbor("key", "new", "--suite", "p256", "-o", "log.json", cwd=tmp_path)
    flags = (
        "--name", "x.example", "--organisation", "port", "--organisation-name", "Port", "--country", "CN",
        "--registration", "registry", "--number", "EX-1",
    )  # fmt: skip
    refused = as_json("init", "--data", "ledger", "--log-key", "log.json", *flags, cwd=tmp_path, fails=True)
    assert refused["code"] == "node.log_key"
    assert not (tmp_path / "ledger").exists()
