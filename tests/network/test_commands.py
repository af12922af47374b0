"""The commands of a network as a user types them: found it, run it, kill a node, add one, stop it; grow it from a pilot."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from commands import COMMAND, PATIENCE, eventually, infoharbor, proof, running

from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken
from infoharbor.crypto.keyfile import read_key
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

pytestmark = pytest.mark.timeout(900)  # Each command is a process of its own, and the machine may be busy.


def test_a_network_lives_through_the_death_of_a_node_and_takes_in_another(tmp_path: Path) -> None:
    port = free_ports(6)[0]
    made = infoharbor("network", "init", "--validators", "4", "--dir", "net", "--port", port, cwd=tmp_path)
    signer = Signer("member-1", read_key(tmp_path / made["nodes"][0]["key"]))
    metrics = free_ports(1)[0]
    options = ("--metrics-port", str(metrics), "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "192.0.2.0/24")
    with running(tmp_path, *options) as status, Client(f"http://127.0.0.1:{port + 1}", signer=signer) as client:
        issue = IssueToken("one", TokenKind.MONEY, "CNY", 2, "CN", None)
        eventually(client.status)
        before = status()
        assert [node["role"] for node in before["nodes"]] == ["validator"] * 4
        for number, node in enumerate(
            before["nodes"]
        ):  # Each node has a port for its metrics, and believes the proxies.
            told = httpx.get(f"http://127.0.0.1:{metrics + number}/metrics").text
            assert "infoharbor_height " in told
            given = Path(f"/proc/{node['pid']}/cmdline").read_text().split("\0")
            proxies = [given[at + 1] for at, each in enumerate(given) if each == "--trusted-proxy"]
            assert proxies == ["127.0.0.1", "192.0.2.0/24"]
        victim = before["nodes"][3]
        os.kill(victim["pid"], signal.SIGKILL)
        with pytest.raises(Problem):
            client.act(issue)  # The issuer has no role for it: the refusal stands on the ledger.
        height = client.status()["height"]
        assert height > before["height"]
        eventually(lambda: status()["nodes"][3]["pid"] not in (None, victim["pid"]))
        added = infoharbor("network", "add-validator", "--dir", "net", cwd=tmp_path)
        assert added["name"] == "member-5"
        after = eventually(lambda: (found := status()) and len({n["height"] for n in found["nodes"]}) == 1 and found)
        assert [node["role"] for node in after["nodes"]] == ["validator"] * 5
        assert after["height"] > height
        assert after["stalls"] == ""
        trust, evidence = tmp_path / "trust.txt", tmp_path / "evidence.json"
        subprocess.run([*COMMAND, "trust", "--data", "net/nodes/member-2", "-o", trust], cwd=tmp_path, check=True)
        evidence.write_bytes(client.proof("identity/organisations/member-5"))
        verified = subprocess.run([*COMMAND, "verify", evidence, "--trust", trust], cwd=tmp_path, check=False)
        assert verified.returncode == 0  # A quorum of the founders has attested it.
    assert all(node["pid"] is None for node in infoharbor("network", "status", "--dir", "net", cwd=tmp_path)["nodes"])


def test_a_pilot_grows_into_a_network_and_keeps_its_history(tmp_path: Path) -> None:
    founded = infoharbor(
        "init", "--data", "pilot", "--name", "pilot.example", "--organisation", "port", "--organisation-name", "Port",
        "--country", "CN", "--registration", "registry", "--number", "EX-1", cwd=tmp_path,
    )  # fmt: skip
    evidence: list[str | Path] = ["prove", "identity/organisations/port", "-o", "evidence.json", "--data"]
    subprocess.run([*COMMAND, *evidence, "pilot"], cwd=tmp_path, timeout=PATIENCE, check=True)
    trust = [*COMMAND, "trust", "--data", "pilot", "-o", "trust.txt"]
    subprocess.run(trust, cwd=tmp_path, timeout=PATIENCE, check=True)
    port = free_ports(3)[0]
    grown = infoharbor(
        "network", "init", "--from", "pilot", "--validators", "2", "--dir", "net", "--port", port, cwd=tmp_path
    )
    assert grown["chain"] == founded["chain"]
    assert [node["name"] for node in grown["nodes"]] == ["port", "member-2"]
    assert not (tmp_path / "pilot").exists()
    verify = ["verify", "evidence.json", "--trust", "trust.txt"]
    assert subprocess.run([*COMMAND, *verify], cwd=tmp_path, timeout=PATIENCE, check=False).returncode == 0
    with running(tmp_path) as status:
        signer = Signer("port", read_key(tmp_path / "net/nodes/port/keys/port-administrator.json"))
        with Client(f"http://127.0.0.1:{port + 1}", signer=signer) as client:
            eventually(client.status)
            assert client.status()["height"] == grown["height"]
            with pytest.raises(Problem):
                client.act(IssueToken("one", TokenKind.MONEY, "CNY", 2, "CN", None))
            assert client.record("identity/organisations/port")["version"] == 1
        eventually(lambda: {node["height"] for node in status()["nodes"]} == {grown["height"] + 1})
        infoharbor("network", "add-validator", "--dir", "net", cwd=tmp_path)
        eventually(lambda: [node["role"] for node in status()["nodes"]] == ["validator"] * 3)
        advance = ["trust", "advance", "trust.txt", "--from", f"http://127.0.0.1:{port + 1}", "-o", "forward.txt"]
        told = infoharbor(*advance, cwd=tmp_path)
        assert (told["handovers"], told["attesters"]) == (1, ["member-2", "port"])
        with Client(f"http://127.0.0.1:{port + 1}") as client:
            (tmp_path / "later.json").write_bytes(eventually(lambda: proof(client, "identity/organisations/member-3")))
    for trust, code in (("forward.txt", 0), ("trust.txt", 1)):
        verify = ["verify", "later.json", "--trust", trust]
        assert subprocess.run([*COMMAND, *verify], cwd=tmp_path, timeout=PATIENCE, check=False).returncode == code
