"""A member's node: what it signs and never signs, what it gathers, and who lied to it."""

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from attested_network import MEMBERS, AttestedNetwork, AttestedNode, cosigned, fixed_keys
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contracts.identity.demo import admission
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.attestation import SIZES_AHEAD, SIZES_KEPT, Attestation
from infoharbor.engine.attester import AttesterKeys, Marks, NodeAttester, attesters_in, move_up
from infoharbor.engine.backup import backup, restore
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.founding import genesis
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.lifecycle import create
from infoharbor.engine.trial import HARBOR, START
from infoharbor.evidence.checkpoint import Checkpoint, NoteError
from infoharbor.evidence.note import Note
from infoharbor.evidence.policy import evaluate
from infoharbor.kernel import merkle
from infoharbor.kernel.registry import installed_registry

ORIGIN = "trial/0001020304050607"
HISTORIES = [[merkle.leaf_hash(bytes([fork, number])) for number in range(12)] for fork in range(2)]
"""Two histories of one log."""
PIECES = (
    b"",
    b"\n",
    b"\n\n",
    "\n— ".encode(),
    b"\xff",
    b"\0",
    b" ",
    b"0",
    b"9" * 30,
    b"-1",
    b"=",
    b"A" * 44,
    b"trial/",
)
"""What breaks notes at their seams."""


def at(size: int, fork: int = 0) -> Checkpoint:
    return Checkpoint(ORIGIN, size, merkle.root(HISTORIES[fork][:size]))


def attester(folder: Path, fork: int = 0) -> NodeAttester:
    """A node of the first history, or of the other one, that signs with the same keys and marks."""
    marks = Marks(folder / "attested.json")
    return NodeAttester(ORIGIN, "beihai", fixed_keys("beihai"), marks, lambda size: at(size, fork).root)


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.integers(0, 1)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_no_restart_and_no_other_history_makes_it_sign_less_or_otherwise(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, int]]
) -> None:
    folder = tmp_path_factory.mktemp("node")
    node, fork, signed = attester(folder), 0, list[Checkpoint]()
    for size, restarted, history in steps:
        if restarted:
            node, fork = attester(folder, history), history
        try:
            lines = node.attest(at(size, fork), START)
        except Damaged:
            continue
        if lines:
            signed.append(at(size, fork))
    assert signed == sorted(signed, key=lambda checkpoint: checkpoint.size)
    for older, newer in itertools.pairwise(signed):
        assert any(older == at(older.size, each) and newer == at(newer.size, each) for each in (0, 1))


def test_the_own_origin_has_a_mark_of_its_own(tmp_path: Path) -> None:
    node = attester(tmp_path)
    assert node.attest(at(5), START)
    assert node.submit(at(3)) is not None
    assert node.submit(at(2)) is None
    with pytest.raises(Damaged):
        attester(tmp_path, 1).submit(at(6, 1))


def test_marks_that_cannot_be_read_stop_the_node(tmp_path: Path) -> None:
    (tmp_path / "attested.json").write_bytes(b'{"trial": {"size": ')
    with pytest.raises(Damaged):
        attester(tmp_path)


def test_keys_come_back_from_their_files_and_lie_in_no_backup(tmp_path: Path) -> None:
    secret = bytes(range(32))
    registry = installed_registry()
    founder = admission(HARBOR, Cast(b"backup").signer(HARBOR.id))
    founding = genesis("backup", suite="sha256", time=START, secret=secret, registry=registry, founders=[founder])
    create(tmp_path / "node", founding, secret, SUITES["ed25519"].generate())
    folder = DataFolder(tmp_path / "node")
    keys = AttesterKeys.generate("ml-dsa-44", sm2=True)
    keys.write(folder.log_key.parent)
    read = AttesterKeys.read(folder.log_key.parent)
    assert read.public("beihai") == keys.public("beihai")
    assert read.public("beihai").sm2
    marks = Marks(folder.attested)
    before, after = (attesters_in(folder, marks, ORIGIN, "beihai", lambda size: at(size).root) for _ in range(2))
    assert [each.public for each in before] == [keys.public("beihai")]
    assert after[0].attest(at(3), START)
    assert before[0].submit(at(2)) is not None, "a witness is shown what the keys before a rotation have signed"
    remembered = Marks(folder.attested).of(ORIGIN)
    assert remembered is not None
    assert remembered.size == 3
    backup(folder.path, tmp_path / "copy")
    kept = {path.name for path in (tmp_path / "copy").rglob("*")}
    assert not [name for name in kept if "attest" in name]
    (tmp_path / "restored").mkdir()
    Marks(DataFolder(tmp_path / "restored").attested).move(at(3))
    restore(tmp_path / "copy", tmp_path / "restored")
    assert Marks(tmp_path / "restored" / "attested.json").of(ORIGIN) is not None
    with pytest.raises(Damaged):
        AttesterKeys.read(tmp_path / "copy" / "keys")
    with pytest.raises(Refused, match=r"node\.attester_suite"):
        AttesterKeys.generate("p256")


