"""An organisation on another machine joins a running network by the commands of docs/how-to/run-a-network.md."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import COMMAND, PATIENCE, eventually, infoharbor, running

from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken
from infoharbor.crypto.keyfile import read_key
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

pytestmark = pytest.mark.timeout(900)  # Each command is a process of its own, and the machine may be busy.
EVERY = 5
MEMBERS = [f"member-{number}" for number in range(1, 4)]
RECORD = "identity/organisations/bank-b"


@contextmanager
def node_runs(data: Path, port: int) -> Iterator[None]:
    with (data.parent / "run.log").open("ab") as log:
        arguments = ["run", "--data", str(data), "--port", str(port)]
        node = subprocess.Popen([*COMMAND, *arguments], stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        node.terminate()
        assert node.wait(PATIENCE) == 0


def write(client: Client) -> int:
    """A block more: its one transaction is refused, since the issuer has no role for it."""
    with pytest.raises(Problem):
        client.act(IssueToken("one", TokenKind.MONEY, "CNY", 2, "CN", None))
    return int(client.status()["height"])


def log_head(gateway: str) -> list[str]:
    """Origin, size and root that a quorum has attested; nothing while there is none."""
    answer = httpx.get(f"{gateway}/log/checkpoint", timeout=PATIENCE)
    return answer.text.splitlines()[:3] if answer.status_code == 200 else []


def test_a_newcomer_begins_with_the_members_state_proves_from_it_and_votes(tmp_path: Path) -> None:
    port, own = free_ports(1)[0], free_ports(2)
    gateways = [f"http://127.0.0.1:{port + at}" for at in range(len(MEMBERS))]
    newcomer, elsewhere = f"http://127.0.0.1:{own[0]}", tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = ["--validators", str(len(MEMBERS)), "--port", str(port), "--snapshot-every", str(EVERY)]
    infoharbor("network", "init", "--dir", "net", *options, cwd=tmp_path)
    nodes = {name: tmp_path / "net/nodes" / name for name in MEMBERS}
    keys = {name: data / "keys" / f"{name}-administrator.json" for name, data in nodes.items()}
    signer = Signer(MEMBERS[0], read_key(keys[MEMBERS[0]]))

    def admit(*options: str | Path, request: Path) -> Iterator[Any]:
        """Each member votes at its own gateway, until it is decided; what each is told."""
        for name, gateway in zip(MEMBERS, gateways, strict=True):
            vote = ["--organisation", name, "--key", keys[name], "--url", gateway, "--data", nodes[name], *options]
            told = infoharbor("network", "admit", request, *vote, cwd=tmp_path)
            yield told
            if told["adopted"]:
                return

    with running(tmp_path), Client(gateways[0], signer=signer) as client:
        eventually(client.status)
        eventually(lambda: write(client) and all(any((data / "snapshots").glob("0*")) for data in nodes.values()))
        asked = infoharbor(
            "network", "join", "--data", "node", "--organisation", "bank-b", "--organisation-name", "Bank B",
            "--country", "MY", "--number", "200301012345", "--listen", f"127.0.0.1:{own[1]}", cwd=elsewhere,
        )  # fmt: skip
        request = elsewhere / asked["request"]
        invitation = elsewhere / "invitation.json"
        asking = ("--gateway", gateways[0], "--gateway", gateways[1])
        told = list(admit(*asking, "-o", invitation, request=request))
        assert [(each["adopted"], each["begins"]) for each in told] == [(False, None), (True, "state")]
        infoharbor("network", "join", "--data", "node", "--invitation", invitation, cwd=elsewhere)
        with node_runs(elsewhere / "node", own[0]), Client(newcomer) as joined:
            height = write(client)
            eventually(lambda: joined.status()["height"] >= height)
            assert httpx.get(f"{newcomer}/v1/blocks/1").json()["code"] == "ledger.height_gone"
            head = eventually(lambda: log_head(gateways[0]))
            assert eventually(lambda: log_head(newcomer)) == head
            prove = ["prove", RECORD, "-o", "evidence.json", "--data", "node"]
            subprocess.run([*COMMAND, *prove], cwd=elsewhere, timeout=PATIENCE, check=True)
            trust = ["trust", "--data", nodes[MEMBERS[2]], "-o", "trust.txt"]
            subprocess.run([*COMMAND, *trust], cwd=elsewhere, timeout=PATIENCE, check=True)
            verify = ["verify", "evidence.json", "--trust", "trust.txt"]
            subprocess.run([*COMMAND, *verify], cwd=elsewhere, timeout=PATIENCE, check=True)
            # Its seat counts by now: three of four.
            assert [each["adopted"] for each in admit("--validator", request=request)] == [False, False, True]
            height = write(client)
            eventually(lambda: joined.status()["height"] >= height)
            acting = ("--organisation", "bank-b", "--key", elsewhere / "bank-b-administrator.json", "--url", newcomer)
            shutil.copy(elsewhere / "node/keys/bank-b-administrator.json", elsewhere)  # The backup of its user's key.
            infoharbor("network", "attest", "--data", "node", *acting, cwd=elsewhere)

        # Its disk is lost, and with it the node's keys. The three others go on, and take in its new node.
        shutil.rmtree(elsewhere / "node")
        asked = infoharbor(
            "network", "join", "--data", "node", "--returning", "--organisation", "bank-b",
            "--listen", f"127.0.0.1:{own[1]}", cwd=elsewhere,
        )  # fmt: skip
        request = elsewhere / asked["request"]
        told = list(admit(*asking, "-o", invitation, request=request))
        assert [each["adopted"] for each in told] == [False, False, True]
        infoharbor("network", "join", "--data", "node", "--invitation", invitation, cwd=elsewhere)
        with node_runs(elsewhere / "node", own[0]), Client(newcomer) as joined:
            height = write(client)
            eventually(lambda: joined.status()["height"] >= height)
            assert [each["adopted"] for each in admit("--validator", request=request)] == [False, False, True]
            infoharbor("network", "attest", "--data", "node", *acting, cwd=elsewhere)
            table = [each["record"] for each in client.all_records("governance", "codes")]
            validators = {each["code"]: each["value"] for each in table if each["code_table"] == "network-validators"}
            assert validators["bank-b"] == ConsensusHome(elsewhere / "node").validator_key().hex()
            assert len(validators) == 4
            with stopped(nodes[MEMBERS[2]]):  # Of four validators three are needed: the new key votes.
                height = write(client)
                eventually(lambda: joined.status()["height"] >= height)


@contextmanager
def stopped(data: Path) -> Iterator[None]:
    """The validator of this node does nothing for a while."""
    process = int(ConsensusHome(data).process.read_text())
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_what_the_members_would_refuse_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    request = ["--organisation-name", "Bank B", "--country", "MY", "--number", "1", "--listen", "127.0.0.1:1"]
    join = [*COMMAND, "network", "join", "--data", "node", "--organisation", "Bank_B", *request]
    refused = subprocess.run(join, cwd=tmp_path, timeout=PATIENCE, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "identity.organisation_id" in refused.stderr
    assert not (tmp_path / "node").exists()
