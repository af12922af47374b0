"""What the runbook tells to type works as it stands, on an embedded ledger."""

from pathlib import Path

from nodes import free_port, infoharbor
from test_how_to import STOP, run_document

FOUNDED = """
infoharbor init --data ledger --name x.example --organisation port --organisation-name Port --country CN \
    --registration registry --number EX-1
infoharbor run --data ledger --port {port} &
until curl --silent --fail --output status.json http://127.0.0.1:{port}/v1/status; do sleep 1; done
"""


def test_a_ledger_is_kept_as_the_document_says(tmp_path: Path) -> None:
    port = free_port()
    output = run_document("how-to/keep-a-node.md", tmp_path, port=port, before=STOP + FOUNDED.format(port=port))
    assert "committed" in output
    assert "byte for byte" in output
    assert "nothing newer than what is in force" in output
    assert "clean" in output
    assert (tmp_path / "port-leaves/trust.txt").is_file()
    infoharbor("doctor", "--data", "ledger", cwd=tmp_path)
