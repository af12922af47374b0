"""The same over HTTP: members hand on what they attest, our node is a witness for others, a trust file goes forward."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from another_log import LOG, LOG_KEY, WITNESS, submission, witness_in
from attested_network import MEMBERS, AttestedNode, fixed_keys, player

from infoharbor.cli.output import Failure
from infoharbor.cli.serving import ensure_not_a_members
from infoharbor.cli.trusting import advance
from infoharbor.contractkit.encoding import decode_action
from infoharbor.contracts.identity.attesting import HandOver
from infoharbor.contracts.identity.demo import admission
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attested_notes import AttestedNotes
from infoharbor.engine.attester import Marks, NodeAttester
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.founding import genesis
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.trial import HARBOR, START
from infoharbor.engine.witness import Watching
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import ED25519, VerifierKey, open_note, sign_note
from infoharbor.evidence.submission import Submission
from infoharbor.evidence.trust import Witness
from infoharbor.evidence.trust_file import parse_trust
from infoharbor.evidence.verify import verify
from infoharbor.gateway import places
from infoharbor.gateway.serve import Server, server
from infoharbor.gateway.witness import Feeder, tell, witness_routes
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.local import LocalClient
from infoharbor.sdk.trusting import ledger_trust, set_at


class Attested:
    """A real engine and gateway, whose every block four members attest: as a network's node answers."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cast = folder, Cast(b"over http")
        secret, registry = bytes(range(32)), installed_registry()
        founders = [
            admission(each, self.cast.signer(each.id))
            for each in (HARBOR, *(player(name, number) for number, name in enumerate(MEMBERS)))
        ]
        keys = {name: fixed_keys(name) for name in MEMBERS}
        founding = genesis(
            "trial", suite="sha256", time=START, secret=secret, registry=registry, founders=founders,
            attesters=[keys[name].enrolment(name) for name in MEMBERS],
        )  # fmt: skip
        create(folder / "data", founding, secret, SUITES["ed25519"].generate())
        self.engine: NodeEngine = open_engine(folder / "data", workers=0)
        self.engine._signer = self  # type: ignore[assignment]
        self.network = self  # what a node asks of its ledger
        self.chain, self.origin = self.engine.chain, Attestation("trial", self.engine.chain.id).origin
        self.notes = AttestedNotes(DataFolder(folder / "data"), DataFolder(folder / "data").founded())
        self.nodes = {name: AttestedNode(self, name, keys[name], folder / name) for name in MEMBERS}  # type: ignore[arg-type]
        beihai = self.nodes["beihai"]
        beihai.attestation = Attestation("trial", self.chain.id, beihai.attesters, self.notes)
        self.client = LocalClient(Ledger(self.engine), signer=self.cast.signer("beihai"))
        routes = witness_routes(self.nodes["beihai"].attestation, witness_in(folder), self.engine.witnessed)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.server: Server = server(self.engine, routes=routes)
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.serve([self._socket]),), daemon=True)
        self._thread.start()

    def root(self, size: int) -> bytes:
        return self.engine.root(size)

    def sign(self, size: int, root: bytes) -> str:
        """What the engine asks of its signer: the members attest this size."""
        attesters = set_at(self.engine, size - 1)
        notes = {n: node.attestation.committed(size, root, attesters, START) for n, node in self.nodes.items()}
        for name, note in notes.items():
            if name != "beihai" and note is not None:
                self.nodes["beihai"].attestation.receive(note)
        return self.nodes["beihai"].attestation.sign(size, root)

    def close(self) -> None:
        self.server.stop()
        self._thread.join(20)
        self.engine.close()


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attested]:
    node = Attested(tmp_path_factory.mktemp("attested"))
    try:
        yield node
    finally:
        node.close()


def add(attested: Attested, body: bytes) -> httpx.Response:
    return httpx.post(f"{attested.url}/log/add-checkpoint", content=body)


