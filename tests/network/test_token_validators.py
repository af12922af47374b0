"""Real validators that vote with a key in a token, which CometBFT never has."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from commands import COMMAND, PATIENCE, eventually, infoharbor, running
from world import World

sys.path.append(str(Path(__file__).parent.parent / "crypto"))

from softhsm import MODULE, PIN_VARIABLE, SoftToken

from infoharbor.crypto.suites import PrivateKey
from infoharbor.crypto.token_keys import make
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.sdk.client import Client

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """Of a label that no other test's has: a process keeps its sessions by that."""
    made = SoftToken(tmp_path / "softhsm", f"validator-{tmp_path.name[-20:]}")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def cluster(world: World, tmp_path: Path, token: SoftToken) -> Iterator[Callable[[int], Cluster]]:
    """Of so many validators, the first one's key in the token."""
    made: list[Cluster] = []

    def one(validators: int) -> Cluster:
        key: Callable[[], PrivateKey] = lambda: make("ed25519", token.place("validator"))  # noqa: E731
        made.append(Cluster(world, tmp_path, validators, make={"node-0": key}))
        return made[-1]

    yield one
    for each in made:
        each.stop()


def signed_at(data: Path) -> tuple[int, int, int]:
    kept = json.loads(ConsensusHome(data).votes.read_bytes())
    return int(kept["height"]), kept["round"], kept["step"]


def test_a_validator_votes_with_a_key_in_a_token_also_after_it_was_killed(
    cluster: Callable[[int], Cluster], world: World
) -> None:
    """Of one validator every block needs its vote, and its proposal."""
    network = cluster(1)
    data = network.folders["node-0"]
    network.start()
    for raw in world.opening():
        network.commit("node-0", raw)
    for _ in range(2):
        network.kill("node-0")
        before = signed_at(data)
        network.start()
        network.commit("node-0", world.transfer("bank", "firm-1"))
        assert signed_at(data) > before
    os.kill(network.nodes["node-0"].consensus, signal.SIGKILL)
    network.commit("node-0", world.transfer("bank", "firm-1"))
    assert network.lost() == []
    network.nodes.pop("node-0").stop()
    assert b'"secret"' not in b"".join(file.read_bytes() for file in (data / "consensus/config").iterdir())
    assert ConsensusHome(data).voting_key.in_token


def test_a_validator_whose_token_was_away_votes_when_it_is_back(
    cluster: Callable[[int], Cluster], world: World, token: SoftToken, tmp_path: Path
) -> None:
    network = cluster(1)
    network.start()
    for raw in world.opening():
        network.commit("node-0", raw)
    tokens, aside = tmp_path / "softhsm/tokens", tmp_path / "aside"
    data = network.folders["node-0"]
    network.nodes.pop("node-0").stop()
    tokens.rename(aside)
    tokens.mkdir()
    network.start()
    future = network.nodes["node-0"].submit(world.transfer("bank", "firm-1"))
    before = signed_at(data)
    time.sleep(3)  # It starts, and has asked for a vote.
    assert signed_at(data) == before
    assert not future.done()
    tokens.rmdir()
    aside.rename(tokens)
    assert future.result(90)["code"] == ""


def test_other_validators_count_its_vote(cluster: Callable[[int], Cluster], world: World) -> None:
    """Of three validators all are needed."""
    network = cluster(3)
    network.start()
    for raw in world.opening():
        network.commit("node-1", raw)
    network.agree()
    network.kill("node-0")
    network.start("node-0")
    network.commit("node-2", world.transfer("bank", "firm-1"))
    network.agree()
    assert network.lost() == []


def test_commands_make_keys_in_a_token_and_one_in_a_file_knows_what_that_has_signed(
    token: SoftToken, tmp_path: Path
) -> None:
    """Of one validator, whose key goes from a token into a file, and into the token again."""
    in_token = ["--pkcs11", MODULE, "--pkcs11-token", token.label, "--pin-variable", PIN_VARIABLE]
    port = free_ports(1)[0]
    infoharbor("network", "init", "--validators", "1", "--dir", "net", "--port", port, *in_token, cwd=tmp_path)
    home = ConsensusHome(tmp_path / "net/nodes/member-1")
    with running(tmp_path) as status, Client(f"http://127.0.0.1:{port}") as client:
        keys = [home.validator_key()]
        for options in ([], in_token):
            eventually(client.status)
            before, process = signed_at(home.path.parent), status()["nodes"][0]["pid"]
            infoharbor("network", "rotate-validator", "member-1", "--dir", "net", *options, cwd=tmp_path)
            assert home.voting_key.in_token == bool(options)
            keys.append(home.validator_key())
            eventually(lambda process=process: status()["nodes"][0]["pid"] not in (None, process))
            eventually(lambda before=before: signed_at(home.path.parent) > before)
        assert len(set(keys)) == 3
        eventually(client.status)
    infoharbor("network", "rotate-validator", "--data", home.path.parent, cwd=tmp_path)
    refused = [*COMMAND, "network", "rotate-validator", "--data", str(home.path.parent), *in_token, "--json"]
    done = subprocess.run(refused, cwd=tmp_path, timeout=PATIENCE, check=False, capture_output=True, text=True)
    assert "network.next_key" in done.stdout + done.stderr


def test_who_asks_to_join_may_vote_with_a_key_in_a_token(token: SoftToken, tmp_path: Path) -> None:
    asked = ["network", "join", "--data", "node", "--organisation", "port", "--listen", "127.0.0.1:7000", "--returning"]
    options = ["--pkcs11", MODULE, "--pkcs11-token", token.label, "--pin-variable", PIN_VARIABLE]
    request = json.loads((tmp_path / infoharbor(*asked, *options, cwd=tmp_path)["request"]).read_bytes())
    home = ConsensusHome(tmp_path / "node")
    assert home.voting_key.in_token
    assert request["validator"] == home.validator_key().hex()
