"""Votes bring the members' cosignatures along: a quorum of them attests, and nothing that a vote brings does any harm."""

from collections.abc import Callable
from pathlib import Path

import pytest
from driven import Driven
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from members import let_attest
from world import World

from infoharbor.crypto.keyfile import TokenFault
from infoharbor.engine.attestation import Attestation
from infoharbor.engine.attester import AttesterKeys, Marks, NodeAttester
from infoharbor.engine.cometbft.attesting import Attesting
from infoharbor.engine.interface import Damaged
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.note import Note


@pytest.fixture
def keys(world: World) -> dict[str, AttesterKeys]:
    """The attesters of four members, whom the genesis names."""
    return let_attest(world)


@pytest.fixture
def members(
    keys: dict[str, AttesterKeys], drive: Callable[..., Driven], tmp_path: Path
) -> list[tuple[Driven, Attestation, Attesting]]:
    """A node of each member; all run the same blocks."""
    found = []
    for name, each in keys.items():
        node = drive(name)
        origin = origin_of(node.world.genesis.name, node.machine.chain.id)
        attester = NodeAttester(origin, name, each, Marks(tmp_path / f"{name}.json"), node.root_at)
        attestation = Attestation(node.world.genesis.name, node.machine.chain.id, [attester])
        found.append((node, attestation, Attesting(attestation, node.machine)))
    return found


def test_a_quorum_of_votes_attests_the_newest_block(members: list[tuple[Driven, Attestation, Attesting]]) -> None:
    raw = members[0][0].world.opening()[0]
    for node, _, _ in members:
        node.block([raw], time=node.world.begin + 1)
    notes = [attesting.note(1_000) for _, _, attesting in members]
    node, attestation, attesting = members[0]
    attesting.hear(notes[1], 1_000)
    assert attestation.newest() == ""
    attesting.hear(notes[2], 1_000)
    attested = Note.parse(attestation.newest())
    assert attested.text == Checkpoint(attestation.origin, node.height + 1, node.root).encode()


def test_a_vote_says_the_same_again_until_there_is_a_block(
    members: list[tuple[Driven, Attestation, Attesting]],
) -> None:
    node, _, attesting = members[0]
    first = attesting.note(1_000)
    node.block([])
    assert attesting.note(2_000) == first
    node.block([node.world.opening()[0]], time=node.world.begin + 1)
    assert attesting.note(3_000) != first


def test_who_has_not_come_so_far_counts_it_later(members: list[tuple[Driven, Attestation, Attesting]]) -> None:
    raw = members[0][0].world.opening()[0]
    for node, _, _ in members[1:]:
        node.block([raw], time=node.world.begin + 1)
    notes = [attesting.note(1_000) for _, _, attesting in members[1:]]
    node, attestation, attesting = members[0]
    for note in notes:
        attesting.hear(note, 1_000)
    node.block([raw], time=node.world.begin + 1)
    for note in notes:
        attesting.hear(note, 1_000)
    assert attestation.newest() != ""


@given(noise=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_whatever_a_vote_brings_does_no_harm(
    members: list[tuple[Driven, Attestation, Attesting]], noise: bytes
) -> None:
    _, attestation, attesting = members[0]
    attesting.hear(noise, 1_000)
    note = members[1][2].note(1_000)
    attesting.hear(note[: len(noise)] + noise, 1_000)
    assert attestation.newest() == ""


def test_a_ledger_that_nobody_attests_brings_nothing_along(drive: Callable[..., Driven]) -> None:
    node = drive()
    attestation = Attestation(node.world.genesis.name, node.machine.chain.id)
    assert Attesting(attestation, node.machine).note(1_000) == b""


@pytest.mark.parametrize("fault", [Damaged("attester-log.json", "a key"), TokenFault("key.token_missing", "", "one")])
def test_keys_that_cannot_be_read_are_tried_again_without_a_block(
    keys: dict[str, AttesterKeys], drive: Callable[..., Driven], tmp_path: Path, fault: Exception
) -> None:
    node = drive()
    name, own = next(iter(keys.items()))
    origin = origin_of(node.world.genesis.name, node.machine.chain.id)
    attester = NodeAttester(origin, name, own, Marks(tmp_path / "marks.json"), node.root_at)
    told: list[Exception | list[NodeAttester]] = [fault, [attester]]

    def read() -> list[NodeAttester]:
        found = told.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    attesting = Attesting(Attestation(node.world.genesis.name, node.machine.chain.id), node.machine, read)
    assert [attesting.note(now) for now in (1_000, 10_999)] == [b"", b""]
    assert attesting.note(11_000) != b""


def test_a_token_that_did_not_sign_is_asked_again_without_a_block(
    members: list[tuple[Driven, Attestation, Attesting]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise TokenFault("key.token_missing", "token", "one token")

    _, _, attesting = members[0]
    with monkeypatch.context() as without:
        without.setattr(NodeAttester, "attest", absent)
        assert attesting.note(1_000) == b""
    assert attesting.note(10_999) == b""
    assert attesting.note(11_000) != b""