def test_evidence_and_trust_of_a_network_come_from_any_gateway(attested: Attested) -> None:
    attested.client.act(SetSealingKey(bytes(32)))
    raw = httpx.get(f"{attested.url}/v1/proofs/identity/organisations/beihai").content
    proven = verify(raw, parse_trust(ledger_trust(attested.engine).encode()))
    assert len(proven.signers) == 3


BESIDE = """
import sys
from infoharbor.engine.reader import open_reader
from infoharbor.evidence.making import make_evidence
reader = open_reader(sys.argv[1])
sys.stdout.buffer.write(make_evidence(reader.chain, reader, ["identity/organisations/beihai"]))
reader.close()
"""


def test_a_reader_beside_the_node_finds_what_the_quorum_attested(attested: Attested) -> None:
    attested.client.act(SetSealingKey(bytes([9] * 32)))
    note = attested.engine.checkpoint()
    command = [sys.executable, "-c", BESIDE, attested.folder / "data"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=240).stdout
    verify(raw, ledger_trust(attested.engine))
    again = Attestation("trial", attested.chain.id, notes=attested.notes)
    size = attested.engine.status().height + 1
    assert again.newest() == again.sign(size, attested.root(size)) == note
    assert attested.notes.sign(size - 1, bytes(32)) == note
    with pytest.raises(Refused, match=r"trust\.log_unsigned"):
        attested.notes.verifier.encode()


def test_members_hand_on_what_they_attest(attested: Attested, tmp_path: Path) -> None:
    attested.client.act(SetSealingKey(bytes([1] * 32)))
    attested.engine.checkpoint()
    late = AttestedNode(attested, "penang", fixed_keys("penang"), tmp_path)  # type: ignore[arg-type]
    size = attested.engine.status().height + 1
    note = late.attestation.committed(size, attested.root(size), set_at(attested.engine, size - 1), START)
    assert note is not None

    async def once() -> None:
        async with httpx.AsyncClient() as client:
            await tell(late.attestation, client, [f"{attested.url}/log", "http://127.0.0.1:1"], note)

    assert not late.attestation.newest()
    asyncio.run(once())
    assert late.attestation.newest() == late.attestation.sign(size, attested.root(size))


def test_what_a_witness_declines_has_its_status(attested: Attested) -> None:
    good = add(attested, submission(0, 4).encode())
    assert good.status_code == 200
    assert open_note(submission(0, 4).note + good.content, [WITNESS.verifier])
    late = add(attested, submission(2, 5).encode())
    assert (late.status_code, late.text, late.headers["content-type"]) == (409, "4\n", "text/x.tlog.size")
    cases = {
        409: submission(4, 4, 1),
        422: submission(4, 6, 1),
        400: Submission(4, (), submission(0, 4).note.replace(b"another", b"an\tother")),
        404: submission(0, 3, key=VerifierKey("unknown.example/log", ED25519, LOG_KEY.public_key)),
    }
    for status, each in cases.items():
        assert add(attested, each.encode()).status_code == status
    text = Checkpoint(LOG.name, 6, bytes(32)).encode()
    other = fixed_keys("x").log
    unsigned = sign_note(text, [VerifierKey(LOG.name, ED25519, other.public_key).sign(text, other)])
    refused = add(attested, Submission(4, (), unsigned).encode())
    assert (refused.status_code, refused.json()["code"]) == (403, "witness.unsigned")
    assert refused.json()["title_zh"] != refused.json()["code"]
    assert add(attested, b"x" * 100_000).status_code == 413
    assert add(attested, b"\xff\n\n\xff").status_code == 400


