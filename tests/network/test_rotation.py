"""The commands by which operators put other keys in place, over a network that runs: attesters, validators, witnesses."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, PATIENCE, eventually, infoharbor, proof, running

sys.path.append(str(Path(__file__).parent.parent / "attestation"))

import outside

from infoharbor.cli.witnessing import Later, notes_at
from infoharbor.contracts.governance.actions import Propose
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.crypto.keyfile import read_key
from infoharbor.crypto.suites import ED25519
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.evidence.attesters import verifier_keys
from infoharbor.evidence.checkpoint import origin_of
from infoharbor.evidence.file import decode_evidence
from infoharbor.evidence.note import checkpoint_in
from infoharbor.evidence.trust_file import parse_trust
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

pytestmark = pytest.mark.timeout(900)  # Each command is a process of its own, and the machine may be busy.
NAME = "network.infoharbor.example"
FIRST = "member-1"
PATH = "identity/organisations/member-2"


class Trial:
    """A network that runs, as its operators use it."""

    def __init__(self, folder: Path, chain: str, port: int, status: Callable[[], Any]) -> None:
        self.folder, self.port, self.status = folder, port, status
        self.origin = origin_of(NAME, bytes.fromhex(chain))

    def url(self, number: int = 1) -> str:
        return f"http://127.0.0.1:{self.port + number - 1}"

    def data(self, name: str = FIRST) -> Path:
        return self.folder / "net/nodes" / name

    def key(self, name: str) -> Path:
        return self.data(name) / "keys" / f"{name}-administrator.json"

    def acting(self, name: str) -> list[str | Path]:
        """Who acts, in a command, at its own gateway."""
        return ["--organisation", name, "--key", self.key(name), "--url", self.url(int(name[-1]))]

    def network(self, *arguments: str | Path) -> Any:
        return infoharbor("network", *arguments, cwd=self.folder)

    def succeeds(self, *arguments: str | Path) -> bool:
        command = [*COMMAND, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, timeout=PATIENCE, check=False, capture_output=True, text=True)
        sys.stdout.write(done.stdout + done.stderr)  # What pytest shows of a test that fails.
        return done.returncode == 0

    def evidence(self, name: str, number: int = 2) -> Path:
        """Evidence of a record, made by a node."""
        file = self.folder / name
        with Client(self.url(number)) as client:
            file.write_bytes(eventually(lambda: proof(client, PATH)))
        return file

    def attesters(self) -> list[str]:
        with Client(self.url()) as client:
            return [entry["organisation"] for entry in client.record("identity/attesters/current")["record"]["members"]]

    def act(self, name: str = "member-2", number: int = 2) -> int:
        """A block more; its height. What is asked for is refused, and that stands on the ledger."""
        with Client(self.url(number), signer=Signer(name, read_key(self.key(name)))) as client:
            with pytest.raises(Problem) as refused:
                client.act(AttesterKeys.generate().enrolment("member-1"))
            assert refused.value.receipt is not None
            return int(refused.value.receipt["height"])


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("trial")
    port = free_ports(6)[0]
    made = infoharbor("network", "init", "--validators", "4", "--dir", "net", "--port", port, cwd=folder)
    with running(folder) as status:
        trial = Trial(folder, made["chain"], port, status)
        for number in range(1, 5):
            with Client(trial.url(number)) as client:
                eventually(client.status)
        yield trial


def test_an_outside_witness_cosigns_what_members_show_it_and_trust_asks_for_it(
    trial: Trial, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = outside.build(tmp_path_factory.mktemp("omniwitness"))
    names = [f"member-{number}" for number in range(1, 5)]
    publics = [AttesterKeys.read(trial.data(name) / "keys").public(name) for name in names]
    logs = [verifier_keys(trial.origin, public).submission for public in publics]
    with outside.running(program, trial.folder / "outside", logs, [ED25519.generate()]) as (witness,):
        told = trial.network("add-witness", witness.name, witness.key.encode(), witness.url, "--dir", "net")
        assert told["logs"] == [log.encode() for log in logs]
        assert not trial.succeeds(
            "network", "add-witness", witness.name, witness.key.encode(), witness.url, "--dir", "net"
        )
        attesting = trial.attesters()
        enough = [trial.url(int(name[-1])) for name in attesting[: (len(attesting) - 1) // 3 + 1]]
        asked = [word for url in enough for word in ("--witnessed", url)]
        assert trial.succeeds("trust", "--witnessed", "--data", trial.data(), "-o", "witnessed.txt")
        with never_pausing(trial) as height:
            height_before = eventually(height)
            assert trial.succeeds("prove", PATH, "--data", trial.data(), "-o", "evidence.json", *asked)
            verify = ["verify", "evidence.json", "--trust", "witnessed.txt"]
            notes = [word for at in range(len(enough)) for word in ("--witnessed", f"evidence.json.note-{at + 1}")]
            assert trial.succeeds(*verify, *notes)
            assert not trial.succeeds(*verify, *notes[2:])
            assert not trial.succeeds(*verify)
            with Client(trial.url(2)) as client:
                assert len(eventually(lambda: notes_of(client, enough))) == len(enough)

            trial.network("attest", "--data", trial.data(), *trial.acting(FIRST))  # A handover that nobody witnessed.
            advance = ["trust", "advance", "witnessed.txt", "--from", trial.url(3), "-o", "forward.txt"]
            assert not trial.succeeds(*advance)
            assert not trial.succeeds(*advance, *asked[2:])
            others = [trial.url(int(name[-1])) for name in attesting if name != FIRST][:2]
            assert trial.succeeds(*advance, *[word for url in others for word in ("--witnessed", url)])
            assert parse_trust((trial.folder / "forward.txt").read_bytes()).pin_size > height_before
    for name in names:
        (trial.data(name) / "witnesses").unlink()


@contextmanager
def never_pausing(trial: Trial) -> Iterator[Callable[[], int]]:
    """Blocks, one after the other; gives what tells the newest height, once there is one."""
    over, newest = threading.Event(), [0]

    def run() -> None:
        while not over.is_set():
            newest[0] = trial.act("member-3", 3)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: newest[0]
    finally:
        over.set()
        thread.join()


def notes_of(client: Client, gateways: list[str]) -> list[bytes]:
    """Members' notes of the checkpoint that a node's evidence is of; none where one of them showed another size, or the
    node's witnesses had no time yet."""
    try:
        anchored = decode_evidence(client.proof(PATH, witnessed=True)).checkpoint
    except Problem as problem:
        if problem.code != "attestation.not_witnessed":
            raise
        return []
    try:
        return notes_at(gateways, checkpoint_in(anchored).size)
    except Later:
        return []


