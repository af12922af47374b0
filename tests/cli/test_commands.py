"""The commands on the demo's ledger, beside a running node and without one."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from nodes import as_json, infoharbor, running

from infoharbor.contracts.farm.demo import LIUBAO, SPRING
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.crypto.hashes import SHA256
from infoharbor.edgekit.cast import Cast
from infoharbor.sdk.building import Chain, build_signed

RECORD = "identity/organisations/nanning-exporter"
FOUNDING = (
    *("--name", "x.example", "--organisation", "port", "--organisation-name", "Port", "--country", "CN"),
    *("--registration", "registry", "--number", "1"),
)
"""What `init` is told of a ledger of one's own."""


# Proofs


@pytest.fixture(scope="module")
def proof(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but an evidence file and a trust file."""
    folder = tmp_path_factory.mktemp("proof")
    infoharbor(
        "prove", RECORD, "identity/organisations/nobody", "-o", folder / "evidence.json", "--data", "data", cwd=told
    )
    infoharbor("trust", "-o", folder / "trust.txt", "--data", "data", cwd=told)
    return folder


def test_evidence_is_verified_with_the_two_files_alone(proof: Path) -> None:
    proven = as_json("verify", "evidence.json", "--trust", "trust.txt", cwd=proof)
    assert proven["proves"]
    absent, present = sorted(proven["records"], key=lambda each: len(each["versions"]))
    assert (present["path"], present["versions"][0]["record"]["id"]) == (RECORD, "nanning-exporter")
    assert (absent["path"], absent["versions"]) == ("identity/organisations/nobody", [])
    said = infoharbor("verify", "evidence.json", "--trust", "trust.txt", cwd=proof).stdout
    assert "PROVED 证明成立" in said
    assert "one operator keeps this ledger" in said


def test_times_of_a_record_are_told_with_their_date_and_stay_integers_in_json(told: Path, tmp_path: Path) -> None:
    season = f"farm/seasons/{LIUBAO}/{SPRING}"
    infoharbor("prove", season, "-o", tmp_path / "evidence.json", "--data", "data", cwd=told)
    infoharbor("trust", "-o", tmp_path / "trust.txt", "--data", "data", cwd=told)
    said = infoharbor("verify", "evidence.json", "--trust", "trust.txt", cwd=tmp_path).stdout
    assert "    starts_at              1740758400000 (2025-02-28T16:00:00.000Z)" in said
    assert "    grams_per_hectare      100000\n" in said
    proven = as_json("verify", "evidence.json", "--trust", "trust.txt", cwd=tmp_path)
    assert proven["records"][0]["versions"][0]["record"]["starts_at"] == 1_740_758_400_000


@pytest.mark.parametrize("place", [0, 1000, -3])
def test_an_altered_file_proves_nothing_and_says_why(place: int, proof: Path, tmp_path: Path) -> None:
    raw = bytearray((proof / "evidence.json").read_bytes())
    raw[place] ^= 1
    (tmp_path / "evidence.json").write_bytes(raw)
    refused = as_json("verify", "evidence.json", "--trust", proof / "trust.txt", cwd=tmp_path, fails=True)
    assert refused["code"].partition(".")[0] in ("evidence", "trust", "note", "ledger")
    assert refused["detail_zh"] != refused["code"]


def test_evidence_of_another_ledger_proves_nothing(proof: Path, tmp_path: Path) -> None:
    infoharbor("init", *FOUNDING, cwd=tmp_path)
    infoharbor("trust", "-o", "other.txt", cwd=tmp_path)
    refused = as_json("verify", proof / "evidence.json", "--trust", "other.txt", cwd=tmp_path, fails=True)
    assert refused["code"] == "note.unknown_signature"


def test_who_proves_an_absence_is_told_so(told: Path, tmp_path: Path) -> None:
    said = infoharbor(
        "prove", "nosuch/x/y", RECORD, "-o", tmp_path / "evidence.json", "--data", "data", cwd=told
    ).stderr
    assert "nosuch/x/y: proves that it never was" in said
    assert f"{RECORD}: proves" not in said


def test_a_record_is_shown_in_the_words_of_json(told: Path) -> None:
    said = infoharbor("show", RECORD, "--data", "data", cwd=told).stdout
    assert "seat                     false\n" in said
    assert '"needs": ["maker", "checker"]' in said


def test_a_real_ledger_has_no_demo_s_token_and_its_audit_says_that_there_is_no_mirror(tmp_path: Path) -> None:
    infoharbor("init", *FOUNDING, cwd=tmp_path)
    assert "cli.not_a_demo (--demo)" in infoharbor("token", "--demo", cwd=tmp_path, fails=True).stderr
    audited = infoharbor("audit", cwd=tmp_path).stdout
    assert "replay 重放: clean 无异常\n" in audited
    assert "read model SQL 镜像: none here, not compared 无镜像，未核对" in audited


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    refused = infoharbor("verify", "nothing.json", "--trust", "nothing.txt", cwd=tmp_path, fails=True).stderr
    assert "cli.file_missing (nothing.txt)" in refused
    assert "There is no such file." in refused
    assert "找不到该文件" in refused
    assert as_json("show", RECORD, "--data", "none", cwd=tmp_path, fails=True)["code"] == "node.no_ledger"


# Looking after a node


def test_the_told_demo_is_clean(told: Path) -> None:
    audited = as_json("audit", "--data", "data", cwd=told)
    assert audited["clean"]
    assert audited["read_model"] == audited["replay"] == audited["invariants"] == []
    assert as_json("doctor", "--data", "data", cwd=told)["findings"] == []


def test_commands_work_beside_a_running_node(demo: Path) -> None:
    with running("--demo", "--data", "data", cwd=demo) as node:
        assert as_json("audit", "--data", "data", cwd=demo)["clean"]
        assert as_json("show", RECORD, "--data", "data", cwd=demo)["record"]["id"] == "nanning-exporter"
        height = as_json("backup", "copy", "--data", "data", cwd=demo)["height"]
        assert "node.locked" in infoharbor("run", "--data", "data", cwd=demo, fails=True).stderr
        token = infoharbor("token", "--demo", "--data", "data", cwd=demo).stdout.strip()
        asked = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{node.url}/v1/records/identity/users", headers=asked).json()["items"]
        assert _submitted(demo, node.url)["height"] > height
        assert node.stop() == 0
    assert as_json("restore", "copy", "--data", "restored", cwd=demo)["height"] == height
    assert as_json("audit", "--data", "restored", cwd=demo)["clean"]


def _submitted(demo: Path, url: str) -> dict[str, object]:
    status = httpx.get(f"{url}/v1/status").json()
    signer = Cast((demo / "data/demo.seed").read_bytes()).signer("harbor-bank")
    raw = build_signed(Chain(bytes.fromhex(status["chain"]), SHA256), [SetSealingKey(bytes(range(32)))], signer)
    (demo / "transaction").write_bytes(raw)
    (demo / "altered").write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    refused = as_json("submit", "altered", "--url", url, cwd=demo, fails=True)
    assert refused["code"] == "ledger.signature_invalid"
    infoharbor("init", "--data", "other", *FOUNDING, cwd=demo)
    astray = as_json("submit", "transaction", "--url", url, "--data", "other", cwd=demo, fails=True)
    assert astray["code"] == "cli.other_ledger"
    receipt: dict[str, object] = as_json("submit", "transaction", "--url", url, "--data", "data", cwd=demo)
    return receipt


def test_a_killed_node_needs_no_repair(tmp_path: Path) -> None:
    with running("--demo", "--data", "data", cwd=tmp_path) as node:
        node.kill()
    assert as_json("audit", "--data", "data", cwd=tmp_path)["clean"]
    with running("--demo", "--data", "data", cwd=tmp_path) as node:
        assert node.stop() == 0
    assert as_json("audit", "--data", "data", cwd=tmp_path)["clean"]


def test_a_backup_older_than_what_was_signed_is_not_restored(demo: Path) -> None:
    infoharbor("backup", "copy", "--data", "data", cwd=demo)
    (demo / "restored").mkdir()
    signed = (
        json.loads((demo / "data/signed.json").read_bytes())
        if (demo / "data/signed.json").exists()
        else {"root": "00" * 32}
    )
    (demo / "restored/signed.json").write_text(json.dumps(signed | {"size": 10**6}))
    assert "node.behind_signed" in infoharbor("restore", "copy", "--data", "restored", cwd=demo, fails=True).stderr
    assert "node.target_not_empty" in infoharbor("backup", "copy", "--data", "data", cwd=demo, fails=True).stderr


def test_a_damaged_ledger_is_named_by_the_audit(demo: Path) -> None:
    (log,) = (demo / "data/blocks").glob("*.log")
    raw = bytearray(log.read_bytes())
    raw[len(raw) // 2] ^= 1
    log.write_bytes(raw)
    done = infoharbor("audit", "--data", "data", cwd=demo, fails=True)
    assert "block" in done.stdout + done.stderr


def test_the_doctor_names_what_others_can_read(demo: Path) -> None:
    (demo / "data/keys/agents/nanning-exporter.json").chmod(0o644)
    assert any(
        "nanning-exporter.json" in each
        for each in as_json("doctor", "--data", "data", cwd=demo, fails=True)["findings"]
    )


def test_the_mirror_is_made_again_and_equals_the_ledger(demo: Path) -> None:
    (demo / "data/readmodel.sqlite").unlink()
    assert as_json("readmodel", "rebuild", "--data", "data", cwd=demo)["height"] > 0
    assert as_json("audit", "--data", "data", cwd=demo)["clean"]


# Refusals


def test_a_port_that_is_taken_is_named(demo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = infoharbor("run", "--data", "data", "--port", str(port), cwd=demo, fails=True)
    assert "cli.port (--port)" in refused.stderr


def test_nobody_gets_a_token_for_an_unknown_organisation(demo: Path) -> None:
    for organisation, code in (("nobody", "identity.organisation_unknown"), ("", "cli.option_missing")):
        refused = infoharbor("token", "--organisation", organisation, "--data", "data", cwd=demo, fails=True)
        assert code in refused.stderr
        assert refused.stdout == ""


def test_a_node_that_does_not_answer_is_named(tmp_path: Path) -> None:
    (tmp_path / "transaction").write_bytes(b"x")
    refused = as_json("submit", "transaction", "--url", "http://127.0.0.1:9", cwd=tmp_path, fails=True)
    assert refused["code"] == "cli.no_node"


@pytest.mark.parametrize("answered", [b"<html>", b"{}", b"[]"])
def test_what_is_no_gateway_is_named(answered: bytes, tmp_path: Path) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answered)

        def do_POST(self) -> None:
            self.do_GET()

    (tmp_path / "transaction").write_bytes(b"x")
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        refused = as_json(
            "submit", "transaction", "--url", f"http://127.0.0.1:{server.server_port}", "--token", "ih-no", cwd=tmp_path,
            fails=True,
        )  # fmt: skip
        server.shutdown()
    assert refused["code"] == "cli.no_gateway"


@pytest.mark.parametrize("path", ["identity/organisations/nobody", "no/such/table", "word"])
def test_a_record_that_is_not_there_is_named(path: str, told: Path) -> None:
    refused = as_json("show", path, "--data", "data", cwd=told, fails=True)
    assert (refused["code"], refused["field"]) == ("ledger.record_unknown", path)
