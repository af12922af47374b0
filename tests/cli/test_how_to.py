"""What the how-to documents tell to type works as it stands."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from documents import blocks
from nodes import PROGRAM, free_port

WAIT_S = 240


def run_document(document: str, cwd: Path, *, port: int, before: str = "", after: str = "") -> str:
    """Run a document's shell blocks in order in one shell; its files are there as it names them."""
    script = ["set -euo pipefail", before]
    for block in blocks(document):
        text = block.body.replace("127.0.0.1:8600", f"127.0.0.1:{port}")
        text = text.replace("infoharbor run ", f"infoharbor run --port {port} ")
        if block.file:
            (cwd / block.file).write_text(text, encoding="utf-8")
        elif block.language == "bash":
            script.append(text)
    environment = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["bash", "-c", "\n".join([*script, after])], cwd=cwd, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        # The node is the shell's child and holds the pipe open: the shell stops it as the last thing it does.
        output, _ = process.communicate(timeout=WAIT_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output
    return output


STOP = "trap 'kill $(jobs -p); wait' EXIT"


def test_a_ledger_is_run_as_the_document_says(tmp_path: Path) -> None:
    output = run_document("how-to/run-your-own-ledger.md", tmp_path, port=free_port(), before=STOP)
    assert "PROVED" in output
    assert "clean" in output


def test_events_are_captured_as_the_document_says(tmp_path: Path) -> None:
    output = run_document("how-to/capture-epcis-events.md", tmp_path, port=free_port(), before=STOP)
    assert "trace/events/" in output


def test_events_are_queried_and_sent_as_the_document_says(tmp_path: Path) -> None:
    output = run_document("how-to/query-epcis-events.md", tmp_path, port=free_port(), before=STOP)
    assert '"queryName": "departures"' in output


def test_an_agents_key_is_limited_as_the_document_says(tmp_path: Path) -> None:
    output = run_document("how-to/limit-an-agents-key.md", tmp_path, port=free_port(), before=STOP)
    assert "INV-2025-9 identity.key_within what begins with INV-2026-" in output
    assert "INV-2026-4 identity.key_quota at most 0 more until" in output


@pytest.mark.parametrize("document", ["finance-an-invoice", "finance-an-invoice.zh"])
def test_an_invoice_is_financed_as_the_document_says(document: str, tmp_path: Path) -> None:
    output = run_document(f"how-to/{document}.md", tmp_path, port=free_port(), before=STOP)
    assert "receivable.invoice_missing" in output
    claims = tmp_path / "claims"
    assert (claims / "summary.html").exists()
    evidence = sorted((claims / "evidence").iterdir())
    assert evidence
    assert (tmp_path / "maturity.xlsx").read_bytes().startswith(b"PK")
    proved = subprocess.run(
        [PROGRAM, "verify", evidence[0], "--trust", claims / "trust.txt"], capture_output=True, text=True, check=False
    )
    assert "PROVED" in proved.stdout, proved.stdout + proved.stderr


def test_a_foreign_client_signs_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    found = f"""{STOP}
infoharbor init --data ledger --name x.example --organisation port --organisation-name Port --country CN \
    --registration registry --number EX-1
infoharbor run --data ledger --port {port} &
until curl --silent --fail --output status.json http://127.0.0.1:{port}/v1/status; do sleep 1; done
"""
    document = "how-to/sign-without-our-code.md"
    shell = [block.text for block in blocks(document) if block.language == "bash"]
    (admit,) = [block.body for block in blocks("how-to/run-your-own-ledger.md") if block.file == "admit.py"]
    admit = admit.replace('"carrier"', '"shipper"').replace("127.0.0.1:8600", f"127.0.0.1:{port}")
    (tmp_path / "admit.py").write_text(admit, encoding="utf-8")
    making, applying, submitting = shell
    script = "\n".join(["set -euo pipefail", found, making, applying, f"{sys.executable} admit.py", submitting])
    done = subprocess.run(
        ["bash", "-c", script.replace("127.0.0.1:8600", f"127.0.0.1:{port}")], cwd=tmp_path, timeout=WAIT_S,
        env=os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"identity/organisations/shipper"' in done.stdout


def test_two_organisations_act_together_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    ledger = [block for block in blocks("how-to/run-your-own-ledger.md") if block.language in ("bash", "python")]
    found, run, newcomer, admit, admitting = ledger[:5]
    assert admit.file == "admit.py"
    together = blocks("how-to/act-together.md")
    for block in (admit, *together):
        if block.file:
            body = block.body.replace("127.0.0.1:8600", f"127.0.0.1:{port}")
            (tmp_path / block.file).write_text(body, encoding="utf-8")
    shell = [found, run, newcomer, admitting, *(block for block in together if block.language == "bash")]
    text = "\n".join(["set -euo pipefail", STOP, *(block.body for block in shell)])
    text = text.replace("infoharbor run ", f"infoharbor run --port {port} ").replace(
        "127.0.0.1:8600", f"127.0.0.1:{port}"
    )
    text = text.replace(" --key carrier.json", f" --url http://127.0.0.1:{port} --key carrier.json")
    done = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, timeout=WAIT_S, capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ carrier" in done.stdout
    assert "committed 已入账" in done.stdout
    assert "it has run already" in done.stdout


@pytest.mark.parametrize(
    "document",
    [
        "act-together",
        "capture-epcis-events",
        "finance-an-invoice",
        "finance-an-invoice.zh",
        "query-epcis-events",
        "run-your-own-ledger",
        "sign-without-our-code",
    ],
)
def test_the_node_is_named_by_its_usual_address(document: str) -> None:
    assert all(
        "8600" in block.text
        for block in blocks(f"how-to/{document}.md")
        if "http://" in block.text and "127" in block.text
    )
