"""`infoharbor submit` and `pending` beside a node of three organisations."""

import json
from pathlib import Path
from typing import Any

import pytest
from joint import FIRMS, bundle
from node import Node

from infoharbor.cli.main import app
from infoharbor.crypto.keyfile import write_key
from infoharbor.sdk.pending import signed_document


@pytest.fixture(scope="module")
def keys(node: Node, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    for firm in FIRMS:
        write_key(folder / f"{firm}.json", node.signer(firm).key)
    return {firm: folder / f"{firm}.json" for firm in FIRMS}


def run(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    app([*map(str, words), "--json"], result_action="return_value")
    return json.loads(capsys.readouterr().out)


def test_a_half_signed_file_waits_and_is_signed_from_the_command_line(
    node: Node, keys: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unsigned = bundle(node)
    identifier, url = unsigned.id.hex(), ("--url", node.url)
    file = tmp_path / "half.json"
    file.write_text(json.dumps(signed_document(unsigned, node.signer("firm-1"))))
    sent = run(capsys, "submit", file, "--token", node.token_of("firm-1"), *url)
    assert (sent["id"], sent["state"]) == (identifier, "waiting")
    (item,) = run(capsys, "pending", "list", "--key", keys["firm-2"], *url)["items"]
    assert item["waits_for_you"]
    run(capsys, "pending", "sign", identifier, "--key", keys["firm-2"], "--yes", *url)
    done = run(capsys, "pending", "sign", identifier, "--key", keys["firm-3"], "--yes", *url)
    assert done["state"] == "committed"
    app(["pending", "list", "--ended", "--key", str(keys["firm-3"]), *url], result_action="return_value")
    said = capsys.readouterr().out
    assert f"{identifier}\n  committed 已入账" in said
    assert "firm-1: Pay 支付" in said


def test_a_whole_file_is_committed_and_a_bundle_is_declined(
    node: Node, keys: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = ("--url", node.url)
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(signed_document(bundle(node), *map(node.signer, FIRMS))))
    assert run(capsys, "submit", file, "--token", node.token_of("firm-1"), *url)["result"] == "committed"
    unsigned = bundle(node)
    file.write_text(json.dumps(signed_document(unsigned, node.signer("firm-1"))))
    run(capsys, "submit", file, "--token", node.token_of("firm-1"), *url)
    words = ("pending", "decline", unsigned.id.hex(), "--reason", "no", "--key", keys["firm-2"])
    assert run(capsys, *words, *url)["declined"] == {"organisation": "firm-2", "reason": "no"}


def test_nothing_is_signed_without_a_yes(
    node: Node,
    keys: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unsigned = bundle(node)
    file = tmp_path / "half.json"
    file.write_text(json.dumps(signed_document(unsigned, node.signer("firm-1"))))
    run(capsys, "submit", file, "--token", node.token_of("firm-1"), "--url", node.url)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(SystemExit):
        run(capsys, "pending", "sign", unsigned.id.hex(), "--key", keys["firm-2"], "--url", node.url)
    shown = json.loads(capsys.readouterr().out)
    assert [each["arguments"]["amount"] for each in shown] == ["1"] * 3
    (item,) = (
        each for each in run(capsys, "pending", "list", "--key", keys["firm-2"], "--url", node.url)["items"]
        if each["id"] == unsigned.id.hex()
    )  # fmt: skip
    assert item["waits_for_you"]