def test_our_feeder_and_our_witness_understand_one_another(attested: Attested, tmp_path: Path) -> None:
    key = WITNESS.verifier
    submitting = VerifierKey(f"{attested.origin}/beihai", ED25519, fixed_keys("beihai").submission.public_key)
    witness = Watching([WITNESS], {submitting.name: [submitting]}, Marks(tmp_path / "seen.json"))
    routes = witness_routes(None, witness, attested.engine.witnessed)
    listening = socket.create_server(("127.0.0.1", 0))
    other: Server = server(attested.engine, routes=routes)
    thread = threading.Thread(target=asyncio.run, args=(other.serve([listening]),), daemon=True)
    thread.start()
    outside = Witness("outside", key, f"http://127.0.0.1:{listening.getsockname()[1]}/log")
    marks = Marks(tmp_path / "attested.json")
    node = NodeAttester(attested.origin, "beihai", fixed_keys("beihai"), marks, attested.root)

    async def once(size: int) -> bytes | None:
        async with httpx.AsyncClient() as client:
            return await Feeder(node, attested.engine, [outside]).feed(client, size, attested.root(size))

    try:
        attested.client.act(SetSealingKey(bytes([2] * 32)))
        for size in (1, 2):
            note = asyncio.run(once(size))
            assert note is not None
            assert {signature.key for signature in open_note(note, [submitting, key], strict=True)[1]} == {
                submitting,
                key,
            }
    finally:
        other.stop()
        thread.join(20)


def test_an_old_trust_file_goes_forward_from_a_node(
    attested: Attested, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = ledger_trust(attested.engine)
    (tmp_path / "old.txt").write_bytes(old.encode())
    renewed = fixed_keys("beihai, renewed")
    attested.nodes["beihai"].rotate(renewed)
    attested.client.act(renewed.enrolment("beihai"))
    attested.engine.checkpoint()
    attested.client.act(decode_action(HandOver, httpx.get(f"{attested.url}/log/handover").content))
    attested.engine.checkpoint()
    assert httpx.get(f"{attested.url}/log/handover").status_code == 404
    attested.client.act(SetSealingKey(bytes([3] * 32)))
    advance(tmp_path / "old.txt", source=attested.url, output=tmp_path / "new.txt", as_json=True)
    assert json.loads(capsys.readouterr().out)["handovers"] == 1
    advanced = parse_trust((tmp_path / "new.txt").read_bytes())
    raw = httpx.get(f"{attested.url}/v1/proofs/identity/organisations/beihai").content
    verify(raw, advanced)
    with pytest.raises(Malformed):
        verify(raw, old)
    (tmp_path / "way").write_bytes(httpx.get(f"{attested.url}/log/way-forward?size={old.pin_size}").content[:-1])
    with pytest.raises(Failure) as refused:
        advance(tmp_path / "old.txt", source=str(tmp_path / "way"), output=tmp_path / "none.txt")
    assert refused.value.code == "ledger.malformed"
    with pytest.raises(Failure) as refused:
        advance(tmp_path / "old.txt", source=f"{attested.url}/nothing", output=tmp_path / "none.txt")
    assert refused.value.code == "cli.no_way_forward"
    assert not (tmp_path / "none.txt").exists()


def test_a_trust_file_from_the_future_is_refused_without_waiting_for_witnesses(attested: Attested) -> None:
    for witnessed in ("true", "false"):
        way = httpx.get(f"{attested.url}/log/way-forward?size=1000000&witnessed={witnessed}")
        assert (way.status_code, way.json()["code"]) == (422, "ledger.proof_range")


def test_who_waits_for_witnesses_on_the_way_forward_takes_a_place(
    attested: Attested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SHARE", 0)
    way = httpx.get(f"{attested.url}/log/way-forward?size=1&witnessed=true")
    assert (way.status_code, way.json()["code"]) == (503, "node.busy")
    assert httpx.get(f"{attested.url}/log/way-forward?size=1").status_code == 200


def test_nobody_goes_on_alone_with_a_networks_ledger(attested: Attested) -> None:
    """A backup of a member's node, run by itself, would be a second history."""
    with pytest.raises(Failure) as failure:
        ensure_not_a_members(attested.engine)
    assert failure.value.code == "node.not_alone"