def test_attesters_rotate_and_retire_and_an_old_trust_file_goes_forward(trial: Trial) -> None:
    assert trial.succeeds("trust", "--data", trial.data(), "-o", "old.txt")
    before = trial.evidence("before.json")
    old = AttesterKeys.read(trial.data() / "keys")
    attest: list[str | Path] = ["attest", "--data", trial.data(), *trial.acting(FIRST)]
    era = trial.network(*attest, "--sm2")["era"]
    new = AttesterKeys.read(trial.data() / "keys")
    assert new.sm2 is not None
    assert {new.cosigner.public_key, new.log.public_key}.isdisjoint({old.cosigner.public_key, old.log.public_key})
    assert not (trial.data() / "keys/next").exists()
    left = trial.network("retire-attester", "member-4", *trial.acting("member-4"))["attesters"]
    assert left == ["member-1", "member-2", "member-3"]
    trial.act()
    after = trial.evidence("after.json")  # The three that are left are all needed: the new keys sign, with no restart.
    assert trial.succeeds("verify", before, "--trust", "old.txt")
    assert not trial.succeeds("verify", after, "--trust", "old.txt")
    forward = infoharbor("trust", "advance", "old.txt", "--from", trial.url(3), "-o", "new.txt", cwd=trial.folder)
    assert forward["handovers"] == 2
    assert trial.succeeds("verify", after, "--trust", "new.txt")
    assert trial.network(*attest)["era"] == era + 2
    assert AttesterKeys.read(trial.data() / "keys").sm2 is None


def test_a_rotation_that_was_cut_off_goes_on_where_it_was(trial: Trial) -> None:
    keys = AttesterKeys.generate()
    keys.write(trial.data("member-2") / "keys/next")
    with Client(trial.url(2), signer=Signer("member-2", read_key(trial.key("member-2")))) as client:
        client.act(keys.enrolment("member-2"))
    era = trial.network("hand-over", *trial.acting("member-3"))["era"]
    assert trial.network("attest", "--data", trial.data("member-2"), *trial.acting("member-2"))["era"] == era + 1
    assert AttesterKeys.read(trial.data("member-2") / "keys").log.public_key != keys.log.public_key
    trial.act()
    trial.evidence("later.json", 3)


def test_a_validator_gets_another_key_and_one_leaves(trial: Trial) -> None:
    before = trial.status()["nodes"]
    trial.network("rotate-validator", "member-2", "--dir", "net")
    process = eventually(lambda: trial.status()["nodes"][1]["pid"])
    assert process != before[1]["pid"]
    with Client(trial.url(2)) as client:
        eventually(client.status)
    assert [node["role"] for node in trial.status()["nodes"]] == ["validator"] * 4
    assert trial.network("remove-validator", "member-4", "--dir", "net")["adopted"]
    height = trial.act()
    eventually(lambda: {node["height"] for node in trial.status()["nodes"]} == {height})
    assert [node["role"] for node in trial.status()["nodes"]] == ["validator"] * 3 + ["observer"]
    assert not trial.succeeds("network", "remove-validator", "nobody", "--dir", "net")
    # With three validators all but a third are needed: the one with the new key votes.
    observer = trial.status()["nodes"][3]["pid"]
    os.kill(observer, signal.SIGSTOP)
    try:
        trial.act()
    finally:
        os.kill(observer, signal.SIGCONT)


def test_a_seat_is_taken_back_and_given_again_by_the_members_votes(trial: Trial) -> None:
    def seats() -> list[str]:
        with Client(trial.url()) as client:
            found = client.all_records("identity", "organisations")
            return [each["record"]["id"] for each in found if each["record"]["seat"]]

    all_of_them = [f"member-{number}" for number in range(1, 5)]
    assert seats() == all_of_them
    withdraw = ["set-seat", "member-4", "--withdraw", "--dir", "net"]
    with Client(trial.url(2), signer=Signer("member-2", read_key(trial.key("member-2")))) as client:
        version = client.record("identity/organisations/member-4")["version"]
        id = f"withdraw-seat-member-4-{version}"  # Anybody can guess it.
        client.act(Propose.to(SetSeat("member-3", False), id=id, reason="something else"))
    assert not trial.succeeds("network", *withdraw)
    withdraw += ["--attempt", "2"]
    told = [trial.network(*withdraw) for _ in range(2)]  # Who comes late votes for nothing new.
    assert told == [{"member": "member-4", "seat": False, "adopted": True}] * 2
    assert seats() == all_of_them[:3]
    assert not trial.succeeds("network", "set-seat", "member-4", *trial.acting("member-4"))
    give = [trial.network("set-seat", "member-4", *trial.acting(name)) for name in all_of_them[:2]]
    assert [each["adopted"] for each in give] == [False, True]
    assert seats() == all_of_them
    assert not trial.succeeds("network", "set-seat", "nobody", "--dir", "net")