def test_a_node_that_reads_its_keys_while_they_move_up_has_whole_ones(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    rotated = [AttesterKeys.generate(sm2=number % 2 == 0) for number in range(20)]
    rotated[0].write(folder.keys)
    whole = [keys.public("beihai") for keys in rotated]

    def rotate() -> None:
        for keys, public in zip(rotated[1:], whole[1:], strict=True):
            keys.write(folder.next_keys)
            move_up(folder, public)

    marks = Marks(folder.attested)
    with ThreadPoolExecutor(1) as pool:
        rotating = pool.submit(rotate)
        while not rotating.done():
            read = attesters_in(folder, marks, ORIGIN, "beihai", lambda size: at(size).root)
            assert all(each.public in whole for each in read)
        rotating.result()


def fresh(network: AttestedNetwork, name: str, folder: Path) -> AttestedNode:
    """A node like the member's, that has gathered nothing yet."""
    return AttestedNode(network, name, network.keys[name], folder)


def commit(network: AttestedNetwork, node: AttestedNode) -> bytes:
    note = node.attestation.committed(network.size, network.root(), network.attesters, network.now)
    assert note is not None
    return note


@given(st.lists(st.sampled_from(MEMBERS), max_size=10), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_quorum_is_three_of_four_in_any_order_with_any_loss_and_repetition(
    shared: AttestedNetwork, tmp_path_factory: pytest.TempPathFactory, told: list[str], behind: bool
) -> None:
    """`behind`: the node hears of it all before it has come so far itself."""
    folder = tmp_path_factory.mktemp("nodes")
    notes = {name: commit(shared, fresh(shared, name, folder / name)) for name in MEMBERS}
    reader = Attestation("trial", shared.chain.id)
    size = shared.size - behind
    reader.committed(size, shared.root(size), shared.attesters, START)
    for name in told:
        with pytest.raises(Refused, match=r"attestation\.ahead") if behind else contextlib.nullcontext():
            reader.receive(notes[name])
    reader.committed(shared.size, shared.root(), shared.attesters, START)
    assert bool(reader.newest()) == (len(set(told)) >= 3)
    if reader.newest():
        verdict = evaluate(reader.newest(), shared.trust())
        assert (verdict.met, len(verdict.signers)) == (True, 3)
        assert reader.sign(shared.size, shared.root()) == reader.newest()


def test_an_answer_brings_what_others_have_signed(shared: AttestedNetwork, tmp_path: Path) -> None:
    first, second, late = (fresh(shared, name, tmp_path / name) for name in MEMBERS[:3])
    commit(shared, first)
    first.attestation.receive(commit(shared, second))
    own = commit(shared, late)
    late.attestation.receive(own + first.attestation.receive(own))
    assert late.attestation.newest()


def test_a_fork_is_refused_and_kept_as_proof(shared: AttestedNetwork, tmp_path: Path) -> None:
    node = fresh(shared, "beihai", tmp_path)
    commit(shared, node)
    liar = {"penang": shared.keys["penang"]}
    forked = cosigned(shared, Checkpoint(shared.origin, shared.size, bytes(32)), liar).encode()
    with pytest.raises(Refused, match=r"attestation\.forked"):
        node.attestation.receive(forked)
    assert [Note.parse(each).text for each in node.attestation.forks] == [Note.parse(forked).text]
    ahead = cosigned(shared, Checkpoint(shared.origin, shared.size + 1, bytes(32)), liar).encode()
    with pytest.raises(Refused, match=r"attestation\.ahead"):
        node.attestation.receive(ahead)
    node.attestation.committed(shared.size + 1, bytes([1] * 32), shared.attesters, START)
    assert len(node.attestation.forks) == 2


def test_another_ledger_is_none_of_its_business(shared: AttestedNetwork, tmp_path: Path) -> None:
    node = fresh(shared, "beihai", tmp_path)
    commit(shared, node)
    elsewhere = Checkpoint(ORIGIN, shared.size, shared.root())
    with pytest.raises(Refused, match=r"witness\.log_unknown"):
        node.attestation.receive(cosigned(shared, elsewhere, {"penang": shared.keys["penang"]}).encode())
    assert node.attestation.forks == []


def test_a_quorum_that_stays_away_is_told(shared: AttestedNetwork, tmp_path: Path) -> None:
    node = fresh(shared, "beihai", tmp_path)
    commit(shared, node)
    node.attestation.patience_s = 0
    with pytest.raises(Refused, match=r"attestation\.missing"):
        node.attestation.sign(shared.size, shared.root())
    assert node.attestation.newest() == ""
    assert node.attestation.handover(shared) is None


def test_a_later_size_that_is_attested_first_will_do_where_the_log_is_asked_for(
    shared: AttestedNetwork, tmp_path: Path
) -> None:
    notes = [commit(shared, fresh(shared, name, tmp_path / name)) for name in MEMBERS[:3]]
    reader = Attestation("trial", shared.chain.id)
    reader.patience_s = 0
    before = shared.size - 1
    for size in (before, shared.size):
        reader.committed(size, shared.root(size), shared.attesters, START)
    for note in notes:
        reader.receive(note)
    assert reader.sign(before, shared.root(before)) == reader.newest() == reader.at(shared.size, shared.root())
    with pytest.raises(Refused, match=r"attestation\.missing"):
        reader.at(before, shared.root(before))


def test_a_stranger_takes_no_room(shared: AttestedNetwork, tmp_path: Path) -> None:
    node = fresh(shared, "beihai", tmp_path)
    commit(shared, node)
    stranger = {"penang": fixed_keys("stranger")}
    for size in (shared.size, shared.size + 1):
        note = cosigned(shared, Checkpoint(shared.origin, size, shared.root()), stranger).encode()
        with pytest.raises(NoteError):
            node.attestation.receive(note)
    keys = {"penang": shared.keys["penang"]}
    for size in range(shared.size + 1, shared.size + 2 * SIZES_AHEAD):
        with pytest.raises(Refused):
            node.attestation.receive(cosigned(shared, Checkpoint(shared.origin, size, bytes(32)), keys).encode())
    assert len(node.attestation._ahead) == SIZES_AHEAD
    broken = cosigned(shared, Checkpoint(shared.origin, shared.size, shared.root()), keys)
    line = Note.parse(broken).lines[1]
    wrong = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    with pytest.raises(NoteError):
        node.attestation.receive(broken.replace(line.encode(), wrong.encode()).encode())


def test_old_sizes_are_forgotten(shared: AttestedNetwork) -> None:
    reader = Attestation("trial", shared.chain.id)
    for size in range(1, SIZES_KEPT + 2):
        reader.committed(size, bytes(32), shared.attesters, START)
    with pytest.raises(Refused, match=r"attestation\.passed"):
        reader.receive(cosigned(shared, Checkpoint(shared.origin, 1, bytes(32)), shared.keys).encode())


def test_all_suites_attest_and_sm2_stands_beside(tmp_path: Path) -> None:
    network = AttestedNetwork(tmp_path / "all")
    for name, suite in (("beihai", "ml-dsa-44"), ("haiphong", "ed25519")):
        keys = fixed_keys(f"{name}, {suite}", suite=suite, sm2=True)
        network.nodes_of[name].rotate(keys)
        network.act(keys.enrolment(name), by=name)
        network.hand_over()
    network.away = {"penang"}
    network.grow()
    note = network.nodes_of["beihai"].attestation.newest()
    assert len(Note.parse(note).lines) == 1 + 3 + 2
    assert evaluate(note, network.trust()).met


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_comes_in_as_a_note_is_counted_or_refused(
    shared: AttestedNetwork, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("nodes")
    node = fresh(shared, "beihai", folder / "beihai")
    commit(shared, node)
    whole = bytearray(commit(shared, fresh(shared, "penang", folder / "penang")))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole)))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40) | st.sampled_from(PIECES))
    before = node.attestation.newest()
    with contextlib.suppress(NoteError, Refused):
        node.attestation.receive(bytes(whole))
    assert node.attestation.newest() == before == "", "two of four are no quorum, whatever one of them says"
